// Statistics of one listener under Envoy's names (listener.<address>.*).

import type { Counter, Gauge, StatsStore } from '../stream/stats.ts'

export interface ListenerStats {
  readonly cxTotal: Counter
  readonly cxActive: Gauge
  readonly cxDestroy: Counter
  readonly noFilterChainMatch: Counter
  readonly preCxTimeout: Counter
  readonly sslHandshake: Counter
  readonly sslConnectionError: Counter
  readonly sslFailVerifyNoCert: Counter
  readonly sslFailVerifyError: Counter
  readonly sslFailVerifySan: Counter
}

/** @param address `0.0.0.0_15008`, or `envoy_internal_<name>` for internal listeners. */
export function listenerStats(store: StatsStore, address: string): ListenerStats {
  const counter = (stat: string): Counter => store.counter(`listener.${address}.${stat}`)
  return {
    cxTotal: counter('downstream_cx_total'),
    cxActive: store.gauge(`listener.${address}.downstream_cx_active`),
    cxDestroy: counter('downstream_cx_destroy'),
    noFilterChainMatch: counter('no_filter_chain_match'),
    preCxTimeout: counter('downstream_pre_cx_timeout'),
    sslHandshake: counter('ssl.handshake'),
    sslConnectionError: counter('ssl.connection_error'),
    sslFailVerifyNoCert: counter('ssl.fail_verify_no_cert'),
    sslFailVerifyError: counter('ssl.fail_verify_error'),
    sslFailVerifySan: counter('ssl.fail_verify_san'),
  }
}
