import { fromJson } from '@bufbuild/protobuf'
import type { JsonObject } from '@bufbuild/protobuf'
import { describe, expect, test } from '@jest/globals'
import { testRequest } from '../../../test/support/streams.ts'
import { HeaderValueOptionSchema } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import { Problems } from '../../lib/problems.ts'
import { compileHeaderMutation } from './header-mutation.ts'

const environment = { hostname: 'h', variables: {}, nowMs: () => 0 }

function option(key: string, value: string, more: JsonObject = {}): JsonObject {
  return { header: { key, value }, ...more }
}

function mutate(
  headers: [string, string][],
  toAdd: JsonObject[],
  toRemove: string[] = [],
  message: 'request' | 'response' = 'request',
): string[] {
  const problems = new Problems()
  const options = toAdd.map((json) => fromJson(HeaderValueOptionSchema, json))
  const mutation = compileHeaderMutation(options, toRemove, message, environment, { add: problems, remove: problems })
  expect(problems.text()).toBe('')
  const info = testRequest({ headers })
  mutation.apply(info.requestHeaders!, info)
  return pairs(info.requestHeaders!.fields)
}

function pairs(fields: readonly string[]): string[] {
  return fields.flatMap((field, i) => (i % 2 === 0 ? [`${field}: ${fields[i + 1]}`] : []))
}

// The expected lists are Envoy 1.40's own.
describe('a header mutation', () => {
  test('drops empty values unless they are kept', () => {
    const added = mutate(
      [['x', '1']],
      [
        option('e1', ''),
        option('e2', '', { keepEmptyValue: true }),
        option('e3', '%REQ(nope)%'),
        option('e4', '%REQ(nope)%', { keepEmptyValue: true }),
        option('e5', 'a%REQ(nope)%b'),
        option('e6', '%RESPONSE_FLAGS%'),
        option('x', '', { appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' }),
      ],
    )
    expect(added).toEqual(['x: 1', 'e2: ', 'e4: ', 'e5: ab', 'e6: -'])
  })

  test('removes first, then overwrites, then adds', () => {
    const changed = mutate(
      [
        ['a', '1'],
        ['b', '1'],
        ['b', '2'],
        ['c', '1'],
      ],
      [
        option('a', '2', { appendAction: 'ADD_IF_ABSENT' }),
        option('n', '2', { appendAction: 'ADD_IF_ABSENT' }),
        option('b', '3', { appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' }),
        option('m', '3', { appendAction: 'OVERWRITE_IF_EXISTS' }),
        option('c', '4', { appendAction: 'OVERWRITE_IF_EXISTS' }),
        option('c', '5'),
        option('X-Case', '%REQ(C)%'),
      ],
      ['c', 'B-none'],
    )
    expect(changed).toEqual(['a: 1', 'b: 3', 'n: 2', 'c: 5'])
  })

  test('computes all values before it changes anything', () => {
    const changed = mutate(
      [['a', '1']],
      [
        option('a', '2', { appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' }),
        option('b', '%REQ(a)%'),
        option('q', '%REQ(q)%x'),
        option('q', 'y', { appendAction: 'ADD_IF_ABSENT' }),
      ],
    )
    expect(changed).toEqual(['a: 2', 'b: 1', 'q: x', 'q: y'])
  })

  test('follows the deprecated append where it is set', () => {
    expect(mutate([['a', '1']], [option('a', '2', { append: false }), option('z', '2', { append: true })])).toEqual([
      'a: 2',
      'z: 2',
    ])
  })

  test('joins a second value to headers that occur once, and adds an entry for others', () => {
    const twice = (name: string, message: 'request' | 'response'): string[] =>
      mutate([[name, 'v1']], [option(name, 'v2')], [], message)
    expect(twice('x-request-id', 'request')).toEqual(['x-request-id: v1,v2'])
    expect(twice('accept', 'request')).toEqual(['accept: v1,v2'])
    expect(twice('accept', 'response')).toEqual(['accept: v1', 'accept: v2'])
    expect(twice('vary', 'response')).toEqual(['vary: v1,v2'])
    expect(twice('set-cookie', 'response')).toEqual(['set-cookie: v1', 'set-cookie: v2'])
    expect(twice('x-custom', 'request')).toEqual(['x-custom: v1', 'x-custom: v2'])
  })

  test('writes text beyond ASCII as UTF-8', () => {
    expect(mutate([], [option('x', 'é')])).toEqual(['x: Ã©'])
  })

  test('of pseudo-headers, of host, or with a format that does not compile is refused', () => {
    const problems = new Problems('route')
    const options = [option('Host', 'x'), option(':path', 'x'), option('a b', 'x'), option('ok', '100%')].map((json) =>
      fromJson(HeaderValueOptionSchema, json),
    )
    compileHeaderMutation(options, ['host', ':method', ''], 'request', environment, {
      add: problems.at('request_headers_to_add'),
      remove: problems.at('request_headers_to_remove'),
    })
    expect(problems.list.map((problem) => [problem.path, problem.message])).toEqual([
      ['route.request_headers_to_remove[0]', ':-prefixed or host headers may not be removed'],
      ['route.request_headers_to_remove[1]', ':-prefixed or host headers may not be removed'],
      ['route.request_headers_to_remove[2]', '"" is not the name of a header'],
      ['route.request_headers_to_add[0].header.key', ':-prefixed or host headers may not be modified'],
      ['route.request_headers_to_add[1].header.key', ':-prefixed or host headers may not be modified'],
      ['route.request_headers_to_add[2].header.key', '"a b" is not the name of a header'],
      ['route.request_headers_to_add[3].header.value', expect.stringContaining('position 3')],
    ])
  })
})
