// A Connection over a TCP or TLS socket: output gathers in a slab and leaves in one write per turn of the event loop.
// The only place that decides when a written buffer may be used again.

import type { Socket } from 'node:net'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import type { CloseEvent, Connection, ConnectionHandler } from './connection.ts'
import type { Dispatcher, Flushable } from './dispatcher.ts'
import { NO_HANDLER } from './no-handler.ts'
import type { SlabPool } from './slab-pool.ts'
import { SLAB_BYTES, SMALL_SLAB_BYTES } from './slab-pool.ts'

/**
 * Above this many bytes waiting `isWritable` is false; `onWritable` follows below half. Well below Envoy's 1 MiB, so that a
 * thousand slow readers do not hold a gigabyte; half of it is where Node reports `drain`.
 */
export const HIGH_WATERMARK_BYTES = 128 * 1024

export interface SocketConnectionOptions {
  dispatcher: Dispatcher
  slabs: SlabPool
  facts: ConnectionFacts
  /** A TLS socket with no write pending has encrypted what it was given when `write` returns; a TCP socket has not. */
  copiesOnWrite: boolean
}

export class SocketConnection implements Connection, Flushable {
  readonly facts: ConnectionFacts
  handler: ConnectionHandler = NO_HANDLER
  buffer: Buffer = NO_SLAB
  epoch = 0
  readonly socket: Socket
  private readonly dispatcher: Dispatcher
  private readonly slabs: SlabPool
  private readonly highWatermarkBytes = HIGH_WATERMARK_BYTES
  private readonly copiesOnWrite: boolean
  /** Bytes of `buffer` that are committed. */
  private length = 0
  /** Slabs that Node holds by reference, in order of their writes. */
  private readonly lent: Buffer[] = []
  /** Written since the last flush. */
  private turnBytes = 0
  /** The last turn, or this one, has more than a small slab holds. */
  private writesBulk = false
  private flushScheduled = false
  private endRequested = false
  private mustReportWritable = false
  private closed = false
  private readPaused = false
  private closeReason = ''
  private localClose = false
  private readonly onSlabWritten = (): void => {
    const slab = this.lent.shift()
    if (slab !== undefined) this.slabs.give(slab)
  }

