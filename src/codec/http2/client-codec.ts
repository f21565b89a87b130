// The client's end of an HTTP/2 connection: requests out, responses in.

import type { ByteSink } from '../byte-sink.ts'
import type { RequestHeaderMap, ResponseHeaderMap } from '../header-map.ts'
import type {
  ClientCodec,
  ClientCodecCallbacks,
  CodecError,
  RequestEncoder,
  ResetReason,
  ResponseDecoder,
} from '../http-stream.ts'
import { Http2Connection, type Role } from './connection.ts'
import { FrameReceiver } from './frame-receiver.ts'
import { MAX_STREAM_ID, PROTOCOL_ERROR, STREAM_CLOSED } from './frame-constants.ts'
import { messaging } from './message-reader.ts'
import type { Http2Options } from './options.ts'
import type { Http2Stream } from './stream.ts'

const TRAILERS_WITHOUT_END = messaging('trailers without END_STREAM')
const BAD_INFORMATIONAL = messaging('101, or an informational response that ends the stream')
const NOT_MODIFIED = 304
const NO_CONTENT = 204
const SWITCHING_PROTOCOLS = 101

export class Http2ClientCodec implements ClientCodec {
  readonly protocol = 'HTTP/2'
  private readonly connection: Http2Connection
  private readonly receiver: FrameReceiver
  private readonly role: ClientRole

  /** Writes the connection preface and our SETTINGS into the sink at once. */
  constructor(sink: ByteSink, callbacks: ClientCodecCallbacks, options: Http2Options) {
    this.role = new ClientRole(callbacks, options)
    this.connection = new Http2Connection(sink, options, this.role)
    this.receiver = new FrameReceiver(this.connection, this.role)
  }

  newStream(decoder: ResponseDecoder): RequestEncoder {
    // The stream gets its identifier with its headers: identifiers must ascend on the wire (RFC 9113 5.1.1).
    const stream = this.connection.newStream(0)
    stream.decoder = decoder
    return stream
  }

  get openableStreams(): number {
    const { connection, role } = this
    if (connection.closeReason !== undefined || !role.mayOpen) return 0
    return Math.max(0, role.limit(connection) - connection.openStreams)
  }

  get concurrentStreams(): number {
    return this.role.limit(this.connection)
  }

  /** The peer accepts extended CONNECT (RFC 8441 3); false until its SETTINGS say so. */
  get peerAllowsConnectProtocol(): boolean {
    return this.connection.peer.enableConnectProtocol
  }

  dispatch(chunk: Buffer): CodecError | undefined {
    return this.receiver.dispatch(chunk)
  }

  /** As Envoy does, a half-closed connection is taken for a closed one: the peer could not even open a window. */
  inputEnded(): void {
    this.connection.close('connection termination', '')
  }

  connectionClosed(reason: ResetReason): void {
    this.connection.close(reason, '')
  }

  get shouldClose(): boolean {
    return this.connection.closeReason !== undefined || !this.role.mayOpen
  }

  onTransportWritable(): void {
    if (this.connection.closeReason === undefined) this.connection.scheduler.drain()
  }

  get wantsWrite(): boolean {
    return this.connection.wantsWrite
  }

  get activeStreams(): number {
    return this.connection.activeStreams
  }

  /** Asks the peer for a sign of life; `opaque` is an unsigned number of 32 bits. `options.onPingAck` follows. */
  sendPing(opaque: number): void {
    if (this.connection.closeReason === undefined) this.connection.writer.ping(0, opaque, false)
  }
}

class ClientRole implements Role {
  readonly isServer = false
  /** Servers open no streams: push is off. */
  readonly lastProcessedStreamId = 0
  private readonly callbacks: ClientCodecCallbacks
  private readonly options: Http2Options
  private nextStreamId = 1
  private goawayReceived = false
  private capacityReportScheduled = false
  private readonly reportCapacity = (): void => {
    this.capacityReportScheduled = false
    this.callbacks.onCapacityChange()
  }

  constructor(callbacks: ClientCodecCallbacks, options: Http2Options) {
    this.callbacks = callbacks
    this.options = options
  }

  get mayOpen(): boolean {
    return !this.goawayReceived && this.nextStreamId <= MAX_STREAM_ID
  }

  limit(connection: Http2Connection): number {
    return Math.min(this.options.maxConcurrentStreams, connection.peer.maxConcurrentStreams)
  }

  isIdle(streamId: number): boolean {
    return streamId >= this.nextStreamId || (streamId & 1) === 0
  }

