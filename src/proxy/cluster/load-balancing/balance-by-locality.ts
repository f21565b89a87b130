// Localities of one priority that take traffic by their weights, each as far as its hosts are usable
// (envoy.config.cluster.v3.Cluster.CommonLbConfig.LocalityWeightedLbConfig).

import { EdfScheduler } from '../../../lib/edf-scheduler.ts'
import type { Random } from '../../../lib/random.ts'
import type { Host } from '../host.ts'
import type { LoadBalancer, LoadBalancerContext } from '../load-balancer.ts'
import { createPolicy } from './create-policy.ts'
import { localitiesOf } from './host-set.ts'
import type { Locality } from './host-set.ts'
import type { PolicyConfig } from './load-balancing-config.ts'
import type { HealthPolicy } from './priority-load.ts'

/** Undefined when no locality has both weight and usable hosts: then localities do not count. */
export function balanceByLocality(
  all: readonly Host[],
  usable: readonly Host[],
  policy: PolicyConfig,
  health: HealthPolicy,
  random: Random,
): LoadBalancer | undefined {
  const choices = localitiesOf(all, usable).flatMap((locality) => {
    const weight = effectiveWeight(locality, health.overprovisioningPercent)
    return weight === 0 ? [] : [{ balancer: createPolicy(policy, locality.usable, random), weight }]
  })
  if (choices.length < 2) return choices.at(0)?.balancer
  return new LocalityBalancer(choices, random)
}

function effectiveWeight({ all, usable, weight }: Locality, overprovisioningPercent: number): number {
  return weight * Math.min(1, ((overprovisioningPercent / 100) * usable.length) / all.length)
}

interface WeightedChoice {
  readonly balancer: LoadBalancer
  readonly weight: number
}

class LocalityBalancer implements LoadBalancer {
  private readonly scheduler: EdfScheduler<WeightedChoice>

  constructor(choices: readonly WeightedChoice[], random: Random) {
    this.scheduler = new EdfScheduler(choices, weightOf)
    for (let skipped = random.below(choices.length); skipped > 0; skipped--) this.scheduler.next(weightOf)
  }

  chooseHost(context: LoadBalancerContext): Host | undefined {
    return this.scheduler.next(weightOf)?.balancer.chooseHost(context)
  }
}

function weightOf(choice: WeightedChoice): number {
  return choice.weight
}
