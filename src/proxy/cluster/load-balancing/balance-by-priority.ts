// The balancer of a cluster, or of a subset of it: a share of the load for each priority, and there a host by the policy.

import type { Random } from '../../../lib/random.ts'
import type { Resource } from '../circuit-breakers.ts'
import type { ClusterStats } from '../cluster-stats.ts'
import type { Host } from '../host.ts'
import type { LoadBalancer, LoadBalancerContext } from '../load-balancer.ts'
import { balanceByLocality } from './balance-by-locality.ts'
import { createPolicy } from './create-policy.ts'
import { balanceByHash } from './hash-balancer.ts'
import { hostSetsByPriority } from './host-set.ts'
import type { LoadBalancingConfig } from './load-balancing-config.ts'
import { priorityLoad } from './priority-load.ts'
import type { HealthPolicy } from './priority-load.ts'

/** What balancers of one cluster share. */
export interface BalancingSurroundings {
  readonly random: Random
  readonly stats: Pick<ClusterStats, 'lbHealthyPanic'>
  /** The cluster's requests under way. */
  readonly requests: Pick<Resource, 'inUse'>
}

/** Hosts of one priority in the same health, and how much of the load is theirs. */
interface Tier {
  readonly balancer: LoadBalancer
  readonly loadPercent: number
}

export function balanceByPriority(
  hosts: readonly Host[],
  health: HealthPolicy,
  config: LoadBalancingConfig,
  surroundings: BalancingSurroundings,
): LoadBalancer {
  const { policy } = config
  const { random, stats } = surroundings
  const sets = hostSetsByPriority(hosts)
  const load = priorityLoad(sets, config.panicThresholdPercent, health)
  if (policy.kind === 'ringHash' || policy.kind === 'maglev')
    return balanceByHash(sets, load, policy, config, surroundings)
  const tierOf = (usable: readonly Host[], priority: number, loadPercent: number): Tier[] => {
    if (loadPercent === 0) return []
    const { all } = sets[priority]
    if (load.isInPanic[priority]) {
      const balancer = createPolicy(policy, config.failsInPanic ? [] : all, random)
      return [{ balancer: new PanickingBalancer(balancer, stats), loadPercent }]
    }
    const byLocality = config.weighsLocalities ? balanceByLocality(all, usable, policy, health, random) : undefined
    return [{ balancer: byLocality ?? createPolicy(policy, usable, random), loadPercent }]
  }
  const tiers = [
    ...sets.flatMap((set, priority) => tierOf(set.healthy, priority, load.healthy[priority])),
    ...sets.flatMap((set, priority) => tierOf(set.degraded, priority, load.degraded[priority])),
  ]
  return tiers.length === 1 ? tiers[0].balancer : new TieredBalancer(tiers, random)
}

/** The loads of its tiers add up to 100. */
class TieredBalancer implements LoadBalancer {
  private readonly tiers: readonly Tier[]
  private readonly random: Random

  constructor(tiers: readonly Tier[], random: Random) {
    this.tiers = tiers
    this.random = random
  }

  chooseHost(context: LoadBalancerContext): Host | undefined {
    let point = this.random.below(100)
    for (const tier of this.tiers) {
      if (point < tier.loadPercent) return tier.balancer.chooseHost(context)
      point -= tier.loadPercent
    }
    return undefined
  }
}

class PanickingBalancer implements LoadBalancer {
  private readonly balancer: LoadBalancer
  private readonly stats: BalancingSurroundings['stats']

  constructor(balancer: LoadBalancer, stats: BalancingSurroundings['stats']) {
    this.balancer = balancer
    this.stats = stats
  }

  chooseHost(context: LoadBalancerContext): Host | undefined {
    this.stats.lbHealthyPanic.add(1)
    return this.balancer.chooseHost(context)
  }
}
