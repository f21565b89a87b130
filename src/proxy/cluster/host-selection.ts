// From a cluster's members to one host: keeps the members in step with discovery and hands the usable ones to the balancer.

import type { Random } from '../../lib/random.ts'
import type { ClusterConfig } from './cluster-config.ts'
import type { ClusterStats } from './cluster-stats.ts'
import { Host, hostKey } from './host.ts'
import type { HostDescription } from './host.ts'
import { createLoadBalancer } from './load-balancer.ts'
import type { LoadBalancer, LoadBalancerContext } from './load-balancer.ts'

/** Envoy's overprovisioning factor: a priority keeps all its load until fewer than 1/1.4 of its hosts are healthy. */
const OVERPROVISIONING_PERCENT = 140

export interface HostSelection {
  chooseHost(context: LoadBalancerContext): Host | undefined
  readonly hosts: Iterable<Host>
}

interface PriorityLevel {
  readonly hosts: readonly Host[]
  readonly balancer: LoadBalancer
  /** Share of the load, percent. */
  loadPercent: number
}

/** Members given by configuration, EDS or DNS, chosen from by priority and then by the cluster's policy. */
export class BalancedHosts implements HostSelection {
  private readonly byKey = new Map<string, Host>()
  private readonly config: ClusterConfig
  private readonly stats: ClusterStats
  private readonly random: Random
  private levels: PriorityLevel[] = []

  constructor(config: ClusterConfig, stats: ClusterStats, random: Random) {
    this.config = config
    this.stats = stats
    this.random = random
  }

  get hosts(): Iterable<Host> {
    return this.byKey.values()
  }

  /** Hosts that stay keep their pools and numbers; those that went drain theirs. */
  update(descriptions: readonly HostDescription[]): void {
    const gone = new Map(this.byKey)
    for (const description of descriptions) {
      const key = hostKey(description)
      const known = gone.get(key)
      if (known === undefined) this.byKey.set(key, new Host(description))
      else known.description = description
      gone.delete(key)
    }
    for (const [key, host] of gone) {
      this.byKey.delete(key)
      host.drainPools()
    }
    this.levels = this.buildLevels()
    this.stats.membershipTotal.set(this.byKey.size)
    this.stats.membershipHealthy.set([...this.byKey.values()].filter((host) => host.isHealthy).length)
    this.stats.membershipChange.add(1)
  }

  chooseHost(context: LoadBalancerContext): Host | undefined {
    if (this.levels.length === 0) return undefined
    if (this.levels.length === 1) return this.levels[0].balancer.chooseHost(context)
    let point = this.random.below(100)
    for (const level of this.levels) {
      if (point < level.loadPercent) return level.balancer.chooseHost(context)
      point -= level.loadPercent
    }
    return this.levels[0].balancer.chooseHost(context)
  }

  private buildLevels(): PriorityLevel[] {
    const byPriority: Host[][] = []
    for (const host of this.byKey.values()) (byPriority[host.description.priority] ??= []).push(host)
    const members = byPriority.map((hosts) => hosts ?? [])
    const health = members.map((hosts) => healthPercent(hosts))
    const total = Math.min(100, sum(health))
    let left = 100
    return members.map((all, priority) => {
      const share = total === 0 ? 0 : Math.min(left, Math.floor((health[priority] * 100) / total))
      left -= share
      const balancer = createLoadBalancer(this.config.policy, this.random)
      const usable = this.usableHosts(all, total)
      balancer.update(usable)
      return { hosts: usable, balancer, loadPercent: share }
    })
  }

  /** Panic: with too few healthy hosts in all priorities together, health is ignored. */
  private usableHosts(all: readonly Host[], totalHealth: number): readonly Host[] {
    const candidates = all.filter((host) => host.description.health !== 'draining')
    const healthy = candidates.filter((host) => host.isHealthy)
    const percent = candidates.length === 0 ? 0 : (healthy.length * 100) / candidates.length
    const isPanic = totalHealth < 100 && percent < this.config.panicThresholdPercent
    return isPanic ? candidates : healthy
  }
}

function healthPercent(hosts: readonly Host[]): number {
  if (hosts.length === 0) return 0
  const healthy = hosts.filter((host) => host.isHealthy).length
  return Math.min(100, Math.floor((OVERPROVISIONING_PERCENT * healthy) / hosts.length))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
