import { describe, expect, test } from '@jest/globals'
import { NO_STATS } from '../../../test/support/connections.ts'
import { EdfScheduler } from '../../lib/edf-scheduler.ts'
import { seededRandom } from '../../lib/random.ts'
import { socketAddress } from '../stream/address.ts'
import { NO_METADATA } from '../stream/metadata.ts'
import type { ClusterConfig } from './cluster-config.ts'
import { clusterStats } from './cluster-stats.ts'
import type { Host, HostDescription } from './host.ts'
import { BalancedHosts } from './host-selection.ts'
import type { LoadBalancerContext, LoadBalancerPolicy } from './load-balancer.ts'

const CONTEXT = {} as LoadBalancerContext

function endpoint(name: string, more: Partial<HostDescription> = {}): HostDescription {
  return {
    target: { kind: 'socket', ip: name, port: 80 },
    address: { ...socketAddress('10.0.0.1', 80), text: name },
    hostname: '',
    weight: 1,
    priority: 0,
    region: '',
    zone: '',
    subZone: '',
    health: 'healthy',
    metadata: NO_METADATA,
    ...more,
  }
}

function select(hosts: readonly HostDescription[], policy: LoadBalancerPolicy = 'roundRobin', panic = 50) {
  const config = { policy, panicThresholdPercent: panic } as ClusterConfig
  const selection = new BalancedHosts(config, clusterStats(NO_STATS, 'c'), seededRandom(7))
  selection.update(hosts)
  return selection
}

/** How often each host is chosen in `count` choices. */
function tally(selection: BalancedHosts, count: number, onChoice: (host: Host) => void = () => undefined) {
  const chosen: Record<string, number> = {}
  for (let i = 0; i < count; i++) {
    const host = selection.chooseHost(CONTEXT)
    const name = host?.description.address.text ?? 'none'
    chosen[name] = (chosen[name] ?? 0) + 1
    if (host !== undefined) onChoice(host)
  }
  return chosen
}

describe('members', () => {
  test('keep their pools and numbers when others come and go', () => {
    const selection = select([endpoint('a'), endpoint('b')])
    const [a, b] = [...selection.hosts] as [Host, Host]
    selection.update([endpoint('a', { weight: 3 }), endpoint('c')])
    expect([...selection.hosts]).toContain(a)
    expect(a.description.weight).toBe(3)
    expect(a.isRemoved).toBe(false)
    expect(b.isRemoved).toBe(true)
  })

  test('that are named twice are one host, described as the first time', () => {
    const selection = select([endpoint('a')])
    const [a] = selection.hosts
    selection.update([endpoint('a', { weight: 2 }), endpoint('a', { weight: 9, priority: 1 })])
    expect([...selection.hosts]).toEqual([a])
    expect(a?.description.weight).toBe(2)
  })

  test('are other hosts when another workload took over their address', () => {
    const named = (workload: string): HostDescription =>
      endpoint('a', { metadata: new Map([['istio', { workload }]]) as unknown as HostDescription['metadata'] })
    const selection = select([named('one')])
    const [one] = selection.hosts
    selection.update([named('two')])
    expect(one?.isRemoved).toBe(true)
    expect([...selection.hosts].length).toBe(1)
  })

  test('of none, none is chosen', () => {
    expect(select([]).chooseHost(CONTEXT)).toBeUndefined()
  })
})

describe('round robin', () => {
  test('takes hosts in turn', () => {
    expect(tally(select([endpoint('a'), endpoint('b'), endpoint('c')]), 300)).toEqual({ a: 100, b: 100, c: 100 })
  })

  test('takes hosts of unequal weights in proportion, evenly spread', () => {
    const selection = select([endpoint('a', { weight: 5 }), endpoint('b', { weight: 2 }), endpoint('c')])
    for (let round = 0; round < 3; round++) expect(tally(selection, 8)).toEqual({ a: 5, b: 2, c: 1 })
  })
})

describe('least request', () => {
  test('takes the one of two that has fewer requests', () => {
    const hosts = ['a', 'b', 'c', 'd'].map((name) => endpoint(name))
    const selection = select(hosts, 'leastRequest')
    for (const host of selection.hosts) host.activeRequests = host.description.address.text === 'a' ? 100 : 0
    const chosen = tally(selection, 4000)
    // Only when both picks are the busy one: 1 in 16.
    expect(chosen.a).toBeGreaterThan(150)
    expect(chosen.a).toBeLessThan(350)
    for (const name of ['b', 'c', 'd']) expect(chosen[name]).toBeGreaterThan(1000)
  })

  test('divides the weight of a host by the requests that it has', () => {
    const selection = select([endpoint('a', { weight: 2 }), endpoint('b', { weight: 1 })], 'leastRequest')
    expect(tally(selection, 30)).toEqual({ a: 20, b: 10 })
    for (const host of selection.hosts) host.activeRequests = host.description.address.text === 'a' ? 7 : 0
    // 2/8 against 1/1; the first two choices were scheduled before.
    const chosen = tally(selection, 1000)
    expect(chosen.b).toBeGreaterThan(780)
    expect(chosen.b).toBeLessThan(820)
  })
})

describe('random', () => {
  test('takes every host about as often', () => {
    const chosen = tally(select([endpoint('a'), endpoint('b')], 'random'), 2000)
    expect(chosen.a).toBeGreaterThan(900)
    expect(chosen.b).toBeGreaterThan(900)
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
  for (const [name, count] of Object.entries(tally(select(hosts, 'roundRobin', panic), 10_000))) {
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

describe('panic', () => {
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

describe('EdfScheduler', () => {
  test('has nothing to offer when it is empty', () => {
    const empty = new EdfScheduler<string>([], () => 1)
    expect(empty.next(() => 1)).toBeUndefined()
  })

  test('keeps the order of insertion among equals', () => {
    const scheduler = new EdfScheduler(['a', 'b', 'c'], () => 1)
    expect(Array.from({ length: 6 }, () => scheduler.next(() => 1)).join('')).toBe('abcabc')
  })

  test('asks for the weight again at each choice', () => {
    const weights: Record<string, number> = { a: 1, b: 1 }
    const scheduler = new EdfScheduler(['a', 'b'], () => 1)
    const weightOf = (item: string): number => weights[item] ?? 1
    weights.a = 3
    const chosen = Array.from({ length: 401 }, () => scheduler.next(weightOf))
    expect(Math.abs(chosen.filter((item) => item === 'a').length - 300)).toBeLessThan(5)
  })
})
