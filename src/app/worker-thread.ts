// A worker thread as the main thread sees it: gets patches, is asked, and is ended in order. Who replaces one that died is the pool.

import { Worker } from 'node:worker_threads'
import type { SnapshotPatch } from '../envoy/snapshot.ts'
import type { Problem } from '../lib/problems.ts'
import type { AccessLogBatch } from '../telemetry/access-log-batch.ts'
import type { FromWorker, ToWorker, WorkerDescription, WorkerSetup } from './worker-messages.ts'

export interface WorkerEvents {
  onLog(worker: WorkerThread, batch: AccessLogBatch): void
  /** A defect that a worker caught. */
  onBug(where: string, stack: string): void
  /** A worker died by itself. Its column of the shared numbers is as it left it. */
  onDeath(worker: WorkerThread, error: Error | undefined): void
}

/** Beside this module: as source, or bundled (scripts/build.mjs). */
const WORKER_MODULE = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)

/** Semi-spaces of 4 MB: with 2 a request under way grows old before it ends (16 -> 26 us), with 8 there are 10 MB more for 5 %. */
const YOUNG_GENERATION_MB = 12
/** Also how boldly V8 lets the heap grow between collections: with the default of gigabytes 225 MB, with this 155 MB. */
const OLD_GENERATION_MB = 512

export class WorkerThread {
  readonly column: number
  private readonly thread: Worker
  /** Who waits for an answer; undefined when the thread ended before it gave one. */
  private readonly waiting = new Map<number, (message: FromWorker | undefined) => void>()
  private onDrained: (() => void) | undefined = undefined
  private lastId = 0
  private ending = false
  private ended = false

  constructor(setup: WorkerSetup, events: WorkerEvents) {
    this.column = setup.column
    this.thread = new Worker(WORKER_MODULE, {
      workerData: setup,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB, maxOldGenerationSizeMb: OLD_GENERATION_MB },
      stdout: false,
      stderr: false,
    })
    let lastError: Error | undefined
    this.thread.on('message', (message: FromWorker) => this.receive(message, events))
    this.thread.on('error', (error: Error) => (lastError = error))
    this.thread.on('exit', () => {
      this.ended = true
      this.onDrained?.()
      for (const resolve of this.waiting.values()) resolve(undefined)
      this.waiting.clear()
      if (!this.ending) events.onDeath(this, lastError)
    })
  }

  /** Resolves with what could not be built; nothing of that was applied. */
  async apply(patch: SnapshotPatch): Promise<readonly Problem[]> {
    const answer = await this.ask((id) => ({ type: 'apply', id, patch }))
    if (answer === undefined) return [{ path: `worker ${this.column}`, message: 'the thread ended before it had it' }]
    return answer.type === 'applied' ? answer.problems : []
  }

  async describe(): Promise<WorkerDescription | undefined> {
    const answer = await this.ask((id) => ({ type: 'describe', id }))
    return answer?.type === 'described' ? answer.description : undefined
  }

  stopListening(): void {
    this.post({ type: 'stopListening' })
  }

  /** Asks connections to go away; unless `keepsListening`, nothing is accepted after the drain time. */
  drainConnections(drainTimeMs: number, keepsListening: boolean): void {
    this.post({ type: 'drainConnections', drainTimeMs, stopsListening: !keepsListening })
  }

  drain(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.ended) {
        resolve()
        return
      }
      this.onDrained = resolve
      this.post({ type: 'drain', deadlineMs })
    })
  }

  giveBack(batch: AccessLogBatch): void {
    this.thread.postMessage({ type: 'logWritten', batch } satisfies ToWorker, [batch.buffer])
  }

  /** Lets the thread send its last log lines and ends it. */
  async end(): Promise<void> {
    this.ending = true
    if (this.ended) return
    const exited = new Promise((resolve) => this.thread.once('exit', resolve))
    this.post({ type: 'end' })
    const deadline = setTimeout(() => void this.thread.terminate(), 1000)
    await exited
    clearTimeout(deadline)
  }

  private receive(message: FromWorker, events: WorkerEvents): void {
    if (message.type === 'log') events.onLog(this, message.batch)
    else if (message.type === 'bug') events.onBug(message.where, message.stack)
    else if (message.type === 'drained') this.onDrained?.()
    else {
      this.waiting.get(message.id)?.(message)
      this.waiting.delete(message.id)
    }
  }

  private ask(make: (id: number) => ToWorker): Promise<FromWorker | undefined> {
    if (this.ended) return Promise.resolve(undefined)
    const id = ++this.lastId
    return new Promise((resolve) => {
      this.waiting.set(id, resolve)
      this.post(make(id))
    })
  }

  private post(message: ToWorker): void {
    this.thread.postMessage(message)
  }
}
