// What Istio's webhook demands of a VirtualService beyond its structure.

import type { FieldPath } from '../field-path.ts'
import { parseGoDuration } from '../go-duration.ts'
import type { Report } from '../schema.ts'
import type { Percent, StringMatch, VirtualHttpMatch, VirtualHttpRoute, VirtualService } from '../virtual-service.ts'
import { isWildcardDomain } from './domain-name.ts'
import { checkExportTo } from './export-to.ts'

export function checkVirtualService({ spec }: VirtualService, report: Report): void {
  for (const [index, host] of (spec.hosts ?? []).entries()) {
    if (isWildcardDomain(host)) continue
    report(['spec', 'hosts', index], `${JSON.stringify(host)} is not a host name`, 'write a name, or "*." and an end')
  }
  for (const [index, route] of (spec.http ?? []).entries()) checkRoute(route, ['spec', 'http', index], report)
  checkExportTo(spec.exportTo, ['spec', 'exportTo'], report)
}

function checkRoute(route: VirtualHttpRoute, path: FieldPath, report: Report): void {
  const answers = (['route', 'redirect', 'directResponse', 'delegate'] as const).filter(
    (field) => route[field] !== undefined,
  )
  if (answers.length === 0) report(path, 'needs one of route, redirect, directResponse and delegate', 'add a route')
  else if (answers.length > 1) {
    report([...path, answers[1]], `cannot stand beside ${answers[0]}`, 'remove one of the two')
  }
  for (const [index, match] of (route.match ?? []).entries()) checkMatch(match, [...path, 'match', index], report)
  checkWeights(route, path, report)
  checkDuration(route.timeout, [...path, 'timeout'], report)
  checkDuration(route.retries?.perTryTimeout, [...path, 'retries', 'perTryTimeout'], report)
  checkDuration(route.retries?.backoff, [...path, 'retries', 'backoff'], report)
  checkDuration(route.corsPolicy?.maxAge, [...path, 'corsPolicy', 'maxAge'], report)
  checkDuration(route.fault?.delay?.fixedDelay, [...path, 'fault', 'delay', 'fixedDelay'], report)
  checkPercent(route.fault?.delay?.percentage, [...path, 'fault', 'delay', 'percentage'], report)
  checkPercent(route.fault?.abort?.percentage, [...path, 'fault', 'abort', 'percentage'], report)
  checkPercent(route.mirrorPercentage, [...path, 'mirrorPercentage'], report)
  for (const [index, { percentage }] of (route.mirrors ?? []).entries()) {
    checkPercent(percentage, [...path, 'mirrors', index, 'percentage'], report)
  }
  if (route.mirror !== undefined && route.mirrors !== undefined) {
    report([...path, 'mirror'], 'cannot stand beside mirrors', 'move it into mirrors')
  }
  const status = route.directResponse?.status ?? 200
  if (status < 200 || status > 599)
    report([...path, 'directResponse', 'status'], `${status} is no status`, 'correct it')
}

function checkMatch(match: VirtualHttpMatch, path: FieldPath, report: Report): void {
  for (const field of ['uri', 'scheme', 'method', 'authority'] as const) {
    checkString(match[field], [...path, field], report)
  }
  for (const field of ['headers', 'withoutHeaders', 'queryParams'] as const) {
    for (const [name, value] of Object.entries(match[field] ?? {})) checkString(value, [...path, field, name], report)
  }
}

function checkString(match: StringMatch | undefined, path: FieldPath, report: Report): void {
  const fields = Object.keys(match ?? {})
  if (fields.length > 1) report([...path, fields[1]], `cannot stand beside ${fields[0]}`, 'remove one of the two')
}

function checkWeights({ route = [] }: VirtualHttpRoute, path: FieldPath, report: Report): void {
  let sum = 0
  for (const [index, { weight = 0 }] of route.entries()) {
    if (weight < 0) report([...path, 'route', index, 'weight'], 'must not be negative', 'correct it')
    sum += weight
  }
  if (route.length > 1 && sum === 0) report([...path, 'route'], 'has no weight above 0', 'add weights')
}

function checkDuration(text: string | undefined, path: FieldPath, report: Report): void {
  if (text === undefined || parseGoDuration(text) !== undefined) return
  report(path, `${JSON.stringify(text)} is no duration`, 'write one like "1.5s"')
}

function checkPercent(percent: Percent | undefined, path: FieldPath, report: Report): void {
  const value = percent?.value ?? 0
  if (value < 0 || value > 100) report([...path, 'value'], `${value} is not between 0 and 100`, 'correct it')
}
