// When a failed attempt is tried again, as data and pure functions (envoy.config.route.v3.RetryPolicy). Nothing here acts.

import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'
import type { ResetReason } from '../../codec/http-stream.ts'
import type { ResetHeader } from './retry-backoff.ts'

/** Conditions of `retry_on`, one bit each. */
export const RETRY_ON = {
  '5xx': 1 << 0,
  'gateway-error': 1 << 1,
  'connect-failure': 1 << 2,
  'envoy-ratelimited': 1 << 3,
  'retriable-4xx': 1 << 4,
  'refused-stream': 1 << 5,
  'retriable-status-codes': 1 << 6,
  'retriable-headers': 1 << 7,
  reset: 1 << 8,
  'reset-before-request': 1 << 9,
  'http3-post-connect-failure': 1 << 10,
  cancelled: 1 << 11,
  'deadline-exceeded': 1 << 12,
  'resource-exhausted': 1 << 13,
  internal: 1 << 14,
  unavailable: 1 << 15,
} as const

export interface RetryPolicy {
  /** Bits of RETRY_ON. */
  readonly retryOn: number
  readonly numRetries: number
  /** 0: none. */
  readonly perTryTimeoutMs: number
  readonly perTryIdleTimeoutMs: number
  readonly retriableStatusCodes: readonly number[]
  /** Undefined: every request may be tried again. */
  readonly retriableRequest: ((headers: HeaderMap) => boolean) | undefined
  /** For `retriable-headers`; undefined: no response. */
  readonly retriableResponse: ((headers: HeaderMap) => boolean) | undefined
  /** Host predicates, asked for retries only. */
  readonly avoidPreviousHosts: boolean
  readonly avoidCanaryHosts: boolean
  /** Picks beyond the first when a predicate refuses a host. */
  readonly hostSelectionMaxAttempts: number
  readonly baseIntervalMs: number
  readonly maxIntervalMs: number
  /** Headers of the response that may ask for a longer wait, and the longest that is granted. */
  readonly resetHeaders: readonly ResetHeader[]
  readonly maxResetIntervalMs: number
}

/** Unknown words are ignored, as Envoy does. */
export function parseRetryOn(text: string): number {
  let bits = 0
  for (const word of text.split(',')) bits |= (RETRY_ON as Record<string, number>)[word.trim()] ?? 0
  return bits
}

/** Whether every word is a condition, of `x-envoy-retry-on` or of `x-envoy-retry-grpc-on`. */
export function isRetryOn(text: string, kind: 'http' | 'grpc'): boolean {
  return text.split(',').every((part) => {
    const bit = (RETRY_ON as Record<string, number | undefined>)[part.trim()]
    return part.trim() === '' || (bit !== undefined && ((bit & ANY_GRPC) !== 0) === (kind === 'grpc'))
  })
}

/** Policy of a request whose route has none, for what the request itself asks. */
export const NO_POLICY: RetryPolicy = {
  retryOn: 0,
  numRetries: 1,
  perTryTimeoutMs: 0,
  perTryIdleTimeoutMs: 0,
  retriableStatusCodes: [],
  retriableRequest: undefined,
  retriableResponse: undefined,
  avoidPreviousHosts: false,
  avoidCanaryHosts: false,
  hostSelectionMaxAttempts: 1,
  baseIntervalMs: 25,
  maxIntervalMs: 250,
  resetHeaders: [],
  maxResetIntervalMs: 0,
}

const CONSUMED = [
  'x-envoy-max-retries',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
]

/**
 * The route's policy with what the request's own headers add to it, which end here; those of strangers were removed before.
 * Undefined: nothing is retried. Envoy: RetryStateImpl::create.
 */
export function takeRetryPolicy(route: RetryPolicy | undefined, headers: RequestHeaderMap): RetryPolicy | undefined {
  const merged = asksForRetries(headers.fields) ? mergeRetryHeaders(route, headers) : route
  if (merged === undefined || merged.retryOn === 0) return undefined
  return merged.retriableRequest === undefined || merged.retriableRequest(headers) ? merged : undefined
}

