import { describe, expect, test } from '@jest/globals'
import { fromJson } from '@bufbuild/protobuf'
import type { JsonObject } from '@bufbuild/protobuf'
import { testRequest } from '../../../test/support/streams.ts'
import type { TestRequest } from '../../../test/support/streams.ts'
import { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { RequestHeaderMap } from '../../codec/header-map.ts'
import { RouteAction_HashPolicySchema as HashPolicySchema } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import { Problems } from '../../lib/problems.ts'
import { UInt64 } from '../../lib/uint64.ts'
import { xxHash64 } from '../../lib/xx-hash64.ts'
import { compileHashPolicies } from './compile-hash-policy.ts'
import { hashRequest } from './hash-policy.ts'
import type { RequestHash } from './hash-policy.ts'

const policiesOf = (list: readonly JsonObject[], problems = new Problems()) =>
  compileHashPolicies(
    list.map((policy) => fromJson(HashPolicySchema, policy)),
    problems,
  )

function hashed(list: readonly JsonObject[], request: TestRequest): RequestHash {
  const info = testRequest({ ...request })
  info.filterState.set({
    key: 'k',
    value: 'v',
    lifeSpan: 'request',
    sharing: 'none',
    readOnly: false,
    isHashable: true,
  })
  info.filterState.set({ key: 'n', value: 'v', lifeSpan: 'request', sharing: 'none', readOnly: false })
  return hashRequest(policiesOf(list) ?? [], { requestHeaders: info.requestHeaders as RequestHeaderMap, info })
}

/** As hexadecimal digits; of a list of texts each is the seed of the next. */
function hashOf(...texts: string[]): string {
  const hash = new UInt64()
  for (const text of texts) xxHash64(text, hash, hash.low, hash.high)
  return hash.toHex()
}

const header = (name: string): JsonObject => ({ header: { header_name: name } })
const cookie = (more: JsonObject = {}): JsonObject => ({ cookie: { name: 'c', ...more } })

describe('a hash policy takes', () => {
  test.each<[string, JsonObject, TestRequest, string[]]>([
    ['a header', header('X-A'), { headers: [['x-a', '1']] }, ['1']],
    ['all its values in order', header('x-a'), { headers: [['x-a', '2'], ['x-a', '1']] }, ['1', '2']], // prettier-ignore
    ['the authority', header('host'), { authority: 'a.test' }, ['a.test']],
    ['a cookie', cookie(), { headers: [['cookie', 'a=b; c="d"']] }, ['d']],
    ['the client', { connection_properties: { source_ip: true } }, {}, ['10.1.0.2']],
    ['a query parameter', { query_parameter: { name: 'q' } }, { path: '/?q=1&q=2' }, ['1']],
    ['filter state', { filter_state: { key: 'k' } }, {}, ['v']],
  ])('%s', (_, policy, request, texts) => {
    expect(hashed([policy], request).value?.toHex()).toBe(hashOf(...texts))
  })

  test.each<[string, JsonObject]>([
    ['a header', header('x-a')],
    ['a cookie', cookie()],
    ['a query parameter', { query_parameter: { name: 'q' } }],
    ['filter state without a hash', { filter_state: { key: 'n' } }],
  ])('nothing where there is none: %s', (_, policy) => {
    expect(hashed([policy], { headers: [['cookie', 'cc=1; x=c']] }).value).toBeUndefined()
  })
})

describe('several policies', () => {
  const request = { headers: [['x-a', '1'], ['x-b', '2']] as const } // prettier-ignore

  test('mix their hashes, so that the same one twice is not nothing', () => {
    const twice = hashed([header('x-a'), header('x-a')], request).value?.toHex()
    expect(twice).not.toBe('0000000000000000')
    expect(hashed([header('x-a'), header('x-b')], request).value?.toHex()).not.toBe(
      hashed([header('x-b'), header('x-a')], request).value?.toHex(),
    )
  })

  test('end with a terminal one, once there is a hash', () => {
    expect(hashed([{ ...header('x-a'), terminal: true }, header('x-b')], request).value?.toHex()).toBe(hashOf('1'))
    expect(hashed([{ ...header('x-c'), terminal: true }, header('x-b')], request).value?.toHex()).toBe(hashOf('2'))
  })
})

describe('a client without the cookie', () => {
  test('is given one by which the next request has the same hash', () => {
    const first = hashed(
      [cookie({ ttl: '60s', path: '/p', attributes: [{ name: 'Secure' }, { name: 'a', value: 'b' }] })],
      {},
    )
    const response = new ResponseHeaderMap()
    first.addCookiesTo(response)
    const value = hashOf('10.1.0.2:400010.0.0.1:80')
    expect(response.get('set-cookie')).toBe(`c="${value}"; Max-Age=60; Path=/p; Secure; a=b; HttpOnly`)
    const second = hashed([cookie({ ttl: '60s' })], { headers: [['cookie', `c=${value}`]] })
    expect(second.value).toEqual(first.value)
    expect(second.setCookies).toBeUndefined()
  })

  test('is given one for its session when its life is 0', () => {
    expect(hashed([cookie({ ttl: '0s' })], {}).setCookies?.[0]).toMatch(/^c="[0-9a-f]{16}"; HttpOnly$/)
  })
})

test('policies that hash nothing are none, and an empty one is a mistake', () => {
  expect(policiesOf([{ connection_properties: {} }])).toBeUndefined()
  const problems = new Problems('hash_policy')
  policiesOf([{}], problems)
  expect(problems.text()).toBe('hash_policy[0]: a hash policy needs something to hash')
})
