// RING_HASH: every host stands at many points of a ring of hashes, as many as its weight asks for; a request belongs to the
// first host at or behind its hash (Karger et al. 1997, with the points of libketama).

import { murmurHash2 } from '../../../lib/murmur-hash2.ts'
import { UInt64 } from '../../../lib/uint64.ts'
import { xxHash64 } from '../../../lib/xx-hash64.ts'
import type { Host } from '../host.ts'
import type { HashTable } from './hash-table.ts'
import type { RingHashConfig } from './load-balancing-config.ts'
import type { WeightedHost } from './weighted-hosts.ts'

export class Ring implements HashTable {
  private readonly hosts: readonly WeightedHost[]
  /** The points in ascending order: both halves of the hash, and the place of the host in `hosts`. */
  private readonly high: Uint32Array
  private readonly low: Uint32Array
  private readonly owner: Uint32Array

  constructor(hosts: readonly WeightedHost[], config: RingHashConfig) {
    this.hosts = hosts
    const points = makePoints(hosts, config)
    const order = Uint32Array.from(points.owner.keys())
    order.sort((a, b) => points.high[a] - points.high[b] || points.low[a] - points.low[b])
    this.high = Uint32Array.from(order, (at) => points.high[at])
    this.low = Uint32Array.from(order, (at) => points.low[at])
    this.owner = Uint32Array.from(order, (at) => points.owner[at])
  }

  chooseHost(hash: UInt64, refused: number): Host | undefined {
    const size = this.owner.length
    if (size === 0) return undefined
    const at = (this.firstAtOrBehind(hash.high >>> 0, hash.low >>> 0) + refused) % size
    return this.hosts[this.owner[at]].host
  }

  /** The number of points when all are before the hash: behind the last comes the first. */
  private firstAtOrBehind(high: number, low: number): number {
    let start = 0
    let end = this.owner.length
    while (start < end) {
      const middle = (start + end) >>> 1
      const isBefore = this.high[middle] === high ? this.low[middle] < low : this.high[middle] < high
      if (isBefore) start = middle + 1
      else end = middle
    }
    return start
  }
}

interface Points {
  readonly high: readonly number[]
  readonly low: readonly number[]
  readonly owner: readonly number[]
}

/** Running sums give hosts whose share is no whole number of points now one more, now one less. */
function makePoints(hosts: readonly WeightedHost[], config: RingHashConfig): Points {
  const hashFunction = config.hashFunction === 'murmurHash2' ? murmurHash2 : xxHash64
  const pointsInAll = ringSize(hosts, config)
  const high: number[] = []
  const low: number[] = []
  const owner: number[] = []
  const hash = new UInt64()
  let target = 0
  hosts.forEach(({ key, share }, index) => {
    target += pointsInAll * share
    for (let ordinal = 0; owner.length < target; ordinal++) {
      hashFunction(`${key}_${ordinal}`, hash)
      high.push(hash.high >>> 0)
      low.push(hash.low >>> 0)
      owner.push(index)
    }
  })
  return { high, low, owner }
}

/** So large that the lightest host has a whole number of points, and no larger than allowed. May be no whole number. */
function ringSize(hosts: readonly WeightedHost[], config: RingHashConfig): number {
  const lightest = hosts.reduce((least, { share }) => Math.min(least, share), 1)
  return Math.min(Math.ceil(lightest * config.minimumRingSize) / lightest, config.maximumRingSize)
}
