// Sends DATA: straight into the sink while windows and sink have room, else from the streams' queues, round robin with one
// frame's worth each. Flow control of what we send (RFC 9113 5.2).

import type { ByteSink } from '../byte-sink.ts'
import { ByteQueue } from './byte-queue.ts'
import { DEFAULT_MAX_FRAME_BYTES, DEFAULT_WINDOW_BYTES, MAX_WINDOW_BYTES } from './frame-constants.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { Http2Options } from './options.ts'
import type { Http2Stream } from './stream.ts'

/** Told when all that a stream's owner sent has been written; writes its trailers and closes this side of it. */
export interface SendEvents {
  onAllSent(stream: Http2Stream): void
}

export class SendScheduler {
  private readonly options: Http2Options
  private readonly writer: FrameWriter
  private readonly sink: ByteSink
  private readonly events: SendEvents
  private connectionWindow = DEFAULT_WINDOW_BYTES
  /** Streams with queued bytes and an open window of their own, in the order of their turns. */
  private firstReady: Http2Stream | undefined = undefined
  private lastReady: Http2Stream | undefined = undefined
  /** Streams whose owners wait for `onWritable`. */
  private blocked: Http2Stream[] = []
  /** The sink had no room when an owner or a queue needed it; `drain` finds out whether it has now. */
  private sinkWasFull = false
  /** A window was opened since the last `drain`. */
  private drainDue = false
  private draining = false

  constructor(options: Http2Options, writer: FrameWriter, events: SendEvents) {
    this.options = options
    this.writer = writer
    this.sink = writer.sink
    this.events = events
  }

  /** True while output, or an owner who wants to send, waits only for room in the sink. */
  get waitsForSink(): boolean {
    return (this.firstReady !== undefined && this.connectionWindow > 0) || this.sinkWasFull
  }

  /** Sends or queues; false when more waits than the high watermark. */
  send(stream: Http2Stream, chunk: Buffer, endStream: boolean): boolean {
    stream.localEnded = endStream
    const length = chunk.length
    let sent = 0
    if (stream.sendQueue === undefined) {
      if (length === 0) {
        if (endStream) this.sendEnd(stream)
        return true
      }
      // Those who wait already come first.
      if (this.firstReady === undefined) sent = this.sendNow(stream, chunk, endStream)
      if (stream.dead || stream.localClosed) return true
    }
    if (sent < length) this.enqueue(stream, chunk, sent)
    return this.checkWatermarks(stream)
  }

  /** The peer enlarged a window. False: beyond 2^31-1 (RFC 9113 6.9.1). */
  openConnectionWindow(increment: number): boolean {
    this.connectionWindow += increment
    this.drainDue = true
    return this.connectionWindow <= MAX_WINDOW_BYTES
  }

  /** Likewise for a stream; `increment` is negative when the peer's initial window shrinks, and the window may become so. */
  openStreamWindow(stream: Http2Stream, increment: number): boolean {
    stream.sendWindow += increment
    if (stream.sendWindow > MAX_WINDOW_BYTES) return false
    if (stream.sendQueue !== undefined && stream.sendWindow > 0) {
      this.addReady(stream)
      this.drainDue = true
    }
    return true
  }

  /** Sends what the windows opened since the last time allow. */
  drainIfDue(): void {
    if (this.drainDue) this.drain()
  }

  /** Sends what windows and sink allow, and tells owners that there is room again. */
  drain(): void {
    // A write may run the other end's code, which may come back here.
    if (this.draining) return
    this.draining = true
    this.drainDue = false
    while (this.firstReady !== undefined && this.connectionWindow > 0 && this.hasRoom()) {
      const stream = this.firstReady
      this.removeReady(stream)
      if (stream.sendQueue !== undefined && stream.sendWindow > 0) this.sendTurn(stream)
    }
    this.draining = false
    this.sinkWasFull = this.blocked.length > 0 && !this.hasRoom()
    if (this.blocked.length > 0) this.reportWritable()
  }

  /** Sends what waits in one stream as far as the peer's windows allow, even into a full sink: it is about to be reset. */
  flush(stream: Http2Stream): void {
    while (stream.sendQueue !== undefined && stream.sendWindow > 0 && this.connectionWindow > 0) this.sendTurn(stream)
  }

