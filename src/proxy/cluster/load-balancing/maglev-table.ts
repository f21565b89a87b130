// MAGLEV: hosts take turns to occupy a table, each in an order of its own, so that few places change when hosts do
// (Eisenbud et al. 2016, listing 1).

import { UInt64 } from '../../../lib/uint64.ts'
import { xxHash64 } from '../../../lib/xx-hash64.ts'
import type { Host } from '../host.ts'
import type { HashTable } from './hash-table.ts'
import type { MaglevConfig } from './load-balancing-config.ts'
import type { WeightedHost } from './weighted-hosts.ts'

const EMPTY = 0xffffffff

/** A host while the table is filled. */
interface Occupant {
  readonly share: number
  readonly skip: number
  /** The place that it would take next. */
  place: number
  /** Its turn comes when its share, once a round, has added up to this. */
  target: number
}

export class MaglevTable implements HashTable {
  private readonly hosts: readonly WeightedHost[]
  /** Places of hosts in `hosts`. */
  private readonly owner: Uint32Array
  /** For hashes of refused choices. */
  private readonly changed = new UInt64()

  constructor(hosts: readonly WeightedHost[], config: MaglevConfig) {
    // The order decides who comes first, so it must be the same everywhere.
    this.hosts = hosts.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    this.owner = fill(this.hosts, hosts.length === 0 ? 0 : config.tableSize)
  }

  chooseHost(hash: UInt64, refused: number): Host | undefined {
    const { owner } = this
    if (owner.length === 0) return undefined
    if (refused === 0) return this.hosts[owner[hash.remainder(owner.length)]].host
    this.changed.copy(hash)
    // Another hash for each refusal: exclusive or with 2^64 - refused, as in Envoy.
    this.changed.xor(-1, -refused)
    return this.hosts[owner[this.changed.remainder(owner.length)]].host
  }
}

function fill(hosts: readonly WeightedHost[], size: number): Uint32Array {
  const owner = new Uint32Array(size).fill(EMPTY)
  const occupants = hosts.map((host) => occupantOf(host, size))
  const largest = hosts.reduce((most, { share }) => Math.max(most, share), 0)
  let taken = 0
  for (let round = 1; taken < size; round++) {
    for (let i = 0; i < occupants.length && taken < size; i++) {
      const occupant = occupants[i]
      if (round * occupant.share < occupant.target) continue
      occupant.target += largest
      while (owner[occupant.place] !== EMPTY) advance(occupant, size)
      owner[occupant.place] = i
      advance(occupant, size)
      taken++
    }
  }
  return owner
}

function occupantOf({ key, share }: WeightedHost, size: number): Occupant {
  const hash = new UInt64()
  xxHash64(key, hash, 1)
  const skip = hash.remainder(size - 1) + 1
  xxHash64(key, hash)
  return { share, skip, place: hash.remainder(size), target: 0 }
}

function advance(occupant: Occupant, size: number): void {
  occupant.place = (occupant.place + occupant.skip) % size
}
