// One match of an HTTPRoute -> Envoy's RouteMatch, and its rank among all matches of a Service.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type {
  HeaderMatcherSchema,
  QueryParameterMatcherSchema,
  RouteMatchSchema,
} from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { StringMatcherSchema } from '../../envoy/generated/envoy/type/matcher/v3/string_pb.js'
import type { FieldPath } from '../../resources/field-path.ts'
import type { HttpRouteMatch, NamedMatch } from '../../resources/gateway-api.ts'
import { compileRegex } from '../../lib/linear-regex.ts'
import { Problems } from '../../lib/problems.ts'
import type { Refuse } from './header-modifier.ts'
import { withoutTrailingSlash } from './path-modifier.ts'

export type RouteMatchInit = MessageInitShape<typeof RouteMatchSchema>
type HeaderMatcherInit = MessageInitShape<typeof HeaderMatcherSchema>
type QueryMatcherInit = MessageInitShape<typeof QueryParameterMatcherSchema>
type StringMatcherInit = MessageInitShape<typeof StringMatcherSchema>

/** One match of a route, ready to be put in order among others. */
export interface CompiledMatch {
  readonly match: RouteMatchInit
  readonly rank: MatchRank
  /** Whether every request matches. */
  readonly matchesAll: boolean
  /** The path as the name of a span shows it. */
  readonly operationPath: string
}

export function compileHttpMatch(match: HttpRouteMatch, path: FieldPath, refuse: Refuse): CompiledMatch {
  const { type, value = '/' } = match.path ?? {}
  return {
    match: routeMatch(match, path, refuse),
    rank: matchRank(match),
    matchesAll: matchesAll(match),
    operationPath: type === 'Exact' || type === 'RegularExpression' ? value : '/*',
  }
}

function routeMatch(match: HttpRouteMatch, path: FieldPath, refuse: Refuse): RouteMatchInit {
  const queryParameters = firstOfName(match.queryParams ?? [], (name) => name).map(([item, index]) => ({
    name: item.name,
    queryParameterMatchSpecifier: {
      case: 'stringMatch' as const,
      value: stringMatch(item, [...path, 'queryParams', index, 'value'], refuse),
    },
  }))
  return {
    pathSpecifier: pathSpecifier(match, path, refuse),
    caseSensitive: true,
    headers: [...headerMatchers(match.headers ?? [], path, refuse), ...methodMatch(match.method)],
    queryParameters: byName(queryParameters) satisfies QueryMatcherInit[],
  }
}

/** `path` is that of the match. */
export function headerMatchers(headers: readonly NamedMatch[], path: FieldPath, refuse: Refuse): HeaderMatcherInit[] {
  const matchers = firstOfName(headers, (name) => name.toLowerCase()).map(([item, index]) => ({
    name: headerName(item.name),
    headerMatchSpecifier: {
      case: 'stringMatch' as const,
      value: stringMatch(item, [...path, 'headers', index, 'value'], refuse),
    },
  }))
  return byName(matchers)
}

/** Istio's order: what is compared is the same in any. */
function byName<T extends { name: string }>(items: T[]): T[] {
  return items.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

function pathSpecifier(match: HttpRouteMatch, path: FieldPath, refuse: Refuse): RouteMatchInit['pathSpecifier'] {
  const { type = 'PathPrefix', value = '/' } = match.path ?? {}
  if (type === 'Exact') return { case: 'path', value }
  if (type === 'RegularExpression') {
    checkRegex(value, [...path, 'path', 'value'], refuse)
    return { case: 'safeRegex', value: { regex: value } }
  }
  const prefix = withoutTrailingSlash(value)
  return prefix === '' ? { case: 'prefix', value: '/' } : { case: 'pathSeparatedPrefix', value: prefix }
}

/** Of equivalent names only the first counts (HTTPHeaderMatch.name, HTTPQueryParamMatch.name). */
function firstOfName(items: readonly NamedMatch[], keyOf: (name: string) => string): [NamedMatch, number][] {
  const seen = new Set<string>()
  return [...items.entries()].flatMap(([index, item]): [NamedMatch, number][] => {
    const key = keyOf(item.name)
    if (seen.has(key)) return []
    seen.add(key)
    return [[item, index]]
  })
}

function headerName(name: string): string {
  return name.toLowerCase() === 'host' ? ':authority' : name
}

function methodMatch(method: string | undefined): HeaderMatcherInit[] {
  if (method === undefined) return []
  const value: StringMatcherInit = { matchPattern: { case: 'exact', value: method } }
  return [{ name: ':method', headerMatchSpecifier: { case: 'stringMatch', value } }]
}

function stringMatch({ type, value }: NamedMatch, path: FieldPath, refuse: Refuse): StringMatcherInit {
  if (type !== 'RegularExpression') return { matchPattern: { case: 'exact', value } }
  checkRegex(value, path, refuse)
  return { matchPattern: { case: 'safeRegex', value: { regex: value } } }
}

export function checkRegex(regex: string, path: FieldPath, refuse: Refuse): void {
  const problems = new Problems()
  compileRegex(regex, problems)
  for (const { message } of problems.list) refuse(path, message)
}

/** What decides first stands first; more wins. Matches of two kinds of routes never meet. */
export type MatchRank = readonly number[]

/**
 * Exact before prefixes before regular expressions, whose place the specification leaves open: as Istio has it. See the
 * specification of HTTPRouteRule.matches.
 */
const pathTypes = { Exact: 2, PathPrefix: 1, RegularExpression: 0 }

function matchRank(match: HttpRouteMatch): MatchRank {
  const { type = 'PathPrefix', value = '/' } = match.path ?? {}
  const { method, headers = [], queryParams = [] } = match
  return [pathTypes[type], value.length, Number(method !== undefined), headers.length, queryParams.length]
}

/** Negative if `a` is tried first. Zero leaves it to the age of the route, its name and the place of the rule. */
export function compareRank(a: MatchRank, b: MatchRank): number {
  for (const [index, value] of a.entries()) if (value !== b[index]) return b[index] - value
  return 0
}

function matchesAll(match: HttpRouteMatch): boolean {
  const { type = 'PathPrefix', value = '/' } = match.path ?? {}
  const { method, headers = [], queryParams = [] } = match
  return type === 'PathPrefix' && value.length <= 1 && method === undefined && headers.length + queryParams.length === 0
}
