// What happens to a header field by its name alone when a message passes the connection manager: one lookup per field. The
// rules are bits; what they depend on besides (who sent it, whether it is an upgrade) is the caller's to say.

import type { HeaderMap } from '../../codec/header-map.ts'
import { INLINE_REQUEST_HEADERS, INLINE_RESPONSE_HEADERS } from '../format/inline-headers.ts'

/** Hop-by-hop, or the proxy's to set. */
export const DROP = 1
/** Hop-by-hop, but part of an upgrade's handshake. */
export const DROP_UNLESS_UPGRADE = 2
/** Trusted only from inside the mesh's own proxies. */
export const DROP_FROM_EXTERNAL = 4
/** Trusted from everybody but clients at the edge. */
export const DROP_FROM_EDGE = 8
/** A value that is judged when all of the field is together. */
export const JUDGED = 16
/** Further values are joined to the first. The bits above are the number of the name among such names, 0 to 63. */
export const INLINE = 32
const SLOT_SHIFT = 6

export type HeaderRules = ReadonlyMap<string, number>

function rulesOf(
  inline: ReadonlySet<string>,
  others: readonly (readonly [bits: number, names: string])[],
): HeaderRules {
  const rules = new Map<string, number>()
  for (const name of inline) rules.set(name, INLINE | (rules.size << SLOT_SHIFT))
  for (const [bits, names] of others) {
    for (const name of names.split(/\s+/)) rules.set(name, (rules.get(name) ?? 0) | bits)
  }
  return rules
}

export const REQUEST_RULES = rulesOf(INLINE_REQUEST_HEADERS, [
  [DROP, 'keep-alive proxy-connection transfer-encoding x-envoy-internal'],
  [DROP_UNLESS_UPGRADE, 'connection upgrade'],
  [JUDGED, 'te referer'],
  [
    DROP_FROM_EXTERNAL,
    `x-envoy-retriable-status-codes x-envoy-retriable-header-names x-envoy-retry-on x-envoy-retry-grpc-on x-envoy-max-retries
    x-envoy-upstream-alt-stat-name x-envoy-upstream-rq-timeout-ms x-envoy-upstream-rq-per-try-timeout-ms
    x-envoy-upstream-rq-timeout-alt-response x-envoy-expected-rq-timeout-ms x-envoy-force-trace x-envoy-ip-tags
    x-envoy-original-url x-envoy-hedge-on-per-try-timeout x-envoy-upstream-stream-duration-ms`,
  ],
  [
    DROP_FROM_EDGE,
    `x-envoy-decorator-operation x-envoy-downstream-service-cluster x-envoy-downstream-service-node x-envoy-original-path
    x-envoy-original-host`,
  ],
])

export const RESPONSE_RULES = rulesOf(INLINE_RESPONSE_HEADERS, [
  [DROP, 'keep-alive proxy-connection transfer-encoding'],
  [DROP_UNLESS_UPGRADE, 'connection upgrade'],
])

/** Which inline names occurred. Shared: valid within one call of `applyRules`. */
let seenLow = 0
let seenHigh = 0

/**
 * Drops the fields whose rules have one of `dropped`'s bits, joins the values of inline ones, and returns the bits of all rules
 * that applied to what stays.
 */
export function applyRules(headers: HeaderMap, rules: HeaderRules, dropped: number): number {
  const { fields } = headers
  let to = 0
  let found = 0
  seenLow = 0
  seenHigh = 0
  for (let from = 0; from < fields.length; from += 2) {
    const name = fields[from]
    const rule = rules.get(name)
    if (rule !== undefined) {
      if ((rule & dropped) !== 0) continue
      found |= rule
      if ((rule & INLINE) !== 0 && wasSeen(rule >> SLOT_SHIFT)) {
        joinTo(fields, to, name, fields[from + 1])
        continue
      }
    }
    if (to !== from) {
      fields[to] = name
      fields[to + 1] = fields[from + 1]
    }
    to += 2
  }
  if (to !== fields.length) fields.length = to
  return found
}

function wasSeen(slot: number): boolean {
  const bit = 1 << (slot & 31)
  if (slot < 32) {
    const before = seenLow
    seenLow |= bit
    return (before & bit) !== 0
  }
  const before = seenHigh
  seenHigh |= bit
  return (before & bit) !== 0
}

/** An empty value adds nothing, not even a comma (Envoy: HeaderMapImpl::appendToHeader). */
function joinTo(fields: string[], end: number, name: string, value: string): void {
  for (let i = 0; i < end; i += 2) {
    if (fields[i] !== name) continue
    if (value !== '') fields[i + 1] = fields[i + 1] === '' ? value : `${fields[i + 1]},${value}`
    return
  }
}
