// The rules in CEL that the CRDs of all kinds of routes have in common, each with what to write instead.

import type { FieldPath } from '../field-path.ts'
import type { BackendRef, ParentReference } from '../gateway-api.ts'
import type { Report } from '../schema.ts'

/** Matches in all rules of a route together. */
const maxMatches = 128

export function checkMatchCount(rules: readonly { readonly matches?: readonly unknown[] }[], report: Report): void {
  const total = rules.reduce((sum, rule) => sum + (rule.matches?.length ?? 0), 0)
  if (total <= maxMatches) return
  const message = `have ${total} matches together, at most ${maxMatches} are allowed`
  report(['spec', 'rules'], message, 'split the route in two')
}

export function checkRuleNames(rules: readonly { readonly name?: string }[], report: Report): void {
  const names = new Map<string, number>()
  for (const [index, { name }] of rules.entries()) {
    if (name === undefined) continue
    const first = names.get(name)
    if (first === undefined) names.set(name, index)
    else report(['spec', 'rules', index, 'name'], `repeats the name of spec.rules[${first}]`, 'rename one of the two')
  }
}

export function checkParentRefs(refs: readonly ParentReference[], report: Report): void {
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

export function checkBackendPort(backend: BackendRef, path: FieldPath, report: Report): void {
  const isService = (backend.group ?? '') === '' && (backend.kind ?? 'Service') === 'Service'
  if (isService && backend.port === undefined) report([...path, 'port'], 'is required for a Service', 'add its port')
}
