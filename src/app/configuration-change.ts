// A reading of the configuration as the main thread gets it: plain data, made elsewhere (configuration-reader.ts), so that the
// main thread needs none of what reads, translates and judges.

import type { WatchedInputs } from '../sources/files/input-watcher.ts'
import type { GoodContents } from '../sources/bootstrap/reading.ts'
import type { Snapshot, SnapshotEntry, SnapshotPatch } from '../envoy/snapshot.ts'
import type { SocketName } from './command-options.ts'

export interface ConfigurationChange {
  /** Chosen by the source; only shown. */
  readonly version: string
  /** What turns what is held into what was read. Empty with errors. */
  readonly patch: SnapshotPatch
  /** Entries that behave as the ones that are held, and came from elsewhere. */
  readonly restated: readonly SnapshotEntry[]
  /** One line each. With one of these nothing of it must be used. */
  readonly errors: readonly string[]
  /** What was left out, or has no effect; the rest is used. */
  readonly warnings: readonly string[]
  readonly bootstrap: BootstrapFacts | undefined
  /** What a later reading needs to know of this one; undefined if its reader remembers. */
  readonly handover: ReadingHandover | undefined
}

/** What a reading of files leaves behind, with which another reader goes on. */
export interface ReadingHandover {
  readonly inputs: WatchedInputs
  readonly good: GoodContents
}

/** What a static configuration says besides resources. */
export interface BootstrapFacts {
  /** The whole: envoy.config.bootstrap.v3.Bootstrap. */
  readonly bytes: Uint8Array
  readonly nodeId: string
  readonly clusterName: string
  /** Where the admin interface listens, if it says so. */
  readonly admin: SocketName | undefined
  readonly rejectsPathWithFragment: boolean
  readonly runtime: RuntimeFacts
}

export interface RuntimeFacts {
  readonly layers: readonly string[]
  /** By key; `layerValues` has one value per layer, '' where the layer has none. */
  readonly entries: ReadonlyMap<string, { readonly finalValue: string; readonly layerValues: readonly string[] }>
}

/** Where changes come from. */
export interface ConfigurationChanges {
  /** Reads everything anew and says what is different from `held`. Rejects if that is not possible at all. */
  next(held: Snapshot): Promise<ConfigurationChange>
  /** Calls back when `next` may give something else; changes that come together are one call. */
  watch(onChange: () => void): void
  close(): void
}
