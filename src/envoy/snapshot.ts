// The configuration that is to be executed, as entries that change independently: a filter chain, a route configuration, a
// cluster, an endpoint set, a secret, and a listener without its chains. And the difference of two of these. Immutable plain data,
// bytes and no messages, for threads pass it on; free of the generated types, which cost 20 MB in each thread that loads them.

export type EntryKind = 'secret' | 'cluster' | 'endpoints' | 'listener' | 'filter-chain' | 'routes'

export interface SnapshotEntry {
  readonly kind: EntryKind
  /** Unique within its kind. Of a filter chain: `<listener>/<chain name, or its place>`. */
  readonly name: string
  /** The message type of `bytes`. A listener's has no filter chains in it; `chains` names them. */
  readonly typeName: string
  readonly bytes: Uint8Array
  /** Of what is executed: see contentHash. Entries with the same hash behave alike. */
  readonly hash: string
  /** The listener of a filter chain; empty for another kind. */
  readonly listener: string
  /** Names of a listener's filter chains, in their order, the default chain last; empty for another kind. */
  readonly chains: readonly string[]
}

export type PatchOperation =
  | { readonly op: 'set'; readonly entry: SnapshotEntry }
  | { readonly op: 'delete'; readonly kind: EntryKind; readonly name: string }

export interface SnapshotPatch {
  /** The version that results. */
  readonly version: string
  /**
   * In the order in which they can be applied one by one: secrets, clusters, endpoint sets, listeners each with its chains,
   * route configurations; then deletions, what refers before what is referred to.
   */
  readonly operations: PatchOperation[]
}

export interface Snapshot {
  /** Chosen by the source; only shown. */
  readonly version: string
  /** By `entryKey`. */
  readonly entries: ReadonlyMap<string, SnapshotEntry>
}

export const emptySnapshot: Snapshot = { version: '', entries: new Map() }

export function entryKey(kind: EntryKind, name: string): string {
  return `${kind} ${name}`
}

const SET_ORDER: readonly (readonly EntryKind[])[] = [
  ['secret'],
  ['cluster'],
  ['endpoints'],
  ['listener', 'filter-chain'],
  ['routes'],
]
const DELETE_ORDER: readonly EntryKind[] = ['routes', 'filter-chain', 'listener', 'endpoints', 'cluster', 'secret']

/** What turns `before` into `after`: entries whose hash differs. One that only came from elsewhere is not part of it. */
export function diffSnapshots(before: Snapshot, after: Snapshot): SnapshotPatch {
  const operations: PatchOperation[] = []
  for (const kinds of SET_ORDER) {
    for (const [key, entry] of after.entries) {
      if (!kinds.includes(entry.kind) || before.entries.get(key)?.hash === entry.hash) continue
      operations.push({ op: 'set', entry })
    }
  }
  for (const kind of DELETE_ORDER) {
    for (const [key, entry] of before.entries) {
      if (entry.kind === kind && !after.entries.has(key)) operations.push({ op: 'delete', kind, name: entry.name })
    }
  }
  return { version: after.version, operations }
}

/** Applies a patch to entries that are keyed as in a snapshot. */
export function applyPatch(entries: Map<string, SnapshotEntry>, patch: SnapshotPatch): void {
  for (const operation of patch.operations) {
    if (operation.op === 'set') entries.set(entryKey(operation.entry.kind, operation.entry.name), operation.entry)
    else entries.delete(entryKey(operation.kind, operation.name))
  }
}
