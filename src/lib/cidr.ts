// Address ranges: one range, and a table that finds the ranges around an address, longest prefix first. Ranges match only
// addresses of their own family; IPv4-mapped IPv6 ranges and addresses are IPv4.

import { formatIp, readIp } from './ip.ts'
import type { IpFamily } from './ip.ts'

export class CidrRange {
  readonly family: IpFamily
  /** The network address, host bits cleared; IPv4 in the last word. */
  readonly words: Uint32Array
  /** 0 to 32 or 128, counted in the range's own family. */
  readonly prefixLength: number

  constructor(family: IpFamily, words: Uint32Array, prefixLength: number) {
    this.family = family
    this.prefixLength = prefixLength
    this.words = Uint32Array.from(words)
    mask(this.words, family, prefixLength)
  }

  /** Whether the address, as text, lies in the range; false for what is no address (an internal one, say). */
  contains(ip: string): boolean {
    if (readIp(ip, scratch) !== this.family) return false
    mask(scratch, this.family, this.prefixLength)
    return equal(scratch, this.words)
  }

  toString(): string {
    return `${formatIp(this.family, this.words)}/${this.prefixLength}`
  }
}

const scratch = new Uint32Array(4)

/**
 * Reads a range as Envoy does: host bits are cleared, a length beyond the family's is cut to it. Without a length the range
 * holds the one address. Undefined if `address` is no IP address.
 */
export function parseCidr(address: string, prefixLength?: number): CidrRange | undefined {
  const words = new Uint32Array(4)
  const family = readIp(address, words)
  if (family === 0) return undefined
  if (family === 6) return new CidrRange(6, words, Math.min(prefixLength ?? 128, 128))
  if (!address.includes(':')) return new CidrRange(4, words, Math.min(prefixLength ?? 32, 32))
  // `::ffff:10.0.0.0/104` is 10.0.0.0/8; a mapped range shorter than the mapping prefix holds all of IPv4.
  return new CidrRange(4, words, Math.max(0, Math.min(prefixLength ?? 128, 128) - 96))
}

/** Reads `10.0.0.0/8`, `fd00::/8`, or a single address. Undefined if it is neither. */
export function parseCidrText(text: string): CidrRange | undefined {
  const slash = text.indexOf('/')
  if (slash < 0) return parseCidr(text)
  const length = text.slice(slash + 1)
  return /^\d{1,3}$/.test(length) ? parseCidr(text.slice(0, slash), Number(length)) : undefined
}

/** One prefix and what it stands for; `next` chains entries of equal hash. */
interface Entry<V> {
  readonly words: Uint32Array
  readonly value: V
  next: Entry<V> | undefined
}

/** All prefixes of one length and family. */
interface Level<V> {
  readonly prefixLength: number
  readonly entries: Map<number, Entry<V>>
}

/**
 * Longest-prefix match. A lookup costs one hash probe per distinct prefix length, however many ranges there are. Of equal
 * ranges the one added first stays.
 */
export class CidrTable<V> {
  private readonly levels4: Level<V>[] = []
  private readonly levels6: Level<V>[] = []

  /** False if the table already had this very range. */
  add(range: CidrRange, value: V): boolean {
    const level = this.level(range)
    if (find(level, range.words) !== undefined) return false
    const key = hash(range.words)
    level.entries.set(key, { words: range.words, value, next: level.entries.get(key) })
    return true
  }

  /** The value of this very range. */
  get(range: CidrRange): V | undefined {
    return find(this.level(range), range.words)?.value
  }

  /** The value of the most specific range around `ip`. */
  lookup(ip: string): V | undefined {
    return this.lookupBelow(ip, 129)?.value
  }

  /**
   * The most specific range around `ip` that is shorter than `prefixLength`, for callers that fall back step by step: start
   * with 129, then pass the length of the last answer.
   */
  lookupBelow(ip: string, prefixLength: number): { readonly prefixLength: number; readonly value: V } | undefined {
    const family = readIp(ip, scratch)
    if (family === 0) return undefined
    for (const level of family === 4 ? this.levels4 : this.levels6) {
      if (level.prefixLength >= prefixLength) continue
      mask(scratch, family, level.prefixLength)
      const entry = find(level, scratch)
      if (entry !== undefined) return { prefixLength: level.prefixLength, value: entry.value }
    }
    return undefined
  }

  private level(range: CidrRange): Level<V> {
    const levels = range.family === 4 ? this.levels4 : this.levels6
    let at = levels.findIndex((level) => level.prefixLength <= range.prefixLength)
    if (at < 0) at = levels.length
    if (levels[at]?.prefixLength !== range.prefixLength) {
      levels.splice(at, 0, { prefixLength: range.prefixLength, entries: new Map() })
    }
    return levels[at]
  }
}

function find<V>(level: Level<V>, words: Uint32Array): Entry<V> | undefined {
  let entry = level.entries.get(hash(words))
  while (entry !== undefined && !equal(entry.words, words)) entry = entry.next
  return entry
}

function hash(words: Uint32Array): number {
  let h = 0
  for (let i = 0; i < 4; i++) h = Math.imul(h ^ words[i], 0x9e3779b1) ^ (words[i] >>> 15)
  return h | 0
}

function equal(a: Uint32Array, b: Uint32Array): boolean {
  return a[3] === b[3] && a[2] === b[2] && a[1] === b[1] && a[0] === b[0]
}

/** Clears the host bits; applying it again with a shorter length is what a search from long to short does. */
function mask(words: Uint32Array, family: IpFamily, prefixLength: number): void {
  let bits = family === 4 ? prefixLength + 96 : prefixLength
  for (let i = 0; i < 4; i++) {
    if (bits <= 0) words[i] = 0
    else if (bits < 32) words[i] &= -1 << (32 - bits)
    bits -= 32
  }
}
