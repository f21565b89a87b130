// tcp_proxy's configuration as plain runtime values.

import type { RequestHeaderMap } from '../../codec/header-map.ts'
import type { Random } from '../../lib/random.ts'
import type { AccessLogger } from '../http/access-logger.ts'
import type { Counter, Gauge, StatsStore } from '../stream/stats.ts'
import type { StreamInfo } from '../stream/stream-info.ts'

/** Names under tcp.<stat_prefix>. */
export interface TcpProxyStats {
  readonly cxTotal: Counter
  readonly cxActive: Gauge
  readonly cxNoRoute: Counter
  readonly rxBytesTotal: Counter
  readonly txBytesTotal: Counter
  readonly idleTimeout: Counter
}

export function tcpProxyStats(store: StatsStore, statPrefix: string): TcpProxyStats {
  const prefix = `tcp.${statPrefix}`
  return {
    cxTotal: store.counter(`${prefix}.downstream_cx_total`),
    cxActive: store.gauge(`${prefix}.downstream_cx_active`),
    cxNoRoute: store.counter(`${prefix}.downstream_cx_no_route`),
    rxBytesTotal: store.counter(`${prefix}.downstream_cx_rx_bytes_total`),
    txBytesTotal: store.counter(`${prefix}.downstream_cx_tx_bytes_total`),
    idleTimeout: store.counter(`${prefix}.idle_timeout`),
  }
}

export interface Tunneling {
  /** The CONNECT request for one downstream connection. */
  requestHeaders(info: StreamInfo): RequestHeaderMap
}

/** Times in milliseconds; 0: never. */
export interface TcpProxyConfig {
  chooseCluster(random: Random): string
  readonly tunneling: Tunneling | undefined
  readonly idleTimeoutMs: number
  readonly maxDurationMs: number
  readonly maxConnectAttempts: number
  readonly accessLoggers: readonly AccessLogger[]
  readonly stats: TcpProxyStats
}
