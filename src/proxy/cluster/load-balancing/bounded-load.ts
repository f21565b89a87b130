// Consistent hashing with bounded loads (Mirrokni et al. 2018, with the random probing of Chen et al. 2021): a host that has
// more than its share of the requests under way passes them on, each hash to the same others in the same order.

import { MersenneTwister } from '../../../lib/mersenne-twister.ts'
import type { UInt64 } from '../../../lib/uint64.ts'
import type { Resource } from '../circuit-breakers.ts'
import type { Host } from '../host.ts'
import type { HashTable } from './hash-table.ts'
import type { WeightedHost } from './weighted-hosts.ts'

export class BoundedLoad implements HashTable {
  private readonly table: HashTable
  private readonly hosts: readonly WeightedHost[]
  private readonly shareOf: ReadonlyMap<Host, number>
  private readonly balanceFactor: number
  private readonly requests: Pick<Resource, 'inUse'>
  private readonly twister = new MersenneTwister()
  private readonly order: Uint32Array

  constructor(
    table: HashTable,
    hosts: readonly WeightedHost[],
    balanceFactor: number,
    requests: Pick<Resource, 'inUse'>,
  ) {
    this.table = table
    this.hosts = hosts
    this.shareOf = new Map(hosts.map(({ host, share }) => [host, share]))
    this.balanceFactor = balanceFactor
    this.requests = requests
    this.order = new Uint32Array(hosts.length)
  }

  chooseHost(hash: UInt64, refused: number): Host | undefined {
    const first = this.table.chooseHost(hash, refused)
    if (first === undefined) return undefined
    const overload = this.overloadOf(first, this.shareOf.get(first) ?? 1)
    return overload <= 1 ? first : this.probe(first, overload, hash)
  }

  /** The first host in the hash's own order that has room, or else the one with the least overload. */
  private probe(first: Host, firstOverload: number, hash: UInt64): Host {
    const { order, twister, hosts } = this
    const count = hosts.length
    let best = first
    let leastOverload = firstOverload
    twister.seed(hash.low)
    for (let i = 0; i < count; i++) order[i] = i
    for (let i = 0; i < count; i++) {
      const at = i + this.below(count - i)
      const chosen = order[at]
      order[at] = order[i]
      order[i] = chosen
      const { host, share } = hosts[chosen]
      if (host === first) continue
      const overload = this.overloadOf(host, share)
      if (overload <= 1) return host
      if (overload < leastOverload) {
        best = host
        leastOverload = overload
      }
    }
    return best
  }

  /** Above 1: it has more requests than it may have. */
  private overloadOf(host: Host, share: number): number {
    const slots = Math.floor(((this.requests.inUse + 1) * this.balanceFactor + 99) / 100)
    return host.activeRequests / Math.max(1, Math.ceil(slots * share))
  }

  private below(limit: number): number {
    const width = Math.floor(0x1_0000_0000 / limit)
    for (;;) {
      const value = Math.floor(this.twister.next() / width)
      if (value < limit) return value
    }
  }
}
