// Flow control of what we receive (RFC 9113 5.2, 6.9): the connection's window is given back on receipt, a stream's when its
// owner has consumed the bytes, and a stream's window doubles while its owner keeps pace and the budget lasts.

import { DEFAULT_WINDOW_BYTES } from './frame-constants.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { Http2Options } from './options.ts'
import type { Http2Stream } from './stream.ts'

export class ReceiveWindows {
  private readonly options: Http2Options
  private readonly writer: FrameWriter
  private readonly connectionSize: number
  private connectionWindow: number
  /** The initial window of streams that the peer is bound to, now and once it has acknowledged our SETTINGS. */
  private initialWindow: number

  constructor(options: Http2Options, writer: FrameWriter) {
    this.options = options
    this.writer = writer
    this.connectionSize = Math.max(options.connectionWindowBytes, DEFAULT_WINDOW_BYTES)
    this.connectionWindow = this.connectionSize
    this.initialWindow = Math.max(options.initialStreamWindowBytes, DEFAULT_WINDOW_BYTES)
  }

  /** What a new stream's peer may send. */
  get streamWindow(): number {
    return this.initialWindow
  }

  /** Opens the connection's window, which no setting can do. Part of the first flight. */
  announce(): void {
    const increment = this.connectionSize - DEFAULT_WINDOW_BYTES
    if (increment > 0) this.writer.windowUpdate(0, increment)
  }

  /** The peer acknowledged our SETTINGS: a smaller initial window binds it from now on, also on open streams. */
  settingsAcknowledged(streams: Map<number, Http2Stream>): void {
    const decrease = this.initialWindow - this.options.initialStreamWindowBytes
    if (decrease <= 0) return
    this.initialWindow = this.options.initialStreamWindowBytes
    for (const stream of streams.values()) stream.receiveWindow -= decrease
  }

  /** A frame of `bytes` came in. False: the peer sent more than the connection's window. */
  receive(bytes: number): boolean {
    this.connectionWindow -= bytes
    if (this.connectionWindow < 0) return false
    const used = this.connectionSize - this.connectionWindow
    if (used * 2 >= this.connectionSize) {
      this.connectionWindow = this.connectionSize
      this.writer.windowUpdate(0, used)
    }
    return true
  }

  /** `bytes` of a stream's window were consumed by its owner. */
  consumed(stream: Http2Stream, bytes: number): void {
    stream.uncredited += bytes
    if (stream.uncredited * 2 >= stream.receiveWindowSize) this.credit(stream)
  }

  /** Gives back what was consumed if that is due: not while the owner is paused, nor when the peer sends no more. */
  credit(stream: Http2Stream): void {
    if (stream.paused || stream.remoteClosed || stream.dead) return
    let increment = stream.uncredited
    if (increment === 0 || increment * 2 < stream.receiveWindowSize) return
    if (!stream.lagged) {
      const growth = Math.min(stream.receiveWindowSize, this.options.maxStreamWindowBytes - stream.receiveWindowSize)
      if (growth > 0 && this.options.receiveBudget.tryGrow(growth)) {
        stream.receiveWindowSize += growth
        increment += growth
      }
    }
    stream.lagged = false
    stream.uncredited = 0
    stream.receiveWindow += increment
    this.writer.windowUpdate(stream.id, increment)
  }

  /** The stream ended: what its window took from the budget goes back. */
  release(stream: Http2Stream): void {
    const grown = stream.receiveWindowSize - this.options.initialStreamWindowBytes
    if (grown > 0) this.options.receiveBudget.release(grown)
    stream.receiveWindowSize = this.options.initialStreamWindowBytes
  }
}
