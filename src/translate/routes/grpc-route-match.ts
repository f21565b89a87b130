// One match of a GRPCRoute -> Envoy's RouteMatch on the path `/service/method`, and its rank among all matches of a Service.

import type { FieldPath } from '../../resources/field-path.ts'
import type { GrpcMethodMatch, GrpcRouteMatch } from '../../resources/gateway-api.ts'
import type { Refuse } from './header-modifier.ts'
import { checkRegex, headerMatchers, type CompiledMatch, type RouteMatchInit } from './http-route-match.ts'

type PathSpecifier = RouteMatchInit['pathSpecifier']

export function compileGrpcMatch(match: GrpcRouteMatch, path: FieldPath, refuse: Refuse): CompiledMatch {
  const { service = '', method = '' } = match.method ?? {}
  const pathSpecifier = methodPath(match.method, [...path, 'method'], refuse)
  const headers = headerMatchers(match.headers ?? [], path, refuse)
  return {
    match: { pathSpecifier, caseSensitive: true, headers },
    // The specification of GRPCRouteRule.matches: characters of the service, of the method, then headers.
    rank: [service.length, method.length, headers.length],
    matchesAll: service === '' && method === '' && headers.length === 0,
    operationPath: operationPath(pathSpecifier),
  }
}

function methodPath(match: GrpcMethodMatch | undefined, path: FieldPath, refuse: Refuse): PathSpecifier {
  const { type = 'Exact', service = '', method = '' } = match ?? {}
  if (service === '' && method === '') return { case: 'prefix', value: '/' }
  if (type === 'Exact' && method === '') return { case: 'pathSeparatedPrefix', value: `/${service}` }
  if (type === 'Exact' && service !== '') return { case: 'path', value: `/${service}/${method}` }
  const regex = `/${alternative(service)}/${alternative(method)}`
  checkRegex(regex, path, refuse)
  return { case: 'safeRegex', value: { regex } }
}

/** One of the two may be left out; a `|` must not reach beyond its own half. */
function alternative(regex: string): string {
  if (regex === '') return '[^/]+'
  return regex.includes('|') ? `(?:${regex})` : regex
}

function operationPath(specifier: PathSpecifier): string {
  if (specifier?.case === 'path') return specifier.value
  return specifier?.case === 'safeRegex' ? (specifier.value.regex ?? '') : '/*'
}
