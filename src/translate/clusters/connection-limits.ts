// What a cluster allows itself: time to connect, connections, requests, retries, keepalive probes.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { ClusterSchema } from '../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type {
  CircuitBreakers_Thresholds_RetryBudgetSchema,
  CircuitBreakers_ThresholdsSchema,
} from '../../envoy/generated/envoy/config/cluster/v3/circuit_breaker_pb.js'
import type { ConnectionPoolSettings, RetryBudget, TcpKeepalive } from '../../resources/destination-rule.ts'
import { parseGoDuration } from '../../resources/go-duration.ts'
import { duration, optionalDuration } from '../envoy-message.ts'
import type { MeshSettings } from '../mesh-settings.ts'

type ClusterInit = MessageInitShape<typeof ClusterSchema>
type Limits = Pick<ClusterInit, 'connectTimeout' | 'circuitBreakers' | 'upstreamConnectionOptions'>
type Thresholds = MessageInitShape<typeof CircuitBreakers_ThresholdsSchema>

/** Istio sets no limits unless a DestinationRule asks for them. */
const unlimited = 0xffff_ffff

const defaultRetryBudgetPercent = 20
const defaultMinRetryConcurrency = 3

export function connectionLimits(
  pool: ConnectionPoolSettings | undefined,
  retryBudget: RetryBudget | undefined,
  settings: MeshSettings,
): Limits {
  const keepalive = mergedKeepalive(settings.tcpKeepalive, pool?.tcp?.tcpKeepalive)
  return {
    connectTimeout: optionalDuration(pool?.tcp?.connectTimeout) ?? duration(settings.connectTimeoutMs),
    circuitBreakers: { thresholds: [thresholds(pool, retryBudget)] },
    ...(keepalive && { upstreamConnectionOptions: { tcpKeepalive: keepalive } }),
  }
}

/** 0 says nothing: Istio's fields cannot tell it from an absent one. */
export function thresholds(pool?: ConnectionPoolSettings, retryBudget?: RetryBudget): Thresholds {
  return {
    maxConnections: pool?.tcp?.maxConnections || unlimited,
    maxPendingRequests: pool?.http?.http1MaxPendingRequests || unlimited,
    maxRequests: pool?.http?.http2MaxRequests || unlimited,
    maxRetries: pool?.http?.maxRetries || unlimited,
    ...(retryBudget && { retryBudget: retryBudgetOf(retryBudget) }),
  }
}

function retryBudgetOf(budget: RetryBudget): MessageInitShape<typeof CircuitBreakers_Thresholds_RetryBudgetSchema> {
  return {
    budgetPercent: { value: budget.percent ?? defaultRetryBudgetPercent },
    budgetInterval: optionalDuration(budget.budgetInterval),
    minRetryConcurrency: budget.minRetryConcurrency || defaultMinRetryConcurrency,
  }
}

/** The rule's fields replace the mesh's one by one. Envoy counts in whole seconds. */
function mergedKeepalive(mesh: TcpKeepalive | undefined, rule: TcpKeepalive | undefined) {
  if (mesh === undefined && rule === undefined) return undefined
  const { probes, time, interval } = { ...mesh, ...rule }
  const seconds = (text: string) => Math.trunc((parseGoDuration(text) ?? 0) / 1000)
  return {
    ...(probes && { keepaliveProbes: probes }),
    ...(time && { keepaliveTime: seconds(time) }),
    ...(interval && { keepaliveInterval: seconds(interval) }),
  }
}
