// Two Connections joined in memory: the hop into an internal listener. Bytes are delivered within the writer's call;
// only what arrives at a paused end is copied and kept.

import type { ConnectionFacts } from '../stream/connection-facts.ts'
import type { Connection, ConnectionHandler } from './connection.ts'
import type { Dispatcher } from './dispatcher.ts'
import { NO_HANDLER } from './no-handler.ts'
import { scratch } from './scratch.ts'

/** One end. `peer` is the other; each end's `facts` are its own. */
export class InternalConnection implements Connection {
  readonly facts: ConnectionFacts
  buffer: Buffer = EMPTY
  epoch = 0
  private user: ConnectionHandler = NO_HANDLER
  private readonly dispatcher: Dispatcher
  private readonly highWatermarkBytes: number
  private peer: InternalConnection
  /** What was written to this end while it was paused. */
  private waiting: Buffer[] = []
  private waitingBytes = 0
  private paused = false
  /** In `onData`: what its own writes bring back waits its turn, or bytes would overtake the rest of the chunk. */
  private delivering = false
  private writeEnded = false
  /** The peer ended its side; delivered once `waiting` is empty. */
  private endReceived = false
  private endDelivered = false
  private closed = false
  private mustReportWritable = false

  private constructor(dispatcher: Dispatcher, facts: ConnectionFacts, highWatermarkBytes: number) {
    this.dispatcher = dispatcher
    this.facts = facts
    this.highWatermarkBytes = highWatermarkBytes
    this.peer = this
  }

  /** @returns both ends: the one that dialled, and the one that was accepted. */
  static pair(
    dispatcher: Dispatcher,
    dialled: ConnectionFacts,
    accepted: ConnectionFacts,
    highWatermarkBytes: number,
  ): [InternalConnection, InternalConnection] {
    const near = new InternalConnection(dispatcher, dialled, highWatermarkBytes)
    const far = new InternalConnection(dispatcher, accepted, highWatermarkBytes)
    near.peer = far
    far.peer = near
    return [near, far]
  }

  get handler(): ConnectionHandler {
    return this.user
  }

  /** What came before there was a user follows from the run queue. */
  set handler(handler: ConnectionHandler) {
    this.user = handler
    if (this.hasNews) this.dispatcher.defer(deliverWaiting, this)
  }

  get bufferedBytes(): number {
    return this.peer.waitingBytes
  }

  get isWritable(): boolean {
    if (this.peer.waitingBytes === 0 && !this.peer.paused) return true
    this.mustReportWritable = true
    return false
  }

  get isOpen(): boolean {
    return !this.closed
  }

  reserve(size: number): number {
    this.buffer = scratch.reserve(size)
    return 0
  }

  commit(size: number): void {
    this.epoch++
    scratch.deliver(this, size)
  }

  write(chunk: Uint8Array): void {
    if (!this.writeEnded) this.peer.receive(chunk as Buffer)
  }

  /** Gives back what was read, and whether that was all: it is delivered again, first, to whoever is the user then. */
  pushBack(chunk: Buffer, ended: boolean): void {
    if (this.closed) return
    if (chunk.length > 0) {
      this.waiting.unshift(chunk)
      this.waitingBytes += chunk.length
    }
    if (ended) this.endDelivered = false
    this.dispatcher.defer(deliverWaiting, this)
  }

  end(): void {
    if (this.writeEnded || this.closed) return
    this.writeEnded = true
    this.peer.receiveEnd()
  }

  reset(reason: string): void {
    if (this.closed) return
    this.closeBoth(reason, 'local', 'remote')
  }

  pauseRead(): void {
    this.paused = true
  }

  resumeRead(): void {
    if (!this.paused) return
    this.paused = false
    if (this.hasNews) this.dispatcher.defer(deliverWaiting, this)
  }

  onBug(): void {
    this.reset('internal error')
  }

  /** @internal */
  deliverWaiting(): void {
    if (this.user === NO_HANDLER) return
    while (!this.paused && this.waiting.length > 0 && !this.closed) {
      const chunk = this.waiting.shift() as Buffer
      this.waitingBytes -= chunk.length
      this.deliver(chunk)
    }
    if (this.closed || this.paused) return
    if (this.peer.mustReportWritable && this.waitingBytes < this.highWatermarkBytes >> 1) {
      this.peer.mustReportWritable = false
      this.dispatcher.defer(reportWritable, this.peer)
    }
    if (this.endReceived && !this.endDelivered && this.waiting.length === 0) this.deliverEnd()
  }

  private get hasNews(): boolean {
    return this.waiting.length > 0 || this.peer.mustReportWritable || (this.endReceived && !this.endDelivered)
  }

  private receive(chunk: Buffer): void {
    if (this.closed || chunk.length === 0) return
    if (this.paused || this.delivering || this.waiting.length > 0 || this.user === NO_HANDLER) {
      this.waiting.push(Buffer.from(chunk))
      this.waitingBytes += chunk.length
      if (this.waitingBytes >= this.highWatermarkBytes) this.peer.mustReportWritable = true
      return
    }
    this.deliver(chunk)
    if (this.waiting.length > 0) this.dispatcher.defer(deliverWaiting, this)
  }

  /** A defect here ends this connection, and not the writer's, which may carry a hundred others. */
  private deliver(chunk: Buffer): void {
    this.delivering = true
    this.dispatcher.protect(handOverChunk, this, chunk)
    this.delivering = false
  }

  private receiveEnd(): void {
    this.endReceived = true
    this.dispatcher.defer(deliverWaiting, this)
  }

  private deliverEnd(): void {
    this.endDelivered = true
    this.user.onEnd()
    if (this.writeEnded && this.peer.endDelivered && !this.closed) this.closeBoth('', 'remote', 'remote')
  }

  private closeBoth(reason: string, here: 'local' | 'remote', there: 'local' | 'remote'): void {
    this.closed = true
    this.peer.closed = true
    this.waiting = []
    this.waitingBytes = 0
    // What the peer was sent before this end went away, its end included, is still its to read.
    const undelivered = this.peer.waiting
    const owesEnd = this.peer.endReceived && !this.peer.endDelivered
    this.dispatcher.defer(reportClose, new Closing(this, here, reason, NOTHING, false))
    this.dispatcher.defer(reportClose, new Closing(this.peer, there, reason, undelivered, owesEnd))
  }
}

const EMPTY = Buffer.alloc(0)
const NOTHING: readonly Buffer[] = []

class Closing {
  readonly connection: InternalConnection
  readonly event: 'local' | 'remote'
  readonly reason: string
  readonly undelivered: readonly Buffer[]
  readonly owesEnd: boolean

  constructor(
    connection: InternalConnection,
    event: 'local' | 'remote',
    reason: string,
    undelivered: readonly Buffer[],
    owesEnd: boolean,
  ) {
    this.connection = connection
    this.event = event
    this.reason = reason
    this.undelivered = undelivered
    this.owesEnd = owesEnd
  }
}

function deliverWaiting(connection: InternalConnection): void {
  connection.deliverWaiting()
}

function handOverChunk(connection: InternalConnection, chunk: Buffer): void {
  connection.handler.onData(chunk)
}

function reportWritable(connection: InternalConnection): void {
  if (connection.isOpen) connection.handler.onWritable()
}

function reportClose(closing: Closing): void {
  const { connection } = closing
  for (const chunk of closing.undelivered) connection.handler.onData(chunk)
  if (closing.owesEnd) connection.handler.onEnd()
  connection.handler.onClose(closing.event, closing.reason)
}
