// JwtAuthentication of envoy.extensions.filters.http.jwt_authn.v3: rules, requirements and providers as runtime values.

import { RequestHeaderMap } from '../../../codec/header-map.ts'
import type {
  JwtAuthentication,
  JwtProvider as ProviderMessage,
  RequirementRule,
} from '../../../envoy/generated/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import type { Random } from '../../../lib/random.ts'
import type { FilterDeps } from '../../http/filter.ts'
import { compileRouteMatch, matchesRoute } from '../../matching/route-match.ts'
import type { RoutePredicate } from '../../matching/route-match.ts'
import { compileProvider } from '../../policy/jwt/compile-provider.ts'
import type { RemoteSource } from '../../policy/jwt/compile-provider.ts'
import { compileRequirement } from '../../policy/jwt/compile-requirement.ts'
import type { CompiledProvider, RequirementContext } from '../../policy/jwt/compile-requirement.ts'
import { RemoteKeys } from '../../policy/jwt/provider-keys.ts'
import type { ProviderKeys } from '../../policy/jwt/provider-keys.ts'
import type { Requirement } from '../../policy/jwt/requirement.ts'
import { VerifiedTokens } from '../../policy/jwt/verified-tokens.ts'
import type { Counter } from '../../stream/stats.ts'
import type { StreamInfo } from '../../stream/stream-info.ts'

export interface JwtAuthnStats {
  readonly allowed: Counter
  readonly denied: Counter
  readonly corsPreflightBypassed: Counter
}

export interface JwtAuthn {
  readonly stats: JwtAuthnStats
  readonly bypassesCorsPreflight: boolean
  readonly stripsFailureResponse: boolean
  /** requirement_map. */
  readonly named: ReadonlyMap<string, Requirement>
  /** Sorted, for the message about a name that is not among them. */
  readonly names: string
  /** Undefined: nothing is required. */
  requirementFor(info: StreamInfo): Requirement | undefined
  /** Wall clock. */
  nowMs(): number
  start(): void
  stop(): void
}

/** Of StreamPredicate's random. */
const RANDOM_LIMIT = 2 ** 32
const DEFAULT_MAX_TOKENS = 1000
const DEFAULT_MAX_TOKEN_LENGTH = 4096
/** Sets have a handful of keys of less than a kilobyte each. */
const MAX_JWKS_BYTES = 1024 * 1024

export function compileJwtAuthn(message: JwtAuthentication, deps: FilterDeps, problems: Problems): JwtAuthn {
  const prefix = `http.${deps.statPrefix}.jwt_authn.${message.statPrefix === '' ? '' : `${message.statPrefix}.`}`
  const counter = (name: string): Counter => deps.stats.counter(prefix + name)
  const stats = {
    allowed: counter('allowed'),
    denied: counter('denied'),
    corsPreflightBypassed: counter('cors_preflight_bypassed'),
  }
  const fetchStats = { success: counter('jwks_fetch_success'), failed: counter('jwks_fetch_failed') }
  const createRemoteKeys = (source: RemoteSource): ProviderKeys => remoteKeys(source, deps, fetchStats)
  const compiled = new Map<string, CompiledProvider>()
  for (const [name, provider] of Object.entries(message.providers)) {
    const at = problems.at('providers').key(name)
    compiled.set(name, { provider: compileProvider(name, provider, createRemoteKeys, at), message: provider })
  }
  const verified = new VerifiedTokens(
    cacheConfig(Object.values(message.providers)),
    counter('jwt_cache_hit'),
    counter('jwt_cache_miss'),
  )
  const context: RequirementContext = { compiled, providers: providerSet(compiled, verified) }
  const named = new Map<string, Requirement>()
  for (const [name, requirement] of Object.entries(message.requirementMap)) {
    named.set(name, compileRequirement(requirement, context, problems.at('requirement_map').key(name)))
  }
  const all = [...compiled.values()]
  return {
    stats,
    bypassesCorsPreflight: message.bypassCorsPreflight,
    stripsFailureResponse: message.stripFailureResponse,
    named,
    names: [...named.keys()].sort().join(','),
    requirementFor: compileChoice(message, context, named, deps.random, problems),
    nowMs: deps.formats.nowMs,
    start: () => all.forEach(({ provider }) => provider.keys.start()),
    stop: () => all.forEach(({ provider }) => provider.keys.stop()),
  }
}

interface Rule {
  readonly match: RoutePredicate
  readonly requirement: Requirement | undefined
}

