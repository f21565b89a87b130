// What becomes of each target of a policy: whether it exists, and whether a waypoint guards it.

import {
  policyTargets,
  type AuthorizationPolicy,
  type PolicyTargetReference,
  type RequestAuthentication,
} from '../../resources/istio-security.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import { meansAnything } from '../../resources/rules/unreadable-policy.ts'
import { serviceBinding, waypointsIn, type WaypointName } from '../model/waypoint.ts'
import type { PolicyScope } from './attached-policies.ts'

export type TargetBinding =
  | { readonly kind: 'here' | 'elsewhere'; readonly message: string }
  /** The reasons of Istio's condition WaypointAccepted. */
  | { readonly kind: 'unbound'; readonly reason: UnboundReason; readonly message: string; readonly remedy: string }

export type UnboundReason = 'Invalid' | 'TargetNotFound' | 'AncestorNotBound'

export interface BoundTarget {
  readonly target: PolicyTargetReference
  readonly binding: TargetBinding
}

export function targetBindings(
  reader: ResourceReader,
  { metadata, spec }: AuthorizationPolicy | RequestAuthentication,
  scope: PolicyScope,
): BoundTarget[] {
  return policyTargets(spec).map((target) => ({
    target,
    binding: targetBinding(reader, metadata.namespace, target, scope),
  }))
}

function targetBinding(
  reader: ResourceReader,
  namespace: string,
  target: PolicyTargetReference,
  scope: PolicyScope,
): TargetBinding {
  if (meansAnything(target)) {
    return { kind: 'here', message: `bound to everything${namespace === '' ? '' : ` in namespace ${namespace}`}` }
  }
  switch (target.kind) {
    case 'Gateway':
      return gatewayBinding(reader, { namespace, name: target.name }, scope)
    case 'GatewayClass':
      return classBinding(reader, namespace, target.name, scope)
    case 'Service':
    case 'ServiceEntry':
      return ofService(reader, target.kind, { namespace, name: target.name }, scope)
    default: {
      const message = `${target.kind} ${namespace}/${target.name} is not served`
      return unbound('TargetNotFound', message, 'name Services or the Gateway')
    }
  }
}

function gatewayBinding(reader: ResourceReader, gateway: WaypointName, { waypoint }: PolicyScope): TargetBinding {
  if (isSame(gateway, waypoint)) return boundTo('here', gateway)
  if (waypointsIn(reader).some((one) => isSame(one, gateway))) return boundTo('elsewhere', gateway)
  const message = `Gateway ${gateway.namespace}/${gateway.name} is no waypoint`
  return unbound('TargetNotFound', message, 'name a Gateway with a listener of protocol HBONE')
}

function classBinding(
  reader: ResourceReader,
  namespace: string,
  name: string,
  { rootNamespace, waypointClass }: PolicyScope,
): TargetBinding {
  if (namespace !== rootNamespace) {
    const message = `a policy for a GatewayClass must stand in the root namespace ${rootNamespace}`
    return unbound('Invalid', message, `move it to ${rootNamespace}, or name a Gateway`)
  }
  if (name === waypointClass) return { kind: 'here', message: `bound to ${name}` }
  const isUsed = waypointsIn(reader).some(
    (one) => reader.get('Gateway', one.namespace, one.name)?.spec.gatewayClassName === name,
  )
  if (isUsed) return { kind: 'elsewhere', message: `bound to ${name}` }
  return unbound('TargetNotFound', `no waypoint is of GatewayClass ${name}`, `write ${waypointClass}`)
}

function ofService(
  reader: ResourceReader,
  kind: 'Service' | 'ServiceEntry',
  named: WaypointName,
  { waypoint }: PolicyScope,
): TargetBinding {
  const label = `${kind} ${named.namespace}/${named.name}`
  const service = reader.get(kind, named.namespace, named.name)
  if (service === undefined) return unbound('TargetNotFound', `${label} was not found`, 'correct the name, or add it')
  const binding = serviceBinding(reader, waypoint, service)
  if (binding.kind === 'bound') return boundTo('here', waypoint)
  if (binding.kind === 'elsewhere') return boundTo('elsewhere', binding.waypoint)
  const remedy = 'label it, or its namespace, with istio.io/use-waypoint'
  return unbound('AncestorNotBound', `${label} is not bound to a waypoint`, remedy)
}

function boundTo(kind: 'here' | 'elsewhere', { namespace, name }: WaypointName): TargetBinding {
  return { kind, message: `bound to ${namespace}/${name}` }
}

function unbound(reason: UnboundReason, message: string, remedy: string): TargetBinding {
  return { kind: 'unbound', reason, message, remedy }
}

function isSame(a: WaypointName, b: WaypointName): boolean {
  return a.namespace === b.namespace && a.name === b.name
}