  onHeaderBlock(
    connection: Http2Connection,
    streamId: number,
    stream: Http2Stream | undefined,
    endStream: boolean,
    block: Buffer,
    start: number,
    end: number,
  ): void {
    if (stream === undefined) {
      this.onStrayHeaders(connection, streamId, block, start, end)
    } else if (stream.remoteClosed) {
      connection.failByStream(stream, STREAM_CLOSED, 'HEADERS after END_STREAM')
    } else if (!stream.remoteHeadersReceived) {
      this.onResponse(connection, stream, endStream, block, start, end)
    } else {
      const trailers = connection.readTrailers(stream, block, start, end)
      if (trailers === undefined) return
      if (endStream) connection.deliverTrailers(stream, trailers)
      else connection.failMessage(stream, TRAILERS_WITHOUT_END)
    }
  }

  onHeaderBlockBegun(): void {}

  /** Streams above the last one that the server processes were not: their requests may be sent again (RFC 9113 6.8). */
  onGoaway(connection: Http2Connection, lastStreamId: number): void {
    for (const stream of [...connection.streams.values()]) {
      if (stream.id > lastStreamId) connection.loseStream(stream, 'remote refused stream reset', 'http2.remote_refuse')
    }
    if (this.goawayReceived) return
    this.goawayReceived = true
    this.callbacks.onGoaway()
  }

  writeHeaders(
    connection: Http2Connection,
    stream: Http2Stream,
    headers: RequestHeaderMap | ResponseHeaderMap,
    endStream: boolean,
  ): boolean {
    const request = headers as RequestHeaderMap
    if (!this.mayOpen) {
      connection.loseStream(stream, 'remote refused stream reset', 'http2.remote_refuse')
      return false
    }
    stream.id = this.nextStreamId
    this.nextStreamId += 2
    // SETTINGS of either side may have taken effect since the stream was made.
    stream.sendWindow = connection.peer.initialWindowSize
    stream.receiveWindow = connection.windows.streamWindow
    stream.isHead = request.method === 'HEAD'
    stream.isConnect = request.method === 'CONNECT'
    connection.streams.set(stream.id, stream)
    connection.inboundFrames.streamOpened()
    connection.headerWriter.request(stream.id, request, endStream)
    return true
  }

  /** Reported once for all changes of one event, outside of any call of the stream's owner. */
  onCapacityChange(connection: Http2Connection): void {
    if (this.capacityReportScheduled) return
    this.capacityReportScheduled = true
    connection.options.defer(this.reportCapacity, undefined)
  }

  private onStrayHeaders(
    connection: Http2Connection,
    streamId: number,
    block: Buffer,
    start: number,
    end: number,
  ): void {
    if (this.isIdle(streamId)) {
      connection.fail(PROTOCOL_ERROR, 'HEADERS on an idle stream')
    } else if (connection.ignoreBlock(block, start, end) && !connection.resetStreams.mayHaveBeenReset(streamId)) {
      connection.fail(STREAM_CLOSED, 'HEADERS on a closed stream')
    }
  }

  private onResponse(
    connection: Http2Connection,
    stream: Http2Stream,
    endStream: boolean,
    block: Buffer,
    start: number,
    end: number,
  ): void {
    const messages = connection.messages
    messages.startResponse()
    if (!connection.decodeBlock(block, start, end)) return
    const fault = messages.finishResponse()
    const headers = messages.takeResponse()
    const status = headers.status
    if (fault !== undefined) {
      connection.failMessage(stream, fault)
    } else if (status < 200) {
      if (endStream || status === SWITCHING_PROTOCOLS) connection.failMessage(stream, BAD_INFORMATIONAL)
      else if (!stream.detached) (stream.decoder as ResponseDecoder).onInformational(headers)
    } else {
      stream.remoteHeadersReceived = true
      stream.expectedBytes = expectedBytes(stream, status, messages.contentLength)
      if (endStream && !connection.endsRight(stream)) return
      stream.remoteClosed = endStream
      if (!stream.detached) stream.decoder.onHeaders(headers, endStream)
      if (endStream) connection.closeIfDone(stream)
    }
  }
}

/** How much DATA a response has: its content-length says, unless the request or the status rule content out. -1: any. */
function expectedBytes(stream: Http2Stream, status: number, contentLength: number): number {
  if (stream.isHead || status === NO_CONTENT || status === NOT_MODIFIED) return 0
  return stream.isConnect ? -1 : contentLength
}
