// The rules that the CRD of GRPCRoute states in CEL, each with what to write instead.

import type { FieldPath } from '../field-path.ts'
import type { GrpcMethodMatch, GrpcRoute, GrpcRouteRule } from '../gateway-api.ts'
import type { Report } from '../schema.ts'
import { checkFilters } from './http-route.ts'
import { checkBackendPort, checkMatchCount, checkParentRefs, checkRuleNames } from './route.ts'

export function checkGrpcRoute(route: GrpcRoute, report: Report): void {
  checkParentRefs(route.spec.parentRefs ?? [], report)
  const rules = route.spec.rules ?? []
  checkMatchCount(rules, report)
  checkRuleNames(rules, report)
  for (const [index, rule] of rules.entries()) checkRule(rule, ['spec', 'rules', index], report)
}

function checkRule(rule: GrpcRouteRule, path: FieldPath, report: Report): void {
  for (const [index, { method }] of (rule.matches ?? []).entries()) {
    if (method !== undefined) checkMethod(method, [...path, 'matches', index, 'method'], report)
  }
  checkFilters(rule.filters ?? [], {}, [...path, 'filters'], report)
  for (const [index, backend] of (rule.backendRefs ?? []).entries()) {
    checkBackendPort(backend, [...path, 'backendRefs', index], report)
    checkFilters(backend.filters ?? [], {}, [...path, 'backendRefs', index, 'filters'], report)
  }
}

function checkMethod({ type = 'Exact', service, method }: GrpcMethodMatch, path: FieldPath, report: Report): void {
  if (service === undefined && method === undefined) report(path, 'needs service or method', 'add one, or remove it')
  if (type !== 'Exact') return
  if (service !== undefined && !/^\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*$/i.test(service)) {
    report([...path, 'service'], `is no name of a service: ${JSON.stringify(service)}`, 'write it as package.Service')
  }
  if (method !== undefined && !/^[A-Za-z_][A-Za-z_0-9]*$/.test(method)) {
    report([...path, 'method'], `is no name of a method: ${JSON.stringify(method)}`, 'write its name alone')
  }
}
