import { describe, expect, test } from '@jest/globals'
import { NO_STATS, pass, testDispatcher } from '../../../test/support/connections.ts'
import { NO_METADATA } from '../stream/metadata.ts'
import type { Cluster } from './cluster.ts'
import { clusterStats } from './cluster-stats.ts'
import { DnsDiscovery } from './dns-discovery.ts'
import type { DnsConfig } from './dns-discovery.ts'
import type { Endpoints, HostDescription } from './host.ts'

function targetOf(hostname: string, port = 80): DnsConfig['targets'][number] {
  const template: HostDescription = {
    target: { kind: 'socket', ip: hostname, port },
    address: { text: hostname, ip: hostname, port },
    hostname: '',
    weight: 3,
    priority: 0,
    region: '',
    zone: '',
    subZone: '',
    localityWeight: 0,
    health: 'healthy',
    metadata: NO_METADATA,
  }
  return { hostname, port, template }
}

/** Answers by name; a name without one fails. */
function open(kind: DnsConfig['kind'], names: string[], answers: Record<string, string[]>) {
  const dispatcher = testDispatcher()
  const updates: string[][] = []
  const asked: string[] = []
  let failures = 0
  const stats = { ...clusterStats(NO_STATS, 'c'), updateFailure: { add: (n: number) => void (failures += n) } }
  const cluster = {
    stats,
    updateHosts: ({ hosts }: Endpoints) => {
      updates.push(hosts.map((host) => `${host.address.text} ${host.hostname} ${host.weight}`))
    },
  } as unknown as Cluster
  const endpoints = { hosts: [], overprovisioningPercent: 140, weighsHealth: false }
  const targets = names.map((name) => targetOf(name))
  const config: DnsConfig = { kind, targets, endpoints, refreshMs: 5000, family: 'auto' }
  const discovery = new DnsDiscovery(cluster, config, dispatcher, (name) => {
    asked.push(name)
    const found = answers[name]
    return found === undefined ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve(found)
  })
  /** The interval passes, and what was asked is answered. */
  const next = async (): Promise<void> => {
    pass(dispatcher, 5004)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { discovery, updates, asked, answers, next, failures: () => failures }
}

describe('STRICT_DNS', () => {
  test('makes a host of every address of every name, described as the name is', async () => {
    const { discovery, updates } = open('strictDns', ['a.test', '10.9.9.9'], { 'a.test': ['10.0.0.1', 'fd00::1'] })
    await discovery.refresh()
    expect(updates).toEqual([['10.0.0.1:80 a.test 3', '[fd00::1]:80 a.test 3', '10.9.9.9:80 10.9.9.9 3']])
  })

  test('asks again each interval, and says only what is different, not what is turned', async () => {
    const { discovery, updates, asked, answers, next } = open('strictDns', ['a.test'], {
      'a.test': ['10.0.0.1', '10.0.0.2'],
    })
    await discovery.refresh()
    answers['a.test'] = ['10.0.0.2', '10.0.0.1']
    await next()
    expect(asked.length).toBe(2)
    expect(updates.length).toBe(1)
    answers['a.test'] = ['10.0.0.2']
    await next()
    expect(updates.at(-1)).toEqual(['10.0.0.2:80 a.test 3'])
  })

  test('keeps what it knows of a name that cannot be resolved any more, and goes on asking', async () => {
    const { discovery, updates, asked, answers, next, failures } = open('strictDns', ['a.test', 'b.test'], {
      'a.test': ['10.0.0.1'],
      'b.test': ['10.0.0.2'],
    })
    await discovery.refresh()
    delete answers['a.test']
    answers['b.test'] = ['10.0.0.3']
    await next()
    expect(updates.at(-1)).toEqual(['10.0.0.1:80 a.test 3', '10.0.0.3:80 b.test 3'])
    expect(failures()).toBe(1)
    await next()
    expect(asked.length).toBe(6)
  })

  test('is silent once it was stopped, also about what it had asked before', async () => {
    const { discovery, updates, asked, next } = open('strictDns', ['a.test'], { 'a.test': ['10.0.0.1'] })
    const refreshed = discovery.refresh()
    discovery.stop()
    await refreshed
    await next()
    expect(updates).toEqual([])
    expect(asked.length).toBe(1)
  })
})

describe('LOGICAL_DNS', () => {
  test('is one host, and stays with its address while that is among the answers', async () => {
    const { discovery, updates, answers, next } = open('logicalDns', ['a.test'], { 'a.test': ['10.0.0.1', '10.0.0.2'] })
    await discovery.refresh()
    answers['a.test'] = ['10.0.0.2', '10.0.0.1']
    await next()
    expect(updates).toEqual([['10.0.0.1:80 a.test 3']])
    answers['a.test'] = ['10.0.0.2', '10.0.0.3']
    await next()
    expect(updates.at(-1)).toEqual(['10.0.0.2:80 a.test 3'])
  })
})
