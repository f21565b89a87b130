// RouteMatch of envoy.config.route.v3, compiled: what the path must be, and what else must hold. Which route is first among
// many is the business of RouteTable.

import type { FractionalPercent } from '../../envoy/generated/envoy/type/v3/percent_pb.js'
import { FractionalPercent_DenominatorType as Denominator } from '../../envoy/generated/envoy/type/v3/percent_pb.js'
import type { UriTemplateMatchConfig } from '../../envoy/generated/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb.js'
import { UriTemplateMatchConfigSchema } from '../../envoy/generated/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb.js'
import type { RouteMatch } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { TypedExtensionConfig } from '../../envoy/generated/envoy/config/core/v3/extension_pb.js'
import { unpackAny } from '../../envoy/any.ts'
import { compileRegex } from '../../lib/linear-regex.ts'
import type { Problems } from '../../lib/problems.ts'
import { asciiLower, toWireText } from '../../lib/wire-text.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { compileFilterStateMatcher } from './filter-state-matcher.ts'
import { compileHeaderMatcher } from './header-matcher.ts'
import { compileQueryParameterMatcher } from './query-parameter-matcher.ts'
import { pathOnly } from './request-path.ts'
import { compileUriTemplate } from './uri-template.ts'
import type { UriTemplate } from './uri-template.ts'
import { compileMetadataMatcher } from './value-matcher.ts'

export type PathKind =
  'path' | 'prefix' | 'path_separated_prefix' | 'safe_regex' | 'path_match_policy' | 'connect_matcher'

/** A condition on a request besides its path. `random` is an integer of 0 to 2^32 - 1, drawn once per request. */
export interface StreamPredicate {
  /** In words, for traces. */
  readonly text: string
  readonly test: (info: StreamInfo, random: number) => boolean
}

export interface PathPredicate {
  readonly kind: PathKind
  /** The configured path, prefix, expression or template; '' for connect_matcher. */
  readonly text: string
  readonly caseSensitive: boolean
  /** What every matching path begins with (lower-case if case is ignored): the place in the table's tree. */
  readonly literalPrefix: string
  /** Whether a path without query matches that is already known to begin with `literalPrefix`; undefined: always. */
  readonly test: ((path: string) => boolean) | undefined
}

export interface RoutePredicate {
  readonly path: PathPredicate
  readonly predicates: readonly StreamPredicate[]
}

/** What is wrong is noted; the predicate then is of no use. */
export function compileRouteMatch(match: RouteMatch, problems: Problems): RoutePredicate {
  if (match.cookies.length > 0) problems.at('cookies').add('matching on cookies is not supported')
  return { path: compilePath(match, problems), predicates: compilePredicates(match, problems) }
}

/** For lists that are asked one by one; routes are asked by RouteTable. `random` as in StreamPredicate. */
export function matchesRoute(predicate: RoutePredicate, info: StreamInfo, random: number): boolean {
  if (!matchesPath(predicate.path, info)) return false
  for (const one of predicate.predicates) if (!one.test(info, random)) return false
  return true
}

/** The predicate that fails, in words, or undefined if the request matches. For traces; RouteTable asks the same tests. */
export function whyNotMatched(predicate: RoutePredicate, info: StreamInfo, random: number): string | undefined {
  const { path } = predicate
  if (!matchesPath(path, info))
    return path.kind === 'connect_matcher' ? 'method CONNECT' : `${path.kind} "${path.text}"`
  return predicate.predicates.find((one) => !one.test(info, random))?.text
}

/** The predicate in words: `prefix "/a", header x exact "1"`. */
export function describeRoutePredicate(predicate: RoutePredicate): string {
  const { kind, text } = predicate.path
  const path = kind === 'connect_matcher' ? 'method CONNECT' : `${kind} "${text}"`
  return [path, ...predicate.predicates.map((one) => one.text)].join(', ')
}

function matchesPath(path: PathPredicate, info: StreamInfo): boolean {
  const headers = info.requestHeaders!
  if (path.kind === 'connect_matcher') return headers.method === 'CONNECT'
  if (headers.path === undefined) return false
  const own = path.caseSensitive ? pathOnly(headers.path) : asciiLower(pathOnly(headers.path))
  if (path.kind === 'path') return own === path.literalPrefix
  return own.startsWith(path.literalPrefix) && (path.test === undefined || path.test(own))
}

