// Which policies count where: those of the waypoint itself, of its class and of one Service. Selectors choose workloads, not
// waypoints, so policies with a selector, or without any target, are not among them.

import type { PolicyTarget } from '../../resources/index-keys.ts'
import type { KubernetesObject } from '../../resources/object-meta.ts'
import type { WaypointName } from '../model/waypoint.ts'

export interface PolicyScope {
  readonly waypoint: WaypointName
  /** The name of its GatewayClass. */
  readonly waypointClass: string
  readonly rootNamespace: string
}

/** The policies of a kind in a namespace that name the target; without a target, those whose targets are not known. */
export type FindPolicies<T> = (namespace: string, target?: PolicyTarget) => readonly T[]

/** Those that count for everything that goes through the waypoint. */
export function waypointPolicies<T>(find: FindPolicies<T>, scope: PolicyScope): T[] {
  const { waypoint, waypointClass, rootNamespace } = scope
  const { namespace, name } = waypoint
  return unique([
    ...find(namespace, { kind: 'Gateway', name }),
    ...find(rootNamespace, { kind: 'GatewayClass', name: waypointClass }),
    // What cannot be read and may have named the waypoint; of some not even the namespace is known.
    ...find(namespace),
    ...find(rootNamespace),
    ...find(''),
  ])
}

/** Those and the policies of one Service, or of what takes its place. */
export function servicePolicies<T>(
  find: FindPolicies<T>,
  { kind, metadata }: KubernetesObject,
  scope: PolicyScope,
): T[] {
  const { namespace, name } = metadata
  return unique([...waypointPolicies(find, scope), ...find(namespace, { kind, name }), ...find(namespace)])
}

function unique<T>(policies: readonly T[]): T[] {
  return [...new Set(policies)]
}
