// How a cluster balances, from lb_policy and its fields beside it, or from load_balancing_policy, which wins over them.

import { Cluster_LbPolicy as LbPolicy } from '../../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type {
  Cluster,
  Cluster_CommonLbConfig as CommonLbConfig,
} from '../../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import { hashPolicyByName } from './compile-hash-policy.ts'
import { compileLeastRequest, policyByExtension } from './compile-policy-extension.ts'
import { compileSubsets } from './compile-subsets.ts'
import type { LoadBalancingConfig } from './load-balancing-config.ts'

const DEFAULT_PANIC_PERCENT = 50

export function compileLoadBalancing(message: Cluster, problems: Problems): LoadBalancingConfig {
  const { commonLbConfig, loadBalancingPolicy } = message
  const panicThresholdPercent = panicPercent(commonLbConfig)
  const locality = commonLbConfig?.localityConfigSpecifier
  if (loadBalancingPolicy !== undefined) {
    const hasOldFields = locality?.case !== undefined || commonLbConfig?.consistentHashingLbConfig !== undefined
    if (hasOldFields) problems.at('common_lb_config').add(OLD_FIELDS_WITH_EXTENSION)
    if (message.lbSubsetConfig !== undefined) problems.at('lb_subset_config').add(OLD_FIELDS_WITH_EXTENSION)
    return {
      ...policyByExtension(loadBalancingPolicy, problems.at('load_balancing_policy')),
      panicThresholdPercent,
    }
  }
  return {
    policy: policyByName(message, problems),
    subsets: message.lbSubsetConfig && compileSubsets(message.lbSubsetConfig, problems.at('lb_subset_config')),
    panicThresholdPercent,
    failsInPanic: locality?.case === 'zoneAwareLbConfig' && locality.value.failTrafficOnPanic,
    weighsLocalities: locality?.case === 'localityWeightedLbConfig',
  }
}

const OLD_FIELDS_WITH_EXTENSION =
  'with load_balancing_policy, options of localities, subsets and consistent hashing stand in the policy'

/** Whole percents; Envoy drops fractions. */
function panicPercent(common: CommonLbConfig | undefined): number {
  return Math.floor(common?.healthyPanicThreshold?.value ?? DEFAULT_PANIC_PERCENT)
}

function policyByName(message: Cluster, problems: Problems): LoadBalancingConfig['policy'] {
  const { lbConfig } = message
  switch (message.lbPolicy) {
    case LbPolicy.LEAST_REQUEST:
      return compileLeastRequest(lbConfig.case === 'leastRequestLbConfig' ? lbConfig.value : undefined)
    case LbPolicy.RANDOM:
      return { kind: 'random' }
    case LbPolicy.RING_HASH:
    case LbPolicy.MAGLEV:
      return hashPolicyByName(message, problems)
    default:
      return { kind: 'roundRobin' }
  }
}
