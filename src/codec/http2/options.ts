// Every limit and choice of an HTTP/2 connection. The defaults are Envoy's (envoy.config.core.v3.Http2ProtocolOptions), but for
// the stream window: it starts small and grows with its consumer, where Envoy grants 16 MiB at once.

/** Bounds how much the receive windows of all streams of a worker may grow together. */
export interface ReceiveBudget {
  /** Takes `bytes` from the budget; false when they are not to be had. */
  tryGrow(bytes: number): boolean
  /** Gives back what `tryGrow` took. */
  release(bytes: number): void
}

/** Runs `task(argument)` later, outside of whatever call is running now. */
export type Defer = <T>(task: (argument: T) => void, argument: T) => void

export interface Http2Options {
  /** Server: streams that the peer may have open at once; announced. Client: own bound besides the peer's. */
  maxConcurrentStreams: number
  /** Client: streams that may be opened before the peer's SETTINGS have come. */
  assumedPeerConcurrentStreams: number
  /**
   * Receive window of a new stream: what one that stalls at once holds. It doubles, up to `maxStreamWindowBytes`, while the
   * stream's consumer keeps pace.
   */
  initialStreamWindowBytes: number
  maxStreamWindowBytes: number
  /** Receive window of the connection; given back on receipt. At least 65,535. */
  connectionWindowBytes: number
  receiveBudget: ReceiveBudget
  /** Bound of either HPACK table. */
  hpackTableSize: number
  /** Names and values of one message's header or trailer section, in octets. */
  maxHeaderBytes: number
  /** Fields of one section, pseudo-header fields and cookie crumbs included. */
  maxHeaderCount: number
  /** Largest payload that the peer may send in one frame: 16,384 to 16,777,215. */
  maxFrameSize: number
  /** CONTINUATION frames of one header block. */
  maxContinuationFrames: number
  /** Successive DATA, HEADERS or CONTINUATION frames with nothing in them and without END_STREAM. */
  maxConsecutiveEmptyDataFrames: number
  /** PRIORITY frames: this number times (1 + streams opened). */
  maxPriorityFramesPerStream: number
  /** WINDOW_UPDATE frames: 5 + 2 * (streams opened + this number times DATA frames sent). */
  maxWindowUpdateFramesPerDataFrameSent: number
  /** Parameters in one SETTINGS frame. */
  maxSettingsParameters: number
  /** Frames of any kind, and PING, SETTINGS and RST_STREAM frames, that wait in the sink. */
  maxOutboundFrames: number
  maxOutboundControlFrames: number
  /** Server: extended CONNECT (RFC 8441) is announced and accepted. */
  allowConnect: boolean
  /** `common_http_protocol_options.headers_with_underscores_action`; servers only. */
  headersWithUnderscores: 'allow' | 'reject' | 'drop'
  /** A malformed message resets its stream only. Otherwise it ends the connection. */
  overrideStreamErrorOnInvalidHttpMessage: boolean
  /** While more than this waits in the sink, DATA stays in the streams' queues. */
  maxSinkBytes: number
  /** `sendData` returns false while more than this waits in its stream; `onWritable` follows below half. */
  streamHighWatermarkBytes: number
  defer: Defer
  /** The peer answered the PING that `sendPing(opaque)` sent. */
  onPingAck: (opaque: number) => void
  /** The last stream ended (deferred): time for an idle timer, or to close a connection that drains. */
  onIdle: () => void
}

const UNLIMITED_BUDGET: ReceiveBudget = {
  tryGrow: () => true,
  release: () => undefined,
}

function deferToMicrotask<T>(task: (argument: T) => void, argument: T): void {
  queueMicrotask(() => task(argument))
}

function ignore(): void {}

export const DEFAULT_HTTP2_OPTIONS: Readonly<Http2Options> = {
  maxConcurrentStreams: 1024,
  assumedPeerConcurrentStreams: 100,
  initialStreamWindowBytes: 32_768,
  maxStreamWindowBytes: 16 * 1024 * 1024,
  connectionWindowBytes: 24 * 1024 * 1024,
  receiveBudget: UNLIMITED_BUDGET,
  hpackTableSize: 4096,
  maxHeaderBytes: 60 * 1024,
  maxHeaderCount: 100,
  maxFrameSize: 16_384,
  maxContinuationFrames: 512,
  maxConsecutiveEmptyDataFrames: 1,
  maxPriorityFramesPerStream: 100,
  maxWindowUpdateFramesPerDataFrameSent: 10,
  maxSettingsParameters: 32,
  maxOutboundFrames: 10_000,
  maxOutboundControlFrames: 1_000,
  allowConnect: false,
  headersWithUnderscores: 'allow',
  overrideStreamErrorOnInvalidHttpMessage: false,
  maxSinkBytes: 128 * 1024,
  streamHighWatermarkBytes: 0,
  defer: deferToMicrotask,
  onPingAck: ignore,
  onIdle: ignore,
}