function asksForRetries(fields: readonly string[]): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]
    if (name.startsWith('x-envoy-ret') || name === 'x-envoy-max-retries') return true
  }
  return false
}

function mergeRetryHeaders(route: RetryPolicy | undefined, headers: RequestHeaderMap): RetryPolicy {
  const [retries, retryOn, grpcOn, codes, names] = CONSUMED.map((name) => headers.get(name) ?? '')
  for (const name of CONSUMED) headers.delete(name)
  const base = route ?? NO_POLICY
  return {
    ...base,
    retryOn: base.retryOn | (parseRetryOn(retryOn) & ~ANY_GRPC) | (parseRetryOn(grpcOn) & ANY_GRPC),
    numRetries: parseInteger(retries) ?? base.numRetries,
    retriableStatusCodes: [...base.retriableStatusCodes, ...parseIntegers(codes)],
    retriableResponse: mergeHeaderNames(base.retriableResponse, names),
  }
}

function mergeHeaderNames(base: RetryPolicy['retriableResponse'], names: string): RetryPolicy['retriableResponse'] {
  const added = names.split(',').flatMap((name) => (name.trim() === '' ? [] : name.trim().toLowerCase()))
  if (added.length === 0) return base
  return (response) => base?.(response) === true || added.some((name) => response.has(name))
}

function parseInteger(text: string): number | undefined {
  return /^ *\d{1,9} *$/.test(text) ? Number(text) : undefined
}

function parseIntegers(text: string): number[] {
  return text.split(',').flatMap((part) => parseInteger(part) ?? [])
}

const GRPC_CONDITIONS: ReadonlyMap<string, number> = new Map([
  ['1', RETRY_ON.cancelled],
  ['4', RETRY_ON['deadline-exceeded']],
  ['8', RETRY_ON['resource-exhausted']],
  ['13', RETRY_ON.internal],
  ['14', RETRY_ON.unavailable],
])

const ANY_GRPC = [...GRPC_CONDITIONS.values()].reduce((all, bit) => all | bit, 0)

/** Does the policy want another attempt after these response headers? */
export function retriesResponse(policy: RetryPolicy, headers: ResponseHeaderMap): boolean {
  const { retryOn } = policy
  const { status } = headers
  if (headers.has('x-envoy-ratelimited')) return (retryOn & RETRY_ON['envoy-ratelimited']) !== 0
  if ((retryOn & RETRY_ON['5xx']) !== 0 && status >= 500 && status < 600) return true
  if ((retryOn & RETRY_ON['gateway-error']) !== 0 && status >= 502 && status <= 504) return true
  if ((retryOn & RETRY_ON['retriable-4xx']) !== 0 && status === 409) return true
  if ((retryOn & RETRY_ON['retriable-status-codes']) !== 0 && policy.retriableStatusCodes.includes(status)) return true
  if ((retryOn & RETRY_ON['retriable-headers']) !== 0 && policy.retriableResponse?.(headers) === true) return true
  const grpcStatus = headers.get('grpc-status')
  return grpcStatus !== undefined && (retryOn & (GRPC_CONDITIONS.get(grpcStatus) ?? 0)) !== 0
}

const ANY_RESET = RETRY_ON.reset | RETRY_ON['5xx'] | RETRY_ON['gateway-error']

/** Does the policy want another attempt after this reset? `sentBytes`: some attempt's request reached the wire. */
export function retriesReset(policy: RetryPolicy, reason: ResetReason, sentBytes: boolean): boolean {
  const { retryOn } = policy
  if (reason === 'overflow') return false
  if ((retryOn & RETRY_ON['reset-before-request']) !== 0 && !sentBytes) return true
  switch (reason) {
    case 'local connection failure':
    case 'remote connection failure':
    case 'connection timeout':
      return (retryOn & (ANY_RESET | RETRY_ON['connect-failure'])) !== 0
    case 'remote refused stream reset':
      return (retryOn & (ANY_RESET | RETRY_ON['refused-stream'])) !== 0
    default:
      return (retryOn & ANY_RESET) !== 0
  }
}
