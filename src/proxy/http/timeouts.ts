// The deadlines of one routed request, from its route and from the request headers that may change them.

import type { RequestHeaderMap } from '../../codec/header-map.ts'
import type { ClusterAction } from './route-config.ts'

/** Milliseconds; 0: none. */
export interface RequestTimeouts {
  readonly globalMs: number
  readonly perTryMs: number
  /** Without anything from the upstream. */
  readonly perTryIdleMs: number
  /** Of the upstream's stream; undefined: the cluster's limit. */
  readonly streamDurationMs: number | undefined
  /** At the per-try time-out the attempt goes on, and another starts beside it. */
  readonly hedges: boolean
  readonly answersTimeoutWith204: boolean
}

/** What of a request (an Exchange) its deadlines depend on. */
export interface TimedRequest {
  readonly requestHeaders: RequestHeaderMap
  readonly isGrpc: boolean
  readonly config: { readonly suppressEnvoyHeaders: boolean; readonly respectExpectedTimeout: boolean }
}

export type TimeoutSettings = Pick<
  ClusterAction,
  'timeoutMs' | 'maxGrpcTimeoutMs' | 'grpcTimeoutOffsetMs' | 'retryPolicy' | 'hedgesOnPerTryTimeout'
>

const NAMES = {
  global: 'x-envoy-upstream-rq-timeout-ms',
  perTry: 'x-envoy-upstream-rq-per-try-timeout-ms',
  expected: 'x-envoy-expected-rq-timeout-ms',
  streamDuration: 'x-envoy-upstream-stream-duration-ms',
  hedge: 'x-envoy-hedge-on-per-try-timeout',
  alternative: 'x-envoy-upstream-rq-timeout-alt-response',
}

/** Consumes the x-envoy-* headers that survived sanitising (Envoy: FilterUtility::finalTimeout, finalHedgingParams). */
export function requestTimeouts(request: TimedRequest, action: TimeoutSettings): RequestTimeouts {
  const { requestHeaders: headers, isGrpc, config } = request
  let globalMs = action.timeoutMs
  if (isGrpc && action.maxGrpcTimeoutMs !== undefined) globalMs = grpcTimeout(headers, action)
  let perTryMs = action.retryPolicy?.perTryTimeoutMs ?? 0
  let hedges = action.hedgesOnPerTryTimeout
  let streamDurationMs: number | undefined
  let answersTimeoutWith204 = false
  if (hasEnvoyHeader(headers.fields)) {
    globalMs = takeGlobalMs(headers, config.respectExpectedTimeout) ?? globalMs
    perTryMs = takeMs(headers, NAMES.perTry) ?? perTryMs
    streamDurationMs = takeMs(headers, NAMES.streamDuration)
    hedges = takeBoolean(headers, NAMES.hedge) ?? hedges
    answersTimeoutWith204 = headers.delete(NAMES.alternative)
  }
  if (globalMs !== 0 && perTryMs >= globalMs) perTryMs = 0
  const perTryIdleMs = action.retryPolicy?.perTryIdleTimeoutMs ?? 0
  return { globalMs, perTryMs, perTryIdleMs, streamDurationMs, hedges, answersTimeoutWith204 }
}

/** Does anything speak to the router at all? */
export function hasEnvoyHeader(fields: readonly string[]): boolean {
  for (let i = 0; i < fields.length; i += 2) if (fields[i].startsWith('x-envoy-')) return true
  return false
}

/** What a proxy before this one expects of the upstream goes before what the client asks, and is passed on, where respected. */
function takeGlobalMs(headers: RequestHeaderMap, respectsExpected: boolean): number | undefined {
  const expected = respectsExpected ? headers.get(NAMES.expected) : undefined
  return expected === undefined ? takeMs(headers, NAMES.global) : parseMs(expected)
}

/** Tells the upstream how long it has. `elapsedMs`: since the request was received, 0 before. Envoy: setTimeoutHeaders. */
export function setTimeoutHeaders(
  request: TimedRequest,
  action: TimeoutSettings,
  timeouts: RequestTimeouts,
  elapsedMs: number,
): void {
  const { globalMs, perTryMs, hedges } = timeouts
  let expectedMs = perTryMs > 0 && !hedges ? perTryMs : globalMs
  if (expectedMs <= 0) return
  // 0 would mean no limit; the timer that is due will have its say.
  if (globalMs > 0) expectedMs = Math.max(1, Math.min(expectedMs, globalMs - Math.floor(elapsedMs)))
  const { requestHeaders: headers, config, isGrpc } = request
  if (!config.suppressEnvoyHeaders) headers.set(NAMES.expected, String(expectedMs))
  if (isGrpc && action.maxGrpcTimeoutMs !== undefined) headers.set('grpc-timeout', grpcTimeoutText(expectedMs))
}

/** The largest unit whose count has at most 8 digits, as Envoy picks it. */
export function grpcTimeoutText(timeoutMs: number): string {
  if (timeoutMs < 100_000_000) return `${timeoutMs}m`
  if (timeoutMs < 100_000_000_000) return `${Math.floor(timeoutMs / 1000)}S`
  return `${Math.floor(timeoutMs / 60_000)}M`
}

function takeMs(headers: RequestHeaderMap, name: string): number | undefined {
  const text = headers.get(name)
  if (text === undefined) return undefined
  headers.delete(name)
  return parseMs(text)
}

function parseMs(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function takeBoolean(headers: RequestHeaderMap, name: string): boolean | undefined {
  const text = headers.get(name)
  if (text === undefined) return undefined
  headers.delete(name)
  return text === 'true' || text === 'false' ? text === 'true' : undefined
}

/** The client's grpc-timeout, capped; without one the cap. 0 as cap means none. */
function grpcTimeout(headers: RequestHeaderMap, action: TimeoutSettings): number {
  const capMs = action.maxGrpcTimeoutMs as number
  const asked = parseGrpcTimeout(headers.get('grpc-timeout'))
  if (asked === undefined) return capMs
  let timeoutMs = asked
  if (action.grpcTimeoutOffsetMs > 0 && timeoutMs > action.grpcTimeoutOffsetMs) timeoutMs -= action.grpcTimeoutOffsetMs
  return capMs !== 0 && (timeoutMs > capMs || timeoutMs === 0) ? capMs : timeoutMs
}

const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 }

/** Milliseconds, rounded up; undefined when absent or malformed (gRPC over HTTP/2: Timeout, at most 8 digits). */
export function parseGrpcTimeout(text: string | undefined): number | undefined {
  const match = text === undefined ? null : /^(\d{1,8}) *([HMSmun])$/.exec(text)
  return match === null ? undefined : Math.ceil(Number(match[1]) * UNIT_MS[match[2]])
}
