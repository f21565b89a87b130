// From a cluster's hosts to its balancer: one over all of them, or one for each subset.

import type { Endpoints, Host } from '../host.ts'
import type { LoadBalancer } from '../load-balancer.ts'
import { balanceByPriority } from './balance-by-priority.ts'
import type { BalancingSurroundings } from './balance-by-priority.ts'
import type { LoadBalancingConfig } from './load-balancing-config.ts'
import { SubsetBalancer } from './subset-balancer.ts'

export function buildBalancer(
  hosts: readonly Host[],
  endpoints: Endpoints,
  config: LoadBalancingConfig,
  surroundings: BalancingSurroundings,
): LoadBalancer {
  const { subsets } = config
  if (subsets === undefined) return balanceByPriority(hosts, endpoints, config, surroundings)
  const ofSubset = { ...config, weighsLocalities: config.weighsLocalities && subsets.weighsLocalities }
  return new SubsetBalancer(hosts, subsets, (members) => balanceByPriority(members, endpoints, ofSubset, surroundings))
}
