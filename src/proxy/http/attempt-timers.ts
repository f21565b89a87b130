// The deadlines of one attempt, for the few requests that have any: the try as a whole until its response begins, silence of
// the upstream, and the life of the stream.

import { Timer } from '../../lib/timer-wheel.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'

/** An Attempt. */
export interface TimedAttempt {
  tryTimedOut(isIdle: boolean): void
  durationReached(): void
}

export class AttemptTimers {
  private readonly attempt: TimedAttempt
  private readonly dispatcher: Dispatcher
  private readonly perTry: Timer<AttemptTimers>
  private readonly idle: Timer<AttemptTimers>
  private readonly duration: Timer<AttemptTimers>
  private idleTimeoutMs = 0
  private lastActivityMs = 0

  constructor(attempt: TimedAttempt, dispatcher: Dispatcher) {
    this.attempt = attempt
    this.dispatcher = dispatcher
    this.perTry = new Timer<AttemptTimers>(onPerTry, this)
    this.idle = new Timer<AttemptTimers>(onIdle, this)
    this.duration = new Timer<AttemptTimers>(onDuration, this)
  }

  /** The request was sent whole; 0: none. */
  startTry(perTryMs: number, idleMs: number): void {
    const { timers, nowMs } = this.dispatcher
    if (perTryMs > 0) timers.schedule(this.perTry, perTryMs)
    if (idleMs <= 0) return
    this.idleTimeoutMs = idleMs
    this.lastActivityMs = nowMs
    timers.schedule(this.idle, idleMs)
  }

  startDuration(durationMs: number): void {
    this.dispatcher.timers.schedule(this.duration, durationMs)
  }

  /** Only notes its time: the idle timer finds out when it fires. */
  noteActivity(): void {
    this.lastActivityMs = this.dispatcher.nowMs
  }

  responseBegan(): void {
    if (this.perTry.isScheduled) this.dispatcher.timers.cancel(this.perTry)
  }

  stop(): void {
    const { timers } = this.dispatcher
    if (this.perTry.isScheduled) timers.cancel(this.perTry)
    if (this.idle.isScheduled) timers.cancel(this.idle)
    if (this.duration.isScheduled) timers.cancel(this.duration)
  }

  /** @internal */
  checkIdle(): void {
    const silentMs = this.dispatcher.nowMs - this.lastActivityMs
    if (silentMs + 1 < this.idleTimeoutMs) this.dispatcher.timers.schedule(this.idle, this.idleTimeoutMs - silentMs)
    else this.attempt.tryTimedOut(true)
  }

  /** @internal */
  perTryOver(): void {
    this.attempt.tryTimedOut(false)
  }

  /** @internal */
  durationOver(): void {
    this.attempt.durationReached()
  }
}

function onPerTry(timers: AttemptTimers): void {
  timers.perTryOver()
}

function onIdle(timers: AttemptTimers): void {
  timers.checkIdle()
}

function onDuration(timers: AttemptTimers): void {
  timers.durationOver()
}
