// The graceful end of a connection that nobody serves any more: our end first, then the peer has a moment to follow.

import { Timer } from '../../lib/timer-wheel.ts'
import type { Connection, ConnectionHandler } from './connection.ts'
import type { Dispatcher } from './dispatcher.ts'

/** As long as an HTTP connection's delayed close by default. */
const GRACE_MS = 1000

/**
 * Half-closes `connection` and takes it over: what still arrives is dropped. It is reset when the peer does not follow within
 * a second, or within a second in which it took nothing of what waits.
 */
export function closeGracefully(connection: Connection, dispatcher: Dispatcher): void {
  if (!connection.isOpen) return
  const lingering = new Lingering(connection, dispatcher)
  connection.handler = lingering
  connection.end()
  connection.resumeRead()
  lingering.wait()
}

class Lingering implements ConnectionHandler {
  private readonly connection: Connection
  private readonly dispatcher: Dispatcher
  private readonly timer: Timer<Lingering>
  private waitingBytes = 0

  constructor(connection: Connection, dispatcher: Dispatcher) {
    this.connection = connection
    this.dispatcher = dispatcher
    this.timer = new Timer<Lingering>(onGraceOver, this)
  }

  wait(): void {
    this.waitingBytes = this.connection.bufferedBytes
    this.dispatcher.timers.schedule(this.timer, GRACE_MS)
  }

  /** @internal */
  graceOver(): void {
    if (this.connection.bufferedBytes < this.waitingBytes) this.wait()
    else this.connection.reset('peer did not follow the end')
  }

  onData(): void {}

  onEnd(): void {}

  onWritable(): void {}

  onClose(): void {
    this.dispatcher.timers.cancel(this.timer)
  }
}

function onGraceOver(lingering: Lingering): void {
  lingering.graceOver()
}
