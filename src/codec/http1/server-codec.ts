// The server's end of an HTTP/1 connection: requests in, one at a time, and responses out. It decides when the connection has
// served its last request, and leaves closing it to the owner.

import type { HeaderMap } from '../header-map.ts'
import type { CodecError, ConnectionControl, ResetReason, ServerCodec, ServerCodecCallbacks } from '../http-stream.ts'
import { BodyWriter } from './body-writer.ts'
import type { HeadScan } from './head-scanner.ts'
import { RESPONSE_FLOOD, withoutReply } from './http1-errors.ts'
import type { Http1Options } from './http1-options.ts'
import type { Http1Sink } from './http1-sink.ts'
import { InputDriver, type InputOwner } from './input-driver.ts'
import { MessageReader, NO_BODY, RAW_BODY, type MessageHandler } from './message-reader.ts'
import { OutgoingHead } from './outgoing-head.ts'
import { RequestHead } from './request-head.ts'
import { ServerStream, type ServerStreamOwner } from './server-stream.ts'

const EMPTY = Buffer.alloc(0)

export class Http1ServerCodec implements ServerCodec, MessageHandler, InputOwner, ServerStreamOwner {
  /** @internal */
  readonly head: OutgoingHead
  /** @internal */
  readonly body: BodyWriter
  /** @internal After the running response no further request is served. */
  isDraining = false
  readonly wantsWrite = false
  private readonly sink: Http1Sink
  private readonly callbacks: ServerCodecCallbacks & ConnectionControl
  private readonly options: Http1Options
  private readonly reader: MessageReader
  private readonly input: InputDriver
  private readonly request: RequestHead
  private stream: ServerStream | undefined = undefined
  /** No further request is read. */
  private isClosing = false
  private isHttp10 = false
  private pendingError: CodecError | undefined = undefined
  private outputEnded = false
  /** Responses that ended since the sink last let bytes go. */
  private unsentResponses = 0
  private unsentEpoch = 0

  constructor(sink: Http1Sink, callbacks: ServerCodecCallbacks & ConnectionControl, options: Http1Options) {
    this.sink = sink
    this.callbacks = callbacks
    this.options = options
    const properCase = options.headerKeyFormat === 'proper-case'
    this.head = new OutgoingHead(sink, properCase, false)
    this.body = new BodyWriter(sink, options.enableTrailers, properCase)
    this.request = new RequestHead(options)
    this.reader = new MessageReader(this, options, true)
    this.input = new InputDriver(this, this.reader, callbacks, options.maxPipelinedBytes)
  }

  /** Of the request that runs or ran last. */
  get protocol(): 'HTTP/1.0' | 'HTTP/1.1' {
    return this.isHttp10 ? 'HTTP/1.0' : 'HTTP/1.1'
  }

  get activeStreams(): number {
    return this.stream === undefined ? 0 : 1
  }

  /** Part of a request head has come: the connection is not idle, and the request's header timeout runs. */
  get isReadingHead(): boolean {
    return this.stream === undefined && this.reader.held.length > 0
  }

  /** No stream runs and none will: the owner closes once the sink is written. */
  get shouldClose(): boolean {
    return this.isClosing && this.stream === undefined
  }

  dispatch(chunk: Buffer): CodecError | undefined {
    if (this.shouldClose && this.pendingError === undefined) return undefined
    return this.input.dispatch(chunk)
  }

  inputEnded(): void {
    this.input.endInput()
  }

  connectionClosed(reason: ResetReason): void {
    this.resetStream(reason, '')
  }

  onTransportWritable(): void {
    const { stream } = this
    if (stream?.awaitsRoom === true) {
      stream.awaitsRoom = false
      stream.decoder.onWritable()
    }
    if (this.stream === undefined && !this.isClosing) this.awaitRequest()
  }

  shutdownNotice(): void {}

  goAway(): void {
    this.isDraining = true
    // A request that has begun to come is still served.
    if (this.stream === undefined && !this.isReadingHead) this.close()
  }

  /** A head that will not be waited for any longer gets a stream, on which its owner answers; nothing further is read. */
  giveUpHead(): void {
    this.stopReading()
    this.open(new ServerStream(this, '', false, false, true), false)
  }

