// The event loop of one worker as the data plane sees it (Envoy's word): every entry from Node's loop goes through `run`,
// what must not happen inside a caller's call waits on the run queue, and what was written leaves in one flush per turn.

import { performance } from 'node:perf_hooks'
import { TimerWheel } from '../../lib/timer-wheel.ts'

/** Something with output waiting; `flush` is called once per turn of the event loop. */
export interface Flushable {
  flush(): void
}

/** A defect of ours, caught at the event entry. The owner of the event is told and must end what it was doing. */
export type BugReporter = (error: unknown, where: string) => void

export class Dispatcher {
  readonly timers: TimerWheel
  /** Milliseconds, monotonic; read once per event. */
  nowMs: number
  private readonly reportBug: BugReporter
  private readonly clock: () => number
  private depth = 0
  /** Alternating function and argument. */
  private queue: unknown[] = []
  private spareQueue: unknown[] = []
  private flushList: Flushable[] = []
  private spareFlushList: Flushable[] = []
  private flushScheduled = false
  private stopped = false
  private wakeUp: NodeJS.Timeout | undefined = undefined
  private readonly onImmediate = (): void => this.flushAll()
  private readonly onWakeUp = (): void => this.run(advanceTimers, this, undefined)

  /** @param clock milliseconds, monotonic */
  constructor(reportBug: BugReporter, clock: () => number = () => performance.now()) {
    this.reportBug = reportBug
    this.clock = clock
    this.nowMs = clock()
    this.timers = new TimerWheel({
      now: () => this.currentMs(),
      wakeIn: (delayMs) => {
        clearTimeout(this.wakeUp)
        if (!this.stopped) this.wakeUp = setTimeout(this.onWakeUp, Math.ceil(delayMs))
      },
      fire: (fire, owner) => this.protect(fire, owner, undefined),
    })
  }

  /** The entry for everything that Node calls: runs `handle`, then the run queue; never throws. */
  run<A, B>(handle: (a: A, b: B) => void, a: A, b: B): void {
    if (this.depth === 0) this.nowMs = this.clock()
    this.depth++
    try {
      handle(a, b)
    } catch (error) {
      this.bug(error, a, handle.name)
    }
    if (this.depth === 1) this.drainQueue()
    this.depth--
  }

  /** Within an event: a defect in `handle` ends what `a` is, and the caller goes on. */
  protect<A, B>(handle: (a: A, b: B) => void, a: A, b: B): void {
    try {
      handle(a, b)
    } catch (error) {
      this.bug(error, a, handle.name)
    }
  }

  /** Calls `task(argument)` after the running event's own work, before anything is flushed. */
  readonly defer = <T>(task: (argument: T) => void, argument: T): void => {
    this.queue.push(task, argument)
    if (this.depth === 0) queueMicrotask(this.onDeferredOutside)
  }

  /** `flushable.flush()` is called when this turn of the event loop has delivered its events. */
  flushLater(flushable: Flushable): void {
    this.flushList.push(flushable)
    if (this.flushScheduled) return
    this.flushScheduled = true
    setImmediate(this.onImmediate)
  }

  /** No timer fires any more. */
  stop(): void {
    this.stopped = true
    clearTimeout(this.wakeUp)
  }

  /** Between events, where configuration is applied, the time of the last one may be long ago. */
  private currentMs(): number {
    if (this.depth === 0) this.nowMs = this.clock()
    return this.nowMs
  }

  private readonly onDeferredOutside = (): void => this.run(nothing, undefined, undefined)

  private drainQueue(): void {
    while (this.queue.length > 0) {
      const queue = this.queue
      this.queue = this.spareQueue
      for (let i = 0; i < queue.length; i += 2) {
        try {
          ;(queue[i] as (argument: unknown) => void)(queue[i + 1])
        } catch (error) {
          this.bug(error, queue[i + 1], (queue[i] as () => void).name)
        }
      }
      queue.length = 0
      this.spareQueue = queue
    }
  }

  private flushAll(): void {
    this.flushScheduled = false
    const list = this.flushList
    this.flushList = this.spareFlushList
    for (const flushable of list) this.run(flushOne, flushable, undefined)
    list.length = 0
    this.spareFlushList = list
  }

  private bug(error: unknown, owner: unknown, where: string): void {
    this.reportBug(error, where)
    const victim = owner as { onBug?: (error: unknown) => void } | undefined
    try {
      victim?.onBug?.(error)
    } catch (second) {
      this.reportBug(second, `${where}, while ending its victim`)
    }
  }
}

function nothing(): void {}

function advanceTimers(dispatcher: Dispatcher): void {
  dispatcher.timers.advance()
}

function flushOne(flushable: Flushable): void {
  flushable.flush()
}
