// What both ends of an HTTP/2 connection have in common: its streams and their states (RFC 9113 5.1), and errors. Frames come from
// frame-receiver.ts; what only a server or only a client does is its role: server-codec.ts, client-codec.ts.

import type { ByteSink } from '../byte-sink.ts'
import { HeaderMap, type RequestHeaderMap, type ResponseHeaderMap } from '../header-map.ts'
import { HpackDecoder } from '../hpack/decoder.ts'
import type { CodecError, ResetReason } from '../http-stream.ts'
import { ResetStreams } from './closed-streams.ts'
import { Delivery } from './delivery.ts'
import { HTTP2_FIELDS } from './field-kinds.ts'
import { InboundFrames, type Flood } from './flood-guard.ts'
import {
  COMPRESSION_ERROR,
  DEFAULT_MAX_FRAME_BYTES,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  INTERNAL_ERROR,
  NO_ERROR,
  PROTOCOL_ERROR,
  SETTINGS_ENABLE_CONNECT_PROTOCOL,
  SETTINGS_ENABLE_PUSH,
  SETTINGS_HEADER_TABLE_SIZE,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_CONCURRENT_STREAMS,
  SETTINGS_MAX_FRAME_SIZE,
} from './frame-constants.ts'
import { FrameWriter } from './frame-writer.ts'
import { HeaderWriter } from './header-writer.ts'
import { MessageReader, messaging, type MessageFault } from './message-reader.ts'
import type { Http2Options } from './options.ts'
import { PeerSettings } from './peer-settings.ts'
import { ReceiveWindows } from './receive-windows.ts'
import { resetCode, resetDetail, resetReason } from './reset-codes.ts'
import { SendScheduler } from './send-scheduler.ts'
import { Http2Stream, NO_DECODER, type StreamOperations } from './stream.ts'

/** What a server does and a client does not, and the other way round. */
export interface Role {
  readonly isServer: boolean
  /** A complete header block, block[start…end), for a stream that is open (`stream`) or has no record. */
  onHeaderBlock(
    connection: Http2Connection,
    streamId: number,
    stream: Http2Stream | undefined,
    endStream: boolean,
    block: Buffer,
    start: number,
    end: number,
  ): void
  /** The first part of a header block that goes on in CONTINUATION frames came; `onHeaderBlock` may follow. */
  onHeaderBlockBegun(connection: Http2Connection, streamId: number): void
  /** Whether no one has used this stream yet (RFC 9113 5.1, "idle"). */
  isIdle(streamId: number): boolean
  /** The peer's GOAWAY: what was sent on streams above is not processed. */
  onGoaway(connection: Http2Connection, lastStreamId: number): void
  /** Writes the headers of our message. False: they cannot be sent, and the stream is lost. */
  writeHeaders(
    connection: Http2Connection,
    stream: Http2Stream,
    headers: RequestHeaderMap | ResponseHeaderMap,
    endStream: boolean,
  ): boolean
  /** A stream ended, or the peer's limits changed. */
  onCapacityChange(connection: Http2Connection): void
  /** What a GOAWAY names: the last of the peer's streams that was or may be processed. */
  readonly lastProcessedStreamId: number
}

/** Envoy's detail for the stream of a frame that is wrong, when its message is not what is wrong. */
export const UNKNOWN_ERROR = 'http2.unknown.nghttp2.error'
/** Envoy's detail for all other streams of a connection that ends for what its peer sent. */
const CODEC_ERROR = 'codec_error:The_user_callback_function_failed'
/** Envoy's detail for a stream that its HTTP/2 library reset by itself, which Envoy takes for a reset by the peer. */
export const RESET_BY_CODEC = 'http2.remote_reset'
/** The largest name or value that nghttp2, and so Envoy, decodes; a larger one is not just a message over the limit. */
const LARGEST_LITERAL_BYTES = 65_536
const CONTENT_LENGTH_MISMATCH = messaging('content-length does not match the data')

