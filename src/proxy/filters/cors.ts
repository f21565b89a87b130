// envoy.filters.http.cors: answers preflight requests and tells browsers which origins may read a response (Fetch, 3.2).
// What may be is said by the policies of routes, field by field by the most specific level that has an opinion.

import type { RequestHeaderMap } from '../../codec/header-map.ts'
import { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { RuntimeFractionalPercent } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import { CorsPolicySchema, CorsSchema } from '../../envoy/generated/envoy/extensions/filters/http/cors/v3/cors_pb.js'
import type { CorsPolicy as CorsPolicyMessage } from '../../envoy/generated/envoy/extensions/filters/http/cors/v3/cors_pb.js'
import type { Problems } from '../../lib/problems.ts'
import type { Exchange } from '../http/exchange.ts'
import { CONTINUE } from '../http/filter.ts'
import type { FilterStatus, HttpFilter, HttpFilterFactory } from '../http/filter.ts'
import { compileFraction } from '../matching/route-match.ts'
import { compileStringMatcher } from '../matching/string-matcher.ts'
import type { StringTest } from '../matching/string-matcher.ts'
import type { Counter } from '../stream/stats.ts'

type Fraction = ReturnType<typeof compileFraction>

/** Undefined and '' leave a field to the levels around. */
interface CorsPolicy {
  /** Whether the policy applies, and whether it is counted where it does not; undefined is always and never. */
  readonly enabled: Fraction | undefined
  readonly watched: Fraction | undefined
  readonly allowsOrigin: StringTest | undefined
  readonly allowMethods: string
  readonly allowHeaders: string
  readonly exposeHeaders: string
  readonly maxAge: string
  readonly allowCredentials: boolean | undefined
  readonly allowPrivateNetwork: boolean | undefined
  readonly forwardsOtherPreflights: boolean | undefined
}

interface CorsStats {
  readonly originValid: Counter
  readonly originInvalid: Counter
}

export const cors: HttpFilterFactory<typeof CorsSchema, typeof CorsPolicySchema, CorsPolicy | undefined> = {
  name: 'envoy.filters.http.cors',
  config: CorsSchema,
  perRoute: CorsPolicySchema,
  compile(_message, deps): HttpFilter<CorsPolicy | undefined> {
    const prefix = `http.${deps.statPrefix}.cors.`
    const stats: CorsStats = {
      originValid: deps.stats.counter(`${prefix}origin_valid`),
      originInvalid: deps.stats.counter(`${prefix}origin_invalid`),
    }
    return {
      runtime: undefined,
      actsByRouteOnly: true,
      onRequest: (exchange, headers, _endStream, policy, slot) =>
        policy === undefined ? CONTINUE : judgeRequest(exchange, headers, policy, slot, stats),
      onResponse(exchange, headers, _endStream, policy, slot) {
        const origin = exchange.slots[slot] as string | undefined
        if (policy !== undefined && origin !== undefined) allowReading(headers, policy, origin)
      },
    }
  },
  compilePerRoute: (message, _deps, problems) => ({ disabled: false, runtime: compilePolicy(message, problems) }),
  combine: (outer, inner) => (outer === undefined || inner === undefined ? inner : under(inner, outer)),
}

function compilePolicy(message: CorsPolicyMessage, problems: Problems): CorsPolicy {
  return {
    enabled: compileChance(message.filterEnabled),
    watched: compileChance(message.shadowEnabled),
    allowsOrigin: compileOrigins(message, problems.at('allow_origin_string_match')),
    allowMethods: message.allowMethods,
    allowHeaders: message.allowHeaders,
    exposeHeaders: message.exposeHeaders,
    maxAge: message.maxAge,
    allowCredentials: message.allowCredentials,
    allowPrivateNetwork: message.allowPrivateNetworkAccess,
    forwardsOtherPreflights: message.forwardNotMatchingPreflights,
  }
}

function compileChance(message: RuntimeFractionalPercent | undefined): Fraction | undefined {
  return message?.defaultValue === undefined ? undefined : compileFraction(message.defaultValue)
}

function compileOrigins(message: CorsPolicyMessage, problems: Problems): StringTest | undefined {
  const tests = message.allowOriginStringMatch.map((one, i) => compileStringMatcher(one, 'wire', problems.at(i)))
  if (tests.length === 0) return undefined
  // A matcher that accepts the text `*` is meant for every origin (Envoy: CorsFilter::isOriginAllowed).
  if (tests.some((test) => test('*'))) return () => true
  return (origin) => tests.some((test) => test(origin))
}

/** `inner`, with what it leaves open taken from `outer`; whether it applies at all is the inner one's to say. */
function under(inner: CorsPolicy, outer: CorsPolicy): CorsPolicy {
  return {
    enabled: inner.enabled,
    watched: inner.watched,
    allowsOrigin: inner.allowsOrigin ?? outer.allowsOrigin,
    allowMethods: inner.allowMethods || outer.allowMethods,
    allowHeaders: inner.allowHeaders || outer.allowHeaders,
    exposeHeaders: inner.exposeHeaders || outer.exposeHeaders,
    maxAge: inner.maxAge || outer.maxAge,
    allowCredentials: inner.allowCredentials ?? outer.allowCredentials,
    allowPrivateNetwork: inner.allowPrivateNetwork ?? outer.allowPrivateNetwork,
    forwardsOtherPreflights: inner.forwardsOtherPreflights ?? outer.forwardsOtherPreflights,
  }
}

/** Leaves the origin in the slot if responses may be read there. */
function judgeRequest(
  exchange: Exchange,
  headers: RequestHeaderMap,
  policy: CorsPolicy,
  slot: number,
  stats: CorsStats,
): FilterStatus {
  // Answers of the proxy's own, redirects included, are nobody's to share.
  if (exchange.route()?.action.kind !== 'cluster') return CONTINUE
  const isEnabled = policy.enabled === undefined || hits(policy.enabled, exchange)
  if (!isEnabled && (policy.watched === undefined || !hits(policy.watched, exchange))) return CONTINUE
  const origin = headers.get('origin')
  if (origin === undefined || origin === '') return CONTINUE
  const isAllowed = policy.allowsOrigin?.(origin) === true
  if (isAllowed) stats.originValid.add(1)
  else stats.originInvalid.add(1)
  if (!isEnabled) return CONTINUE
  if (isAllowed) exchange.slots[slot] = origin
  if (!isPreflight(headers) || (!isAllowed && policy.forwardsOtherPreflights !== false)) return CONTINUE
  return exchange.respond(preflightResponse(headers, policy, isAllowed ? origin : undefined), 'cors_response')
}

function hits(fraction: Fraction, exchange: Exchange): boolean {
  return fraction.test(exchange.info, exchange.manager.random.below(1_000_000))
}

function isPreflight(headers: RequestHeaderMap): boolean {
  return headers.method === 'OPTIONS' && (headers.get('access-control-request-method') ?? '') !== ''
}

function preflightResponse(
  request: RequestHeaderMap,
  policy: CorsPolicy,
  origin: string | undefined,
): ResponseHeaderMap {
  const headers = new ResponseHeaderMap()
  headers.status = 200
  if (origin !== undefined) headers.add('access-control-allow-origin', origin)
  if (policy.allowCredentials === true) headers.add('access-control-allow-credentials', 'true')
  addList(headers, 'access-control-allow-methods', policy.allowMethods, request, 'access-control-request-method')
  addList(headers, 'access-control-allow-headers', policy.allowHeaders, request, 'access-control-request-headers')
  if (policy.maxAge !== '') headers.add('access-control-max-age', policy.maxAge)
  const wantsPrivate = request.get('access-control-request-private-network') === 'true'
  if (wantsPrivate && policy.allowPrivateNetwork === true) headers.add('access-control-allow-private-network', 'true')
  return headers
}

/** `*` allows what is asked for: the header itself has no such word for requests with credentials. */
function addList(
  headers: ResponseHeaderMap,
  name: string,
  allowed: string,
  request: RequestHeaderMap,
  asked: string,
): void {
  if (allowed === '') return
  headers.add(name, allowed === '*' ? (request.get(asked) ?? '') : allowed)
}

function allowReading(headers: ResponseHeaderMap, policy: CorsPolicy, origin: string): void {
  headers.set('access-control-allow-origin', origin)
  if (policy.allowCredentials === true) headers.set('access-control-allow-credentials', 'true')
  if (policy.exposeHeaders !== '') headers.set('access-control-expose-headers', policy.exposeHeaders)
}
