// The client's end of an HTTP/1 connection: one request at a time, and its response. A connection is used again only when
// nothing that the server sent could be taken for part of the next response.

import type { HeaderMap } from '../header-map.ts'
import type {
  ClientCodec,
  ClientCodecCallbacks,
  CodecError,
  ConnectionControl,
  RequestEncoder,
  ResetReason,
  ResponseDecoder,
} from '../http-stream.ts'
import { BodyWriter } from './body-writer.ts'
import { ClientStream, type ClientStreamOwner } from './client-stream.ts'
import type { HeadScan } from './head-scanner.ts'
import {
  BAD_STATUS_LINE,
  IDLE_TIMEOUT,
  TOO_MANY_INTERIM_RESPONSES,
  UNSOLICITED_BYTES,
  withoutReply,
} from './http1-errors.ts'
import type { Http1Options } from './http1-options.ts'
import type { Http1Sink } from './http1-sink.ts'
import { InputDriver, type InputOwner } from './input-driver.ts'
import { MessageReader, NO_BODY, type MessageHandler } from './message-reader.ts'
import { OutgoingHead } from './outgoing-head.ts'
import { beginsStatusLine, ResponseHead } from './response-head.ts'

const EMPTY = Buffer.alloc(0)
/** Envoy sets no bound; a server that sends more has no answer to give. */
const MAX_INTERIM_RESPONSES = 100
const TIMEOUT_STATUS = /^HTTP\/1\.[01] 408/

export class Http1ClientCodec implements ClientCodec, MessageHandler, InputOwner, ClientStreamOwner {
  readonly protocol = 'HTTP/1.1'
  readonly concurrentStreams = 1
  readonly wantsWrite = false
  /** @internal */
  readonly head: OutgoingHead
  /** @internal */
  readonly body: BodyWriter
  private readonly sink: Http1Sink
  private readonly callbacks: ClientCodecCallbacks & ConnectionControl
  private readonly reader: MessageReader
  private readonly input: InputDriver
  private readonly response: ResponseHead
  private stream: ClientStream | undefined = undefined
  private responseStarted = false
  private isClosing = false
  private goawayReported = false
  private outputEnded = false
  private pendingError: CodecError | undefined = undefined

  constructor(sink: Http1Sink, callbacks: ClientCodecCallbacks & ConnectionControl, options: Http1Options) {
    this.sink = sink
    this.callbacks = callbacks
    const properCase = options.headerKeyFormat === 'proper-case'
    this.head = new OutgoingHead(sink, properCase, options.sendFullyQualifiedUrl)
    this.body = new BodyWriter(sink, options.enableTrailers, properCase)
    this.response = new ResponseHead(options.headerKeyFormat === 'preserve-case')
    this.reader = new MessageReader(this, options, false)
    this.input = new InputDriver(this, this.reader, callbacks, options.maxPipelinedBytes)
  }

  get activeStreams(): number {
    return this.stream === undefined ? 0 : 1
  }

  /** No stream runs and none will: the owner closes once the sink is written. */
  get shouldClose(): boolean {
    return this.isClosing && this.stream === undefined
  }

  /** 1 while the connection is idle and may be used again. */
  get openableStreams(): number {
    return this.stream === undefined && !this.isClosing ? 1 : 0
  }

  newStream(decoder: ResponseDecoder): RequestEncoder {
    if (this.openableStreams === 0) throw new Error('newStream on an HTTP/1 connection that takes no request')
    this.responseStarted = false
    this.stream = new ClientStream(this, decoder)
    return this.stream
  }

  dispatch(chunk: Buffer): CodecError | undefined {
    // A stream may be over and its connection closing; what a server still sends then harms nobody.
    if (this.shouldClose && this.pendingError === undefined) return undefined
    if (chunk.length > 0 && this.stream?.headersSent !== true) return this.onUnsolicited(chunk)
    return this.input.dispatch(chunk)
  }

  inputEnded(): void {
    this.isClosing = true
    this.input.endInput()
  }

  connectionClosed(reason: ResetReason): void {
    // A response that came whole before the end is still delivered to a consumer that paused.
    if (this.input.hasPendingEnd) return
    this.resetStream(reason, '')
  }

  onTransportWritable(): void {
    const { stream } = this
    if (stream?.awaitsRoom !== true) return
    stream.awaitsRoom = false
    stream.decoder.onWritable()
  }

  /** @internal */
  onHead(scan: HeadScan, bytes: Buffer, start: number, end: number): CodecError | undefined {
    const { stream, response } = this
    if (stream === undefined) return UNSOLICITED_BYTES
    const error = response.read(scan, bytes, start, end, stream)
    if (error !== undefined) return error
    if (response.isInterim) return this.onInterim(stream)
    this.responseStarted = true
    if (response.closes) this.isClosing = true
    this.reader.beginBody(response.bodyKind, response.contentLength)
    const isComplete = response.bodyKind === NO_BODY
    if (isComplete) this.endResponse(stream)
    const mustTell = response.opensTunnel && this.openTunnel(stream)
    stream.decoder.onHeaders(response.headers, isComplete)
    if (isComplete) this.reportAvailability()
    else if (mustTell && this.stream === stream) stream.decoder.onWritable()
    return undefined
  }

  /** @internal A server of another protocol may never send a whole head. */
  onPartialHead(bytes: Buffer, start: number): CodecError | undefined {
    return beginsStatusLine(bytes, start) ? undefined : BAD_STATUS_LINE
  }

