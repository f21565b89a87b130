// How a cluster balances, from lb_policy and its fields beside it, or from load_balancing_policy, which wins over them.

import { anyUnpack } from '@bufbuild/protobuf/wkt'
import { Cluster_LbPolicy as LbPolicy } from '../../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type {
  Cluster,
  Cluster_CommonLbConfig as CommonLbConfig,
  LoadBalancingPolicy,
} from '../../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import {
  LeastRequestSchema,
  LeastRequest_SelectionMethod as SelectionMethod,
} from '../../../envoy/generated/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js'
import type { LeastRequest } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js'
import { RandomSchema } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/random/v3/random_pb.js'
import { RoundRobinSchema } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import type { LeastRequestConfig, LoadBalancingConfig, PolicyConfig } from './load-balancing-config.ts'

const DEFAULT_PANIC_PERCENT = 50
const DEFAULT_CHOICE_COUNT = 2

export function compileLoadBalancing(message: Cluster, problems: Problems): LoadBalancingConfig {
  const { commonLbConfig, loadBalancingPolicy } = message
  const panicThresholdPercent = panicPercent(commonLbConfig)
  if (loadBalancingPolicy === undefined) return { policy: policyByName(message), panicThresholdPercent }
  return { policy: policyByExtension(loadBalancingPolicy, problems.at('load_balancing_policy')), panicThresholdPercent }
}

/** Whole percents, rounded. */
function panicPercent(common: CommonLbConfig | undefined): number {
  return Math.round(common?.healthyPanicThreshold?.value ?? DEFAULT_PANIC_PERCENT)
}

function policyByName(message: Cluster): PolicyConfig {
  switch (message.lbPolicy) {
    case LbPolicy.LEAST_REQUEST:
      return compileLeastRequest(message.lbConfig.case === 'leastRequestLbConfig' ? message.lbConfig.value : undefined)
    case LbPolicy.RANDOM:
      return { kind: 'random' }
    default:
      return { kind: 'roundRobin' }
  }
}

/** The first policy counts: those that follow are for proxies that do not know it, and here all that are not refused are known. */
function policyByExtension(message: LoadBalancingPolicy, problems: Problems): PolicyConfig {
  const any = message.policies.at(0)?.typedExtensionConfig?.typedConfig
  switch (any?.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1)) {
    case LeastRequestSchema.typeName:
      return compileLeastRequest(anyUnpack(any as NonNullable<typeof any>, LeastRequestSchema))
    case RandomSchema.typeName:
      return { kind: 'random' }
    case RoundRobinSchema.typeName:
      return { kind: 'roundRobin' }
    default:
      problems.at('policies').add('a load balancing policy is required')
      return { kind: 'roundRobin' }
  }
}

function compileLeastRequest(
  message: Partial<Pick<LeastRequest, 'choiceCount' | 'activeRequestBias' | 'selectionMethod'>> | undefined,
): LeastRequestConfig {
  return {
    kind: 'leastRequest',
    choiceCount: message?.choiceCount ?? DEFAULT_CHOICE_COUNT,
    isFullScan: message?.selectionMethod === SelectionMethod.FULL_SCAN,
    activeRequestBias: message?.activeRequestBias?.defaultValue ?? 1,
  }
}
