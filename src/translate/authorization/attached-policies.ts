// Which policies count where: those of the waypoint itself, of its class and of one Service. Selectors choose workloads, not
// waypoints, so policies with a selector, or without any target, are not among them.

import type { AuthorizationPolicy } from '../../resources/istio-security.ts'
import type { KubernetesObject } from '../../resources/object-meta.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { WaypointName } from '../model/waypoint.ts'

export interface PolicyScope {
  readonly waypoint: WaypointName
  /** The name of its GatewayClass. */
  readonly waypointClass: string
  readonly rootNamespace: string
}

/** Those that count for everything that goes through the waypoint. */
export function waypointPolicies(reader: ResourceReader, scope: PolicyScope): AuthorizationPolicy[] {
  const { waypoint, waypointClass, rootNamespace } = scope
  const { namespace, name } = waypoint
  return unique([
    ...reader.authorizationPoliciesOf(namespace, { kind: 'Gateway', name }),
    ...reader.authorizationPoliciesOf(rootNamespace, { kind: 'GatewayClass', name: waypointClass }),
    // What cannot be read and may have named the waypoint; of some not even the namespace is known.
    ...reader.authorizationPoliciesOf(namespace),
    ...reader.authorizationPoliciesOf(rootNamespace),
    ...reader.authorizationPoliciesOf(''),
  ])
}

/** Those and the policies of one Service, or of what takes its place. */
export function servicePolicies(
  reader: ResourceReader,
  { kind, metadata }: KubernetesObject,
  scope: PolicyScope,
): AuthorizationPolicy[] {
  const { namespace, name } = metadata
  return unique([
    ...waypointPolicies(reader, scope),
    ...reader.authorizationPoliciesOf(namespace, { kind, name }),
    ...reader.authorizationPoliciesOf(namespace),
  ])
}

function unique(policies: readonly AuthorizationPolicy[]): AuthorizationPolicy[] {
  return [...new Set(policies)]
}