  /** @internal */
  onBody(chunk: Buffer, isLast: boolean): void {
    const { stream } = this
    if (stream === undefined) return
    if (isLast) this.endResponse(stream)
    stream.decoder.onData(chunk, isLast)
    if (isLast) this.reportAvailability()
  }

  /** @internal */
  onEnd(trailers: HeaderMap | undefined): void {
    const { stream } = this
    if (stream === undefined) return
    this.endResponse(stream)
    if (trailers === undefined) stream.decoder.onData(EMPTY, true)
    else stream.decoder.onTrailers(trailers)
    this.reportAvailability()
  }

  /** @internal */
  onSyntaxError(error: CodecError): CodecError {
    this.resetStream('protocol error', error.detail)
    return withoutReply(error)
  }

  /** @internal */
  get hasPendingError(): boolean {
    return this.pendingError !== undefined
  }

  /** @internal */
  takePendingError(): CodecError | undefined {
    const error = this.pendingError
    if (error === undefined) return undefined
    this.pendingError = undefined
    this.resetStream('protocol error', error.detail)
    return withoutReply(error)
  }

  /** @internal The server has sent its last byte: a body without other framing is complete (RFC 9112 6.3). */
  onInputEnd(): void {
    const { stream } = this
    this.isClosing = true
    if (stream === undefined) {
      this.stopReading()
      this.reportAvailability()
      return
    }
    if (stream.isTunnel) {
      stream.responseComplete = true
      stream.decoder.onData(EMPTY, true)
      if (stream.requestComplete) this.endTunnel(stream)
    } else if (this.responseStarted && this.reader.isInRawBody) this.onBody(EMPTY, true)
    else if (this.responseStarted || this.reader.held.length > 0)
      this.resetStream('protocol error', 'http1.codec_error')
    else this.resetStream('connection termination', '')
  }

  /** @internal */
  hasRoom(stream: ClientStream): boolean {
    if (this.sink.isWritable !== false) return true
    stream.awaitsRoom = true
    return false
  }

  /** @internal */
  requestEnded(stream: ClientStream): void {
    if (!stream.isTunnel) return
    this.endOutput(true)
    if (stream.responseComplete) this.endTunnel(stream)
  }

  /** @internal */
  streamReset(stream: ClientStream): void {
    if (this.stream !== stream) return
    this.stream = undefined
    // Nothing was sent: the connection is as it was.
    if (!stream.headersSent && !this.isClosing) {
      this.callbacks.onCapacityChange()
      return
    }
    this.stopReading()
    this.endOutput(false)
    this.reportAvailability()
  }

  /** @internal */
  sendFailed(_stream: ClientStream, error: CodecError): void {
    this.pendingError = error
    this.stopReading()
    if (!this.input.isDispatching) this.callbacks.onInputReady()
  }

  /** @internal */
  pauseRead(stream: ClientStream): void {
    if (this.stream === stream) this.input.pause()
  }

  /** @internal */
  resumeRead(stream: ClientStream): void {
    if (this.stream !== stream) return
    this.reader.isHalted = false
    this.input.resume()
  }

  /** 100, 102, 103 and 104 are passed on, as Envoy does; others are dropped. */
  private onInterim(stream: ClientStream): CodecError | undefined {
    if (++stream.interimResponses > MAX_INTERIM_RESPONSES) return TOO_MANY_INTERIM_RESPONSES
    const { headers } = this.response
    const { status } = headers
    this.reader.beginBody(NO_BODY, 0)
    if (status === 100 || (status >= 102 && status <= 104)) stream.decoder.onInformational(headers)
    return undefined
  }

  private openTunnel(stream: ClientStream): boolean {
    this.isClosing = true
    return stream.openTunnel()
  }

  /**
   * The response is complete. Decided before its last event is delivered, whose receiver may open the next stream: bytes that
   * came behind the response must not become the answer to that.
   */
  private endResponse(stream: ClientStream): void {
    this.stream = undefined
    stream.end()
    this.input.isPaused = false
    const isReusable = stream.requestComplete && !this.isClosing
    if (!isReusable || this.reader.hasMore) this.stopReading()
    if (isReusable && this.reader.hasMore) this.pendingError = UNSOLICITED_BYTES
  }

  private endTunnel(stream: ClientStream): void {
    if (this.stream !== stream) return
    this.stream = undefined
    this.stopReading()
    this.reportAvailability()
  }

  private reportAvailability(): void {
    if (!this.isClosing) {
      if (this.stream === undefined) this.callbacks.onCapacityChange()
    } else if (!this.goawayReported) {
      this.goawayReported = true
      this.callbacks.onGoaway()
    }
  }

  private onUnsolicited(chunk: Buffer): CodecError {
    const isTimeout = this.stream === undefined && TIMEOUT_STATUS.test(chunk.toString('latin1', 0, 12))
    this.resetStream('protocol error', UNSOLICITED_BYTES.detail)
    return isTimeout ? IDLE_TIMEOUT : withoutReply(UNSOLICITED_BYTES)
  }

  private stopReading(): void {
    this.isClosing = true
    this.input.discard()
  }

  private endOutput(isComplete: boolean): void {
    if (this.outputEnded) return
    this.outputEnded = true
    this.callbacks.onOutputEnd(isComplete)
  }

  private resetStream(reason: ResetReason, detail: string): void {
    const { stream } = this
    this.stopReading()
    if (stream === undefined) return
    this.stream = undefined
    stream.end()
    stream.decoder.onReset(reason, detail)
  }
}
