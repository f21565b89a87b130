import { describe, expect, test } from '@jest/globals'
import { testHost } from '../../../../test/support/hosts.ts'
import { UInt64 } from '../../../lib/uint64.ts'
import { xxHash64 } from '../../../lib/xx-hash64.ts'
import type { Host } from '../host.ts'
import { BoundedLoad } from './bounded-load.ts'
import type { HashTable } from './hash-table.ts'
import type { MaglevConfig, RingHashConfig } from './load-balancing-config.ts'
import { MaglevTable } from './maglev-table.ts'
import { Ring } from './ring.ts'
import { weighHosts } from './weighted-hosts.ts'

const RING: RingHashConfig = {
  kind: 'ringHash',
  hashFunction: 'xxHash64',
  minimumRingSize: 1024,
  maximumRingSize: 8_388_608,
  usesHostname: false,
  balanceFactor: 0,
}
const MAGLEV: MaglevConfig = { kind: 'maglev', tableSize: 65537, usesHostname: false, balanceFactor: 0 }

function weighing(weights: Readonly<Record<string, number>>): Host[] {
  return Object.entries(weights).map(([name, weight]) => testHost(name, { weight }))
}

const ring = (hosts: Host[], config = RING): HashTable => new Ring(weighHosts(hosts, false), config)
const maglev = (hosts: Host[], config = MAGLEV): HashTable => new MaglevTable(weighHosts(hosts, false), config)
const KINDS = [
  ['ring', ring],
  ['maglev', maglev],
] as const

function hashOf(text: string): UInt64 {
  const hash = new UInt64()
  xxHash64(text, hash)
  return hash
}

function hostOf(table: HashTable, text: string, refused = 0): string {
  return table.chooseHost(hashOf(text), refused)?.description.address.text ?? 'none'
}

const TEXTS = Array.from({ length: 3000 }, (_, index) => `request ${index}`)

function tally(table: HashTable): Record<string, number> {
  const chosen: Record<string, number> = {}
  for (const text of TEXTS) chosen[hostOf(table, text)] = (chosen[hostOf(table, text)] ?? 0) + 1
  return chosen
}

describe.each(KINDS)('%s', (_, build) => {
  test('has no host when there is none', () => {
    expect(hostOf(build([]), 'x')).toBe('none')
  })

  test('takes the same hash to the same host, whatever the order of hosts', () => {
    const one = build(weighing({ a: 1, b: 1, c: 1, d: 1 }))
    const other = build(weighing({ d: 1, b: 1, a: 1, c: 1 }))
    for (const text of TEXTS) expect(hostOf(other, text)).toBe(hostOf(one, text))
  })

  test('gives hosts hashes in proportion to their weights', () => {
    const chosen = tally(build(weighing({ a: 1, b: 3 })))
    expect(chosen.a).toBeGreaterThan(600)
    expect(chosen.a).toBeLessThan(900)
  })

  test('moves few hashes but those of a host that is gone', () => {
    const before = build(weighing({ a: 1, b: 1, c: 1, d: 1 }))
    const after = build(weighing({ a: 1, b: 1, c: 1 }))
    const moved = TEXTS.filter((text) => hostOf(before, text) !== 'd' && hostOf(before, text) !== hostOf(after, text))
    // Of about 2250; with a remainder instead of a table it would be two thirds of them.
    expect(moved.length).toBeLessThan(400)
  })

  test('has another place for each refusal', () => {
    const table = build(weighing({ a: 1, b: 1, c: 1, d: 1 }))
    for (const text of TEXTS.slice(0, 20)) {
      const chosen = Array.from({ length: 20 }, (_unused, refused) => hostOf(table, text, refused))
      expect(new Set(chosen).size).toBeGreaterThan(2)
    }
  })
})

test('a ring may have one point a host, and never more points than allowed', () => {
  const hosts = weighing({ a: 1, b: 1 })
  expect(Object.keys(tally(ring(hosts, { ...RING, minimumRingSize: 1 }))).sort()).toEqual(['a', 'b'])
  expect(Object.keys(tally(ring(hosts, { ...RING, minimumRingSize: 1, maximumRingSize: 1 }))).length).toBe(1)
})

test('a ring begins again behind its last point', () => {
  const table = ring(weighing({ a: 1, b: 1 }))
  expect(table.chooseHost(new UInt64(-1, -1), 0)).toBe(table.chooseHost(new UInt64(0, 0), 0))
})

test('a host is known by its key, its hostname or its address', () => {
  const host = testHost('a', { hostname: 'a.test', metadata: new Map([['envoy.lb', { hash_key: 'own' }]]) })
  const plain = testHost('b', { hostname: 'b.test', metadata: new Map([['envoy.lb', { hash_key: 7 }]]) })
  expect(weighHosts([host, plain], true).map(({ key }) => key)).toEqual(['own', 'b.test'])
  expect(weighHosts([host, plain], false).map(({ key }) => key)).toEqual(['own', 'b'])
})

describe('bounded load', () => {
  function bounded(hosts: Host[], balanceFactor: number, inUse: number) {
    const weighted = weighHosts(hosts, false)
    return new BoundedLoad(new MaglevTable(weighted, MAGLEV), weighted, balanceFactor, { inUse })
  }

  test('leaves a host its hashes while it has room', () => {
    const hosts = weighing({ a: 1, b: 1, c: 1 })
    for (const host of hosts) host.activeRequests = 2
    const table = bounded(hosts, 150, 6)
    for (const text of TEXTS.slice(0, 100)) expect(hostOf(table, text)).toBe(hostOf(maglev(hosts), text))
  })

  test('takes the hashes of a full host elsewhere, each always to the same host', () => {
    const hosts = weighing({ a: 1, b: 1, c: 1 })
    const [a] = hosts as [Host]
    a.activeRequests = 10
    const table = bounded(hosts, 150, 10)
    const others = TEXTS.map((text) => hostOf(table, text))
    expect(new Set(others)).toEqual(new Set(['b', 'c']))
    expect(TEXTS.map((text) => hostOf(table, text))).toEqual(others)
  })

  test('takes the least overloaded when all are full', () => {
    const hosts = weighing({ a: 1, b: 1, c: 1 })
    hosts.forEach((host, index) => (host.activeRequests = [9, 5, 8][index] ?? 0))
    expect(tally(bounded(hosts, 100, 0))).toEqual({ b: TEXTS.length })
  })

  test('gives heavier hosts more room', () => {
    const hosts = weighing({ a: 9, b: 1 })
    for (const host of hosts) host.activeRequests = 5
    expect(tally(bounded(hosts, 100, 10))).toEqual({ a: TEXTS.length })
  })
})
