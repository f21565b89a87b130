// A connection of a pool with the HTTP codec on it: moves bytes between the two and tells the pool what changes.

import type { ClientCodec, ClientCodecCallbacks, ConnectionControl, ResetReason } from '../../codec/http-stream.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import { CONNECT_REFUSED } from '../connection/connection.ts'
import type { CloseEvent, Connection, ConnectionHandler } from '../connection/connection.ts'
import { closeGracefully } from '../connection/linger.ts'
import type { Http2Keepalive } from '../connection/http2-keepalive.ts'
import { Timer } from '../../lib/timer-wheel.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'

/** What a pool is told of its connections. */
export interface ClientConnectionOwner {
  /** Streams may be opened now that could not before, or the last one ended. */
  onStreamCapacity(connection: ClientConnection): void
  /** No further streams on this connection; those that run go on. */
  onDraining(connection: ClientConnection): void
  onClosed(connection: ClientConnection): void
  onIdleTimeout(connection: ClientConnection): void
  onProtocolError(connection: ClientConnection): void
}

export class ClientConnection implements ConnectionHandler, ClientCodecCallbacks, ConnectionControl {
  readonly connection: Connection
  readonly idleTimer: Timer<ClientConnection>
  /** Set by the pool right after construction: the codec needs the connection as its sink, and this as its callbacks. */
  codec: ClientCodec = undefined as unknown as ClientCodec
  /** Set by the pool where the cluster has one. */
  keepalive: Http2Keepalive | undefined = undefined
  /** Streams that were opened in total. */
  streamsOpened = 0
  isDraining = false
  /** True while it is in the pool's list of usable connections. */
  isReady = false
  /** Why the connection never was one; '' when it was. */
  transportFailure = ''
  readonly openedMs: number
  private readonly owner: ClientConnectionOwner
  private dispatching = false
  private capacityChanged = false

  private readonly dispatcher: Dispatcher

  constructor(connection: Connection, owner: ClientConnectionOwner, dispatcher: Dispatcher) {
    this.connection = connection
    this.owner = owner
    this.dispatcher = dispatcher
    this.openedMs = dispatcher.nowMs
    this.idleTimer = new Timer<ClientConnection>(onIdle, this)
  }

  get facts(): ConnectionFacts {
    return this.connection.facts
  }

  get isIdle(): boolean {
    return this.codec.activeStreams === 0
  }

  /** Also with nothing, when the codec has kept input. */
  onData(chunk: Buffer): void {
    this.dispatching = true
    const error = this.codec.dispatch(chunk)
    this.dispatching = false
    if (error !== undefined) {
      if (error.isIdleTimeout !== true) this.owner.onProtocolError(this)
      this.close('protocol error')
      return
    }
    if (this.capacityChanged) {
      this.capacityChanged = false
      this.owner.onStreamCapacity(this)
    }
  }

  onEnd(): void {
    this.codec.inputEnded()
    if (!this.isDraining) this.onGoaway()
    if (this.codec.activeStreams === 0) this.connection.end()
  }

  onWritable(): void {
    this.codec.onTransportWritable()
  }

  onClose(_event: CloseEvent, reason: string): void {
    this.keepalive?.stop()
    if (reason === CONNECT_REFUSED) this.transportFailure = reason
    this.codec.connectionClosed(reason === CONNECT_REFUSED ? 'remote connection failure' : 'connection termination')
    this.owner.onClosed(this)
  }

  /** ClientCodecCallbacks. */
  onGoaway(): void {
    this.isDraining = true
    this.owner.onDraining(this)
  }

  /** ClientCodecCallbacks: reported to the pool when the running chunk is done, so that it sees the final state. */
  onCapacityChange(): void {
    if (this.dispatching) this.capacityChanged = true
    else this.owner.onStreamCapacity(this)
  }

  /** ConnectionControl. */
  onInputReady(): void {
    this.dispatcher.defer(dispatchNothing, this)
  }

  /** ConnectionControl. */
  onOutputEnd(isComplete: boolean): void {
    if (isComplete) this.connection.end()
    else this.connection.reset('message cut short')
  }

  /** ClientCodecCallbacks: HTTP/1 pauses the whole connection. */
  setReadable(readable: boolean): void {
    if (readable) this.connection.resumeRead()
    else this.connection.pauseRead()
  }

  /** @internal */
  idleTimedOut(): void {
    this.owner.onIdleTimeout(this)
  }

  /** What the codec has written, a GOAWAY say, is still sent; the pool is rid of the connection at once. */
  close(reason: ResetReason): void {
    this.keepalive?.stop()
    this.codec.connectionClosed(reason)
    closeGracefully(this.connection, this.dispatcher)
    this.owner.onClosed(this)
  }
}

function onIdle(connection: ClientConnection): void {
  connection.idleTimedOut()
}

function dispatchNothing(connection: ClientConnection): void {
  connection.onData(NO_BYTES)
}

const NO_BYTES = Buffer.alloc(0)