function compilePath(match: RouteMatch, problems: Problems): PathPredicate {
  const specifier = match.pathSpecifier
  const caseSensitive = match.caseSensitive ?? true
  switch (specifier.case) {
    case 'path':
      return literalPath('path', specifier.value, caseSensitive, undefined)
    case 'prefix':
      return literalPath('prefix', specifier.value, caseSensitive, undefined)
    case 'pathSeparatedPrefix': {
      const prefix = specifier.value
      if (prefix.endsWith('/') || /[?#]/.test(prefix)) {
        problems.at('path_separated_prefix').add('it must not end with /, nor contain ? or #')
      }
      const { length } = toWireText(prefix)
      const test = (path: string): boolean => path.length === length || path.charCodeAt(length) === 47
      return literalPath('path_separated_prefix', prefix, caseSensitive, test)
    }
    case 'safeRegex': {
      const regex = compileRegex(specifier.value.regex, problems.at('safe_regex').at('regex'))
      const literalPrefix = regex?.literalPrefix ?? ''
      const test = (path: string): boolean => regex?.matches(path) ?? false
      return { kind: 'safe_regex', text: specifier.value.regex, caseSensitive: true, literalPrefix, test }
    }
    case 'pathMatchPolicy':
      return templatePath(specifier.value, problems.at('path_match_policy'))
    case 'connectMatcher':
      return { kind: 'connect_matcher', text: '', caseSensitive: true, literalPrefix: '', test: undefined }
    default:
      problems.add(
        'a route needs one of prefix, path, path_separated_prefix, safe_regex, connect_matcher and path_match_policy',
      )
      return literalPath('path', '', true, undefined)
  }
}

function literalPath(
  kind: PathKind,
  text: string,
  caseSensitive: boolean,
  test: ((path: string) => boolean) | undefined,
): PathPredicate {
  const wire = toWireText(text)
  return { kind, text, caseSensitive, literalPrefix: caseSensitive ? wire : asciiLower(wire), test }
}

function templatePath(extension: TypedExtensionConfig, problems: Problems): PathPredicate {
  const template = compileTemplateExtension(extension, problems)
  const { regex } = template ?? {}
  return {
    kind: 'path_match_policy',
    text: template?.text ?? '',
    caseSensitive: true,
    literalPrefix: template?.literalPrefix ?? '',
    test: (path) => regex?.matches(path) ?? false,
  }
}

/** The template of an extension `envoy.path.match.uri_template.uri_template_matcher`; other extensions are refused by name. */
export function compileTemplateExtension(
  extension: TypedExtensionConfig,
  problems: Problems,
): (UriTemplate & { readonly text: string }) | undefined {
  const unpacked = extension.typedConfig && unpackAny(extension.typedConfig)
  if (unpacked?.message === undefined || unpacked.typeName !== UriTemplateMatchConfigSchema.typeName) {
    problems.add(
      `the path matcher "${extension.name}" (${unpacked?.typeName ?? 'without configuration'}) is not supported`,
    )
    return undefined
  }
  const text = (unpacked.message as UriTemplateMatchConfig).pathTemplate
  const template = compileUriTemplate(text, problems.at('typed_config').at('path_template'))
  return template && { ...template, text }
}

function compilePredicates(match: RouteMatch, problems: Problems): StreamPredicate[] {
  const predicates: StreamPredicate[] = []
  for (const [i, matcher] of match.headers.entries()) {
    const { text, test } = compileHeaderMatcher(matcher, problems.at('headers').at(i))
    predicates.push({ text, test: (info) => test(info.requestHeaders!) })
  }
  for (const [i, matcher] of match.queryParameters.entries()) {
    const { text, test } = compileQueryParameterMatcher(matcher, problems.at('query_parameters').at(i))
    predicates.push({ text, test: (info) => test(info.requestHeaders!.path ?? '') })
  }
  for (const [i, matcher] of match.dynamicMetadata.entries()) {
    const { text, test } = compileMetadataMatcher(matcher, problems.at('dynamic_metadata').at(i))
    predicates.push({ text, test: (info) => test(info.dynamicMetadata) })
  }
  for (const [i, matcher] of match.filterState.entries()) {
    const { text, test } = compileFilterStateMatcher(matcher, problems.at('filter_state').at(i))
    predicates.push({ text, test: (info) => test(info.filterState) })
  }
  if (match.grpc !== undefined) predicates.push({ text: 'gRPC', test: isGrpc })
  const certificate = match.tlsContext && compileTlsContext(match.tlsContext, problems.at('tls_context'))
  if (certificate !== undefined) predicates.push(certificate)
  const fraction = match.runtimeFraction?.defaultValue
  if (fraction !== undefined) predicates.push(compileFraction(fraction))
  return predicates
}

function isGrpc(info: StreamInfo): boolean {
  const type = info.requestHeaders!.get('content-type')
  return type !== undefined && type.startsWith('application/grpc') && (type.length === 16 || type.charCodeAt(16) === 43)
}

function compileTlsContext(
  options: NonNullable<RouteMatch['tlsContext']>,
  problems: Problems,
): StreamPredicate | undefined {
  const { presented } = options
  if (options.validated !== undefined) {
    problems.at('validated').add('only presented is supported: here, what is presented is validated')
  }
  if (presented === undefined) return undefined
  return {
    text: `client certificate ${presented ? 'presented' : 'absent'}`,
    test: (info) => (info.connection.tls?.peer !== undefined) === presented,
  }
}

/** The default value of a runtime fraction; there is no runtime to override it. */
export function compileFraction(fraction: FractionalPercent): StreamPredicate {
  const { numerator } = fraction
  const denominator = percentDenominator(fraction)
  return { text: `${numerator} of ${denominator} requests`, test: (_, random) => random % denominator < numerator }
}

export function percentDenominator(fraction: FractionalPercent): number {
  return DENOMINATORS.get(fraction.denominator) ?? 100
}

const DENOMINATORS = new Map([
  [Denominator.HUNDRED, 100],
  [Denominator.TEN_THOUSAND, 10_000],
  [Denominator.MILLION, 1_000_000],
])
