// The workers of a proxy, one for each column of the shared numbers. One that dies is replaced by another with its column, sooner
// or, when they keep dying, later.

import type { SeriesTable } from '../telemetry/series.ts'
import { WorkerThread } from './worker-thread.ts'
import type { WorkerEvents } from './worker-thread.ts'
import type { WorkerSetup } from './worker-messages.ts'

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 30_000
/** A worker that lived as long did not die of how it was started. */
const STABLE_MS = 60_000

/** Makes the thread of a worker; tests make another. */
export type StartWorker = (setup: WorkerSetup, events: WorkerEvents) => WorkerThread

interface Place {
  readonly setup: WorkerSetup
  startedMs: number
  delayMs: number
  retry: NodeJS.Timeout | undefined
}

export class WorkerPool {
  /** Those that run, in the order of their columns. A replacement takes its predecessor's place. */
  readonly threads: WorkerThread[]
  /** A new worker has no configuration yet. */
  onReplacement: (worker: WorkerThread) => void = () => undefined
  private readonly places: readonly Place[]
  private readonly series: Pick<SeriesTable, 'clearGauges'>
  private readonly events: WorkerEvents
  private readonly reportDeath: WorkerEvents['onDeath']
  private readonly startWorker: StartWorker
  private replaces = true

  constructor(
    setups: readonly WorkerSetup[],
    series: Pick<SeriesTable, 'clearGauges'>,
    events: WorkerEvents,
    startWorker: StartWorker = (setup, told) => new WorkerThread(setup, told),
  ) {
    this.series = series
    this.reportDeath = events.onDeath
    this.events = { ...events, onDeath: (worker, error) => this.died(worker, error) }
    this.startWorker = startWorker
    this.places = setups.map((setup) => {
      return { setup, startedMs: performance.now(), delayMs: FIRST_DELAY_MS, retry: undefined }
    })
    this.threads = setups.map((setup) => startWorker(setup, this.events))
  }

  /** Every worker drains; none is replaced any more. */
  async drain(deadlineMs: number): Promise<void> {
    this.stopReplacing()
    await Promise.all(this.threads.map((worker) => worker.drain(deadlineMs)))
  }

  /** Ends every worker when it has sent its last log lines. */
  async end(): Promise<void> {
    this.stopReplacing()
    await Promise.all(this.threads.map((worker) => worker.end()))
  }

  private died(worker: WorkerThread, error: Error | undefined): void {
    this.series.clearGauges(worker.column)
    this.reportDeath(worker, error)
    const index = this.threads.indexOf(worker)
    if (index < 0 || !this.replaces) return
    const place = this.places[index]
    const delayMs = performance.now() - place.startedMs > STABLE_MS ? FIRST_DELAY_MS : place.delayMs
    place.delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)
    place.retry = setTimeout(() => this.replace(index), delayMs)
  }

  private replace(index: number): void {
    const place = this.places[index]
    place.startedMs = performance.now()
    this.threads[index] = this.startWorker(place.setup, this.events)
    this.onReplacement(this.threads[index])
  }

  private stopReplacing(): void {
    this.replaces = false
    for (const place of this.places) clearTimeout(place.retry)
  }
}