export class Http2Connection implements StreamOperations {
  readonly options: Http2Options
  readonly writer: FrameWriter
  readonly streams = new Map<number, Http2Stream>()
  readonly messages: MessageReader
  readonly peer: PeerSettings
  readonly headerWriter: HeaderWriter
  readonly resetStreams = new ResetStreams()
  readonly inboundFrames: InboundFrames
  readonly windows: ReceiveWindows
  readonly scheduler: SendScheduler
  readonly delivery: Delivery
  /** Why no stream can be used any more; undefined while the connection works. */
  closeReason: ResetReason | undefined = undefined
  /** The peer acknowledged our SETTINGS: they bind it. */
  settingsAcknowledged = false
  /** Streams open on the wire, and those besides that still have something to deliver. */
  openStreams = 0
  private lingeringStreams = 0
  private readonly role: Role
  private readonly decoder: HpackDecoder
  /** What made the connection unusable, for the owner to be told by `dispatch`. */
  failure: CodecError | undefined = undefined
  private idleScheduled = false
  private readonly reportIdle = (): void => {
    this.idleScheduled = false
    if (this.activeStreams === 0) this.options.onIdle()
  }

  /** Writes the connection preface and SETTINGS at once. */
  constructor(sink: ByteSink, options: Http2Options, role: Role) {
    this.options = options
    this.role = role
    this.writer = new FrameWriter(sink, options.maxOutboundFrames, options.maxOutboundControlFrames)
    this.headerWriter = new HeaderWriter(this.writer, options.hpackTableSize)
    this.messages = new MessageReader(options)
    this.peer = new PeerSettings(!role.isServer, options.assumedPeerConcurrentStreams, options.maxSettingsParameters)
    this.decoder = new HpackDecoder(
      HTTP2_FIELDS,
      options.hpackTableSize,
      Math.max(options.maxHeaderBytes, LARGEST_LITERAL_BYTES),
    )
    this.inboundFrames = new InboundFrames(options)
    this.windows = new ReceiveWindows(options, this.writer)
    this.scheduler = new SendScheduler(options, this.writer, this)
    this.delivery = new Delivery(options, this.windows, this)
    if (!role.isServer) this.writer.preface()
    this.writer.settings(ourSettings(options, role.isServer))
    this.windows.announce()
  }

  get activeStreams(): number {
    return this.openStreams + this.lingeringStreams
  }

  get wantsWrite(): boolean {
    return this.closeReason === undefined && this.scheduler.waitsForSink
  }

  // What frames bring.

  /** Decodes a header block into `messages`, which was started. False: the connection failed. */
  decodeBlock(block: Buffer, start: number, end: number): boolean {
    const error = this.decoder.decode(block, start, end, this.messages)
    return error === undefined || this.fail(COMPRESSION_ERROR, `HPACK: ${error}`)
  }

  /** Decodes a block that belongs to no message, for the compression state's sake. False: the connection failed. */
  ignoreBlock(block: Buffer, start: number, end: number): boolean {
    this.messages.startIgnored()
    return this.decodeBlock(block, start, end)
  }

  /** Decodes trailers. Undefined: they, or the connection, failed. */
  readTrailers(stream: Http2Stream, block: Buffer, start: number, end: number): HeaderMap | undefined {
    this.messages.startTrailers()
    if (!this.decodeBlock(block, start, end)) return undefined
    const fault = this.messages.finishTrailers()
    if (fault === undefined) return this.messages.takeTrailers()
    this.failMessage(stream, fault)
    return undefined
  }

  /** The peer's message ends with these trailers. */
  deliverTrailers(stream: Http2Stream, trailers: HeaderMap): void {
    if (!this.endsRight(stream)) return
    stream.remoteClosed = true
    if (!stream.detached) this.delivery.trailers(stream, trailers)
    this.closeIfDone(stream)
  }

