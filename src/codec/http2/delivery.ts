// Hands what a stream receives to its decoder, or keeps it while the stream is paused: at most the granted window.

import type { HeaderMap } from '../header-map.ts'
import { ByteQueue } from './byte-queue.ts'
import type { Http2Options } from './options.ts'
import type { ReceiveWindows } from './receive-windows.ts'
import type { Http2Stream } from './stream.ts'

/** Told when a stream that was already closed on the wire has delivered everything. */
export interface DeliveryEvents {
  onDelivered(stream: Http2Stream): void
}

export class Delivery {
  private readonly options: Http2Options
  private readonly windows: ReceiveWindows
  private readonly events: DeliveryEvents
  private readonly deliverLater = (stream: Http2Stream): void => this.deliverArrived(stream)

  constructor(options: Http2Options, windows: ReceiveWindows, events: DeliveryEvents) {
    this.options = options
    this.windows = windows
    this.events = events
  }

  /** chunk[start…end) came for a stream, and is its last data if `endStream`. */
  data(stream: Http2Stream, chunk: Buffer, start: number, end: number, endStream: boolean): void {
    if (stream.paused || stream.arrived !== undefined) {
      stream.arrived ??= new ByteQueue()
      stream.arrived.append(chunk, start, end)
      stream.arrivedEnd = endStream
      return
    }
    const isWhole = start === 0 && end === chunk.length
    stream.decoder.onData(isWhole ? chunk : chunk.subarray(start, end), endStream)
    this.windows.consumed(stream, end - start)
  }

  trailers(stream: Http2Stream, trailers: HeaderMap): void {
    if (stream.paused || stream.arrived !== undefined) {
      stream.arrived ??= new ByteQueue()
      stream.arrivedTrailers = trailers
    } else {
      stream.decoder.onTrailers(trailers)
    }
  }

  /** The owner takes data again: what arrived meanwhile goes first, outside of the owner's call. */
  resume(stream: Http2Stream): void {
    if (stream.arrived === undefined) {
      this.windows.credit(stream)
    } else if (!stream.deliveryScheduled) {
      stream.deliveryScheduled = true
      this.options.defer(this.deliverLater, stream)
    }
  }

  /** Forgets what a stream was still to be given. */
  discard(stream: Http2Stream): void {
    stream.arrived = undefined
    stream.arrivedTrailers = undefined
    stream.arrivedEnd = false
  }

  private deliverArrived(stream: Http2Stream): void {
    stream.deliveryScheduled = false
    let ended = false
    while (!stream.paused && stream.arrived !== undefined && !ended) {
      const queue: ByteQueue = stream.arrived
      if (queue.length > 0) {
        const piece = queue.peek(queue.length)
        ended = queue.length === piece.length && stream.arrivedEnd
        if (ended) stream.arrived = undefined
        stream.decoder.onData(piece, ended)
        queue.consume(piece.length)
        this.windows.consumed(stream, piece.length)
      } else {
        ended = stream.arrivedEnd
        const trailers = stream.arrivedTrailers
        this.discard(stream)
        if (trailers !== undefined) stream.decoder.onTrailers(trailers)
        else if (ended) stream.decoder.onData(EMPTY, true)
      }
    }
    if (stream.arrived !== undefined || stream.dead) return
    if (stream.lingers) this.events.onDelivered(stream)
    else this.windows.credit(stream)
  }
}

const EMPTY = Buffer.alloc(0)
