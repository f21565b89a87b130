// The rules that the CRD of HTTPRoute states in CEL, each with what to write instead.

import type { FieldPath } from '../field-path.ts'
import { parseGatewayDuration } from '../gateway-duration.ts'
import type {
  HttpBackendRef, HttpPathModifier, HttpRoute, HttpRouteFilter, HttpRouteMatch, HttpRouteRule, ParentReference,
} from '../gateway-api.ts' // prettier-ignore
import type { Report } from '../schema.ts'

/** Matches in all rules of a route together. */
const maxMatches = 128

export function checkHttpRoute(route: HttpRoute, report: Report): void {
  checkParentRefs(route.spec.parentRefs ?? [], report)
  const rules = route.spec.rules ?? []
  const total = rules.reduce((sum, rule) => sum + (rule.matches?.length ?? 0), 0)
  if (total > maxMatches) {
    report(
      ['spec', 'rules'],
      `have ${total} matches together, at most ${maxMatches} are allowed`,
      'split the route in two',
    )
  }
  const names = new Map<string, number>()
  for (const [index, rule] of rules.entries()) {
    checkRule(rule, ['spec', 'rules', index], report)
    if (rule.name === undefined) continue
    const first = names.get(rule.name)
    if (first === undefined) names.set(rule.name, index)
    else report(['spec', 'rules', index, 'name'], `repeats the name of spec.rules[${first}]`, 'rename one of the two')
  }
}

function checkParentRefs(refs: readonly ParentReference[], report: Report): void {
  for (const [index, ref] of refs.entries()) {
    const others = refs.slice(0, index).filter((other) => sameParent(other, ref))
    if (others.length === 0) continue
    if (others.some((other) => other.sectionName === ref.sectionName && other.port === ref.port)) {
      report(['spec', 'parentRefs', index], 'repeats another parent', 'remove one, or set sectionName or port in both')
    } else if (ref.sectionName === undefined && ref.port === undefined) {
      report(['spec', 'parentRefs', index], 'names a parent twice without saying which part', 'set sectionName or port')
    }
  }
}

function sameParent(a: ParentReference, b: ParentReference): boolean {
  return a.group === b.group && a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '')
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
    checkBackend(backend, [...path, 'backendRefs', index], report)
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

function checkFilters(filters: readonly HttpRouteFilter[], rule: HttpRouteRule, path: FieldPath, report: Report): void {
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

function checkBackend(backend: HttpBackendRef, path: FieldPath, report: Report): void {
  const isService = (backend.group ?? '') === '' && (backend.kind ?? 'Service') === 'Service'
  if (isService && backend.port === undefined) report([...path, 'port'], 'is required for a Service', 'add its port')
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
