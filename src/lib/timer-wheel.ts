// Deadlines of one thread: schedule and cancel in constant time, one timer of the runtime for all of them.
// A wheel of slots for the near future and one list for the far; no closure per deadline.

const SLOTS = 512
/** Deadlines are rounded up to this many milliseconds. */
const TICK_MS = 4

/** One deadline, embedded in what it belongs to. Reusable after it fired or was cancelled. */
export class Timer<T = unknown> {
  readonly fire: (owner: T) => void
  readonly owner: T
  deadlineMs = 0
  next: Timer | undefined = undefined
  previous: Timer | undefined = undefined
  list: TimerList | undefined = undefined

  constructor(fire: (owner: T) => void, owner: T) {
    this.fire = fire
    this.owner = owner
  }

  get isScheduled(): boolean {
    return this.list !== undefined
  }
}

class TimerList {
  first: Timer | undefined = undefined

  add(timer: Timer): void {
    timer.list = this
    timer.previous = undefined
    timer.next = this.first
    if (this.first !== undefined) this.first.previous = timer
    this.first = timer
  }

  remove(timer: Timer): void {
    if (timer.previous === undefined) this.first = timer.next
    else timer.previous.next = timer.next
    if (timer.next !== undefined) timer.next.previous = timer.previous
    timer.list = undefined
    timer.next = undefined
    timer.previous = undefined
  }
}

/** What the wheel needs from its surroundings: a clock and one wake-up. Tests pass a fake one. */
export interface WheelClock {
  /** Milliseconds, monotonic. */
  now(): number
  /** Calls `TimerWheel.advance` once, `delayMs` from now; replaces an earlier wake-up. */
  wakeIn(delayMs: number): void
  /** Calls `fire(owner)` for a timer that is due. Must not throw, or the timers after it would be late. */
  fire(fire: (owner: unknown) => void, owner: unknown): void
}

export class TimerWheel {
  private readonly slots: TimerList[] = []
  private readonly far = new TimerList()
  private readonly clock: WheelClock
  private currentTick: number
  private near = 0
  private farCount = 0
  private wakeAtTick = Infinity

  constructor(clock: WheelClock) {
    this.clock = clock
    this.currentTick = Math.floor(clock.now() / TICK_MS)
    for (let i = 0; i < SLOTS; i++) this.slots.push(new TimerList())
  }

  /** (Re)schedules `timer` to fire `delayMs` from now, never early. */
  schedule<T>(timer: Timer<T>, delayMs: number): void {
    const entry = timer as unknown as Timer
    if (entry.list !== undefined) this.cancel(timer)
    entry.deadlineMs = this.clock.now() + delayMs
    const tick = this.place(entry)
    if (tick < this.wakeAtTick) this.wake(tick)
  }

  cancel<T>(timer: Timer<T>): void {
    const entry = timer as unknown as Timer
    const list = entry.list
    if (list === undefined) return
    if (list === this.far) this.farCount--
    else this.near--
    list.remove(entry)
  }

  /** Milliseconds until `timer` fires; undefined when it is not scheduled. */
  dueInMs<T>(timer: Timer<T>): number | undefined {
    return timer.isScheduled ? timer.deadlineMs - this.clock.now() : undefined
  }

  /** Fires what is due. Called by the wake-up; calling it more often is harmless. */
  advance(): void {
    this.wakeAtTick = Infinity
    const nowTick = Math.floor(this.clock.now() / TICK_MS)
    while (this.currentTick < nowTick) {
      this.currentTick++
      if (this.currentTick % SLOTS === 0) this.bringNear()
      this.fireSlot(this.slots[this.currentTick % SLOTS])
      if (this.near === 0) {
        // Nothing is due before the far list is looked at again.
        const skipTo = Math.min(nowTick, this.currentTick + SLOTS - (this.currentTick % SLOTS) - 1)
        if (skipTo > this.currentTick) this.currentTick = skipTo
      }
    }
    const next = this.nextTick()
    if (next !== Infinity) this.wake(next)
  }

  private fireSlot(slot: TimerList): void {
    for (let timer = slot.first; timer !== undefined; timer = slot.first) {
      slot.remove(timer)
      this.near--
      this.clock.fire(timer.fire, timer.owner)
    }
  }

  /** Puts a timer where it belongs and returns the tick at which the wheel must look at it. */
  private place(timer: Timer): number {
    const tick = Math.max(Math.ceil(timer.deadlineMs / TICK_MS), this.currentTick + 1)
    if (tick - this.currentTick < SLOTS) {
      this.slots[tick % SLOTS].add(timer)
      this.near++
      return tick
    }
    this.far.add(timer)
    this.farCount++
    return this.currentTick + SLOTS - (this.currentTick % SLOTS)
  }

  private bringNear(): void {
    let timer = this.far.first
    while (timer !== undefined) {
      const following: Timer | undefined = timer.next
      const tick = Math.max(Math.ceil(timer.deadlineMs / TICK_MS), this.currentTick)
      if (tick - this.currentTick < SLOTS) {
        this.far.remove(timer)
        this.farCount--
        this.slots[tick % SLOTS].add(timer)
        this.near++
      }
      timer = following
    }
  }

  private nextTick(): number {
    const turn = this.currentTick + SLOTS - (this.currentTick % SLOTS)
    if (this.near > 0) {
      for (let i = 1; i <= SLOTS; i++) {
        const tick = this.currentTick + i
        if (tick === turn && this.farCount > 0) return tick
        if (this.slots[tick % SLOTS].first !== undefined) return tick
      }
    }
    return this.farCount > 0 ? turn : Infinity
  }

  private wake(tick: number): void {
    this.wakeAtTick = tick
    this.clock.wakeIn(Math.max(0, tick * TICK_MS - this.clock.now()))
  }
}
