import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { WorkerPool } from './worker-pool.ts'
import type { WorkerEvents, WorkerThread } from './worker-thread.ts'
import type { WorkerSetup } from './worker-messages.ts'

/** A thread that lives until it is told to die. */
class FakeWorker {
  readonly calls: string[] = []
  readonly column: number
  private readonly events: WorkerEvents

  constructor({ column }: WorkerSetup, events: WorkerEvents) {
    this.column = column
    this.events = events
  }

  die(message: string): void {
    this.events.onDeath(this as unknown as WorkerThread, new Error(message))
  }

  drain(deadlineMs: number): Promise<void> {
    this.calls.push(`drain ${deadlineMs}`)
    return Promise.resolve()
  }

  end(): Promise<void> {
    this.calls.push('end')
    return Promise.resolve()
  }
}

beforeEach(() => {
  jest.useFakeTimers()
})

afterEach(() => {
  jest.useRealTimers()
})

function open(columns: number) {
  const started: FakeWorker[] = []
  const told: string[] = []
  const events: WorkerEvents = {
    onLog: () => undefined,
    onBug: () => undefined,
    onDeath: (worker, error) => told.push(`worker ${worker.column} died: ${error?.message}`),
  }
  const series = { clearGauges: (column: number) => void told.push(`gauges of ${column} cleared`) }
  const setups = Array.from({ length: columns }, (_, index) => ({ column: index + 1 }) as WorkerSetup)
  const pool = new WorkerPool(setups, series, events, (setup, to) => {
    const worker = new FakeWorker(setup, to)
    started.push(worker)
    return worker as unknown as WorkerThread
  })
  pool.onReplacement = (worker) => told.push(`worker ${worker.column} is new`)
  return { pool, started, told }
}

describe('a worker that dies', () => {
  test('is replaced in its place by one with its column, which is announced; its gauges are cleared first', () => {
    const { pool, started, told } = open(2)
    started[1]?.die('heap')
    expect(told).toEqual(['gauges of 2 cleared', 'worker 2 died: heap'])
    jest.advanceTimersByTime(100)
    expect(told.at(-1)).toBe('worker 2 is new')
    expect(pool.threads).toEqual([started[0], started[2]])
    expect(started[2]?.column).toBe(2)
  })

  test('again and again is replaced later each time, until one lives', () => {
    const { started } = open(1)
    for (const delayMs of [100, 200, 400, 800]) {
      started.at(-1)?.die('young')
      const count = started.length
      jest.advanceTimersByTime(delayMs - 1)
      expect(started.length).toBe(count)
      jest.advanceTimersByTime(1)
      expect(started.length).toBe(count + 1)
    }
    jest.advanceTimersByTime(61_000)
    started.at(-1)?.die('old')
    const count = started.length
    jest.advanceTimersByTime(100)
    expect(started.length).toBe(count + 1)
  })

  test('while the pool drains or ends is not replaced', async () => {
    const { pool, started } = open(2)
    started[0]?.die('early')
    await pool.drain(5000)
    started[1]?.die('late')
    jest.advanceTimersByTime(100_000)
    expect(started.length).toBe(2)
    await pool.end()
    expect(started[1]?.calls).toEqual(['drain 5000', 'end'])
  })
})
