// The first route of a list that matches a request, found without trying the others: exact paths in a map, everything else
// in a radix tree at the literal beginning of its path. Only routes whose path can match are tried, in list order.

import { asciiLower } from '../../lib/wire-text.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import type { MatchTrace } from './match-trace.ts'
import { RadixTree } from './radix-tree.ts'
import { pathOnly } from './request-path.ts'
import { describeRoutePredicate, whyNotMatched } from './route-match.ts'
import type { RoutePredicate } from './route-match.ts'

export interface RouteEntry<T> {
  readonly predicate: RoutePredicate
  readonly value: T
  /** For traces. */
  readonly name: string
}

/** Routes of one case sensitivity, by their paths. */
interface PathIndex {
  readonly exact: Map<string, number[]>
  readonly prefixes: RadixTree
}

export class RouteTable<T> {
  private readonly entries: readonly RouteEntry<T>[]
  private readonly sensitive: PathIndex = { exact: new Map(), prefixes: new RadixTree() }
  private readonly insensitive: PathIndex = { exact: new Map(), prefixes: new RadixTree() }
  private readonly connect: number[] = []
  /** Scratch of one lookup: ascending lists of candidates, and how far each was tried. */
  private readonly lists: (readonly number[])[] = []
  private readonly cursors: number[] = []

  constructor(entries: readonly RouteEntry<T>[]) {
    this.entries = entries
    for (let i = 0; i < entries.length; i++) {
      const { path } = entries[i].predicate
      const index = path.caseSensitive ? this.sensitive : this.insensitive
      if (path.kind === 'connect_matcher') this.connect.push(i)
      else if (path.kind === 'path') addTo(index.exact, path.literalPrefix, i)
      else index.prefixes.add(path.literalPrefix, i)
    }
  }

  /** `info.requestHeaders` must be set. `random` is an integer of 0 to 2^32 - 1, drawn once per request. */
  find(info: StreamInfo, random: number, trace?: MatchTrace): T | undefined {
    const found = this.findIndex(info, random)
    if (trace !== undefined) this.explain(info, random, found, trace)
    return found < 0 ? undefined : this.entries[found].value
  }

  private findIndex(info: StreamInfo, random: number): number {
    const headers = info.requestHeaders!
    const path = headers.path === undefined ? undefined : pathOnly(headers.path)
    let count = 0
    if (this.connect.length > 0 && headers.method === 'CONNECT') this.lists[count++] = this.connect
    let lower: string | undefined
    if (path !== undefined) {
      count = this.collect(this.sensitive, path, count)
      if (this.insensitive.exact.size > 0 || !this.insensitive.prefixes.isEmpty) {
        lower = asciiLower(path)
        count = this.collect(this.insensitive, lower, count)
      }
    }
    return this.firstOf(count, info, path, lower, random)
  }

  private collect(index: PathIndex, path: string, count: number): number {
    const exact = index.exact.size === 0 ? undefined : index.exact.get(path)
    if (exact !== undefined) this.lists[count++] = exact
    return index.prefixes.collect(path, this.lists, count)
  }

  /** Merges the candidate lists: the smallest number not yet tried comes next. */
  private firstOf(
    count: number,
    info: StreamInfo,
    path: string | undefined,
    lower: string | undefined,
    random: number,
  ): number {
    const { lists, cursors, entries } = this
    for (let i = 0; i < count; i++) cursors[i] = 0
    for (;;) {
      let next = entries.length
      let from = -1
      for (let i = 0; i < count; i++) {
        const cursor = cursors[i]
        if (cursor < lists[i].length && lists[i][cursor] < next) {
          next = lists[i][cursor]
          from = i
        }
      }
      if (from < 0) return -1
      cursors[from]++
      const { path: wanted, predicates } = entries[next].predicate
      const own = wanted.caseSensitive ? path : lower
      if (wanted.test !== undefined && !wanted.test(own!)) continue
      if (holdAll(predicates, info, random)) return next
    }
  }

  private explain(info: StreamInfo, random: number, found: number, trace: MatchTrace): void {
    const last = found < 0 ? this.entries.length - 1 : found
    for (let i = 0; i <= last; i++) {
      const { name, predicate } = this.entries[i]
      const failed = whyNotMatched(predicate, info, random)
      trace.add(
        `route "${name}": ${describeRoutePredicate(predicate)}`,
        failed === undefined ? 'matched' : `no: ${failed}`,
      )
    }
  }
}

function holdAll(predicates: RoutePredicate['predicates'], info: StreamInfo, random: number): boolean {
  for (let i = 0; i < predicates.length; i++) if (!predicates[i].test(info, random)) return false
  return true
}

function addTo(map: Map<string, number[]>, key: string, number: number): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [number])
  else list.push(number)
}