  /** The peer acknowledged our SETTINGS. */
  onSettingsAck(): void {
    if (this.settingsAcknowledged) return
    this.settingsAcknowledged = true
    this.decoder.setMaxTableSize(this.options.hpackTableSize)
    this.windows.settingsAcknowledged(this.streams)
  }

  onSettings(payload: Buffer, start: number, end: number): boolean {
    const before = this.peer.initialWindowSize
    const error = this.peer.apply(payload, start, end)
    if (error !== NO_ERROR) return this.fail(error, 'invalid SETTINGS')
    this.headerWriter.setPeerTableSize(this.peer.headerTableSize)
    const change = this.peer.initialWindowSize - before
    if (change !== 0) {
      for (const stream of this.streams.values()) {
        if (this.scheduler.openStreamWindow(stream, change)) continue
        return this.fail(FLOW_CONTROL_ERROR, 'SETTINGS make a stream window too large')
      }
    }
    this.writer.settingsAck()
    this.role.onCapacityChange(this)
    return true
  }

  onRstStream(stream: Http2Stream, code: number): void {
    // A complete response stays valid when the server only has no use for the rest of the request (RFC 9113 8.1).
    if (!this.role.isServer && code === NO_ERROR && stream.remoteClosed && stream.arrived !== undefined) {
      this.scheduler.discard(stream)
      stream.localClosed = true
      stream.resetReason = resetReason(code)
      stream.resetDetail = resetDetail(code)
      this.closeStream(stream)
      return
    }
    this.loseStream(stream, resetReason(code), resetDetail(code))
  }

  /**
   * DATA is about to come. False: there were no headers before it, or it is more or less than content-length said (RFC 9113 8.1.1).
   * Unlike a malformed header section, that costs the stream only.
   */
  startData(stream: Http2Stream, dataBytes: number, endStream: boolean): boolean {
    stream.receivedBytes += dataBytes
    const { expectedBytes, receivedBytes } = stream
    const isRightLength =
      expectedBytes < 0 || (endStream ? receivedBytes === expectedBytes : receivedBytes <= expectedBytes)
    if (isRightLength && stream.remoteHeadersReceived) return true
    this.failStream(stream, PROTOCOL_ERROR, 'protocol error', RESET_BY_CODEC)
    return false
  }

  /** A header section ends the message. False: less data came than content-length said. */
  endsRight(stream: Http2Stream): boolean {
    if (stream.expectedBytes < 0 || stream.receivedBytes === stream.expectedBytes) return true
    this.failMessage(stream, CONTENT_LENGTH_MISMATCH)
    return false
  }

  /** The peer's whole message was delivered. */
  closeIfDone(stream: Http2Stream): void {
    if (stream.localClosed && stream.remoteClosed && !stream.closed) this.closeStream(stream)
  }

  // Errors.

  /**
   * A connection error (RFC 9113 5.4.1): the peer gets a GOAWAY, the streams get `detail`, the owner `cause`. Returns false for
   * the caller to return.
   */
  fail(code: number, message: string, detail = CODEC_ERROR, cause = detail): false {
    if (this.closeReason !== undefined) return false
    this.failure = { detail: cause, message }
    this.writer.goaway(this.role.lastProcessedStreamId, code)
    this.close('protocol error', detail)
    return false
  }

  /**
   * A connection error that a frame of `stream` caused, which gets a detail of its own. As in Envoy, that includes frames which
   * RFC 9113 lets end their stream only: a peer that sends them has lost track.
   */
  failByStream(stream: Http2Stream | undefined, code: number, message: string, detail = UNKNOWN_ERROR): false {
    if (stream !== undefined) stream.resetDetail = detail
    return this.fail(code, message, CODEC_ERROR, detail)
  }

