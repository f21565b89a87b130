import { describe, expect, test } from '@jest/globals'
import { seededRandom } from '../../../lib/random.ts'
import { testHost } from '../../../../test/support/hosts.ts'
import type { Host } from '../host.ts'
import type { LoadBalancerContext } from '../load-balancer.ts'
import { createPolicy } from './create-policy.ts'
import type { LeastRequestConfig, PolicyConfig } from './load-balancing-config.ts'

const CONTEXT = {} as LoadBalancerContext
const ROUND_ROBIN: PolicyConfig = { kind: 'roundRobin' }
const LEAST_REQUEST: LeastRequestConfig = {
  kind: 'leastRequest',
  choiceCount: 2,
  isFullScan: false,
  activeRequestBias: 1,
}

/** Hosts named a, b, c ... with these weights. */
function weighing(...weights: number[]): Host[] {
  return weights.map((weight, index) => testHost(String.fromCharCode(97 + index), { weight }))
}

/** How often each host is chosen in `count` choices. */
function tally(policy: PolicyConfig, hosts: Host[], count: number, seed = 7): Record<string, number> {
  const balancer = createPolicy(policy, hosts, seededRandom(seed))
  const chosen: Record<string, number> = {}
  for (let i = 0; i < count; i++) {
    const name = balancer.chooseHost(CONTEXT)?.description.address.text ?? 'none'
    chosen[name] = (chosen[name] ?? 0) + 1
  }
  return chosen
}

test.each([ROUND_ROBIN, LEAST_REQUEST, { ...LEAST_REQUEST, isFullScan: true }, { kind: 'random' } as const])(
  'of no hosts none is chosen, of one that: %j',
  (policy) => {
    expect(tally(policy, [], 2)).toEqual({ none: 2 })
    expect(tally(policy, weighing(3), 2)).toEqual({ a: 2 })
  },
)

describe('round robin', () => {
  test('takes hosts in turn', () => {
    expect(tally(ROUND_ROBIN, weighing(1, 1, 1), 300)).toEqual({ a: 100, b: 100, c: 100 })
  })

  test('takes hosts of unequal weights in proportion, evenly spread', () => {
    const balancer = createPolicy(ROUND_ROBIN, weighing(5, 2, 1), seededRandom(7))
    for (let round = 0; round < 3; round++) {
      const chosen = Array.from({ length: 8 }, () => balancer.chooseHost(CONTEXT)?.description.address.text)
      expect(chosen.sort().join('')).toBe('aaaaabbc')
    }
  })

  test('begins anywhere, whatever the weights', () => {
    const first = (hosts: Host[], seed: number) => Object.keys(tally(ROUND_ROBIN, hosts, 1, seed))[0]
    const seeds = Array.from({ length: 50 }, (_, seed) => seed + 1)
    expect(new Set(seeds.map((seed) => first(weighing(1, 1, 1), seed))).size).toBe(3)
    expect(new Set(seeds.map((seed) => first(weighing(2, 2, 1), seed))).size).toBeGreaterThan(1)
  })
})

describe('least request', () => {
  function busy(hosts: Host[], ...active: number[]): Host[] {
    hosts.forEach((host, index) => (host.activeRequests = active[index] ?? 0))
    return hosts
  }

  test('takes the one of two that has fewer requests', () => {
    const chosen = tally(LEAST_REQUEST, busy(weighing(1, 1, 1, 1), 100), 4000)
    // Only when both draws are the busy one: 1 in 16.
    expect(chosen.a).toBeGreaterThan(150)
    expect(chosen.a).toBeLessThan(350)
    for (const name of ['b', 'c', 'd']) expect(chosen[name]).toBeGreaterThan(1000)
  })

  test('draws as often as it is told', () => {
    const chosen = tally({ ...LEAST_REQUEST, choiceCount: 20 }, busy(weighing(1, 1, 1, 1), 1, 1, 0, 1), 1000)
    // All draws but the idle one: 0.75 ^ 20 = 0.3 percent.
    expect(chosen.c).toBeGreaterThan(980)
  })

  test('looks at all when it is told so, and takes those that tie equally often', () => {
    const chosen = tally({ ...LEAST_REQUEST, isFullScan: true }, busy(weighing(1, 1, 1, 1), 1, 0, 2, 0), 2000)
    expect(Object.keys(chosen).sort()).toEqual(['b', 'd'])
    expect(chosen.b).toBeGreaterThan(900)
    expect(chosen.d).toBeGreaterThan(900)
  })

  test('divides the weight of a host by the requests that it has', () => {
    expect(tally(LEAST_REQUEST, weighing(2, 1), 30)).toEqual({ a: 20, b: 10 })
    // 2/8 against 1/1.
    expect(tally(LEAST_REQUEST, busy(weighing(2, 1), 7), 1000)).toEqual({ a: 200, b: 800 })
  })

  test('divides as strongly as the bias says', () => {
    expect(tally({ ...LEAST_REQUEST, activeRequestBias: 0 }, busy(weighing(2, 1), 7), 30)).toEqual({ a: 20, b: 10 })
    // 2/64 against 1/1.
    const chosen = tally({ ...LEAST_REQUEST, activeRequestBias: 2 }, busy(weighing(2, 1), 7), 660)
    expect(Math.abs((chosen.a ?? 0) - 20)).toBeLessThan(2)
  })
})

describe('random', () => {
  test('takes every host about as often, whatever its weight', () => {
    const chosen = tally({ kind: 'random' }, weighing(9, 1), 2000)
    expect(chosen.a).toBeGreaterThan(900)
    expect(chosen.b).toBeGreaterThan(900)
  })
})
