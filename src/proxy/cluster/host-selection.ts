// From a cluster's members to one host: keeps the members in step with discovery and hands the usable ones to the balancer.

import type { Random } from '../../lib/random.ts'
import type { ClusterStats } from './cluster-stats.ts'
import { Host, hostKey } from './host.ts'
import type { HostDescription } from './host.ts'
import type { LoadBalancer, LoadBalancerContext } from './load-balancer.ts'
import { createPolicy } from './load-balancing/create-policy.ts'
import type { LoadBalancingConfig } from './load-balancing/load-balancing-config.ts'

/** Envoy's overprovisioning factor: a priority keeps all its load until fewer than 1/1.4 of its hosts are healthy. */
const OVERPROVISIONING_PERCENT = 140

export interface HostSelection {
  chooseHost(context: LoadBalancerContext): Host | undefined
  readonly hosts: Iterable<Host>
}

/** Hosts of one priority in the same health, and how much of the load is theirs. */
interface Tier {
  readonly balancer: LoadBalancer
  readonly loadPercent: number
}

/** Members given by configuration, EDS or DNS, chosen from by priority and then by the cluster's policy. */
export class BalancedHosts implements HostSelection {
  private readonly byKey = new Map<string, Host>()
  private readonly config: LoadBalancingConfig
  private readonly stats: ClusterStats
  private readonly random: Random
  /** Those with a share of the load, which adds up to 100. */
  private tiers: readonly Tier[] = []

  constructor(config: LoadBalancingConfig, stats: ClusterStats, random: Random) {
    this.config = config
    this.stats = stats
    this.random = random
  }

  get hosts(): Iterable<Host> {
    return this.byKey.values()
  }

  /** Hosts that stay keep their pools and numbers; those that went drain theirs. Of two that are the same, the first counts. */
  update(descriptions: readonly HostDescription[]): void {
    const gone = new Map(this.byKey)
    const members = new Map<string, HostDescription>()
    for (const description of descriptions) {
      const key = hostKey(description)
      if (!members.has(key)) members.set(key, description)
    }
    let hasChanged = false
    for (const [key, description] of members) {
      const known = gone.get(key)
      if (known === undefined) this.byKey.set(key, new Host(description))
      hasChanged ||= known === undefined || known.description.health !== description.health
      if (known !== undefined) known.description = description
      gone.delete(key)
    }
    for (const [key, host] of gone) {
      this.byKey.delete(key)
      host.drainPools()
      hasChanged = true
    }
    this.tiers = this.buildTiers()
    this.stats.membershipTotal.set(this.byKey.size)
    this.stats.membershipHealthy.set([...this.byKey.values()].filter((host) => host.isHealthy).length)
    if (hasChanged) this.stats.membershipChange.add(1)
  }

  chooseHost(context: LoadBalancerContext): Host | undefined {
    const { tiers } = this
    if (tiers.length <= 1) return tiers[0]?.balancer.chooseHost(context)
    let point = this.random.below(100)
    for (const tier of tiers) {
      if (point < tier.loadPercent) return tier.balancer.chooseHost(context)
      point -= tier.loadPercent
    }
    return undefined
  }

  /** First the healthy hosts of all priorities, then the degraded ones, as far as the healthy cannot carry the load. */
  private buildTiers(): readonly Tier[] {
    const priorities = this.membersByPriority()
    const healthy = priorities.map((hosts) => hosts.filter((host) => host.isHealthy))
    const degraded = priorities.map((hosts) => hosts.filter((host) => host.description.health === 'degraded'))
    const capacities = [...healthy, ...degraded].map((usable, index) =>
      capacityPercent(usable.length, priorities[index % priorities.length].length),
    )
    const total = Math.min(100, sum(capacities))
    const panics = priorities.map((hosts, priority) =>
      this.isInPanic(total, healthy[priority].length + degraded[priority].length, hosts.length),
    )
    const areAllInPanic = panics.every((panic) => panic)
    const loads = areAllInPanic
      ? shares(
          priorities.map((hosts) => hosts.length),
          this.byKey.size,
        )
      : shares(capacities, total)
    return loads.flatMap((loadPercent, index) => {
      if (loadPercent === 0) return []
      const priority = index % priorities.length
      const usable = panics[priority] ? priorities[priority] : [...healthy, ...degraded][index]
      return [{ balancer: createPolicy(this.config.policy, usable, this.random), loadPercent }]
    })
  }

  /** Without holes: a priority may have no members at all. */
  private membersByPriority(): readonly (readonly Host[])[] {
    const byPriority: Host[][] = []
    for (const host of this.byKey.values()) {
      while (byPriority.length <= host.description.priority) byPriority.push([])
      byPriority[host.description.priority].push(host)
    }
    return byPriority
  }

  /** Panic: when all priorities together cannot carry the load, one with too few usable hosts takes all that it has. */
  private isInPanic(totalCapacity: number, usable: number, all: number): boolean {
    const percent = all === 0 ? 0 : (usable * 100) / all
    return totalCapacity < 100 && percent < this.config.panicThresholdPercent
  }
}

function capacityPercent(usable: number, all: number): number {
  return all === 0 ? 0 : Math.min(100, Math.floor((OVERPROVISIONING_PERCENT * usable) / all))
}

/** Of 100, each takes `amount / total` in turn while there is any; the first takes what rounding leaves. */
function shares(amounts: readonly number[], total: number): number[] {
  if (total === 0) return amounts.map(() => 0)
  let left = 100
  const loads = amounts.map((amount) => {
    const load = Math.min(left, Math.floor((amount * 100) / total))
    left -= load
    return load
  })
  const first = loads.findIndex((load) => load > 0)
  if (first >= 0) loads[first] += left
  return loads
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