  /** The peer sends, or makes us send, too much of something; `stream` is that of the last frame, where it matters. */
  failFlood(flood: Flood, stream: Http2Stream | undefined): false {
    if (stream !== undefined && flood.streamDetail !== undefined) stream.resetDetail = flood.streamDetail
    return this.fail(ENHANCE_YOUR_CALM, flood.message, flood.detail)
  }

  /**
   * The message on this stream cannot be used: a stream error, or by default (as in Envoy) the end of the connection when it is
   * malformed.
   */
  failMessage(stream: Http2Stream, fault: MessageFault): void {
    if (!fault.malformed) {
      this.failStream(stream, INTERNAL_ERROR, 'remote reset', fault.detail)
    } else if (this.options.overrideStreamErrorOnInvalidHttpMessage) {
      this.failStream(stream, PROTOCOL_ERROR, 'protocol error', fault.detail)
    } else {
      this.failByStream(stream, PROTOCOL_ERROR, fault.message, fault.detail)
    }
  }

  /** A stream error (RFC 9113 5.4.2): resets the stream and tells its owner why. */
  failStream(stream: Http2Stream, code: number, reason: ResetReason, detail: string): void {
    if (stream.closed) return
    this.writeReset(stream.id, code)
    this.loseStream(stream, reason, detail)
  }

  /** Resets a stream that has no record here. */
  writeReset(streamId: number, code: number): void {
    this.resetStreams.add(streamId)
    this.writer.rstStream(streamId, code)
  }

  /**
   * The transport ended, or the connection failed: nothing is sent any more, streams that cannot complete are lost, the newest
   * first (the order of Envoy's access log), each with `detail` unless it has one already.
   */
  close(reason: ResetReason, detail: string): void {
    if (this.closeReason !== undefined) return
    this.closeReason = reason
    for (const stream of [...this.streams.values()].reverse()) {
      if (stream.remoteClosed && stream.arrived !== undefined && !this.role.isServer) {
        // The response is complete and only waits for its owner.
        this.scheduler.discard(stream)
        stream.localClosed = true
        this.closeStream(stream)
      } else {
        this.loseStream(stream, reason, stream.resetDetail === '' ? detail : stream.resetDetail)
      }
    }
  }

  // Streams.

  newStream(id: number): Http2Stream {
    const window = this.windows.streamWindow
    const size = this.options.initialStreamWindowBytes
    this.openStreams++
    return new Http2Stream(id, NO_DECODER, this, this.peer.initialWindowSize, window, size)
  }

  sendHeaders(stream: Http2Stream, headers: RequestHeaderMap | ResponseHeaderMap, endStream: boolean): void {
    if (stream.dead || stream.localEnded) return
    if (this.closeReason !== undefined) {
      this.loseStream(stream, this.closeReason, '')
      return
    }
    stream.localEnded = endStream
    if (this.role.writeHeaders(this, stream, headers, endStream) && endStream) this.onAllSent(stream)
    this.checkOutbound()
  }

  sendInformational(stream: Http2Stream, headers: ResponseHeaderMap): void {
    if (stream.dead || stream.localEnded) return
    this.headerWriter.response(stream.id, headers, false)
  }

  sendData(stream: Http2Stream, chunk: Buffer, endStream: boolean): boolean {
    if (stream.dead || stream.localEnded || stream.id === 0) return true
    return this.scheduler.send(stream, chunk, endStream)
  }

  sendTrailers(stream: Http2Stream, trailers: HeaderMap): void {
    if (stream.dead || stream.localEnded || stream.id === 0) return
    if (trailers.fields.length === 0) {
      this.scheduler.send(stream, EMPTY, true)
      return
    }
    stream.localEnded = true
    if (stream.sendQueue === undefined) {
      this.headerWriter.trailers(stream.id, trailers)
      this.onAllSent(stream)
    } else {
      stream.trailersToSend = new HeaderMap(trailers.fields.slice())
      stream.trailersToSend.neverIndexed = trailers.neverIndexed
    }
  }

