import { expect, test } from '@jest/globals'
import { testHost } from '../../../../test/support/hosts.ts'
import type { MetadataStruct } from '../../stream/metadata.ts'
import type { Host } from '../host.ts'
import type { LoadBalancerContext } from '../load-balancer.ts'
import type { SubsetConfig, SubsetSelector } from './load-balancing-config.ts'
import { metadataMatch } from './metadata-match.ts'
import { SubsetBalancer } from './subset-balancer.ts'

const labels = (fields: MetadataStruct) => new Map([['envoy.lb', fields]])

const HOSTS = [
  testHost('a', { metadata: labels({ stage: 'prod', version: 1, roles: ['x', 'y'] }) }),
  testHost('b', { metadata: labels({ stage: 'prod', version: 2, roles: ['y'] }) }),
  testHost('c', { metadata: labels({ stage: 'dev', version: 1 }) }),
  testHost('d'),
]

const by = (keys: string[], more: Partial<SubsetSelector> = {}): SubsetSelector => ({
  keys,
  isSingleHost: false,
  fallback: undefined,
  fallbackKeys: [],
  ...more,
})

const STAGE = [by(['stage'])]

/** The names of the hosts among which one is chosen. */
function members(config: Partial<SubsetConfig>, wanted?: MetadataStruct): string {
  const all: SubsetConfig = {
    selectors: STAGE,
    fallback: 'none',
    defaultSubset: [],
    listAsAny: false,
    panicsToAny: false,
    weighsLocalities: false,
    allowsRedundantKeys: false,
    ...config,
  }
  let chosen: readonly Host[] = []
  const balancer = new SubsetBalancer(HOSTS, all, (hosts) => ({
    chooseHost: () => {
      chosen = hosts
      return hosts[0]
    },
  }))
  const match = wanted && metadataMatch(labels(wanted))
  const host = balancer.chooseHost({ metadataMatch: match } as LoadBalancerContext)
  if (host === undefined) return 'none'
  return chosen.length === 0
    ? host.description.address.text
    : chosen.map((one) => one.description.address.text).join('')
}

test('a request is taken to the hosts with the labels that it wants, all of them and no others', () => {
  expect(members({}, { stage: 'prod' })).toBe('ab')
  const selectors = [by(['stage', 'version'])]
  expect(members({ selectors }, { version: 2, stage: 'prod' })).toBe('b')
  expect(members({ selectors }, { stage: 'prod' })).toBe('none')
  expect(members({}, { stage: 'prod', version: 1 })).toBe('none')
})

test('what wants nothing, or what there is not, takes the fallback', () => {
  expect(members({})).toBe('none')
  expect(members({ fallback: 'any' }, { stage: 'test' })).toBe('abcd')
  expect(members({ fallback: 'default', defaultSubset: [['version', 1]] })).toBe('ac')
  expect(members({ fallback: 'default', defaultSubset: [['version', 9]] })).toBe('none')
  expect(members({ fallback: 'default', defaultSubset: [['version', 9]], panicsToAny: true })).toBe('abcd')
})

test('a selector may have a fallback of its own', () => {
  const fallingBack = (fallback: SubsetSelector['fallback']) =>
    members(
      { selectors: [by(['stage'], { fallback })], fallback: 'any', defaultSubset: [['version', 2]] },
      { stage: 'no' },
    )
  expect(fallingBack(undefined)).toBe('abcd')
  expect(fallingBack('none')).toBe('none')
  expect(fallingBack('default')).toBe('b')
})

test('a selector may fall back to some of its keys', () => {
  const selectors = [by(['stage', 'version'], { fallback: 'keys', fallbackKeys: ['stage'] }), ...STAGE]
  expect(members({ selectors }, { stage: 'prod', version: 9 })).toBe('ab')
  expect(members({ selectors }, { stage: 'test', version: 9 })).toBe('none')
})

test('a list stands for each of its values where it is told so', () => {
  const selectors = [by(['roles'])]
  expect(members({ selectors, listAsAny: true }, { roles: 'y' })).toBe('ab')
  expect(members({ selectors }, { roles: 'y' })).toBe('none')
  expect(members({ selectors }, { roles: ['y'] })).toBe('b')
})

test('superfluous wishes are left out where it is told so', () => {
  const wanted = { stage: 'dev', more: true }
  expect(members({ allowsRedundantKeys: true }, wanted)).toBe('c')
  expect(members({}, wanted)).toBe('none')
})

test('a subset may be a single host', () => {
  expect(members({ selectors: [by(['stage'], { isSingleHost: true })] }, { stage: 'prod' })).toBe('a')
})

test('what a weighted cluster wants goes before what its route wants', () => {
  const route = metadataMatch(labels({ stage: 'dev', version: 1 }))
  expect(metadataMatch(labels({ stage: 'prod' }), route)?.key).toBe(
    metadataMatch(labels({ version: 1, stage: 'prod' }))?.key,
  )
  expect(metadataMatch(new Map(), route)).toBe(route)
  expect(metadataMatch(new Map())).toBeUndefined()
})
