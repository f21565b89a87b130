// Filter-chain choice by `filter_chain_match`: one criterion after the other, each keeping the most specific matches only,
// without going back (envoy.config.listener.v3.FilterChainMatch says in which order).

import type { CidrRange } from '../../lib/cidr.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'

export interface FilterChainCriteria {
  /** 0: any. */
  readonly destinationPort: number
  readonly prefixRanges: readonly CidrRange[]
  /** Exact names, or `*.suffix`. */
  readonly serverNames: readonly string[]
  /** '': any. */
  readonly transportProtocol: string
  readonly applicationProtocols: readonly string[]
  readonly directSourcePrefixRanges: readonly CidrRange[]
  readonly sourceType: 'any' | 'sameIpOrLoopback' | 'external'
  readonly sourcePrefixRanges: readonly CidrRange[]
  readonly sourcePorts: readonly number[]
}

/** Higher is more specific, 0 matches anything, -1 does not match. */
type Specificity = (criteria: FilterChainCriteria, facts: ConnectionFacts) => number

const ORDER: readonly Specificity[] = [
  (c, f) => anyOr(c.destinationPort === 0, c.destinationPort === f.localAddress.port),
  (c, f) => longestPrefix(c.prefixRanges, f.localAddress.ip),
  (c, f) => serverNameSpecificity(c.serverNames, f.requestedServerName),
  (c, f) => anyOr(c.transportProtocol === '', c.transportProtocol === f.transportProtocol),
  (c, f) =>
    anyOr(
      c.applicationProtocols.length === 0,
      c.applicationProtocols.some((p) => f.applicationProtocols.includes(p)),
    ),
  (c, f) => longestPrefix(c.directSourcePrefixRanges, f.directRemoteAddress.ip),
  (c, f) => sourceTypeSpecificity(c.sourceType, f),
  (c, f) => longestPrefix(c.sourcePrefixRanges, f.remoteAddress.ip),
  (c, f) => anyOr(c.sourcePorts.length === 0, c.sourcePorts.includes(f.remoteAddress.port)),
]

/** The index of the chain that takes the connection, or -1. */
export function chooseByCriteria(chains: readonly FilterChainCriteria[], facts: ConnectionFacts): number {
  let candidates = chains.map((_, index) => index)
  for (const specificity of ORDER) {
    let best = 0
    const kept: number[] = []
    for (const index of candidates) {
      const value = specificity(chains[index], facts)
      if (value < 0 || value < best) continue
      if (value > best) kept.length = 0
      best = value
      kept.push(index)
    }
    candidates = kept
  }
  return candidates[0] ?? -1
}

function anyOr(isAny: boolean, matches: boolean): number {
  if (isAny) return 0
  return matches ? 1 : -1
}

/** Ranges of length 0 are still more specific than none. */
function longestPrefix(ranges: readonly CidrRange[], ip: string): number {
  if (ranges.length === 0) return 0
  let longest = -1
  for (const range of ranges) if (range.contains(ip)) longest = Math.max(longest, range.prefixLength + 1)
  return longest
}

function serverNameSpecificity(names: readonly string[], name: string): number {
  if (names.length === 0) return 0
  let longest = -1
  for (const candidate of names) {
    if (candidate === name) return Number.MAX_SAFE_INTEGER
    if (candidate.startsWith('*.') && name.endsWith(candidate.slice(1))) longest = Math.max(longest, candidate.length)
  }
  return longest
}

function sourceTypeSpecificity(type: FilterChainCriteria['sourceType'], facts: ConnectionFacts): number {
  if (type === 'any') return 0
  const { ip } = facts.remoteAddress
  const isLocal = ip === facts.localAddress.ip || ip.startsWith('127.') || ip === '::1'
  return isLocal === (type === 'sameIpOrLoopback') ? 1 : -1
}