  /** By the stream's owner. A response that is complete is sent first, as far as the peer's windows allow. */
  resetStream(stream: Http2Stream, reason: ResetReason): void {
    if (stream.detached) return
    stream.detached = true
    if (stream.dead) return
    this.delivery.discard(stream)
    if (this.role.isServer && stream.localEnded && reason !== 'overload manager reset') this.scheduler.flush(stream)
    if (stream.closed) {
      if (stream.lingers) this.onDelivered(stream)
      return
    }
    stream.dead = true
    if (stream.id !== 0) this.writeReset(stream.id, resetCode(reason, this.role.isServer && stream.localClosed))
    this.closeStream(stream)
  }

  resumeRead(stream: Http2Stream): void {
    if (!stream.dead && !stream.detached) this.delivery.resume(stream)
  }

  /** Everything that the owner sent is written but its trailers. */
  onAllSent(stream: Http2Stream): void {
    const trailers = stream.trailersToSend
    stream.trailersToSend = undefined
    if (trailers !== undefined) this.headerWriter.trailers(stream.id, trailers)
    stream.localClosed = true
    this.closeIfDone(stream)
  }

  onDelivered(stream: Http2Stream): void {
    stream.lingers = false
    this.lingeringStreams--
    if (stream.resetReason !== undefined) {
      stream.dead = true
      this.options.defer(reportReset, stream)
    }
    this.windows.release(stream)
    this.checkIdle()
  }

  /** The stream ended other than by its own owner, who is told outside of any call of his. */
  loseStream(stream: Http2Stream, reason: ResetReason, detail: string): void {
    if (stream.closed) return
    stream.dead = true
    stream.resetReason = reason
    stream.resetDetail = detail
    this.delivery.discard(stream)
    this.closeStream(stream)
    if (!stream.detached) this.options.defer(reportReset, stream)
  }

  /** The stream is closed on the wire. */
  private closeStream(stream: Http2Stream): void {
    stream.closed = true
    this.streams.delete(stream.id)
    this.openStreams--
    if (stream.dead) this.scheduler.discard(stream)
    if (stream.arrived !== undefined) {
      stream.lingers = true
      this.lingeringStreams++
    } else {
      this.windows.release(stream)
      this.checkIdle()
    }
    this.role.onCapacityChange(this)
  }

  private checkIdle(): void {
    if (this.openStreams + this.lingeringStreams > 0 || this.idleScheduled) return
    this.idleScheduled = true
    this.options.defer(this.reportIdle, undefined)
  }

  /** Ends the connection when the peer made us write more than it reads. */
  checkOutbound(): void {
    if (this.writer.flood !== undefined) this.failFlood(this.writer.flood, undefined)
  }
}

function reportReset(stream: Http2Stream): void {
  if (!stream.detached) stream.decoder.onReset(stream.resetReason ?? 'local reset', stream.resetDetail)
}

const EMPTY = Buffer.alloc(0)

/** Our SETTINGS: what Envoy always says, and the frame size when it is not what RFC 9113 6.5.2 presumes. */
function ourSettings(options: Http2Options, isServer: boolean): number[] {
  const settings = [SETTINGS_HEADER_TABLE_SIZE, options.hpackTableSize]
  settings.push(SETTINGS_INITIAL_WINDOW_SIZE, options.initialStreamWindowBytes)
  if (options.maxFrameSize !== DEFAULT_MAX_FRAME_BYTES) settings.push(SETTINGS_MAX_FRAME_SIZE, options.maxFrameSize)
  if (!isServer) return [SETTINGS_ENABLE_PUSH, 0, ...settings]
  settings.push(SETTINGS_MAX_CONCURRENT_STREAMS, options.maxConcurrentStreams)
  settings.push(SETTINGS_ENABLE_CONNECT_PROTOCOL, options.allowConnect ? 1 : 0)
  return settings
}
