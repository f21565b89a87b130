// The status of each object that a waypoint has a say in, as its controller would write it.

import type { Service } from '../../resources/core.ts'
import type { Gateway, Route } from '../../resources/gateway-api.ts'
import type { ServiceEntry } from '../../resources/service-entry.ts'
import type { Binding, WaypointName } from '../model/waypoint.ts'
import { Conditions, type ObjectStatus } from './condition.ts'
import type { RouteParentOutcome } from './route-parent.ts'

/** Under which name Cairn's entries stand in `status.parents` of routes. */
export const CONTROLLER_NAME = 'cairn.dev/waypoint-controller'

export function waypointStatus(gateway: Gateway, nowMs: number): ObjectStatus {
  const { namespace, name, generation } = gateway.metadata
  const conditions = new Conditions(nowMs, generation)
  conditions.add('Accepted', true, 'Accepted', 'Resource accepted')
  conditions.add('Programmed', true, 'Programmed', 'Resource programmed')
  return { kind: 'Gateway', namespace, name, status: { conditions: conditions.all } }
}

/** Istio's condition WaypointBound; none for a Service that asks for no waypoint or for another one. */
export function serviceStatus(
  service: Service | ServiceEntry,
  binding: Binding,
  waypoint: WaypointName,
  nowMs: number,
): ObjectStatus[] {
  if (binding.kind === 'unbound' || binding.kind === 'elsewhere') return []
  const { namespace, name } = service.metadata
  const conditions = new Conditions(nowMs)
  if (binding.kind === 'bound') {
    const message = `Successfully attached to waypoint ${waypoint.namespace}/${waypoint.name}`
    conditions.add('istio.io/WaypointBound', true, 'WaypointAccepted', message)
  } else {
    conditions.add('istio.io/WaypointBound', false, binding.reason, binding.message)
  }
  return [{ kind: service.kind, namespace, name, status: { conditions: conditions.all } }]
}

/** One entry per route, with one parent entry per parentRef that this waypoint serves, in the order of the specification. */
export function routeStatuses(outcomes: readonly RouteParentOutcome[], nowMs: number): ObjectStatus[] {
  const byRoute = new Map<Route, RouteParentOutcome[]>()
  for (const outcome of outcomes) {
    const known = byRoute.get(outcome.route)
    if (known === undefined) byRoute.set(outcome.route, [outcome])
    // A ServiceEntry with several hosts is one parent.
    else if (known.every(({ parentRef }) => parentRef !== outcome.parentRef)) known.push(outcome)
  }
  return [...byRoute].map(([route, parents]) => {
    const { kind, metadata: { namespace, name } } = route // prettier-ignore
    const order = route.spec.parentRefs ?? []
    parents.sort((a, b) => order.indexOf(a.parentRef) - order.indexOf(b.parentRef))
    const entries = parents.map((parent) => ({
      parentRef: parent.parentRef,
      controllerName: CONTROLLER_NAME,
      conditions: parent.conditions(nowMs),
    }))
    return { kind, namespace, name, status: { parents: entries } }
  })
}
