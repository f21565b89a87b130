// The rules that the CRD of HTTPRoute states in CEL, each with what to write instead.

import type { FieldPath } from '../field-path.ts'
import { parseGatewayDuration } from '../gateway-duration.ts'
import type {
  HttpPathModifier, HttpRoute, HttpRouteFilter, HttpRouteMatch, HttpRouteRule,
} from '../gateway-api.ts' // prettier-ignore
import type { Report } from '../schema.ts'
import { checkBackendPort, checkMatchCount, checkParentRefs, checkRuleNames } from './route.ts'

export function checkHttpRoute(route: HttpRoute, report: Report): void {
  checkParentRefs(route.spec.parentRefs ?? [], report)
  const rules = route.spec.rules ?? []
  checkMatchCount(rules, report)
  checkRuleNames(rules, report)
  for (const [index, rule] of rules.entries()) checkRule(rule, ['spec', 'rules', index], report)
}

function checkRule(rule: HttpRouteRule, path: FieldPath, report: Report): void {
  for (const [index, match] of (rule.matches ?? []).entries()) checkMatch(match, [...path, 'matches', index], report)
  const filters = rule.filters ?? []
  checkFilters(filters, rule, [...path, 'filters'], report)
  const backends = rule.backendRefs ?? []
  if (filters.some(({ type }) => type === 'RequestRedirect') && backends.length > 0) {
    report([...path, 'backendRefs'], 'must be empty beside a RequestRedirect filter', 'remove them, or the filter')
  }
  for (const [index, backend] of backends.entries()) {
    checkBackendPort(backend, [...path, 'backendRefs', index], report)
    checkFilters(backend.filters ?? [], rule, [...path, 'backendRefs', index, 'filters'], report)
  }
  checkTimeouts(rule, [...path, 'timeouts'], report)
}

function checkMatch(match: HttpRouteMatch, path: FieldPath, report: Report): void {
  const { type, value = '/' } = match.path ?? {}
  if (type === 'RegularExpression') return
  const at = [...path, 'path', 'value']
  if (!value.startsWith('/')) report(at, `must begin with "/", is ${JSON.stringify(value)}`, `write "/${value}"`)
  for (const part of ['//', '/./', '/../', '%2f', '%2F', '#']) {
    if (value.includes(part)) report(at, `must not contain ${JSON.stringify(part)}`, 'write the normalised path')
  }
  if (value.endsWith('/..') || value.endsWith('/.'))
    report(at, 'must not end in a dot segment', 'write the normalised path')
  if (!/^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/.test(value)) {
    report(at, `has characters that no path has: ${JSON.stringify(value)}`, 'percent-encode them')
  }
}

/** Filter type -> the field that configures it. */
const filterFields: Readonly<Record<string, string>> = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  CORS: 'cors',
  ExternalAuth: 'externalAuth',
  ExtensionRef: 'extensionRef',
}
const onceInAList = ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite', 'CORS']

/** `rule` is the rule that a filter on paths belongs to. */
export function checkFilters(
  filters: readonly HttpRouteFilter[],
  rule: HttpRouteRule,
  path: FieldPath,
  report: Report,
): void {
  const types = filters.map((filter) => filter.type)
  for (const [index, filter] of filters.entries()) {
    for (const [type, field] of Object.entries(filterFields)) {
      const present = Object.hasOwn(filter, field)
      if (present && filter.type !== type) {
        report([...path, index, field], `must not be set for type ${filter.type}`, `remove it, or write type ${type}`)
      } else if (!present && filter.type === type) {
        report([...path, index, field], `is required for type ${type}`, 'add it')
      }
    }
    if (onceInAList.includes(filter.type) && types.indexOf(filter.type) < index) {
      report([...path, index], `is the second ${filter.type} of the list`, 'join the two')
    }
    if (filter.type === 'URLRewrite' && types.includes('RequestRedirect')) {
      report([...path, index], 'URLRewrite cannot stand beside RequestRedirect', 'remove one of the two')
    }
    checkPathModifier(filter.requestRedirect?.path, rule, [...path, index, 'requestRedirect', 'path'], report)
    checkPathModifier(filter.urlRewrite?.path, rule, [...path, index, 'urlRewrite', 'path'], report)
  }
}

function checkPathModifier(
  modifier: HttpPathModifier | undefined,
  rule: HttpRouteRule,
  path: FieldPath,
  report: Report,
): void {
  if (modifier === undefined) return
  const { type, replaceFullPath, replacePrefixMatch } = modifier
  if ((type === 'ReplaceFullPath') !== (replaceFullPath !== undefined)) {
    report([...path, 'replaceFullPath'], 'must be set with type ReplaceFullPath, and only then')
  }
  if ((type === 'ReplacePrefixMatch') !== (replacePrefixMatch !== undefined)) {
    report([...path, 'replacePrefixMatch'], 'must be set with type ReplacePrefixMatch, and only then')
  }
  const matches = rule.matches ?? []
  const onePrefix = matches.length === 1 && (matches[0].path?.type ?? 'PathPrefix') === 'PathPrefix'
  if (type === 'ReplacePrefixMatch' && !onePrefix) {
    report(
      [...path, 'type'],
      'needs a rule with exactly one match, of type PathPrefix',
      'give each match a rule of its own',
    )
  }
}

function checkTimeouts(rule: HttpRouteRule, path: FieldPath, report: Report): void {
  const requestMs = durationOf(rule.timeouts?.request)
  const backendRequestMs = durationOf(rule.timeouts?.backendRequest)
  if (requestMs !== undefined && backendRequestMs !== undefined && requestMs > 0 && backendRequestMs > requestMs) {
    report([...path, 'backendRequest'], 'must not be longer than timeouts.request', 'shorten it')
  }
}

function durationOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseGatewayDuration(text)
}
