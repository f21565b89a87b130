// Time-outs and retries of a rule. Without any, Istio's default: two retries of what was certainly not processed.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type {
  RetryPolicySchema,
  RouteActionSchema,
} from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import { PreviousHostsPredicateSchema } from '../../envoy/generated/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js'
import type { HttpRouteRule } from '../../resources/gateway-api.ts'
import { parseGatewayDuration } from '../../resources/gateway-duration.ts'
import { any, duration } from '../envoy-message.ts'

export type RetryPolicyInit = MessageInitShape<typeof RetryPolicySchema>

const retryOn = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes'
const defaultRetries = 2

export function defaultRetryPolicy() {
  return {
    retryOn,
    numRetries: defaultRetries,
    retryHostPredicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        configType: { case: 'typedConfig' as const, value: any(PreviousHostsPredicateSchema) },
      },
    ],
    hostSelectionRetryMaxAttempts: 5n,
  } satisfies RetryPolicyInit
}

export interface RouteTimes {
  /** 0: no limit. */
  readonly timeoutMs: number
  readonly retryPolicy: RetryPolicyInit
}

/**
 * `backendRequest` limits each try, `request` all of them together (GEP-1742). Both hold, where Istio keeps only one. With
 * a `retry` of the user's own, tries that end without an answer are repeated as well (HTTPRouteRetry), time-outs of a try among
 * them. With `sameHost`, a hash chooses the host, so there is no other to try.
 */
export function routeTimes({ timeouts, retry }: HttpRouteRule, { sameHost }: { sameHost: boolean }): RouteTimes {
  const perTryMs = millisecondsOf(timeouts?.backendRequest)
  const backoffMs = millisecondsOf(retry?.backoff)
  const retryPolicy: RetryPolicyInit = {
    ...defaultRetryPolicy(),
    ...(sameHost ? { retryHostPredicate: [] } : {}),
    ...(retry === undefined ? {} : { retryOn: `${retryOn},reset` }),
    ...(retry?.attempts === undefined ? {} : { numRetries: retry.attempts }),
    ...(retry?.codes === undefined ? {} : { retriableStatusCodes: [...retry.codes] }),
    ...(backoffMs > 0 ? { retryBackOff: { baseInterval: duration(backoffMs) } } : {}),
    ...(perTryMs > 0 ? { perTryTimeout: duration(perTryMs) } : {}),
  }
  return { timeoutMs: millisecondsOf(timeouts?.request), retryPolicy }
}

/** The CRD's pattern has been checked, so what is present is a duration. */
function millisecondsOf(text: string | undefined): number {
  return text === undefined ? 0 : (parseGatewayDuration(text) ?? 0)
}

/** The time limit of a route, 0 for none. As Istio has it, a gRPC client's own limit counts up to the same bound. */
export function timeLimits(timeoutMs: number) {
  const timeout = duration(timeoutMs)
  // istiod sends this deprecated field; its successor is a limit of the stream.
  return { timeout, maxGrpcTimeout: timeout } satisfies MessageInitShape<typeof RouteActionSchema>
}
