// One stream: its state (RFC 9113 5.1), its windows and what waits in it. The work is done by the connection, the send scheduler
// and the receive windows; this is the record they share, and the encoder that the stream's owner holds.

import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../header-map.ts'
import type { RequestEncoder, ResetReason, ResponseEncoder, StreamDecoder } from '../http-stream.ts'
import type { ByteQueue } from './byte-queue.ts'

/** What a stream's owner asks for; the connection does it. */
export interface StreamOperations {
  sendHeaders(stream: Http2Stream, headers: RequestHeaderMap | ResponseHeaderMap, endStream: boolean): void
  sendInformational(stream: Http2Stream, headers: ResponseHeaderMap): void
  sendData(stream: Http2Stream, chunk: Buffer, endStream: boolean): boolean
  sendTrailers(stream: Http2Stream, trailers: HeaderMap): void
  resetStream(stream: Http2Stream, reason: ResetReason): void
  resumeRead(stream: Http2Stream): void
}

/** Until the owner of a server's stream has given its decoder. */
export const NO_DECODER: StreamDecoder<HeaderMap> = {
  onHeaders: () => undefined,
  onData: () => undefined,
  onTrailers: () => undefined,
  onReset: () => undefined,
  onWritable: () => undefined,
}

/** `id` is 0 until a client's HEADERS are sent. The class is one for both sides so that the hot path sees one shape. */
export class Http2Stream implements RequestEncoder, ResponseEncoder {
  id: number
  decoder: StreamDecoder<HeaderMap>
  private readonly operations: StreamOperations

  // State. Half-closed (local): `localClosed`; half-closed (remote): `remoteClosed`; closed: both, or `dead`; then `closed`.
  /** The owner ended its message; some of it may still wait. */
  localEnded = false
  /** END_STREAM was written. */
  localClosed = false
  /** END_STREAM was received. */
  remoteClosed = false
  /** Reset by either end, or lost with its connection: nothing is sent or received any more. */
  dead = false
  /** Closed on the wire: the connection has no record of it any more. */
  closed = false
  /** The owner reset the stream: its decoder hears nothing more. */
  detached = false
  /** The peer's (final) headers came. */
  remoteHeadersReceived = false
  /** Client: the request's method forbids or frees the response of a body (RFC 9110 9.3.2, 9.3.6). */
  isHead = false
  isConnect = false

  // Sending.
  sendWindow: number
  sendQueue: ByteQueue | undefined = undefined
  trailersToSend: HeaderMap | undefined = undefined
  /** In the scheduler's list of streams that can send, and its neighbours there. */
  isReady = false
  previousReady: Http2Stream | undefined = undefined
  nextReady: Http2Stream | undefined = undefined
  /** `sendData` returned false; `onWritable` is due. */
  wantsWritable = false

  // Receiving.
  /** What the peer may still send, and the size that the window is kept at. */
  receiveWindow: number
  receiveWindowSize: number
  /** Bytes consumed and not yet given back to the peer. */
  uncredited = 0
  /** The owner paused since the last credit: the window does not grow. */
  lagged = false
  paused = false
  deliveryScheduled = false
  /** What arrived while the stream was paused, and what follows it. */
  arrived: ByteQueue | undefined = undefined
  arrivedEnd = false
  arrivedTrailers: HeaderMap | undefined = undefined
  /** Closed on the wire, but the owner has not been given everything yet. */
  lingers = false
  /** Bytes of DATA that content-length announced (-1: any number) and that came. */
  expectedBytes = -1
  receivedBytes = 0

  // The reset that the owner is to be told.
  resetReason: ResetReason | undefined = undefined
  resetDetail = ''

  constructor(
    id: number,
    decoder: StreamDecoder<HeaderMap>,
    operations: StreamOperations,
    sendWindow: number,
    receiveWindow: number,
    receiveWindowSize: number,
  ) {
    this.id = id
    this.decoder = decoder
    this.operations = operations
    this.sendWindow = sendWindow
    this.receiveWindow = receiveWindow
    this.receiveWindowSize = receiveWindowSize
  }

  get bufferedBytes(): number {
    return this.sendQueue === undefined ? 0 : this.sendQueue.length
  }

  sendHeaders(headers: RequestHeaderMap | ResponseHeaderMap, endStream: boolean): void {
    this.operations.sendHeaders(this, headers, endStream)
  }

  sendInformational(headers: ResponseHeaderMap): void {
    this.operations.sendInformational(this, headers)
  }

  sendData(chunk: Buffer, endStream: boolean): boolean {
    return this.operations.sendData(this, chunk, endStream)
  }

  sendTrailers(trailers: HeaderMap): void {
    this.operations.sendTrailers(this, trailers)
  }

  reset(reason: ResetReason): void {
    this.operations.resetStream(this, reason)
  }

  pauseRead(): void {
    this.paused = true
    this.lagged = true
  }

  resumeRead(): void {
    if (!this.paused) return
    this.paused = false
    this.operations.resumeRead(this)
  }
}
