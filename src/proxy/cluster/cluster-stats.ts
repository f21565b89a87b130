// Statistics of one cluster, under Envoy's names (envoy-behaviour: cluster.<name>.*). Resolved once, when the cluster is built.

import type { Counter, Gauge, Histogram, StatsStore } from '../stream/stats.ts'

export interface ClusterStats {
  readonly cxTotal: Counter
  readonly cxActive: Gauge
  readonly cxDestroy: Counter
  readonly cxConnectFail: Counter
  readonly cxConnectTimeout: Counter
  readonly cxOverflow: Counter
  readonly cxIdleTimeout: Counter
  readonly cxMaxRequests: Counter
  readonly cxProtocolError: Counter
  readonly cxNoneHealthy: Counter
  readonly cxConnectMs: Histogram
  readonly rqTotal: Counter
  readonly rqActive: Gauge
  readonly rqCompleted: Counter
  readonly rqPendingTotal: Counter
  readonly rqPendingActive: Gauge
  readonly rqPendingOverflow: Counter
  readonly rqPendingFailureEject: Counter
  readonly rqCancelled: Counter
  readonly rqTimeout: Counter
  readonly rqMaxDurationReached: Counter
  readonly rqPerTryTimeout: Counter
  readonly rqPerTryIdleTimeout: Counter
  readonly rqRxReset: Counter
  readonly rqTxReset: Counter
  readonly rqRetry: Counter
  readonly rqRetryBackoffExponential: Counter
  readonly rqRetryBackoffRatelimited: Counter
  readonly rqRetrySuccess: Counter
  /** `retry.upstream_rq_503` and so on: responses that were not passed on because the request was tried again. */
  chargeRetried(status: number): void
  readonly rqRetryLimitExceeded: Counter
  readonly rqRetryOverflow: Counter
  readonly retryOrShadowAbandoned: Counter
  readonly rqTimeMs: Histogram
  readonly updateFailure: Counter
  /** Choices among all hosts of a priority, for want of healthy ones. */
  readonly lbHealthyPanic: Counter
  readonly membershipTotal: Gauge
  readonly membershipHealthy: Gauge
  readonly membershipChange: Counter
  /** `upstream_rq_2xx` and so on, by the hundreds digit. */
  readonly rqByClass: readonly (Counter | undefined)[]
  /** `upstream_rq_200` and so on; created when a code is first seen (100-599). */
  rqByCode(status: number): Counter
}

/** A response that goes to the client, whoever made it. */
export function chargeResponse(stats: ClusterStats, status: number): void {
  stats.rqCompleted.add(1)
  stats.rqByClass[Math.floor(status / 100)]?.add(1)
  stats.rqByCode(status).add(1)
}

export function clusterStats(store: StatsStore, name: string): ClusterStats {
  const counter = (stat: string): Counter => store.counter(`cluster.${name}.${stat}`)
  const gauge = (stat: string): Gauge => store.gauge(`cluster.${name}.${stat}`)
  const histogram = (stat: string): Histogram => store.histogram(`cluster.${name}.${stat}`)
  const byCode: (Counter | undefined)[] = []
  const retried: (readonly Counter[] | undefined)[] = []
  return {
    cxTotal: counter('upstream_cx_total'),
    cxActive: gauge('upstream_cx_active'),
    cxDestroy: counter('upstream_cx_destroy'),
    cxConnectFail: counter('upstream_cx_connect_fail'),
    cxConnectTimeout: counter('upstream_cx_connect_timeout'),
    cxOverflow: counter('upstream_cx_overflow'),
    cxIdleTimeout: counter('upstream_cx_idle_timeout'),
    cxMaxRequests: counter('upstream_cx_max_requests'),
    cxProtocolError: counter('upstream_cx_protocol_error'),
    cxNoneHealthy: counter('upstream_cx_none_healthy'),
    cxConnectMs: histogram('upstream_cx_connect_ms'),
    rqTotal: counter('upstream_rq_total'),
    rqActive: gauge('upstream_rq_active'),
    rqCompleted: counter('upstream_rq_completed'),
    rqPendingTotal: counter('upstream_rq_pending_total'),
    rqPendingActive: gauge('upstream_rq_pending_active'),
    rqPendingOverflow: counter('upstream_rq_pending_overflow'),
    rqPendingFailureEject: counter('upstream_rq_pending_failure_eject'),
    rqCancelled: counter('upstream_rq_cancelled'),
    rqTimeout: counter('upstream_rq_timeout'),
    rqMaxDurationReached: counter('upstream_rq_max_duration_reached'),
    rqPerTryTimeout: counter('upstream_rq_per_try_timeout'),
    rqPerTryIdleTimeout: counter('upstream_rq_per_try_idle_timeout'),
    rqRxReset: counter('upstream_rq_rx_reset'),
    rqTxReset: counter('upstream_rq_tx_reset'),
    rqRetry: counter('upstream_rq_retry'),
    rqRetryBackoffExponential: counter('upstream_rq_retry_backoff_exponential'),
    rqRetryBackoffRatelimited: counter('upstream_rq_retry_backoff_ratelimited'),
    rqRetrySuccess: counter('upstream_rq_retry_success'),
    chargeRetried(status: number): void {
      const charged = (retried[status] ??= ['completed', `${Math.floor(status / 100)}xx`, String(status)].map((stat) =>
        counter(`retry.upstream_rq_${stat}`),
      ))
      for (const each of charged) each.add(1)
    },
    rqRetryLimitExceeded: counter('upstream_rq_retry_limit_exceeded'),
    rqRetryOverflow: counter('upstream_rq_retry_overflow'),
    retryOrShadowAbandoned: counter('retry_or_shadow_abandoned'),
    rqTimeMs: histogram('upstream_rq_time'),
    updateFailure: counter('update_failure'),
    lbHealthyPanic: counter('lb_healthy_panic'),
    membershipTotal: gauge('membership_total'),
    membershipHealthy: gauge('membership_healthy'),
    membershipChange: counter('membership_change'),
    rqByClass: [undefined, ...[1, 2, 3, 4, 5].map((hundreds) => counter(`upstream_rq_${hundreds}xx`))],
    rqByCode(status: number): Counter {
      return (byCode[status] ??= counter(`upstream_rq_${status}`))
    },
  }
}