/** The first rule that matches; else filter_state_rules. */
function compileChoice(
  message: JwtAuthentication,
  context: RequirementContext,
  named: ReadonlyMap<string, Requirement>,
  random: Random,
  problems: Problems,
): JwtAuthn['requirementFor'] {
  const rules = message.rules.map((rule, i) => compileRule(rule, context, named, problems.at('rules').at(i)))
  const stateName = message.filterStateRules?.name ?? ''
  const byState = new Map<string, Requirement>()
  for (const [value, requirement] of Object.entries(message.filterStateRules?.requires ?? {})) {
    const at = problems.at('filter_state_rules').at('requires').key(value)
    byState.set(value, compileRequirement(requirement, context, at))
  }
  return (info) => {
    for (const rule of rules) if (matchesRoute(rule.match, info, random.below(RANDOM_LIMIT))) return rule.requirement
    return stateName === '' ? undefined : byState.get(info.filterState.get(stateName) ?? '')
  }
}

function compileRule(
  rule: RequirementRule,
  context: RequirementContext,
  named: ReadonlyMap<string, Requirement>,
  problems: Problems,
): Rule {
  if (rule.match === undefined) problems.at('match').add('a rule needs a match')
  const match = compileRouteMatch(rule.match!, problems.at('match'))
  const { requirementType: type } = rule
  if (type.case === 'requires') {
    return { match, requirement: compileRequirement(type.value, context, problems.at('requires')) }
  }
  if (type.case === undefined) return { match, requirement: undefined }
  const requirement = named.get(type.value)
  if (requirement === undefined) problems.at('requirement_name').add(`there is no requirement "${type.value}"`)
  return { match, requirement }
}

function providerSet(
  compiled: ReadonlyMap<string, CompiledProvider>,
  verified: VerifiedTokens,
): RequirementContext['providers'] {
  const byIssuer = new Map<string, CompiledProvider['provider']>()
  for (const { provider } of compiled.values())
    if (!byIssuer.has(provider.issuer)) byIssuer.set(provider.issuer, provider)
  const single = compiled.size === 1 ? [...compiled.values()][0].provider : undefined
  // A provider without an issuer takes the tokens of those that nobody names.
  return { verified, single, byIssuer: (issuer) => byIssuer.get(issuer) ?? byIssuer.get('') }
}

/** One cache for all providers of the filter, since a token is looked at before its provider is known. */
function cacheConfig(providers: readonly ProviderMessage[]): { maxTokens: number; maxTokenLength: number } {
  const configs = providers.flatMap(({ jwtCacheConfig }) => jwtCacheConfig ?? [])
  const sizes = configs.map(({ jwtCacheSize }) => jwtCacheSize)
  const lengths = configs.map(({ jwtMaxTokenSize }) => jwtMaxTokenSize)
  return {
    maxTokens: Math.max(DEFAULT_MAX_TOKENS, ...sizes),
    maxTokenLength: Math.max(DEFAULT_MAX_TOKEN_LENGTH, ...lengths),
  }
}

function remoteKeys(
  source: RemoteSource,
  deps: FilterDeps,
  stats: { readonly success: Counter; readonly failed: Counter },
): RemoteKeys {
  const { asyncClient, random } = deps
  const { dispatcher } = asyncClient
  const authority = /^https?:\/\/([^/?#]+)/.exec(source.uri)?.[1] ?? ''
  const path = source.uri.slice(source.uri.indexOf('://') + 3 + authority.length)
  const fetchJwks = (done: (body: Buffer | undefined) => void): void => {
    const headers = new RequestHeaderMap()
    headers.method = 'GET'
    headers.scheme = source.uri.startsWith('https') ? 'https' : 'http'
    headers.authority = authority
    headers.path = path.startsWith('/') ? path : `/${path}`
    // Envoy's word: some issuers refuse a request without one.
    headers.add('user-agent', 'Go-browser')
    const request = {
      cluster: source.cluster,
      headers,
      body: NO_BODY,
      timeoutMs: source.timeoutMs,
      maxBodyBytes: MAX_JWKS_BYTES,
      downstreamConnection: undefined,
      isHttp2: false,
      sendsInternal: true,
      sendsForwardedFor: true,
    }
    asyncClient.send(request, {
      onAsyncResponse: (response) => done(response.headers.status === 200 ? response.body : undefined),
      onAsyncFailure: () => done(undefined),
    })
  }
  return new RemoteKeys(fetchJwks, source.keys, {
    timers: dispatcher.timers,
    now: () => dispatcher.nowMs,
    random: (bound) => random.below(bound),
    onFetched: (succeeded) => (succeeded ? stats.success : stats.failed).add(1),
  })
}

const NO_BODY = Buffer.alloc(0)
