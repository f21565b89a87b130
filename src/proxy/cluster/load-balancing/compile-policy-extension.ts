// envoy.config.cluster.v3.LoadBalancingPolicy: a policy as an extension.

import { anyUnpack } from '@bufbuild/protobuf/wkt'
import type { LoadBalancingPolicy } from '../../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { LocalityLbConfig } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/common/v3/common_pb.js'
import {
  LeastRequestSchema,
  LeastRequest_SelectionMethod as SelectionMethod,
} from '../../../envoy/generated/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js'
import type { LeastRequest } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js'
import { MaglevSchema } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/maglev/v3/maglev_pb.js'
import { RandomSchema } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/random/v3/random_pb.js'
import { RingHashSchema } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash_pb.js'
import { RoundRobinSchema } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb.js'
import { SubsetSchema } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/subset/v3/subset_pb.js'
import type { Subset } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/subset/v3/subset_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import { compileMaglev, compileRingHash } from './compile-hash-policy.ts'
import { compileSubsets } from './compile-subsets.ts'
import type {
  HashPolicyConfig,
  LeastRequestConfig,
  LoadBalancingConfig,
  PolicyConfig,
} from './load-balancing-config.ts'

const DEFAULT_CHOICE_COUNT = 2

/** The policy and what goes with it. */
type Policy = Omit<LoadBalancingConfig, 'panicThresholdPercent'>

/** The first policy counts: those behind it are for proxies that do not know it, and what is not known here was refused before. */
export function policyByExtension(message: LoadBalancingPolicy, problems: Problems): Policy {
  const any = message.policies.at(0)?.typedExtensionConfig?.typedConfig
  if (any === undefined) {
    problems.at('policies').add('a load balancing policy is required')
    return withLocalities({ kind: 'roundRobin' }, undefined)
  }
  const at = problems.at('policies').at(0).at('typed_extension_config').at('typed_config')
  const leastRequest = anyUnpack(any, LeastRequestSchema)
  if (leastRequest !== undefined) {
    return withLocalities(compileLeastRequest(leastRequest), leastRequest.localityLbConfig)
  }
  const random = anyUnpack(any, RandomSchema)
  if (random !== undefined) return withLocalities({ kind: 'random' }, random.localityLbConfig)
  const ring = anyUnpack(any, RingHashSchema)
  if (ring !== undefined) return withWeightedLocalities(compileRingHash(ring, at), ring.localityWeightedLbConfig)
  const maglev = anyUnpack(any, MaglevSchema)
  if (maglev !== undefined) return withWeightedLocalities(compileMaglev(maglev, at), maglev.localityWeightedLbConfig)
  const subset = anyUnpack(any, SubsetSchema)
  if (subset !== undefined) return withSubsets(subset, at)
  return withLocalities({ kind: 'roundRobin' }, anyUnpack(any, RoundRobinSchema)?.localityLbConfig)
}

function withSubsets(message: Subset, problems: Problems): Policy {
  const { subsetLbPolicy } = message
  if (subsetLbPolicy === undefined) {
    problems.at('subset_lb_policy').add('a load balancing policy is required')
    return withLocalities({ kind: 'roundRobin' }, undefined)
  }
  const policy = policyByExtension(subsetLbPolicy, problems.at('subset_lb_policy'))
  if (policy.subsets !== undefined) problems.at('subset_lb_policy').add('subsets have no subsets')
  return { ...policy, subsets: compileSubsets(message, problems) }
}

function withLocalities(policy: PolicyConfig, localities: LocalityLbConfig | undefined): Policy {
  const specifier = localities?.localityConfigSpecifier
  return {
    policy,
    subsets: undefined,
    failsInPanic: specifier?.case === 'zoneAwareLbConfig' && specifier.value.failTrafficOnPanic,
    weighsLocalities: specifier?.case === 'localityWeightedLbConfig',
  }
}

function withWeightedLocalities(policy: HashPolicyConfig, weighted: object | undefined): Policy {
  return { policy, subsets: undefined, failsInPanic: false, weighsLocalities: weighted !== undefined }
}

export function compileLeastRequest(
  message: Partial<Pick<LeastRequest, 'choiceCount' | 'activeRequestBias' | 'selectionMethod'>> | undefined,
): LeastRequestConfig {
  return {
    kind: 'leastRequest',
    choiceCount: message?.choiceCount ?? DEFAULT_CHOICE_COUNT,
    isFullScan: message?.selectionMethod === SelectionMethod.FULL_SCAN,
    activeRequestBias: message?.activeRequestBias?.defaultValue ?? 1,
  }
}
