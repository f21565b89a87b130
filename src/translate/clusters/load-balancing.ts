// How a cluster chooses hosts: the load balancer of a DestinationRule, or Istio's default, least request.

import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  Cluster_LbPolicy as LbPolicy,
  type Cluster_SlowStartConfigSchema,
  type ClusterSchema,
} from '../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { ConsistentHash, LoadBalancerSettings } from '../../resources/destination-rule.ts'
import { optionalDuration } from '../envoy-message.ts'

type ClusterInit = MessageInitShape<typeof ClusterSchema>
type LoadBalancing = Pick<ClusterInit, 'lbPolicy' | 'lbConfig'>

/** Envoy's own default, which Istio writes all the same. */
const defaultRingSize = 1024n
const defaultWarmupPercent = 10

/** `PASSTHROUGH`: requests go where the client wanted to go, and there are no hosts to choose from. */
export function isPassthrough(settings: LoadBalancerSettings | undefined): boolean {
  return settings?.simple === 'PASSTHROUGH' && settings.consistentHash === undefined
}

export function loadBalancing(settings: LoadBalancerSettings | undefined): LoadBalancing {
  if (settings?.consistentHash !== undefined) return consistentHashing(settings.consistentHash)
  const slowStartConfig = slowStart(settings)
  switch (settings?.simple) {
    case 'RANDOM':
      return { lbPolicy: LbPolicy.RANDOM }
    case 'PASSTHROUGH':
      return { lbPolicy: LbPolicy.CLUSTER_PROVIDED }
    case 'ROUND_ROBIN':
      return {
        lbPolicy: LbPolicy.ROUND_ROBIN,
        ...(slowStartConfig && { lbConfig: { case: 'roundRobinLbConfig', value: { slowStartConfig } } }),
      }
    default:
      return {
        lbPolicy: LbPolicy.LEAST_REQUEST,
        ...(slowStartConfig && { lbConfig: { case: 'leastRequestLbConfig', value: { slowStartConfig } } }),
      }
  }
}

function consistentHashing({ maglev, ringHash, minimumRingSize }: ConsistentHash): LoadBalancing {
  if (maglev !== undefined) {
    const { tableSize = 0 } = maglev
    if (tableSize === 0) return { lbPolicy: LbPolicy.MAGLEV }
    return {
      lbPolicy: LbPolicy.MAGLEV,
      lbConfig: { case: 'maglevLbConfig', value: { tableSize: BigInt(tableSize) } },
    }
  }
  const size = ringHash === undefined ? BigInt(minimumRingSize ?? 0) || defaultRingSize : ringHash.minimumRingSize
  if (size === undefined) return { lbPolicy: LbPolicy.RING_HASH }
  return {
    lbPolicy: LbPolicy.RING_HASH,
    lbConfig: { case: 'ringHashLbConfig', value: { minimumRingSize: BigInt(size) } },
  }
}

/** A host that is new gets its share little by little. */
function slowStart(
  settings: LoadBalancerSettings | undefined,
): MessageInitShape<typeof Cluster_SlowStartConfigSchema> | undefined {
  if (settings?.warmup !== undefined) {
    const { duration, aggression = 1, minimumPercent = defaultWarmupPercent } = settings.warmup
    return {
      slowStartWindow: optionalDuration(duration),
      // Istio names a runtime key that nobody can set, because Envoy insists on one.
      aggression: { defaultValue: aggression, runtimeKey: '(' },
      minWeightPercent: { value: minimumPercent },
    }
  }
  const deprecated = settings?.warmupDurationSecs
  return deprecated === undefined ? undefined : { slowStartWindow: optionalDuration(deprecated) }
}
