// What is known of one attempt's way to the upstream: host, connection, times, bytes. The stream keeps the last attempt's.

import type { Address, TlsFacts } from './connection-facts.ts'
import type { FilterState } from './filter-state.ts'
import type { Metadata } from './metadata.ts'
import type { Protocol } from './protocol.ts'

/** Facts of a cluster that streams refer to; the same object for every stream. */
export interface ClusterFacts {
  /** `%UPSTREAM_CLUSTER_RAW%` */
  readonly name: string
  /** `%UPSTREAM_CLUSTER%`: alt_stat_name if the cluster has one. */
  readonly observabilityName: string
  readonly metadata: Metadata
}

/** Facts of a host that streams refer to; the same object for every stream. */
export interface HostFacts {
  /** `%UPSTREAM_HOST%`; internal addresses print as `envoy://listener/endpoint`. */
  readonly address: Address
  /** The configured hostname; '' when there is none. */
  readonly hostname: string
  readonly metadata: Metadata
}

/** Times are milliseconds of the worker's monotonic clock, -1 while the event has not happened. */
export class UpstreamInfo {
  host: HostFacts | undefined = undefined
  /** Ends of the upstream connection's socket. */
  localAddress: Address | undefined = undefined
  remoteAddress: Address | undefined = undefined
  connectionId = -1
  protocol: Protocol | undefined = undefined
  tls: TlsFacts | undefined = undefined
  /** Why no connection came about, e.g. `delayed connect error: Connection refused`. */
  transportFailureReason = ''
  filterState: FilterState | undefined = undefined

  /** The attempt began to look for a connection. */
  startMs = -1
  connectStartMs = -1
  connectCompleteMs = -1
  handshakeCompleteMs = -1
  /** The pool gave the attempt a stream. */
  connectionPoolReadyMs = -1
  firstTxByteSentMs = -1
  lastTxByteSentMs = -1
  firstRxByteReceivedMs = -1
  firstRxBodyByteReceivedMs = -1
  lastRxByteReceivedMs = -1

  /** On the wire, framing included. */
  wireBytesSent = 0
  wireBytesReceived = 0
  headerBytesSent = 0
  headerBytesReceived = 0
}

/** Stands in until there is an attempt, so that readers need no check. Frozen: who wants to write makes an attempt's own. */
export const NO_UPSTREAM: UpstreamInfo = Object.freeze(new UpstreamInfo())
