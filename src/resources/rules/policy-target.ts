// What Istio's validation demands of what a policy is attached to: `selector`, `targetRef` or `targetRefs`, never two of them.

import type { FieldPath } from '../field-path.ts'
import type { PolicyTargetReference } from '../istio-security.ts'
import type { Report } from '../schema.ts'

export interface TargetedSpec {
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> }
  readonly targetRef?: PolicyTargetReference
  readonly targetRefs?: readonly PolicyTargetReference[]
}

/** Kind -> its group. */
const targetGroups: Readonly<Record<string, string>> = {
  Service: '',
  ServiceEntry: 'networking.istio.io',
  Gateway: 'gateway.networking.k8s.io',
  GatewayClass: 'gateway.networking.k8s.io',
}

export function checkPolicyTarget(spec: TargetedSpec, report: Report): void {
  const set = (['selector', 'targetRef', 'targetRefs'] as const).filter((field) => spec[field] !== undefined)
  if (set.length > 1) report(['spec', set[1]], `cannot stand beside ${set[0]}`, `remove one of ${set.join(', ')}`)
  for (const [key, value] of Object.entries(spec.selector?.matchLabels ?? {})) {
    const path = ['spec', 'selector', 'matchLabels', key]
    if (key === '') report(path, 'needs a key', 'name a label')
    if (key.includes('*') || value.includes('*')) report(path, 'cannot have a wildcard', 'write the label as it is')
  }
  if (spec.targetRef !== undefined) checkTarget(spec.targetRef, ['spec', 'targetRef'], report)
  for (const [index, target] of (spec.targetRefs ?? []).entries()) {
    checkTarget(target, ['spec', 'targetRefs', index], report)
  }
}

/** Whether a reference is to a kind that a policy can be attached to. `core` is another name of the empty group. */
export function isPolicyTarget({ group = '', kind }: PolicyTargetReference): boolean {
  return Object.hasOwn(targetGroups, kind) && targetGroups[kind] === (group === 'core' ? '' : group)
}

function checkTarget(target: PolicyTargetReference, path: FieldPath, report: Report): void {
  const { group = '', kind, namespace } = target
  if (namespace) {
    report([...path, 'namespace'], 'must not be set: a policy stands in the namespace of what it is attached to')
  }
  if (isPolicyTarget(target)) return
  const remedy = Object.hasOwn(targetGroups, kind)
    ? `write group: ${JSON.stringify(targetGroups[kind])}`
    : `write one of ${Object.keys(targetGroups).join(', ')}`
  report(path, `kind ${kind} of group ${JSON.stringify(group)} cannot have a policy`, remedy)
}
