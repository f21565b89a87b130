// One request and its response on a server's connection: the encoder that the connection manager is given.

import type { HeaderMap, ResponseHeaderMap } from '../header-map.ts'
import type { CodecError, RequestDecoder, ResetReason, ResponseEncoder } from '../http-stream.ts'
import type { BodyWriter } from './body-writer.ts'
import { BAD_MESSAGE_SENT } from './http1-errors.ts'
import { CHUNKED_BODY, LENGTH_BODY, NO_BODY, RAW_BODY, type BodyKind } from './message-reader.ts'
import {
  CHUNKED_LINE,
  CLOSE_LINE,
  KEEP_ALIVE_LINE,
  LENGTH_ZERO_LINE,
  NO_LINE,
  type OutgoingHead,
} from './outgoing-head.ts'

/** The codec, as its streams see it. */
export interface ServerStreamOwner {
  readonly head: OutgoingHead
  readonly body: BodyWriter
  /** After the running response no further request is served. */
  readonly isDraining: boolean
  /** Asks the sink; false obliges the codec to call `onWritable` later. */
  hasRoom(stream: ServerStream): boolean
  /** The response is complete, or in a tunnel the sending direction. */
  responseEnded(stream: ServerStream): void
  /** The stream ended before its response did. */
  streamReset(stream: ServerStream): void
  /** What was to be sent cannot be: the stream is to be reset outside of this call. */
  sendFailed(stream: ServerStream, error: CodecError): void
  pauseRead(stream: ServerStream): void
  resumeRead(stream: ServerStream): void
}

export class ServerStream implements ResponseEncoder {
  /** HTTP/1 writes at once. */
  readonly bufferedBytes = 0
  decoder: RequestDecoder = undefined as unknown as RequestDecoder
  /** All of the request was delivered; a tunnel's receiving direction has ended. */
  requestComplete = false
  headersSent = false
  /** The connection ends with this response. */
  closes: boolean
  isTunnel = false
  /** The owner was told to wait for `onWritable`. */
  awaitsRoom = false
  private readonly owner: ServerStreamOwner
  private readonly isHttp10: boolean
  private readonly isHead: boolean
  private readonly isConnect: boolean
  private readonly isUpgrade: boolean
  private isOver = false

  /** @param isUpgrade what follows the head is raw: CONNECT, or a request with Upgrade. */
  constructor(owner: ServerStreamOwner, method: string, isHttp10: boolean, isUpgrade: boolean, closes: boolean) {
    this.owner = owner
    this.isHttp10 = isHttp10
    this.isHead = method === 'HEAD'
    this.isConnect = method === 'CONNECT'
    this.isUpgrade = isUpgrade
    this.closes = closes
  }

  /** No further call on this encoder has an effect. */
  end(): void {
    this.isOver = true
  }

  get hasEnded(): boolean {
    return this.isOver
  }

  /** Not written to HTTP/1.0 clients, which know no 1xx (RFC 9110 15.2). */
  sendInformational(headers: ResponseHeaderMap): void {
    const { status } = headers
    if (this.isOver || this.headersSent || this.isHttp10) return
    const { head } = this.owner
    const isInterim = status >= 100 && status < 200 && status !== 101
    if (!isInterim || !head.examine(headers.fields) || !head.writeResponse(headers, false, NO_LINE, NO_LINE, true)) {
      this.fail(BAD_MESSAGE_SENT)
    }
  }

  sendHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    if (this.isOver || this.headersSent) return
    const { owner } = this
    const { head, body } = owner
    const { status } = headers
    const isFinal = Number.isInteger(status) && status < 1000 && (status >= 200 || status === 101)
    if (!isFinal || !head.examine(headers.fields)) {
      this.fail(BAD_MESSAGE_SENT)
      return
    }
    const opensTunnel = this.opensTunnel(status)
    const kind = opensTunnel ? RAW_BODY : this.bodyKind(status, endStream)
    const lacksBody = kind === LENGTH_BODY && endStream && head.contentLength > 0
    if (lacksBody || (status === 101 && !opensTunnel)) {
      this.fail(BAD_MESSAGE_SENT)
      return
    }

    let connectionLine = NO_LINE
    if (!opensTunnel) {
      // A response that does not wait for the end of its request leaves bytes behind that nobody will read.
      this.closes ||= owner.isDraining || !this.requestComplete || kind === RAW_BODY || head.saysClose
      if (this.closes) connectionLine = head.saysClose ? NO_LINE : CLOSE_LINE
      else if (this.isHttp10 && !head.hasConnection) connectionLine = KEEP_ALIVE_LINE
    }
    const framingLine = opensTunnel ? NO_LINE : this.framingLine(status, endStream)
    if (!head.writeResponse(headers, this.isHttp10, framingLine, connectionLine, opensTunnel)) {
      this.fail(BAD_MESSAGE_SENT)
      return
    }
    body.begin(kind, head.contentLength)
    this.headersSent = true
    this.isTunnel = opensTunnel
    if (endStream) this.complete()
  }

  sendData(chunk: Buffer, endStream: boolean): boolean {
    if (this.isOver) return true
    if (!this.headersSent) {
      this.fail(BAD_MESSAGE_SENT)
      return true
    }
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
    const error = this.headersSent ? this.owner.body.writeTrailers(trailers) : BAD_MESSAGE_SENT
    if (error === undefined) this.complete()
    else this.fail(error)
  }

  reset(_reason: ResetReason): void {
    if (this.isOver && !this.isTunnel) return
    this.isOver = true
    this.owner.streamReset(this)
  }

  pauseRead(): void {
    this.owner.pauseRead(this)
  }

  resumeRead(): void {
    this.owner.resumeRead(this)
  }

  /** 101 to an upgrade request, 2xx to CONNECT. */
  private opensTunnel(status: number): boolean {
    return this.isConnect ? status >= 200 && status < 300 : status === 101 && this.isUpgrade
  }

  /** RFC 9112 6.3 from the sender's side. */
  private bodyKind(status: number, endStream: boolean): BodyKind {
    if (this.isHead || status === 204 || status === 304) return NO_BODY
    if (this.owner.head.contentLength >= 0) return LENGTH_BODY
    if (endStream) return NO_BODY
    return this.isHttp10 ? RAW_BODY : CHUNKED_BODY
  }

  /** Envoy announces chunked coding to HEAD too, as the response to GET would have it. */
  private framingLine(status: number, endStream: boolean): number {
    if (this.owner.head.contentLength >= 0 || status === 204 || status === 304) return NO_LINE
    if (endStream && !this.isHead) return LENGTH_ZERO_LINE
    return this.isHttp10 ? NO_LINE : CHUNKED_LINE
  }

  private complete(): void {
    this.isOver = true
    this.owner.responseEnded(this)
  }

  private fail(error: CodecError): void {
    this.isOver = true
    this.owner.sendFailed(this, error)
  }
}