  constructor(socket: Socket, options: SocketConnectionOptions) {
    this.socket = socket
    this.facts = options.facts
    this.dispatcher = options.dispatcher
    this.slabs = options.slabs
    this.copiesOnWrite = options.copiesOnWrite
    socket.setNoDelay(true)
    socket.on('drain', () => this.dispatcher.run(onDrain, this, undefined))
    socket.on('end', () => this.dispatcher.run(onEnd, this, undefined))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.closeReason === '') this.closeReason = error.code ?? error.message
    })
    socket.on('close', () => this.dispatcher.run(onClose, this, undefined))
  }

  /** Starts delivering `data` events; sockets that dialled deliver through `onread` into `deliver` instead. */
  readFromEvents(): void {
    this.socket.on('data', (chunk: Buffer) => this.dispatcher.run(onData, this, chunk))
    // Sockets are accepted paused, and a listener for `data` does not start those.
    if (!this.readPaused) this.socket.resume()
  }

  /** A chunk in a buffer that is used again after the call. Returns false while reading is paused. */
  deliver(chunk: Buffer): boolean {
    this.dispatcher.run(onData, this, chunk)
    return !this.readPaused
  }

  get bufferedBytes(): number {
    return this.length + this.socket.writableLength
  }

  get isWritable(): boolean {
    if (this.length + this.socket.writableLength < this.highWatermarkBytes) return true
    this.mustReportWritable = true
    return false
  }

  get isOpen(): boolean {
    return !this.closed
  }

  reserve(size: number): number {
    if (this.length + size > this.buffer.length) this.nextSlab(size)
    return this.length
  }

  /** What is written after the end or the close is dropped. */
  commit(size: number): void {
    if (this.endRequested || this.closed || this.socket.destroyed) return
    this.length += size
    if (this.length + this.socket.writableLength >= this.highWatermarkBytes) this.mustReportWritable = true
    if (!this.flushScheduled) this.scheduleFlush()
  }

  write(chunk: Uint8Array): void {
    if (this.endRequested || this.closed || this.socket.destroyed) return
    let from = 0
    while (from < chunk.length) {
      if (this.length >= this.buffer.length) this.nextSlab(Math.min(chunk.length - from, SLAB_BYTES))
      const room = Math.min(this.buffer.length - this.length, chunk.length - from)
      this.buffer.set(from === 0 && room === chunk.length ? chunk : chunk.subarray(from, from + room), this.length)
      this.commit(room)
      from += room
    }
  }

  end(): void {
    if (this.endRequested || this.closed) return
    this.endRequested = true
    this.scheduleFlush()
  }

  reset(reason: string): void {
    if (this.closed || this.localClose) return
    this.localClose = true
    this.closeReason = reason
    this.socket.destroy()
  }

  pauseRead(): void {
    this.readPaused = true
    this.socket.pause()
  }

  resumeRead(): void {
    if (!this.readPaused) return
    this.readPaused = false
    this.socket.resume()
  }

  flush(): void {
    this.flushScheduled = false
    if (this.closed || this.socket.destroyed) return
    if (this.length > 0) this.writeSlab()
    this.releaseSlab()
    this.writesBulk = this.turnBytes > SMALL_SLAB_BYTES
    this.turnBytes = 0
    if (this.mustReportWritable && this.socket.writableLength < this.highWatermarkBytes >> 1) {
      this.dispatcher.defer(onDrain, this)
    }
    if (this.endRequested) this.socket.end()
  }

  /** Called by the dispatcher after a defect in one of this connection's callbacks. */
  onBug(): void {
    this.reset('internal error')
  }

  private scheduleFlush(): void {
    if (this.flushScheduled) return
    this.flushScheduled = true
    this.dispatcher.flushLater(this)
  }

  /** Hands the committed bytes to the socket; afterwards `buffer` is empty or gone. */
  private writeSlab(): void {
    const slab = this.buffer
    const bytes = this.length === slab.length ? slab : slab.subarray(0, this.length)
    this.epoch++
    this.turnBytes += this.length
    this.length = 0
    if (this.copiesOnWrite && this.socket.writableLength === 0) {
      this.socket.write(bytes)
      return
    }
    this.buffer = NO_SLAB
    this.lent.push(slab)
    this.socket.write(bytes, this.onSlabWritten)
  }

  /** Makes room for `size` bytes. In a large slab adjoining DATA frames become one, so bulk begins its turns with one. */
  private nextSlab(size: number): void {
    if (this.length > 0) {
      this.writesBulk = true
      this.writeSlab()
    }
    const wanted = this.writesBulk ? Math.max(size, SLAB_BYTES) : size
    if (this.buffer.length >= wanted) return
    this.releaseSlab()
    this.buffer = wanted > SLAB_BYTES ? Buffer.allocUnsafeSlow(wanted) : this.slabs.take(wanted)
  }

  private releaseSlab(): void {
    if (this.buffer === NO_SLAB || this.length > 0) return
    this.slabs.give(this.buffer)
    this.buffer = NO_SLAB
    this.epoch++
  }

  /** @internal Called from the event entries below. */
  socketDrained(): void {
    if (this.mustReportWritable && !this.closed) {
      this.mustReportWritable = false
      this.handler.onWritable()
    }
  }

  /** @internal */
  socketClosed(): void {
    if (this.closed) return
    this.closed = true
    this.length = 0
    this.releaseSlab()
    const event: CloseEvent = this.localClose || (this.endRequested && this.closeReason === '') ? 'local' : 'remote'
    this.handler.onClose(event, this.closeReason)
  }
}

const NO_SLAB = Buffer.alloc(0)

function onData(connection: SocketConnection, chunk: Buffer): void {
  connection.handler.onData(chunk)
}

function onDrain(connection: SocketConnection): void {
  connection.socketDrained()
}

function onEnd(connection: SocketConnection): void {
  connection.handler.onEnd()
}

function onClose(connection: SocketConnection): void {
  connection.socketClosed()
}
