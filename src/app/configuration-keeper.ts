// Keeps the workers in step with the configuration: applies everywhere what changed.
// What cannot be used leaves the last good configuration in place, and is said in log, admin and statistics.

import type { Logger } from 'pino'
import { applyPatch, diffSnapshots, emptySnapshot, entryKey, type Snapshot } from '../envoy/snapshot.ts'
import { problemLine, type Problem } from '../lib/problems.ts'
import type { SeriesTable } from '../telemetry/series.ts'
import type { ConfigurationChange, ConfigurationChanges } from './configuration-change.ts'
import type { WorkerThread } from './worker-thread.ts'

export interface KeeperParts {
  readonly changes: ConfigurationChanges
  /** Those of the moment. */
  readonly workers: readonly WorkerThread[]
  readonly series: SeriesTable
  readonly logs: Logger
  /** A control plane's or a user's whole is refused together; our own translation loses the refused entry only. */
  readonly refusesWhole: boolean
}

/** A configuration that was not taken over. */
export interface RefusedConfiguration {
  readonly version: string
  readonly atMs: number
  readonly errors: readonly string[]
}

export class ConfigurationKeeper {
  private readonly parts: KeeperParts
  private current: Snapshot = emptySnapshot
  private appliedMs = 0
  private lastRefused: RefusedConfiguration | undefined = undefined
  /** What runs, and what waits for it: one change at a time. */
  private running: Promise<unknown> = Promise.resolve()
  private isReloadWaiting = false

  constructor(parts: KeeperParts) {
    this.parts = parts
  }

  get snapshot(): Snapshot {
    return this.current
  }

  get version(): string {
    return this.current.version
  }

  /** Wall-clock milliseconds of the last change that was applied. */
  get lastUpdatedMs(): number {
    return this.appliedMs
  }

  /** The configuration that waits to be mended, if the last one was refused. */
  get refused(): RefusedConfiguration | undefined {
    return this.lastRefused
  }

  /** The first configuration: with problems nothing starts. Workers judge it themselves, for there is nothing to protect. */
  start(first: ConfigurationChange): Promise<readonly string[]> {
    const started = this.startWith(first)
    this.running = started
    return started
  }

  /** Follows the source until `close`. Changes are applied one after the other. */
  follow(): void {
    this.parts.changes.watch(() => {
      if (this.isReloadWaiting) return
      this.isReloadWaiting = true
      this.running = this.running.then(() => {
        this.isReloadWaiting = false
        return this.reload()
      })
    })
  }

  /** A worker that took another's place gets all that the others have. */
  bringUpToDate(worker: WorkerThread): void {
    this.running = this.running.then(async () => {
      const problems = await worker.apply(diffSnapshots(emptySnapshot, this.current))
      if (problems.length > 0) this.logFailures(problems)
    })
  }

  /** Resolves when every change so far was dealt with. */
  async settled(): Promise<void> {
    await this.running
  }

  close(): void {
    this.parts.changes.close()
  }

  private async startWith(first: ConfigurationChange): Promise<readonly string[]> {
    const answers = await Promise.all(this.parts.workers.map((worker) => worker.apply(first.patch)))
    const problems = answers[0] ?? []
    if (problems.length > 0 && this.parts.refusesWhole) return problems.map(problemLine)
    for (const problem of problems) this.parts.logs.error(problemLine(problem))
    this.applied(first)
    return []
  }

  /** Never rejects, or no change after this one would be looked at. */
  private async reload(): Promise<void> {
    try {
      const change = await this.parts.changes.next(this.current)
      for (const warning of change.warnings) this.parts.logs.warn(warning)
      if (change.errors.length > 0) this.refuse(change.version, change.errors)
      else await this.change(change)
    } catch (error) {
      this.refuse('', [`the configuration cannot be used: ${(error as Error).message}`])
    }
  }

  private async change(change: ConfigurationChange): Promise<void> {
    const { workers, logs } = this.parts
    const { version, patch } = change
    if (patch.operations.length === 0) {
      // As before, or only written elsewhere; what was refused in between is mended.
      this.hold(change)
      this.accepted()
      return
    }
    const startedMs = performance.now()
    const answers = await Promise.all(workers.map((worker) => worker.apply(patch)))
    const failures = answers.flat()
    if (failures.length > 0) this.logFailures(failures)
    this.applied(change)
    const tookMs = Math.round(performance.now() - startedMs)
    logs.info({ version, changes: patch.operations.length, tookMs }, 'configuration applied')
  }

  private logFailures(problems: readonly Problem[]): void {
    this.parts.logs.error({ problems: problems.map(problemLine) }, 'part of a configuration was not applied')
  }

  private applied(change: ConfigurationChange): void {
    this.hold(change)
    this.appliedMs = Date.now()
    this.parts.series.counter('cairn.config.update_success').add(1)
    this.accepted()
  }

  private hold({ version, patch, restated }: ConfigurationChange): void {
    const entries = new Map(this.current.entries)
    applyPatch(entries, patch)
    for (const entry of restated) entries.set(entryKey(entry.kind, entry.name), entry)
    this.current = { version, entries }
  }

  private accepted(): void {
    this.lastRefused = undefined
    this.parts.series.gauge('cairn.config.refused').set(0)
  }

  private refuse(version: string, errors: readonly string[]): void {
    this.lastRefused = { version, atMs: Date.now(), errors }
    this.parts.series.counter('cairn.config.update_rejected').add(1)
    this.parts.series.gauge('cairn.config.refused').set(1)
    this.parts.logs.error({ version, errors }, 'configuration refused; the last good one stays')
  }
}
