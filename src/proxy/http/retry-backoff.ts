// How long to wait before a request is tried again (envoy.config.route.v3.RetryPolicy: retry_back_off,
// rate_limited_retry_back_off), as pure functions.

import type { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { Random } from '../../lib/random.ts'
import type { RetryPolicy } from './retry-policy.ts'

/** A response header that says when to come back. */
export interface ResetHeader {
  /** Lower-case. */
  readonly name: string
  /** Seconds from now, or of the Unix epoch. */
  readonly format: 'seconds' | 'unixTimestamp'
}

/** Upper bound of the wait before retry number `retry` (1-based): a uniform integer below it is waited. */
export function backoffBoundMs(policy: RetryPolicy, retry: number): number {
  return Math.min(policy.baseIntervalMs * 2 ** (retry - 1), policy.maxIntervalMs)
}

/**
 * What the response asks for, by the first of the policy's headers that says so in time; 0 when none does. Longer waits than
 * the policy allows, and those that are over, count as not asked for.
 */
export function askedBackoffMs(policy: RetryPolicy, headers: ResponseHeaderMap, epochMs: number): number {
  const { resetHeaders, maxResetIntervalMs } = policy
  for (let i = 0; i < resetHeaders.length; i++) {
    const { name, format } = resetHeaders[i]
    const seconds = parseSeconds(headers.get(name))
    if (seconds < 0) continue
    const askedMs = (format === 'seconds' ? seconds : seconds - Math.floor(epochMs / 1000)) * 1000
    if (askedMs > 0 && askedMs <= maxResetIntervalMs) return askedMs
  }
  return 0
}

/** At least what was asked for, and up to half as much again, so that not all come back at once. */
export function jitteredAbove(askedMs: number, random: Random): number {
  return askedMs + random.below(Math.floor(askedMs / 2))
}

/** -1 for what is no number of seconds. */
function parseSeconds(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text.trim()) ? Number(text) : -1
}
