// PINGs on an HTTP/2 connection (connection_keepalive): a peer that does not answer in time is gone.

import { Timer } from '../../lib/timer-wheel.ts'
import type { Connection } from './connection.ts'
import type { Dispatcher } from './dispatcher.ts'

/** The part of a codec that sends PING frames. */
export interface Pinger {
  sendPing(opaque: number): void
}

export interface KeepaliveSettings {
  readonly keepaliveIntervalMs: number
  readonly keepaliveTimeoutMs: number
}

export class Http2Keepalive {
  private readonly dispatcher: Dispatcher
  private readonly connection: Connection
  private readonly settings: KeepaliveSettings
  private readonly timer: Timer<Http2Keepalive>
  private pinger: Pinger | undefined = undefined
  private awaitsAck = false
  private sent = 0

  constructor(dispatcher: Dispatcher, connection: Connection, settings: KeepaliveSettings) {
    this.dispatcher = dispatcher
    this.connection = connection
    this.settings = settings
    this.timer = new Timer<Http2Keepalive>(onTimer, this)
  }

  start(pinger: Pinger): void {
    this.pinger = pinger
    this.dispatcher.timers.schedule(this.timer, this.settings.keepaliveIntervalMs)
  }

  onAck(): void {
    this.awaitsAck = false
    this.dispatcher.timers.schedule(this.timer, this.settings.keepaliveIntervalMs)
  }

  stop(): void {
    this.dispatcher.timers.cancel(this.timer)
  }

  /** @internal */
  timerFired(): void {
    if (this.awaitsAck) {
      this.connection.reset('http2_ping_timeout')
      return
    }
    this.awaitsAck = true
    this.pinger?.sendPing(++this.sent)
    this.dispatcher.timers.schedule(this.timer, this.settings.keepaliveTimeoutMs)
  }
}

function onTimer(keepalive: Http2Keepalive): void {
  keepalive.timerFired()
}
