// Statistics of one connection manager under Envoy's names (http.<stat_prefix>.*), resolved when it is built.

import type { Counter, Gauge, Histogram, StatsStore } from '../stream/stats.ts'

export interface HcmStats {
  readonly cxTotal: Counter
  readonly cxActive: Gauge
  readonly cxHttp1Total: Counter
  readonly cxHttp2Total: Counter
  readonly cxHttp1Active: Gauge
  readonly cxHttp2Active: Gauge
  readonly cxSslTotal: Counter
  readonly cxSslActive: Gauge
  readonly cxDestroy: Counter
  readonly cxDestroyRemote: Counter
  readonly cxDestroyLocal: Counter
  readonly cxProtocolError: Counter
  readonly cxRxBytesTotal: Counter
  readonly cxTxBytesTotal: Counter
  readonly cxDrainClose: Counter
  readonly cxIdleTimeout: Counter
  readonly cxMaxDurationReached: Counter
  readonly cxMaxRequestsReached: Counter
  readonly cxUpgradesTotal: Counter
  readonly cxUpgradesActive: Gauge
  readonly cxLengthMs: Histogram
  readonly rqTotal: Counter
  readonly rqActive: Gauge
  readonly rqHttp1Total: Counter
  readonly rqHttp2Total: Counter
  readonly rqCompleted: Counter
  readonly rqRxReset: Counter
  readonly rqTxReset: Counter
  readonly rqNonRelativePath: Counter
  readonly rqTooLarge: Counter
  readonly rqFailedPathNormalization: Counter
  readonly rqIdleTimeout: Counter
  readonly rqTimeout: Counter
  readonly rqHeaderTimeout: Counter
  readonly rqMaxDurationReached: Counter
  readonly rqWsOnNonWsRoute: Counter
  readonly rqTimeMs: Histogram
  /** By the hundreds digit of the response's status. */
  readonly rqByClass: readonly (Counter | undefined)[]
  readonly noRoute: Counter
  readonly noCluster: Counter
  readonly rqRedirect: Counter
  readonly rqDirectResponse: Counter
  readonly routedRqTotal: Counter
}

export function hcmStats(store: StatsStore, statPrefix: string): HcmStats {
  const counter = (stat: string): Counter => store.counter(`http.${statPrefix}.${stat}`)
  const gauge = (stat: string): Gauge => store.gauge(`http.${statPrefix}.${stat}`)
  const histogram = (stat: string): Histogram => store.histogram(`http.${statPrefix}.${stat}`)
  return {
    cxTotal: counter('downstream_cx_total'),
    cxActive: gauge('downstream_cx_active'),
    cxHttp1Total: counter('downstream_cx_http1_total'),
    cxHttp2Total: counter('downstream_cx_http2_total'),
    cxHttp1Active: gauge('downstream_cx_http1_active'),
    cxHttp2Active: gauge('downstream_cx_http2_active'),
    cxSslTotal: counter('downstream_cx_ssl_total'),
    cxSslActive: gauge('downstream_cx_ssl_active'),
    cxDestroy: counter('downstream_cx_destroy'),
    cxDestroyRemote: counter('downstream_cx_destroy_remote'),
    cxDestroyLocal: counter('downstream_cx_destroy_local'),
    cxProtocolError: counter('downstream_cx_protocol_error'),
    cxRxBytesTotal: counter('downstream_cx_rx_bytes_total'),
    cxTxBytesTotal: counter('downstream_cx_tx_bytes_total'),
    cxDrainClose: counter('downstream_cx_drain_close'),
    cxIdleTimeout: counter('downstream_cx_idle_timeout'),
    cxMaxDurationReached: counter('downstream_cx_max_duration_reached'),
    cxMaxRequestsReached: counter('downstream_cx_max_requests_reached'),
    cxUpgradesTotal: counter('downstream_cx_upgrades_total'),
    cxUpgradesActive: gauge('downstream_cx_upgrades_active'),
    cxLengthMs: histogram('downstream_cx_length_ms'),
    rqTotal: counter('downstream_rq_total'),
    rqActive: gauge('downstream_rq_active'),
    rqHttp1Total: counter('downstream_rq_http1_total'),
    rqHttp2Total: counter('downstream_rq_http2_total'),
    rqCompleted: counter('downstream_rq_completed'),
    rqRxReset: counter('downstream_rq_rx_reset'),
    rqTxReset: counter('downstream_rq_tx_reset'),
    rqNonRelativePath: counter('downstream_rq_non_relative_path'),
    rqTooLarge: counter('downstream_rq_too_large'),
    rqFailedPathNormalization: counter('downstream_rq_failed_path_normalization'),
    rqIdleTimeout: counter('downstream_rq_idle_timeout'),
    rqTimeout: counter('downstream_rq_timeout'),
    rqHeaderTimeout: counter('downstream_rq_header_timeout'),
    rqMaxDurationReached: counter('downstream_rq_max_duration_reached'),
    rqWsOnNonWsRoute: counter('downstream_rq_ws_on_non_ws_route'),
    rqTimeMs: histogram('downstream_rq_time'),
    rqByClass: [undefined, ...[1, 2, 3, 4, 5].map((hundreds) => counter(`downstream_rq_${hundreds}xx`))],
    noRoute: counter('no_route'),
    noCluster: counter('no_cluster'),
    rqRedirect: counter('rq_redirect'),
    rqDirectResponse: counter('rq_direct_response'),
    routedRqTotal: counter('rq_total'),
  }
}
