// One request and its response on a client's connection: the encoder that the router is given.

import type { HeaderMap, RequestHeaderMap } from '../header-map.ts'
import type { CodecError, RequestEncoder, ResetReason, ResponseDecoder } from '../http-stream.ts'
import type { BodyWriter } from './body-writer.ts'
import { HeldBytes } from './held-bytes.ts'
import { BAD_MESSAGE_SENT } from './http1-errors.ts'
import { CHUNKED_BODY, LENGTH_BODY, NO_BODY, RAW_BODY, type BodyKind } from './message-reader.ts'
import { CHUNKED_LINE, LENGTH_ZERO_LINE, NO_LINE, type OutgoingHead } from './outgoing-head.ts'
import type { AnsweredRequest } from './response-head.ts'

/** The codec, as its streams see it. */
export interface ClientStreamOwner {
  readonly head: OutgoingHead
  readonly body: BodyWriter
  /** Asks the sink; false obliges the codec to call `onWritable` later. */
  hasRoom(stream: ClientStream): boolean
  /** The request is complete, or in a tunnel the sending direction. */
  requestEnded(stream: ClientStream): void
  /** The stream ended before its request or its response did. */
  streamReset(stream: ClientStream): void
  /** What was to be sent cannot be: the stream is to be reset outside of this call. */
  sendFailed(stream: ClientStream, error: CodecError): void
  pauseRead(stream: ClientStream): void
  resumeRead(stream: ClientStream): void
}

export class ClientStream implements RequestEncoder, AnsweredRequest {
  readonly decoder: ResponseDecoder
  headersSent = false
  /** All of the request was sent; a tunnel's sending direction has ended. */
  requestComplete = false
  /** A tunnel's receiving direction has ended. */
  responseComplete = false
  isTunnel = false
  /** The owner was told to wait for `onWritable`. */
  awaitsRoom = false
  interimResponses = 0
  isHead = false
  isConnect = false
  isUpgrade = false
  private readonly owner: ClientStreamOwner
  /** Nothing more is sent. */
  private isOver = false
  /** What was sent behind an upgrade request, and must not leave before the server has agreed to the upgrade. */
  private early: HeldBytes | undefined = undefined
  private earlyEnd = false

  constructor(owner: ClientStreamOwner, decoder: ResponseDecoder) {
    this.owner = owner
    this.decoder = decoder
  }

  get bufferedBytes(): number {
    return this.early?.length ?? 0
  }

  /** No further call on this encoder has an effect. */
  end(): void {
    this.isOver = true
  }

  sendHeaders(headers: RequestHeaderMap, endStream: boolean): void {
    if (this.isOver || this.headersSent) return
    const { head, body } = this.owner
    if (!head.examine(headers.fields)) {
      this.fail(BAD_MESSAGE_SENT)
      return
    }
    const { method } = headers
    this.isHead = method === 'HEAD'
    this.isConnect = method === 'CONNECT'
    this.isUpgrade = this.isConnect || head.isUpgrade
    const kind = this.bodyKind(endStream)
    const lacksBody = kind === LENGTH_BODY && endStream && head.contentLength > 0
    if (lacksBody || (this.isConnect && head.contentLength > 0)) {
      this.fail(BAD_MESSAGE_SENT)
      return
    }
    const framingLine = this.framingLine(method, endStream)
    if (!head.writeRequest(headers, framingLine)) {
      this.fail(BAD_MESSAGE_SENT)
      return
    }
    body.begin(kind, head.contentLength)
    this.headersSent = true
    if (endStream) this.complete()
  }

  sendData(chunk: Buffer, endStream: boolean): boolean {
    if (this.isOver) return true
    if (!this.headersSent) {
      this.fail(BAD_MESSAGE_SENT)
      return true
    }
    if (this.isUpgrade && !this.isTunnel) return this.keepEarly(chunk, endStream)
    const error = this.owner.body.write(chunk, endStream)
    if (error !== undefined) {
      this.fail(error)
      return true
    }
    if (endStream) {
      this.complete()
      return true
    }
    return this.owner.hasRoom(this)
  }

  sendTrailers(trailers: HeaderMap): void {
    if (this.isOver) return
    if (this.isUpgrade) {
      this.sendData(EMPTY, true)
      return
    }
    const error = this.headersSent ? this.owner.body.writeTrailers(trailers) : BAD_MESSAGE_SENT
    if (error === undefined) this.complete()
    else this.fail(error)
  }

  reset(_reason: ResetReason): void {
    this.isOver = true
    this.owner.streamReset(this)
  }

  pauseRead(): void {
    this.owner.pauseRead(this)
  }

  resumeRead(): void {
    this.owner.resumeRead(this)
  }

  /** The server agreed: what waited may leave, and what follows is raw. True: somebody waits for `onWritable`. */
  openTunnel(): boolean {
    this.isTunnel = true
    const { early } = this
    if (early === undefined) return false
    this.early = undefined
    this.owner.body.write(early.view(), false)
    if (this.earlyEnd) this.complete()
    return !this.earlyEnd
  }

  private keepEarly(chunk: Buffer, endStream: boolean): false {
    this.early ??= new HeldBytes()
    this.early.append(chunk)
    if (endStream) this.earlyEnd = true
    return false
  }

  private bodyKind(endStream: boolean): BodyKind {
    if (this.isUpgrade) return RAW_BODY
    if (this.owner.head.contentLength >= 0) return LENGTH_BODY
    return endStream ? NO_BODY : CHUNKED_BODY
  }

  /** RFC 9110 8.6: no length for methods that expect no content. */
  private framingLine(method: string, endStream: boolean): number {
    if (this.isUpgrade || this.owner.head.contentLength >= 0) return NO_LINE
    if (!endStream) return CHUNKED_LINE
    const isBodiless = method === 'GET' || method === 'HEAD' || method === 'DELETE' || method === 'TRACE'
    return isBodiless ? NO_LINE : LENGTH_ZERO_LINE
  }

  private complete(): void {
    this.isOver = true
    this.requestComplete = true
    this.owner.requestEnded(this)
  }

  private fail(error: CodecError): void {
    this.isOver = true
    this.owner.sendFailed(this, error)
  }
}

const EMPTY = Buffer.alloc(0)
