import { describe, expect, test } from '@jest/globals'
import { NO_STATS } from '../../../test/support/connections.ts'
import { seededRandom } from '../../lib/random.ts'
import { testEndpoint as endpoint } from '../../../test/support/hosts.ts'
import { clusterStats } from './cluster-stats.ts'
import type { Endpoints, Host, HostDescription } from './host.ts'
import { BalancedHosts } from './host-selection.ts'
import type { LoadBalancerContext } from './load-balancer.ts'
import type { LoadBalancingConfig, PolicyConfig } from './load-balancing/load-balancing-config.ts'

const CONTEXT = {} as LoadBalancerContext

const ROUND_ROBIN: PolicyConfig = { kind: 'roundRobin' }

const ENDPOINTS = { overprovisioningPercent: 140, weighsHealth: false }

function select(
  hosts: readonly HostDescription[],
  policy: PolicyConfig = ROUND_ROBIN,
  panicThresholdPercent = 50,
  more: Partial<LoadBalancingConfig> = {},
  endpoints: Partial<Endpoints> = {},
) {
  const selection = new BalancedHosts(
    { policy, panicThresholdPercent, failsInPanic: false, subsets: undefined, weighsLocalities: false, ...more },
    { random: seededRandom(7), stats: clusterStats(NO_STATS, 'c'), requests: { inUse: 0 } },
  )
  selection.update({ ...ENDPOINTS, ...endpoints, hosts })
  return selection
}

/** How often each host is chosen in `count` choices. */
function tally(selection: BalancedHosts, count: number) {
  const chosen: Record<string, number> = {}
  for (let i = 0; i < count; i++) {
    const name = selection.chooseHost(CONTEXT)?.description.address.text ?? 'none'
    chosen[name] = (chosen[name] ?? 0) + 1
  }
  return chosen
}

describe('members', () => {
  test('keep their pools and numbers when others come and go', () => {
    const selection = select([endpoint('a'), endpoint('b')])
    const [a, b] = [...selection.hosts] as [Host, Host]
    selection.update({ ...ENDPOINTS, hosts: [endpoint('a', { weight: 3 }), endpoint('c')] })
    expect([...selection.hosts]).toContain(a)
    expect(a.description.weight).toBe(3)
    expect(a.isRemoved).toBe(false)
    expect(b.isRemoved).toBe(true)
  })

  test('that are named twice are one host, described as the first time', () => {
    const selection = select([endpoint('a')])
    const [a] = selection.hosts
    selection.update({ ...ENDPOINTS, hosts: [endpoint('a', { weight: 2 }), endpoint('a', { weight: 9, priority: 1 })] })
    expect([...selection.hosts]).toEqual([a])
    expect(a?.description.weight).toBe(2)
  })

  test('are other hosts when another workload took over their address', () => {
    const named = (workload: string): HostDescription =>
      endpoint('a', { metadata: new Map([['istio', { workload }]]) as unknown as HostDescription['metadata'] })
    const selection = select([named('one')])
    const [one] = selection.hosts
    selection.update({ ...ENDPOINTS, hosts: [named('two')] })
    expect(one?.isRemoved).toBe(true)
    expect([...selection.hosts].length).toBe(1)
  })

  test('of none, none is chosen', () => {
    expect(select([]).chooseHost(CONTEXT)).toBeUndefined()
  })
})

/** `h` healthy, `u` unhealthy, `d` degraded, `x` draining; one string a priority. */
function priorities(...levels: string[]): HostDescription[] {
  const health = { h: 'healthy', u: 'unhealthy', d: 'degraded', x: 'draining' } as const
  return levels.flatMap((level, priority) =>
    [...level].map((letter, index) =>
      endpoint(`${priority}${letter}${index}`, { priority, health: health[letter as keyof typeof health] }),
    ),
  )
}

/** Percent of the load by priority and health. */
function load(hosts: HostDescription[], panic = 50): Record<string, number> {
  const byLevel: Record<string, number> = {}
  for (const [name, count] of Object.entries(tally(select(hosts, ROUND_ROBIN, panic), 10_000))) {
    const level = name === 'none' ? name : name.slice(0, 2)
    byLevel[level] = (byLevel[level] ?? 0) + count
  }
  return Object.fromEntries(Object.entries(byLevel).map(([level, count]) => [level, Math.round(count / 100)]))
}

describe('priorities', () => {
  test('leave the second unused while the first has 72 percent of its hosts', () => {
    expect(load(priorities('hhhhhhhhuu', 'hhhhh'))).toEqual({ '0h': 100 })
  })

  test('share in proportion to what the first cannot carry', () => {
    // 50 percent healthy times 1.4 is 70.
    const shares = load(priorities('hhhhhuuuuu', 'hhhhh'))
    expect(shares['0h']).toBeGreaterThan(67)
    expect(shares['0h']).toBeLessThan(73)
    expect((shares['0h'] ?? 0) + (shares['1h'] ?? 0)).toBe(100)
  })

  test('pass everything on when the first has no hosts, or no healthy ones', () => {
    expect(load(priorities('', 'hh'))).toEqual({ '1h': 100 })
    expect(load(priorities('uu', 'hh'))).toEqual({ '1h': 100 })
    expect(load(priorities('', '', 'h'))).toEqual({ '2h': 100 })
  })

  test('leave no request without a host where percentages do not add up', () => {
    // 46 of 92 each; 23 of 69 each, of which rounding leaves 1 percent over.
    for (const hosts of [priorities('huu', 'huu'), priorities('huuuuu', 'huuuuu', 'huuuuu')]) {
      expect(load(hosts, 0)['none']).toBeUndefined()
    }
  })

  test('use degraded hosts for what healthy ones cannot carry', () => {
    expect(load(priorities('hhhhhhhhdd'))).toEqual({ '0h': 100 })
    const shares = load(priorities('hhhhhddddd'))
    expect(shares['0h']).toBeGreaterThan(67)
    expect(shares['0h']).toBeLessThan(73)
    expect(shares['0d']).toBe(100 - (shares['0h'] ?? 0))
    expect(load(priorities('ddd'))).toEqual({ '0d': 100 })
  })
})

