// One match of a VirtualService -> Envoy's RouteMatch.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type {
  HeaderMatcherSchema,
  QueryParameterMatcherSchema,
  RouteMatchSchema,
} from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { StringMatcherSchema } from '../../envoy/generated/envoy/type/matcher/v3/string_pb.js'
import { compileRegex } from '../../lib/linear-regex.ts'
import { Problems } from '../../lib/problems.ts'
import type { FieldPath } from '../../resources/field-path.ts'
import type { StringMatch, VirtualHttpMatch } from '../../resources/virtual-service.ts'
import type { Refuse } from '../routes/header-modifier.ts'

type RouteMatchInit = MessageInitShape<typeof RouteMatchSchema>
type HeaderMatcherInit = MessageInitShape<typeof HeaderMatcherSchema>
type QueryMatcherInit = MessageInitShape<typeof QueryParameterMatcherSchema>
type StringMatcherInit = MessageInitShape<typeof StringMatcherSchema>

/** Without a match, every request. */
export function virtualMatch(match: VirtualHttpMatch | undefined, path: FieldPath, refuse: Refuse): RouteMatchInit {
  if (match === undefined) return { pathSpecifier: { case: 'prefix', value: '/' } }
  return {
    pathSpecifier: pathSpecifier(match.uri, [...path, 'uri'], refuse),
    caseSensitive: match.ignoreUriCase !== true,
    headers: [
      ...headerMatchers(match.headers, [...path, 'headers'], refuse),
      ...headerMatchers(match.withoutHeaders, [...path, 'withoutHeaders'], refuse).map(inverted),
      ...pseudoMatcher(':method', match.method, [...path, 'method'], refuse),
      ...pseudoMatcher(':authority', match.authority, [...path, 'authority'], refuse),
      ...pseudoMatcher(':scheme', match.scheme, [...path, 'scheme'], refuse),
    ],
    queryParameters: queryMatchers(match.queryParams, [...path, 'queryParams'], refuse),
  }
}

/** The path of a match in a name for people. */
export function pathText(uri: StringMatch | undefined): string {
  if (uri?.exact !== undefined) return uri.exact
  if (uri?.regex !== undefined) return uri.regex
  return `${uri?.prefix ?? '/'}*`
}

function pathSpecifier(uri: StringMatch | undefined, path: FieldPath, refuse: Refuse): RouteMatchInit['pathSpecifier'] {
  if (uri?.exact !== undefined) return { case: 'path', value: uri.exact }
  if (uri?.regex === undefined) return { case: 'prefix', value: uri?.prefix ?? '/' }
  checkRegex(uri.regex, [...path, 'regex'], refuse)
  return { case: 'safeRegex', value: { regex: uri.regex } }
}

function headerMatchers(
  matches: Readonly<Record<string, StringMatch>> | undefined,
  path: FieldPath,
  refuse: Refuse,
): HeaderMatcherInit[] {
  return byName(matches).map(([name, match]) => {
    if (name.startsWith('@')) {
      refuse(
        [...path, name],
        'matching on claims of a token is not carried out',
        'remove it; until then it never matches',
      )
    }
    return headerMatcher(name, match, [...path, name], refuse)
  })
}

function headerMatcher(name: string, match: StringMatch, path: FieldPath, refuse: Refuse): HeaderMatcherInit {
  const value = stringMatcher(match, path, refuse)
  return value === undefined
    ? { name, headerMatchSpecifier: { case: 'presentMatch', value: true } }
    : { name, headerMatchSpecifier: { case: 'stringMatch', value } }
}

/** A header that is missing is not the one that was excluded. */
function inverted(matcher: HeaderMatcherInit): HeaderMatcherInit {
  const isPresence = matcher.headerMatchSpecifier?.case === 'presentMatch'
  return { ...matcher, invertMatch: true, ...(isPresence ? {} : { treatMissingHeaderAsEmpty: true }) }
}

function pseudoMatcher(
  name: string,
  match: StringMatch | undefined,
  path: FieldPath,
  refuse: Refuse,
): HeaderMatcherInit[] {
  return match === undefined ? [] : [headerMatcher(name, match, path, refuse)]
}

function queryMatchers(
  matches: Readonly<Record<string, StringMatch>> | undefined,
  path: FieldPath,
  refuse: Refuse,
): QueryMatcherInit[] {
  return byName(matches).map(([name, match]) => {
    const value = stringMatcher(match, [...path, name], refuse)
    return value === undefined
      ? { name, queryParameterMatchSpecifier: { case: 'presentMatch', value: true } }
      : { name, queryParameterMatchSpecifier: { case: 'stringMatch', value } }
  })
}

function byName(matches: Readonly<Record<string, StringMatch>> | undefined): [string, StringMatch][] {
  return Object.entries(matches ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Undefined: any value will do. */
function stringMatcher(match: StringMatch, path: FieldPath, refuse: Refuse): StringMatcherInit | undefined {
  if (match.exact !== undefined) return { matchPattern: { case: 'exact', value: match.exact } }
  if (match.prefix !== undefined) return { matchPattern: { case: 'prefix', value: match.prefix } }
  if (match.regex === undefined) return undefined
  checkRegex(match.regex, [...path, 'regex'], refuse)
  return { matchPattern: { case: 'safeRegex', value: { regex: match.regex } } }
}

function checkRegex(regex: string, path: FieldPath, refuse: Refuse): void {
  const problems = new Problems()
  compileRegex(regex, problems)
  for (const { message } of problems.list) refuse(path, message)
}
