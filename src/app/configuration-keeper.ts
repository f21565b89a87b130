// Keeps the workers in step with the configuration: loads, builds a snapshot, judges the difference, applies it everywhere.
// What cannot be used leaves the last good configuration in place, and is said in log, admin and statistics.

import type { Logger } from 'pino'
import { emptySnapshot, SnapshotBuilder } from '../envoy/snapshot.ts'
import type { Snapshot } from '../envoy/snapshot.ts'
import { diffSnapshots } from '../envoy/snapshot-patch.ts'
import type { Problem } from '../lib/problems.ts'
import type { SeriesTable } from '../telemetry/series.ts'
import type { SnapshotChecker } from './check-snapshot.ts'
import type { ConfigurationSource, LoadedConfiguration } from './configuration-source.ts'
import type { WorkerThread } from './worker-thread.ts'

export interface KeeperParts {
  readonly source: ConfigurationSource
  /** Those of the moment. */
  readonly workers: readonly WorkerThread[]
  readonly series: SeriesTable
  readonly logs: Logger
  readonly rejectPathWithFragment: boolean
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
  private checker: SnapshotChecker | undefined = undefined

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
  start(loaded: LoadedConfiguration): Promise<readonly string[]> {
    const started = this.startWith(loaded)
    this.running = started
    return started
  }

  /** Follows the source until `close`. Changes are applied one after the other. */
  follow(): void {
    this.parts.source.watch(() => {
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
    this.parts.source.close()
  }

  private async startWith(loaded: LoadedConfiguration): Promise<readonly string[]> {
    const next = this.build(loaded)
    const patch = diffSnapshots(emptySnapshot, next)
    const answers = await Promise.all(this.parts.workers.map((worker) => worker.apply(patch)))
    const problems = answers[0] ?? []
    if (problems.length > 0 && this.parts.refusesWhole) return problems.map(problemLine)
    for (const problem of problems) this.parts.logs.error(problemLine(problem))
    this.applied(next)
    return []
  }

  /** Never rejects, or no change after this one would be looked at. */
  private async reload(): Promise<void> {
    try {
      const loaded = await this.parts.source.load()
      for (const warning of loaded.warnings) this.parts.logs.warn(warning)
      if (loaded.errors.length > 0) this.refuse(loaded.version, loaded.errors)
      else await this.change(this.build(loaded))
    } catch (error) {
      this.refuse('', [`the configuration cannot be used: ${(error as Error).message}`])
    }
  }

  private async change(next: Snapshot): Promise<void> {
    const { workers, logs } = this.parts
    const patch = diffSnapshots(this.current, next)
    if (patch.operations.length === 0) {
      // As before, or only written elsewhere; what was refused in between is mended.
      this.current = next
      this.accepted()
      return
    }
    const problems = this.parts.refusesWhole ? await this.check(next) : []
    if (problems.length > 0) {
      this.refuse(next.version, problems.map(problemLine))
      return
    }
    const startedMs = performance.now()
    const answers = await Promise.all(workers.map((worker) => worker.apply(patch)))
    const failures = answers.flat()
    if (failures.length > 0) this.logFailures(failures)
    this.applied(next)
    const tookMs = Math.round(performance.now() - startedMs)
    logs.info({ version: next.version, changes: patch.operations.length, tookMs }, 'configuration applied')
  }

  /** Dry: everything that changes is built once here, against what the workers have. */
  private async check(next: Snapshot): Promise<readonly Problem[]> {
    const checker = (this.checker ??= await this.openChecker())
    return checker.check(next)
  }

  private logFailures(problems: readonly Problem[]): void {
    this.parts.logs.error({ problems: problems.map(problemLine) }, 'part of a configuration was not applied')
  }

  /** Loaded at the first change only: the main thread of a proxy that never changes needs no data plane. */
  private async openChecker(): Promise<SnapshotChecker> {
    const { SnapshotChecker } = await import('./check-snapshot.ts')
    return new SnapshotChecker(this.parts.rejectPathWithFragment)
  }

  private build(loaded: LoadedConfiguration): Snapshot {
    const builder = new SnapshotBuilder(this.current)
    for (const { desc, message } of loaded.resources) builder.addMessage(desc, message)
    return builder.build(loaded.version)
  }

  private applied(snapshot: Snapshot): void {
    this.current = snapshot
    this.appliedMs = Date.now()
    this.parts.series.counter('cairn.config.update_success').add(1)
    this.accepted()
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

function problemLine(problem: Problem): string {
  return `${problem.path}: ${problem.message}`
}
