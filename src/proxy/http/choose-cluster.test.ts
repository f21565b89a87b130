import { describe, expect, test } from '@jest/globals'
import { RequestHeaderMap } from '../../codec/header-map.ts'
import { seededRandom } from '../../lib/random.ts'
import type { Random } from '../../lib/random.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { chooseCluster } from './choose-cluster.ts'
import type { ClusterSeeker } from './choose-cluster.ts'
import type { ClusterChoice, WeightedCluster } from './route-config.ts'

/** Of these clusters only the names count. */
const known = new Map(['a', 'b', 'c'].map((name) => [name, { name } as Cluster]))

function seeker(fields: string[] = [], random: Random = seededRandom(1)): ClusterSeeker {
  return {
    requestHeaders: new RequestHeaderMap(fields),
    manager: { clusters: known, random },
    weightedCluster: undefined,
  }
}

function chosen(clusters: ClusterChoice, asking = seeker()): string | undefined {
  return chooseCluster(asking, { clusters })?.name
}

function weighted(weights: Record<string, number>, randomValueHeader = ''): ClusterChoice {
  const clusters = Object.entries(weights).map(([name, weight]): WeightedCluster => ({
    name,
    weight,
    requestMutations: [],
    responseMutations: [],
    perFilter: [],
    hostRewrite: '',
    metadataMatch: undefined,
  }))
  const totalWeight = clusters.reduce((sum, entry) => sum + entry.weight, 0)
  return { kind: 'weighted', clusters, totalWeight, randomValueHeader }
}

describe('a cluster that the route names', () => {
  test('is the one', () => {
    expect(chosen({ kind: 'single', name: 'b' })).toBe('b')
  })

  test('may be missing', () => {
    expect(chosen({ kind: 'single', name: 'x' })).toBeUndefined()
  })
})

describe('a cluster that a header names', () => {
  test.each([
    ['is the one', ['x-to', 'c'], 'c'],
    ['may be missing', ['x-to', 'x'], undefined],
    ['is none without the header', [], undefined],
    ['is none when the header is empty', ['x-to', ''], undefined],
    ['is that of the first such header', ['x-to', 'a', 'x-to', 'b'], 'a'],
  ])('%s', (_name, fields, expected) => {
    expect(chosen({ kind: 'header', header: 'x-to' }, seeker(fields))).toBe(expected)
  })
})

describe('of weighted clusters', () => {
  test('the point in the sum of the weights decides', () => {
    const choice = weighted({ a: 1, b: 3, c: 2 })
    const picks = [0, 1, 2, 3, 4, 5].map((point) => chosen(choice, seeker([], { below: () => point })))
    expect(picks).toEqual(['a', 'b', 'b', 'b', 'c', 'c'])
  })

  test('the point is drawn below their sum', () => {
    const limits: number[] = []
    chosen(weighted({ a: 1, b: 3 }), seeker([], { below: (limit) => limits.push(limit) - 1 }))
    expect(limits).toEqual([4])
  })

  test('each gets its share', () => {
    const random = seededRandom(20)
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 }
    for (let i = 0; i < 10_000; i++) counts[chosen(weighted({ a: 10, b: 0, c: 90 }), seeker([], random)) as string]++
    expect(counts['b']).toBe(0)
    expect(counts['a']).toBeGreaterThan(900)
    expect(counts['a']).toBeLessThan(1100)
  })

  test.each([
    ['0', 'a'],
    ['1', 'b'],
    ['3', 'b'],
    ['4', 'a'],
    ['4000000000001', 'b'],
  ])('a header with %s picks %s, whatever chance says', (value, expected) => {
    expect(chosen(weighted({ a: 1, b: 3 }, 'x-point'), seeker(['x-point', value], { below: () => 2 }))).toBe(expected)
  })

  test.each(['', 'x', '-1', '1.5'])('chance picks when the header says %j', (value) => {
    expect(chosen(weighted({ a: 1, b: 3 }, 'x-point'), seeker(['x-point', value], { below: () => 0 }))).toBe('a')
  })

  test('the pick is noted, missing or not', () => {
    const asking = seeker()
    expect(chosen(weighted({ x: 1 }), asking)).toBeUndefined()
    expect(asking.weightedCluster?.name).toBe('x')
  })
})
