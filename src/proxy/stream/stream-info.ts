// StreamInfo: everything that is known of one request (or of one TCP connection's single stream) besides its bytes.
// Filters, matchers, format strings, logs, statistics and policies read it; connection manager, router and filters write it.

import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'
import type { Address, ConnectionFacts } from './connection-facts.ts'
import { FilterState } from './filter-state.ts'
import { DynamicMetadata, NO_METADATA } from './metadata.ts'
import type { Metadata } from './metadata.ts'
import type { Protocol } from './protocol.ts'
import { flagBit } from './response-flags.ts'
import type { ResponseFlag } from './response-flags.ts'
import { NO_UPSTREAM } from './upstream-info.ts'
import type { ClusterFacts, UpstreamInfo } from './upstream-info.ts'

export type AccessLogType =
  | 'NotSet'
  | 'TcpUpstreamConnected'
  | 'TcpPeriodic'
  | 'TcpConnectionEnd'
  | 'DownstreamStart'
  | 'DownstreamPeriodic'
  | 'DownstreamEnd'
  | 'UpstreamPoolReady'
  | 'UpstreamPeriodic'
  | 'UpstreamEnd'
  | 'DownstreamTunnelSuccessfullyEstablished'

/** Facts of a route that streams refer to; the same object for every stream. */
export interface RouteFacts {
  /** `%ROUTE_NAME%`; '' when the route has none. */
  readonly name: string
  readonly metadata: Metadata
}

export const NO_ROUTE: RouteFacts = Object.freeze({ name: '', metadata: NO_METADATA })

/**
 * One per request, or per TCP connection. Times ending in `Ms` are milliseconds of the worker's monotonic clock with
 * fractions, -1 while the event has not happened; only `startTimeMs` is wall-clock time.
 */
export class StreamInfo {
  readonly connection: ConnectionFacts
  /** The request's own state; sees through to the connection's. */
  readonly filterState: FilterState
  readonly dynamicMetadata: DynamicMetadata

  /** Wall clock at the first byte, milliseconds since 1970. */
  readonly startTimeMs: number
  /** The same moment on the monotonic clock. */
  readonly startMs: number
  /** Last byte of the request received (DS_RX_END). */
  lastDownstreamRxByteReceivedMs = -1
  /** First byte of the response handed to the client's connection (DS_TX_BEG). */
  firstDownstreamTxByteSentMs = -1
  lastDownstreamTxByteSentMs = -1
  /** The stream is over; what `%DURATION%` counts to. */
  requestCompleteMs = -1

  /** Undefined for TCP. */
  protocol: Protocol | undefined
  /** The trusted client: from x-forwarded-for, else the connection's. */
  downstreamRemoteAddress: Address
  requestHeaders: RequestHeaderMap | undefined = undefined
  responseHeaders: ResponseHeaderMap | undefined = undefined
  responseTrailers: HeaderMap | undefined = undefined
  /** The stream's id in logs and traces: x-request-id. */
  requestId = ''
  traceId = ''
  /** `%UNIQUE_ID%`: drawn when first asked for. */
  uniqueId = ''
  /** Which kind of entry is being logged; set by the access log before it formats one. */
  accessLogType: AccessLogType = 'NotSet'

  /** 0 until a status was sent. */
  responseCode = 0
  /** Envoy's words with whitespace replaced by `_`; '' when there is none. */
  responseCodeDetails = ''
  /** `%CONNECTION_TERMINATION_DETAILS%` of a TCP stream; the connection's own facts have theirs. */
  connectionTerminationDetails = ''
  /** The flags' short names joined by `,` in the order in which they were set; '' when there are none. */
  responseFlags = ''
  private flagBits = 0
  localReplyBody = ''

  /** Body bytes of HTTP, stream bytes of TCP. */
  bytesReceived = 0
  bytesSent = 0
  /** Downstream, on the wire, framing included. */
  wireBytesReceived = 0
  wireBytesSent = 0
  headerBytesReceived = 0
  headerBytesSent = 0

  /** Changes when the route is chosen again. */
  route: RouteFacts = NO_ROUTE
  virtualClusterName = ''
  /** The cluster of the chosen route; undefined before, and when there is none. */
  cluster: ClusterFacts | undefined = undefined
  /** The last attempt's. */
  upstream: UpstreamInfo = NO_UPSTREAM
  /** `%UPSTREAM_REQUEST_ATTEMPT_COUNT%`: 0 when no attempt was made. */
  attemptCount = 0
  /** A mirrored request, whose response nobody sees. */
  readonly isShadow: boolean
  isHealthCheck = false

  /**
   * `startTimeMs` is wall-clock time, `startMs` the worker's monotonic clock at the same moment. `filterState` is given
   * when the stream is not a request of its own (a TCP stream uses the connection's state).
   */
  constructor(
    connection: ConnectionFacts,
    startTimeMs: number,
    startMs: number,
    protocol?: Protocol,
    filterState: FilterState = new FilterState(connection.filterState),
    isShadow = false,
  ) {
    this.connection = connection
    this.filterState = filterState
    this.dynamicMetadata = new DynamicMetadata()
    this.startTimeMs = startTimeMs
    this.startMs = startMs
    this.protocol = protocol
    this.downstreamRemoteAddress = connection.remoteAddress
    this.isShadow = isShadow
  }

  /** Sets a flag; a second time changes nothing, not even the order. */
  setResponseFlag(flag: ResponseFlag): void {
    const bit = flagBit(flag)
    if ((this.flagBits & bit) !== 0) return
    this.flagBits |= bit
    this.responseFlags = this.responseFlags === '' ? flag : this.responseFlags + ',' + flag
  }

  hasResponseFlag(flag: ResponseFlag): boolean {
    return (this.flagBits & flagBit(flag)) !== 0
  }

  hasAnyResponseFlag(): boolean {
    return this.flagBits !== 0
  }
}
