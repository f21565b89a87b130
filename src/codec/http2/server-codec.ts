// The server's end of an HTTP/2 connection: requests in, responses out.

import type { ByteSink } from '../byte-sink.ts'
import type { RequestHeaderMap, ResponseHeaderMap } from '../header-map.ts'
import type { CodecError, ResetReason, ServerCodec, ServerCodecCallbacks } from '../http-stream.ts'
import { Http2Connection, type Role } from './connection.ts'
import { FrameReceiver } from './frame-receiver.ts'
import { MAX_STREAM_ID, NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, STREAM_CLOSED } from './frame-constants.ts'
import { messaging } from './message-reader.ts'
import type { Http2Options } from './options.ts'
import type { Http2Stream } from './stream.ts'

/** Peers open streams before they have seen our SETTINGS; so many of them are never refused. */
const FIRST_FLIGHT_STREAMS = 100
const TRAILERS_WITHOUT_END = messaging('trailers without END_STREAM')

export class Http2ServerCodec implements ServerCodec {
  readonly protocol = 'HTTP/2'
  private readonly connection: Http2Connection
  private readonly receiver: FrameReceiver
  private readonly role: ServerRole

  /** Writes our SETTINGS into the sink at once. */
  constructor(sink: ByteSink, callbacks: ServerCodecCallbacks, options: Http2Options) {
    this.role = new ServerRole(callbacks, options)
    this.connection = new Http2Connection(sink, options, this.role)
    this.receiver = new FrameReceiver(this.connection, this.role)
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
    return this.connection.closeReason !== undefined || this.role.goawayStreamId < MAX_STREAM_ID
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

  shutdownNotice(): void {
    if (this.connection.closeReason === undefined) this.connection.writer.goaway(MAX_STREAM_ID, NO_ERROR)
  }

  goAway(): void {
    if (this.connection.closeReason !== undefined || this.role.goawayStreamId < MAX_STREAM_ID) return
    this.role.goawayStreamId = this.role.lastStreamId
    this.connection.writer.goaway(this.role.goawayStreamId, NO_ERROR)
  }

  /** Asks the peer for a sign of life; `opaque` is an unsigned number of 32 bits. `options.onPingAck` follows. */
  sendPing(opaque: number): void {
    if (this.connection.closeReason === undefined) this.connection.writer.ping(0, opaque, false)
  }
}

class ServerRole implements Role {
  readonly isServer = true
  /** The highest stream that the peer has opened. */
  lastStreamId = 0
  /** Streams above were given up by our GOAWAY. */
  goawayStreamId = MAX_STREAM_ID
  private readonly callbacks: ServerCodecCallbacks
  private readonly options: Http2Options
  private goawayReported = false

  constructor(callbacks: ServerCodecCallbacks, options: Http2Options) {
    this.callbacks = callbacks
    this.options = options
  }

  get lastProcessedStreamId(): number {
    return Math.min(this.lastStreamId, this.goawayStreamId)
  }

  isIdle(streamId: number): boolean {
    return streamId > this.lastStreamId || (streamId & 1) === 0
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
    if (stream !== undefined) {
      if (stream.remoteHeadersReceived) this.onTrailers(connection, stream, endStream, block, start, end)
      else this.onRequest(connection, stream, endStream, block, start, end)
    } else if ((streamId & 1) === 0) {
      connection.fail(PROTOCOL_ERROR, 'stream with an even identifier')
    } else if (streamId <= this.lastStreamId) {
      if (!connection.ignoreBlock(block, start, end)) return
      if (connection.resetStreams.mayHaveBeenReset(streamId)) return
      connection.fail(STREAM_CLOSED, 'HEADERS on a closed stream')
    } else {
      const opened = this.open(connection, streamId)
      if (opened === undefined) connection.ignoreBlock(block, start, end)
      else this.onRequest(connection, opened, endStream, block, start, end)
    }
  }

  /** A request whose headers never become complete is one nevertheless: its owner logs it. */
  onHeaderBlockBegun(connection: Http2Connection, streamId: number): void {
    if (streamId > this.lastStreamId && (streamId & 1) === 1) this.open(connection, streamId)
  }

  onGoaway(): void {
    if (this.goawayReported) return
    this.goawayReported = true
    this.callbacks.onGoaway()
  }

  writeHeaders(
    connection: Http2Connection,
    stream: Http2Stream,
    headers: RequestHeaderMap | ResponseHeaderMap,
    endStream: boolean,
  ): boolean {
    connection.headerWriter.response(stream.id, headers as ResponseHeaderMap, endStream)
    return true
  }

  onCapacityChange(): void {}

  /** A request begins. Undefined: its stream is not accepted. */
  private open(connection: Http2Connection, streamId: number): Http2Stream | undefined {
    this.lastStreamId = streamId
    if (!this.accepts(connection, streamId)) return undefined
    const stream = connection.newStream(streamId)
    connection.streams.set(streamId, stream)
    stream.decoder = this.callbacks.newStream(stream)
    return stream
  }

  /** False: the stream is refused, or lies above our GOAWAY, in which case the peer knows. */
  private accepts(connection: Http2Connection, streamId: number): boolean {
    if (streamId > this.goawayStreamId) {
      connection.resetStreams.add(streamId)
      return false
    }
    const limit = this.options.maxConcurrentStreams
    const inForce = connection.settingsAcknowledged ? limit : Math.max(limit, FIRST_FLIGHT_STREAMS)
    if (connection.openStreams < inForce) return true
    connection.writeReset(streamId, REFUSED_STREAM)
    return false
  }

  private onRequest(
    connection: Http2Connection,
    stream: Http2Stream,
    endStream: boolean,
    block: Buffer,
    start: number,
    end: number,
  ): void {
    const messages = connection.messages
    messages.startRequest()
    if (!connection.decodeBlock(block, start, end)) return
    const fault = messages.finishRequest()
    const headers = messages.takeRequest()
    stream.remoteHeadersReceived = true
    stream.remoteClosed = endStream
    // A CONNECT has no content, its DATA is the tunnel's.
    if (headers.method !== 'CONNECT') stream.expectedBytes = messages.contentLength
    if (fault !== undefined) connection.failMessage(stream, fault)
    else if (!stream.dead && (!endStream || connection.endsRight(stream))) stream.decoder.onHeaders(headers, endStream)
  }

  private onTrailers(
    connection: Http2Connection,
    stream: Http2Stream,
    endStream: boolean,
    block: Buffer,
    start: number,
    end: number,
  ): void {
    if (stream.remoteClosed) {
      connection.failByStream(stream, STREAM_CLOSED, 'HEADERS after END_STREAM')
      return
    }
    const trailers = connection.readTrailers(stream, block, start, end)
    if (trailers === undefined) return
    if (endStream) connection.deliverTrailers(stream, trailers)
    else connection.failMessage(stream, TRAILERS_WITHOUT_END)
  }
}
