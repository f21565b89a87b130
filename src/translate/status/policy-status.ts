// Istio's condition WaypointAccepted of AuthorizationPolicies: one condition for all targets of a policy.

import type { AuthorizationPolicy, PolicyTargetReference } from '../../resources/istio-security.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { PolicyScope } from '../authorization/attached-policies.ts'
import { targetBindings, type BoundTarget } from '../authorization/policy-binding.ts'
import { customPolicy, unreadablePolicy, withoutTarget } from '../authorization/policy-report.ts'
import { Conditions, type ObjectStatus } from './condition.ts'

interface Outcome {
  readonly accepted: boolean
  readonly reason: 'Accepted' | 'PartiallyInvalid' | 'Invalid' | 'TargetNotFound' | 'AncestorNotBound'
  readonly message: string
}

/** `namespaces` are those that the waypoint serves. Policies of other waypoints alone are not this one's to judge. */
export function policyStatuses(
  reader: ResourceReader,
  scope: PolicyScope,
  namespaces: ReadonlySet<string>,
  nowMs: number,
): ObjectStatus[] {
  return reader.list('AuthorizationPolicy').flatMap((policy): ObjectStatus[] => {
    const { namespace, name, generation } = policy.metadata
    const bindings = targetBindings(reader, policy, scope)
    if (bindings.length === 0 && !namespaces.has(namespace)) return []
    if (bindings.length > 0 && bindings.every(({ binding }) => binding.kind === 'elsewhere')) return []
    const { accepted, reason, message } = outcomeOf(policy, bindings)
    const conditions = new Conditions(nowMs, generation)
    conditions.add('WaypointAccepted', accepted, reason, message)
    return [{ kind: 'AuthorizationPolicy', namespace, name, status: { conditions: conditions.all } }]
  })
}

function outcomeOf(policy: AuthorizationPolicy, bindings: readonly BoundTarget[]): Outcome {
  if (policy.unreadable !== undefined) {
    return { accepted: false, reason: 'Invalid', message: `${unreadablePolicy}: ${policy.unreadable}` }
  }
  if (bindings.length === 0) return { accepted: false, reason: 'AncestorNotBound', message: withoutTarget }
  if (policy.spec.action === 'CUSTOM') return { accepted: false, reason: 'Invalid', message: customPolicy }
  const bound = bindings.flatMap(({ binding }) => (binding.kind === 'unbound' ? [] : [binding.message]))
  const unbound = bindings.flatMap(({ target, binding }) => (binding.kind === 'unbound' ? [{ target, binding }] : []))
  if (unbound.length === 0) return { accepted: true, reason: 'Accepted', message: [...new Set(bound)].join(', ') }
  if (bindings.length === 1) return { accepted: false, ...unbound[0].binding }
  const names = unbound.map(({ target, binding }) => `${ancestor(target, policy)} (${binding.message})`)
  const reason = bound.length > 0 ? 'PartiallyInvalid' : 'Invalid'
  return { accepted: bound.length > 0, reason, message: `Invalid targetRefs: ${names.join(', ')}` }
}

/** As Istio writes it. */
function ancestor({ kind, group, name }: PolicyTargetReference, { metadata }: AuthorizationPolicy): string {
  return `${kind}.${group || 'core'}:${metadata.namespace}/${name}`
}
