// Connections that drain together: those of a filter chain, a listener, the worker. Serving, draining with a deadline, closed.

import { Timer } from '../../lib/timer-wheel.ts'
import type { Dispatcher } from './dispatcher.ts'

export interface Drainable {
  /** Ends gracefully: what runs finishes, nothing new starts. */
  drain(): void
  /** The deadline has come. */
  closeNow(): void
}

export class DrainGroup {
  isDraining = false
  private readonly members = new Set<Drainable>()
  private readonly dispatcher: Dispatcher
  private readonly deadline: Timer<DrainGroup>

  constructor(dispatcher: Dispatcher) {
    this.dispatcher = dispatcher
    this.deadline = new Timer<DrainGroup>(onDeadline, this)
  }

  get size(): number {
    return this.members.size
  }

  add(member: Drainable): void {
    this.members.add(member)
  }

  remove(member: Drainable): void {
    this.members.delete(member)
    if (this.members.size === 0) this.dispatcher.timers.cancel(this.deadline)
  }

  /**
   * The members are told once; a later call only brings the deadline nearer.
   * @param deadlineMs after which what is left is cut off; 0: never.
   */
  drain(deadlineMs: number): void {
    if (!this.isDraining) {
      this.isDraining = true
      for (const member of [...this.members]) member.drain()
    }
    if (deadlineMs > 0 && this.members.size > 0) this.limit(deadlineMs)
  }

  private limit(deadlineMs: number): void {
    const { deadline, dispatcher } = this
    const dueMs = dispatcher.timers.dueInMs(deadline)
    if (dueMs === undefined || dueMs > deadlineMs) dispatcher.timers.schedule(deadline, deadlineMs)
  }

  closeNow(): void {
    for (const member of [...this.members]) member.closeNow()
  }
}

function onDeadline(group: DrainGroup): void {
  group.closeNow()
}
