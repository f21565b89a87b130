// The first bytes of a socket for listener filters: they are read, looked at and put back, so that TLS can start on the socket.

import type { Socket } from 'node:net'
import { Timer } from '../../lib/timer-wheel.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import type { Listener } from './listener.ts'
import type { ListenerFilter } from './listener-filter.ts'

const NO_BYTES = Buffer.alloc(0)

/** Who goes on when the filters have made up their minds; `facts` has what they found. */
export interface PeekOwner {
  peeked(socket: Socket, facts: ConnectionFacts): void
}

export class SocketPeek {
  private readonly owner: PeekOwner
  private readonly listener: Listener
  private readonly socket: Socket
  private readonly facts: ConnectionFacts
  private readonly pending: ListenerFilter[]
  private readonly timer: Timer<SocketPeek>
  private bytes: Buffer = NO_BYTES
  private readonly onReadable = (): void => this.listener.dispatcher.run(readMore, this, undefined)
  private readonly onEnd = (): void => this.listener.dispatcher.run(endedEarly, this, undefined)
  private readonly onClose = (): void => this.listener.dispatcher.timers.cancel(this.timer)
  private readonly onReleased = (): void => this.listener.dispatcher.run(handOver, this, undefined)

  constructor(owner: PeekOwner, listener: Listener, socket: Socket, facts: ConnectionFacts, pending: ListenerFilter[]) {
    this.owner = owner
    this.listener = listener
    this.socket = socket
    this.facts = facts
    this.pending = pending
    this.timer = new Timer<SocketPeek>(timedOut, this)
  }

  start(): void {
    const { listener, socket, timer } = this
    const { filtersTimeoutMs } = listener.config
    if (filtersTimeoutMs > 0) listener.dispatcher.timers.schedule(timer, filtersTimeoutMs)
    socket.on('readable', this.onReadable)
    socket.on('end', this.onEnd)
    socket.on('close', this.onClose)
  }

  /** @internal */
  readMore(): void {
    const chunk = this.socket.read() as Buffer | null
    if (chunk === null) return
    this.bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk])
    while (this.pending.length > 0) {
      if (!this.pending[0].inspect(this.bytes, this.facts)) return
      this.pending.shift()
    }
    this.finish()
  }

  /** @internal The peer sent its end before the filters could tell: as Envoy, nobody is asked to serve that. */
  endedEarly(): void {
    this.socket.destroy()
  }

  /** @internal */
  handOver(): void {
    if (!this.socket.destroyed) this.owner.peeked(this.socket, this.facts)
  }

  /**
   * What is there has to do. Once nobody listens to `readable`, the socket decides on the next tick whether it flows, and would
   * overrule a pause: its next owner gets it after that.
   */
  private finish(): void {
    const { listener, socket } = this
    listener.dispatcher.timers.cancel(this.timer)
    socket.off('readable', this.onReadable)
    socket.off('end', this.onEnd)
    socket.off('close', this.onClose)
    if (this.bytes.length > 0) socket.unshift(this.bytes)
    process.nextTick(this.onReleased)
  }

  /** @internal */
  timedOut(): void {
    this.listener.stats.preCxTimeout.add(1)
    if (this.listener.config.continueOnFiltersTimeout) this.finish()
    else this.socket.destroy()
  }
}

function readMore(peek: SocketPeek): void {
  peek.readMore()
}

function endedEarly(peek: SocketPeek): void {
  peek.endedEarly()
}

function handOver(peek: SocketPeek): void {
  peek.handOver()
}

function timedOut(peek: SocketPeek): void {
  peek.timedOut()
}
