// The rule of a TCPRoute, or of a TLSRoute whose connections pass through -> the clusters of a port's connections.

import type { TcpRoute, TlsRoute } from '../../resources/gateway-api.ts'
import { tcpBackendsOf, type BackendContext, type TcpBackend } from './backends.ts'

/** Never empty: a rule without a backend names a cluster that does not exist, so its connections are closed. */
export function tcpRouteClusters(route: TcpRoute | TlsRoute, context: BackendContext): TcpBackend[] {
  const clusters = tcpBackendsOf(route, route.spec.rules[0].backendRefs, ['spec', 'rules', 0], context)
  return clusters.length > 0 ? clusters : [{ cluster: 'no-backend', service: undefined, weight: 1 }]
}