  /** @internal */
  onHead(scan: HeadScan, bytes: Buffer, start: number, end: number): CodecError | undefined {
    if (this.isFlooded()) return RESPONSE_FLOOD
    const { request } = this
    const error = request.read(scan, bytes, start, end)
    if (error !== undefined) return error
    this.isHttp10 = request.isHttp10
    const { headers, bodyKind } = request
    const isComplete = bodyKind === NO_BODY
    // Raw bytes behind an upgrade that is refused are never read as a request.
    const closes = request.closes || request.isUpgrade
    const stream = new ServerStream(this, headers.method, request.isHttp10, request.isUpgrade, closes)
    this.reader.beginBody(bodyKind, request.contentLength)
    this.open(stream, isComplete)
    if (this.stream === stream) stream.decoder.onHeaders(headers, isComplete)
    return undefined
  }

  /** @internal Any word may be a method. */
  onPartialHead(): undefined {}

  /** @internal */
  onBody(chunk: Buffer, isLast: boolean): void {
    const { stream } = this
    if (stream === undefined) return
    if (isLast) this.endRequest(stream)
    stream.decoder.onData(chunk, isLast)
  }

  /** @internal */
  onEnd(trailers: HeaderMap | undefined): void {
    const { stream } = this
    if (stream === undefined) return
    this.endRequest(stream)
    if (trailers === undefined) stream.decoder.onData(EMPTY, true)
    else stream.decoder.onTrailers(trailers)
  }

  /** @internal */
  onSyntaxError(error: CodecError): CodecError {
    this.stopReading()
    if (this.stream === undefined) this.open(new ServerStream(this, '', false, false, true), false)
    if (error.status !== undefined && !this.stream!.headersSent) return error
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

  /** @internal The client half-closed: it may still want the answer. */
  onInputEnd(): void {
    const { stream } = this
    if (stream === undefined) this.close()
    else if (this.request.bodyKind === RAW_BODY) {
      stream.requestComplete = true
      stream.decoder.onData(EMPTY, true)
      if (stream.hasEnded && this.stream === stream) this.finish()
    } else if (stream.requestComplete) stream.closes = true
    else this.resetStream('connection termination', '')
  }

  /** @internal */
  hasRoom(stream: ServerStream): boolean {
    if (this.sink.isWritable !== false) return true
    stream.awaitsRoom = true
    return false
  }

  /** @internal */
  responseEnded(stream: ServerStream): void {
    if (stream.isTunnel && !stream.requestComplete) this.endOutput(true)
    else if (stream.closes || stream.isTunnel || !stream.requestComplete) this.finish()
    else {
      this.countUnsent()
      this.stream = undefined
      this.awaitRequest()
    }
  }

  /** @internal */
  streamReset(stream: ServerStream): void {
    if (this.stream !== stream) return
    this.stream = undefined
    this.stopReading()
    this.endOutput(false)
  }

  /** @internal */
  sendFailed(_stream: ServerStream, error: CodecError): void {
    this.pendingError = error
    this.stopReading()
    if (!this.input.isDispatching) this.callbacks.onInputReady()
  }

  /** @internal */
  pauseRead(stream: ServerStream): void {
    if (this.stream === stream && !stream.requestComplete) this.input.pause()
  }

  /** @internal */
  resumeRead(stream: ServerStream): void {
    if (this.stream !== stream || stream.requestComplete) return
    this.reader.isHalted = false
    this.input.resume()
  }

  private open(stream: ServerStream, isComplete: boolean): void {
    this.stream = stream
    if (isComplete) this.endRequest(stream)
    stream.decoder = this.callbacks.newStream(stream)
  }

  /** The whole request is here: the next one waits until it is answered. */
  private endRequest(stream: ServerStream): void {
    stream.requestComplete = true
    this.reader.isHalted = true
  }

  private awaitRequest(): void {
    if (this.isDraining && !this.isReadingHead) {
      this.close()
      return
    }
    // Pipelined requests wait for a client that does not read; `onTransportWritable` calls again.
    this.reader.isHalted = this.sink.isWritable === false
    this.input.proceed()
  }

  private isFlooded(): boolean {
    if (this.unsentResponses < this.options.maxOutboundResponses) return false
    return this.sink.epoch === this.unsentEpoch && this.sink.bufferedBytes > 0
  }

  private countUnsent(): void {
    if (this.sink.epoch !== this.unsentEpoch) {
      this.unsentEpoch = this.sink.epoch
      this.unsentResponses = 0
    }
    this.unsentResponses++
  }

  private stopReading(): void {
    this.isClosing = true
    this.input.discard()
  }

  /** The last stream has ended in both directions. */
  private finish(): void {
    this.stream = undefined
    this.stopReading()
    this.endOutput(true)
  }

  private close(): void {
    this.stopReading()
    this.endOutput(true)
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
