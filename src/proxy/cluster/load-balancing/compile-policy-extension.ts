// envoy.config.cluster.v3.LoadBalancingPolicy: a policy as an extension.

import { anyUnpack } from '@bufbuild/protobuf/wkt'
import type { LoadBalancingPolicy } from '../../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import {
  LeastRequestSchema,
  LeastRequest_SelectionMethod as SelectionMethod,
} from '../../../envoy/generated/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js'
import type { LeastRequest } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js'
import { MaglevSchema } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/maglev/v3/maglev_pb.js'
import { RandomSchema } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/random/v3/random_pb.js'
import { RingHashSchema } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash_pb.js'
import { RoundRobinSchema } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import { compileMaglev, compileRingHash } from './compile-hash-policy.ts'
import type { LeastRequestConfig, LoadBalancingConfig } from './load-balancing-config.ts'

const DEFAULT_CHOICE_COUNT = 2

/** The first policy counts: those behind it are for proxies that do not know it, and what is not known here was refused before. */
export function policyByExtension(message: LoadBalancingPolicy, problems: Problems): LoadBalancingConfig['policy'] {
  const any = message.policies.at(0)?.typedExtensionConfig?.typedConfig
  const at = problems.at('policies').at(0).at('typed_extension_config').at('typed_config')
  const leastRequest = any && anyUnpack(any, LeastRequestSchema)
  if (leastRequest !== undefined) return compileLeastRequest(leastRequest)
  if (any && anyUnpack(any, RandomSchema) !== undefined) return { kind: 'random' }
  if (any && anyUnpack(any, RoundRobinSchema) !== undefined) return { kind: 'roundRobin' }
  const ringHash = any && anyUnpack(any, RingHashSchema)
  if (ringHash !== undefined) return compileRingHash(ringHash, at)
  const maglev = any && anyUnpack(any, MaglevSchema)
  if (maglev !== undefined) return compileMaglev(maglev, at)
  problems.at('policies').add('a load balancing policy is required')
  return { kind: 'roundRobin' }
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