  /** Forgets what a stream still had to send. */
  discard(stream: Http2Stream): void {
    stream.sendQueue = undefined
    stream.trailersToSend = undefined
    if (stream.isReady) this.removeReady(stream)
    if (stream.wantsWritable) {
      stream.wantsWritable = false
      this.blocked.splice(this.blocked.indexOf(stream), 1)
    }
  }

  private hasRoom(): boolean {
    return this.sink.bufferedBytes < this.options.maxSinkBytes
  }

  /** Returns how much was sent. */
  private sendNow(stream: Http2Stream, chunk: Buffer, endStream: boolean): number {
    const length = chunk.length
    let sent = 0
    while (sent < length && !stream.dead) {
      const size = Math.min(length - sent, DEFAULT_MAX_FRAME_BYTES, stream.sendWindow, this.connectionWindow)
      if (size <= 0 || !this.hasRoom()) break
      stream.sendWindow -= size
      this.connectionWindow -= size
      const isLast = endStream && sent + size === length
      this.writer.data(stream.id, chunk, sent, sent + size, isLast)
      if (isLast) this.events.onAllSent(stream)
      sent += size
    }
    return sent
  }

  private sendEnd(stream: Http2Stream): void {
    this.writer.endStream(stream.id)
    this.events.onAllSent(stream)
  }

  private enqueue(stream: Http2Stream, chunk: Buffer, start: number): void {
    stream.sendQueue ??= new ByteQueue()
    stream.sendQueue.append(chunk, start, chunk.length)
    if (stream.sendWindow > 0) this.addReady(stream)
  }

  private checkWatermarks(stream: Http2Stream): boolean {
    const hasRoom = this.hasRoom()
    if (stream.bufferedBytes <= this.options.streamHighWatermarkBytes && hasRoom) return true
    if (!hasRoom) this.sinkWasFull = true
    if (!stream.localEnded && !stream.wantsWritable) {
      stream.wantsWritable = true
      this.blocked.push(stream)
    }
    return false
  }

  private addReady(stream: Http2Stream): void {
    if (stream.isReady) return
    stream.isReady = true
    stream.previousReady = this.lastReady
    if (this.lastReady === undefined) this.firstReady = stream
    else this.lastReady.nextReady = stream
    this.lastReady = stream
  }

  private removeReady(stream: Http2Stream): void {
    const { previousReady, nextReady } = stream
    if (previousReady === undefined) this.firstReady = nextReady
    else previousReady.nextReady = nextReady
    if (nextReady === undefined) this.lastReady = previousReady
    else nextReady.previousReady = previousReady
    stream.previousReady = undefined
    stream.nextReady = undefined
    stream.isReady = false
  }

  /** One turn: at most one frame's worth. */
  private sendTurn(stream: Http2Stream): void {
    let budget = Math.min(DEFAULT_MAX_FRAME_BYTES, stream.sendWindow, this.connectionWindow)
    while (budget > 0 && stream.sendQueue !== undefined) {
      const queue: ByteQueue = stream.sendQueue
      const piece = queue.peek(budget)
      const size = piece.length
      stream.sendWindow -= size
      this.connectionWindow -= size
      budget -= size
      const isAll = queue.length === size
      if (isAll) stream.sendQueue = undefined
      const isLast = isAll && stream.localEnded && stream.trailersToSend === undefined
      this.writer.data(stream.id, piece, 0, size, isLast)
      queue.consume(size)
      if (isAll && stream.localEnded && !stream.dead) this.events.onAllSent(stream)
    }
    if (stream.sendQueue !== undefined && stream.sendWindow > 0) this.addReady(stream)
  }

  private reportWritable(): void {
    const lowWatermark = this.options.streamHighWatermarkBytes >> 1
    const hasRoom = this.hasRoom()
    let kept = 0
    for (let i = 0; i < this.blocked.length; i++) {
      const stream = this.blocked[i]
      if (hasRoom && stream.bufferedBytes <= lowWatermark) {
        stream.wantsWritable = false
        this.options.defer(callOnWritable, stream)
      } else {
        this.blocked[kept++] = stream
      }
    }
    this.blocked.length = kept
  }
}

function callOnWritable(stream: Http2Stream): void {
  if (!stream.dead && !stream.detached) stream.decoder.onWritable()
}
