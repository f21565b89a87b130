// Reads a source, makes a snapshot of it, and says what is different from the last one that was good: the work of the
// configuration thread.

import { diffSnapshots, type Snapshot, type SnapshotEntry } from '../envoy/snapshot.ts'
import { SnapshotBuilder, type KnownMessages } from '../envoy/snapshot-builder.ts'
import { problemLine } from '../lib/problems.ts'
import { bootstrapFacts } from './bootstrap-facts.ts'
import type { SnapshotChecker } from './check-snapshot.ts'
import type { ConfigurationChange } from './configuration-change.ts'
import type { ConfigurationSource, LoadedConfiguration } from './configuration-source.ts'

export interface ReaderOptions {
  /** What runs already. */
  readonly held: Snapshot
  /**
   * A control plane's or a user's whole is refused together, so every change but the first is built dry before a worker gets it:
   * the first one the workers judge themselves, for there is nothing to protect.
   */
  readonly refusesWhole: boolean
}

export class ConfigurationReader {
  private readonly source: ConfigurationSource
  private readonly refusesWhole: boolean
  private held: Snapshot
  /** A translation gives the same messages again for what did not change. */
  private readonly known: KnownMessages = new WeakMap()
  private checker: SnapshotChecker | undefined = undefined

  constructor(source: ConfigurationSource, { held, refusesWhole }: ReaderOptions) {
    this.source = source
    this.held = held
    this.refusesWhole = refusesWhole
  }

  async next(): Promise<ConfigurationChange> {
    const loaded = await this.source.load()
    const { version, warnings, handover } = loaded
    const facts = loaded.bootstrap === undefined ? undefined : bootstrapFacts(loaded.bootstrap)
    const rest = { version, warnings, bootstrap: facts, handover }
    const nothing = { patch: { version, operations: [] }, restated: [] }
    if (loaded.errors.length > 0) return { ...rest, ...nothing, errors: loaded.errors }
    const next = build(loaded, this.held, this.known)
    const patch = diffSnapshots(this.held, next)
    if (this.refusesWhole && this.held.entries.size > 0 && patch.operations.length > 0) {
      const problems = await this.check(next, facts?.rejectsPathWithFragment ?? false)
      if (problems.length > 0) return { ...rest, ...nothing, errors: problems }
    }
    const restated = restatedEntries(this.held, next)
    this.held = next
    return { ...rest, patch, restated, errors: [] }
  }

  /** Loaded at the first change only: what never changes needs no second data plane. */
  private async check(next: Snapshot, rejectPathWithFragment: boolean): Promise<string[]> {
    const { SnapshotChecker } = await import('./check-snapshot.ts')
    this.checker ??= new SnapshotChecker(rejectPathWithFragment)
    return (await this.checker.check(next)).map(problemLine)
  }
}

function build({ version, resources }: LoadedConfiguration, before: Snapshot, known: KnownMessages): Snapshot {
  const builder = new SnapshotBuilder(before, known)
  for (const { desc, message } of resources) builder.addMessage(desc, message)
  return builder.build(version)
}

function restatedEntries(before: Snapshot, after: Snapshot): SnapshotEntry[] {
  return [...after.entries].flatMap(([key, entry]) => {
    const old = before.entries.get(key)
    return old !== undefined && old !== entry && old.hash === entry.hash ? [entry] : []
  })
}
