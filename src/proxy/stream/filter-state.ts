// Filter state: named values that filters leave for later filters, for logs, and for the next hop.

/** How long a value lives. */
export type LifeSpan = 'filterChain' | 'request' | 'connection'
/** Whether the value goes with the upstream connection into an internal listener, and how far (StreamSharingMayImpactPooling). */
export type Sharing = 'none' | 'once' | 'transitive'

export interface FilterStateEntry {
  readonly key: string
  /** What `%FILTER_STATE(key:PLAIN)%` prints and matchers compare. */
  readonly value: string
  readonly lifeSpan: LifeSpan
  readonly sharing: Sharing
  readonly readOnly: boolean
  /** Hash policies may hash it: whether they may is a matter of the type that Envoy keeps it in. */
  readonly isHashable?: boolean
}

/** A small ordered set of entries; lookups are linear. `parent` is the connection's state, seen through by a request's. */
export class FilterState {
  readonly entries: FilterStateEntry[] = []
  readonly parent: FilterState | undefined

  constructor(parent?: FilterState) {
    this.parent = parent
  }

  get(key: string): string | undefined {
    for (const entry of this.entries) if (entry.key === key) return entry.value
    return this.parent?.get(key)
  }

  /** The value if hash policies may hash it. */
  hashable(key: string): string | undefined {
    for (const entry of this.entries) if (entry.key === key) return entry.isHashable === true ? entry.value : undefined
    return this.parent?.hashable(key)
  }

  /** Sets or replaces; a read-only entry is kept and false returned. */
  set(entry: FilterStateEntry): boolean {
    const at = this.entries.findIndex((existing) => existing.key === entry.key)
    if (at < 0) this.entries.push(entry)
    else if (this.entries[at].readOnly) return false
    else this.entries[at] = entry
    return true
  }

  /** The entries that an upstream connection carries, own ones before the parent's. `once` becomes `none` on the other side. */
  shared(): FilterStateEntry[] {
    const out: FilterStateEntry[] = []
    for (let state: FilterState | undefined = this; state !== undefined; state = state.parent) {
      for (const entry of state.entries) {
        if (entry.sharing === 'none' || out.some((known) => known.key === entry.key)) continue
        out.push(entry)
      }
    }
    return out
  }
}