describe('how health becomes load', () => {
  const share = (hosts: HostDescription[], endpoints: Partial<Endpoints>): number =>
    tally(select(hosts, ROUND_ROBIN, 0, {}, endpoints), 1000)['1h0'] ?? 0

  test('is for the endpoints to say', () => {
    const hosts = priorities('hhhu', 'h')
    expect(share(hosts, {})).toBe(0)
    expect(share(hosts, { overprovisioningPercent: 100 })).toBeGreaterThan(200)
    expect(share(hosts, { overprovisioningPercent: 100 })).toBeLessThan(300)
  })

  test('may be a matter of weights', () => {
    const [heavy, ...others] = priorities('uh', 'h') as [HostDescription, ...HostDescription[]]
    const hosts = [{ ...heavy, weight: 9 }, ...others]
    expect(share(hosts, {})).toBeLessThan(350)
    expect(share(hosts, { weighsHealth: true })).toBeGreaterThan(800)
  })
})

describe('localities', () => {
  const located = (zone: string, localityWeight: number, ...names: string[]): HostDescription[] =>
    names.map((name) =>
      endpoint(name, { zone, localityWeight, health: name.startsWith('u') ? 'unhealthy' : 'healthy' }),
    )
  const chosen = (hosts: HostDescription[], weighsLocalities = true, panic = 0): Record<string, number> =>
    tally(select(hosts, ROUND_ROBIN, panic, { weighsLocalities }), 600)

  test('take traffic by their weights and not by their hosts', () => {
    const hosts = [...located('a', 2, 'a1'), ...located('b', 4, 'b1', 'b2')]
    expect(chosen(hosts)).toEqual({ a1: 200, b1: 200, b2: 200 })
    expect(chosen([...located('a', 4, 'a1'), ...located('b', 2, 'b1', 'b2')])).toEqual({ a1: 400, b1: 100, b2: 100 })
  })

  test('without weight take none, unless nobody has any', () => {
    expect(chosen([...located('a', 0, 'a1'), ...located('b', 1, 'b1')])).toEqual({ b1: 600 })
    expect(chosen([...located('a', 0, 'a1'), ...located('b', 0, 'b1')])).toEqual({ a1: 300, b1: 300 })
  })

  test('give up weight when fewer of their hosts are healthy than overprovisioning covers', () => {
    // 1.4 of one half are 0.7 of the weight.
    expect(chosen([...located('a', 1, 'a1', 'u1'), ...located('b', 1, 'b1')])).toEqual({ a1: 247, b1: 353 })
    expect(chosen([...located('a', 1, 'a1', 'a2', 'a3', 'u1'), ...located('b', 1, 'b1')])).toMatchObject({ b1: 300 })
  })

  test('do not count in panic, or when they are not asked for', () => {
    const hosts = [...located('a', 9, 'a1'), ...located('b', 1, 'u1', 'u2')]
    expect(chosen(hosts, true, 50)).toEqual({ a1: 200, u1: 200, u2: 200 })
    expect(chosen([...located('a', 9, 'a1'), ...located('b', 1, 'b1')], false)).toEqual({ a1: 300, b1: 300 })
  })
})

describe('panic', () => {
  test('may be no host at all', () => {
    const selection = select(priorities('huuu'), ROUND_ROBIN, 50, { failsInPanic: true })
    expect(tally(selection, 10)).toEqual({ none: 10 })
    expect(tally(select(priorities('hhhu'), ROUND_ROBIN, 50, { failsInPanic: true }), 3)['none']).toBeUndefined()
  })

  test('ignores health when too few hosts are healthy in all priorities together', () => {
    const chosen = load(priorities('huuuuuuuuu'))
    expect(chosen['0u']).toBeGreaterThan(80)
    expect(load(priorities('huuuuuuuuu'), 0)).toEqual({ '0h': 100 })
  })

  test('does not come while another priority can carry the load', () => {
    expect(load(priorities('huuuuuuuuu', 'hhh'))['0u']).toBeUndefined()
  })

  test('of all priorities spreads over them by their number of hosts, draining ones included', () => {
    const chosen = load(priorities('uuu', 'x'))
    expect(chosen['0u']).toBeGreaterThan(70)
    expect(chosen['0u']).toBeLessThan(80)
    expect((chosen['0u'] ?? 0) + (chosen['1x'] ?? 0)).toBe(100)
  })

  test('does not come at a threshold of 0: no host is better than a sick one', () => {
    expect(load(priorities('uu'), 0)).toEqual({ none: 100 })
  })
})
