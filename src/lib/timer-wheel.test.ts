import { describe, expect, test } from '@jest/globals'
import { Timer, TimerWheel } from './timer-wheel.ts'

function fakeClock() {
  const state = { nowMs: 1000, wakeAtMs: Infinity }
  const clock = {
    now: () => state.nowMs,
    wakeIn: (delayMs: number) => {
      state.wakeAtMs = state.nowMs + delayMs
    },
    fire: (fire: (owner: unknown) => void, owner: unknown) => fire(owner),
  }
  const wheel = new TimerWheel(clock)
  /** Runs like an event loop until `untilMs`: wakes only when the wheel asked for it. */
  const run = (untilMs: number): void => {
    while (state.wakeAtMs <= untilMs) {
      state.nowMs = Math.max(state.nowMs, state.wakeAtMs)
      state.wakeAtMs = Infinity
      wheel.advance()
    }
    state.nowMs = untilMs
  }
  return { state, wheel, run }
}

describe('TimerWheel', () => {
  test('fires each deadline once, never early and at most one tick late', () => {
    const { state, wheel, run } = fakeClock()
    const fired = new Map<number, number>()
    for (const delayMs of [0, 1, 3, 4, 5, 17, 100, 2047, 2048, 2049, 5000, 60_000, 3_600_000]) {
      wheel.schedule(new Timer((delay: number) => fired.set(delay, state.nowMs - 1000), delayMs), delayMs)
    }
    run(4_000_000)
    for (const [delayMs, at] of fired) {
      expect(at).toBeGreaterThanOrEqual(delayMs)
      expect(at).toBeLessThanOrEqual(delayMs + 8)
    }
    expect(fired.size).toBe(13)
  })

  test('does not fire what was cancelled, and fires a rescheduled timer at its new time only', () => {
    const { state, wheel, run } = fakeClock()
    const fired: string[] = []
    const cancelled = new Timer((name: string) => fired.push(name), 'cancelled')
    const moved = new Timer((name: string) => fired.push(`${name}@${state.nowMs}`), 'moved')
    wheel.schedule(cancelled, 50)
    wheel.schedule(moved, 50)
    wheel.cancel(cancelled)
    wheel.schedule(moved, 5000)
    run(20_000)
    expect(fired).toEqual(['moved@6000'])
    expect(moved.isScheduled).toBe(false)
  })

  test('lets a timer schedule itself again from its own callback', () => {
    const { wheel, run } = fakeClock()
    let count = 0
    const again = new Timer((w: TimerWheel) => {
      count++
      if (count < 5) w.schedule(again, 10)
    }, wheel)
    wheel.schedule(again, 10)
    run(2000)
    expect(count).toBe(5)
  })

  test('agrees with a sorted list for many random deadlines', () => {
    const { state, wheel, run } = fakeClock()
    let seed = 7
    const random = (n: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % n
    const expected: number[] = []
    const fired: number[] = []
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < 20; i++) {
        const delayMs = random(10_000)
        expected.push(state.nowMs + delayMs)
        wheel.schedule(new Timer((due: number) => fired.push(due), state.nowMs + delayMs), delayMs)
      }
      run(state.nowMs + random(3000))
    }
    run(state.nowMs + 20_000)
    expect(fired.length).toBe(expected.length)
    for (let i = 1; i < fired.length; i++) expect(fired[i]).toBeGreaterThan(fired[i - 1] - 9)
  })
})
