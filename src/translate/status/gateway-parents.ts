// Routes whose parent is the waypoint's Gateway. Its listener takes tunnels, so no kind of route fits: routes of a mesh are
// attached to Services. They are told so, as a Gateway tells it of any route that its listeners do not allow.

import type { ParentReference, Route } from '../../resources/gateway-api.ts'
import type { RouteKind } from '../../resources/kinds.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { WaypointName } from '../model/waypoint.ts'
import { RouteParentOutcome } from './route-parent.ts'

const routeKinds: readonly RouteKind[] = ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute']

export function gatewayParentOutcomes(reader: ResourceReader, waypoint: WaypointName): RouteParentOutcome[] {
  const message = 'a waypoint takes routes by their Services: name the Service as parent'
  return routeKinds.flatMap((kind) =>
    reader.list(kind).flatMap((route: Route) => {
      const refs = (route.spec.parentRefs ?? []).filter((ref) => namesGateway(ref, route, waypoint))
      return refs.map((ref) => {
        const outcome = new RouteParentOutcome(route, ref)
        outcome.rejection = { reason: 'NotAllowedByListeners', message }
        return outcome
      })
    }),
  )
}

function namesGateway(ref: ParentReference, route: Route, waypoint: WaypointName): boolean {
  const { group = 'gateway.networking.k8s.io', kind = 'Gateway', namespace = route.metadata.namespace, name } = ref
  const isGateway = group === 'gateway.networking.k8s.io' && kind === 'Gateway'
  return isGateway && name === waypoint.name && namespace === waypoint.namespace
}
