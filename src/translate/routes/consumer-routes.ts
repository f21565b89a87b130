// Consumer routes: those of a namespace other than the Service's count for the requests of clients of that namespace, and for
// them in place of all others (GEP-1686). The client's namespace is that of the identity with which its tunnel came.

import { create } from '@bufbuild/protobuf'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { RouteSchema } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import {
  FilterStateMatcherSchema,
  type FilterStateMatcher,
} from '../../envoy/generated/envoy/type/matcher/v3/filter_state_pb.js'

type RouteInit = MessageInitShape<typeof RouteSchema>

/** What `connect_terminate` left of the tunnel's certificate. */
const peerPrincipal = 'io.istio.peer_principal'

/** `routes` are in order; what none of them matches gets 404, as it does wherever a route is attached. */
export function consumerRoutes(clientNamespace: string, routes: readonly RouteInit[]): RouteInit[] {
  const fromThere = fromNamespace(clientNamespace)
  const noMatch: RouteInit = {
    name: `${clientNamespace}.no-match`,
    match: { pathSpecifier: { case: 'prefix', value: '/' } },
    action: { case: 'directResponse', value: { status: 404 } },
  }
  return [...routes, noMatch].map((init) => {
    const route = create(RouteSchema, init)
    route.match?.filterState.push(fromThere)
    return route
  })
}

/** `spiffe://trust-domain/ns/namespace/sa/account` */
function fromNamespace(namespace: string): FilterStateMatcher {
  const regex = `spiffe://[^/]+/ns/${namespace}/.*`
  const matchPattern = { case: 'safeRegex' as const, value: { regex } }
  return create(FilterStateMatcherSchema, {
    key: peerPrincipal,
    matcher: { case: 'stringMatch', value: { matchPattern } },
  })
}
