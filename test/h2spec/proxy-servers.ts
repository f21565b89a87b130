// The HTTP/2 servers of a running proxy, each where h2spec can reach it: the outer one, which ztunnels dial, and the inner one,
// which their clients dial through the tunnel.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startByteBridge } from '../support/byte-bridge.ts'
import { MeshAuthority } from '../support/certificates.ts'
import { dialTls } from '../support/hbone-client.ts'
import { meshObjects } from '../support/mesh-objects.ts'
import { freePort } from '../support/proxy-process.ts'
import { RunningWaypoint } from '../support/running-waypoint.ts'
import { type Bootstrap, connectionManager, named, translated } from '../support/translated-configuration.ts'
import { INNER_EXCEPTIONS } from './exceptions.ts'
import type { H2specTarget } from './run-h2spec.ts'

const WEB = '10.96.1.2:80'

export interface ProxyServers {
  readonly targets: readonly (readonly [name: string, target: H2specTarget])[]
  close(): Promise<void>
}

export async function startProxyServers(): Promise<ProxyServers> {
  const host = '127.69.0.1'
  const backend = await startEchoBackend('127.69.1.1')
  const tlsPort = await freePort(host)
  const pod = { name: 'web-1', address: backend.host, port: backend.port }
  const waypoint = await RunningWaypoint.start({
    authority: await MeshAuthority.create(),
    host,
    objects: meshObjects([{ name: 'web', clusterIP: '10.96.1.2', port: 80, protocol: 'http', pods: [pod] }]),
    configure: translated((bootstrap) => {
      routeRequests(bootstrap)
      addTlsListener(bootstrap, host, tlsPort)
    }),
  })
  const client = await waypoint.dial()
  const outer = await startByteBridge(() => dialTls(waypoint.target))
  const inner = await startByteBridge(() => client.openStream(WEB))
  return {
    targets: [
      ['outer, bridged with a client certificate', { host: outer.host, port: outer.port }],
      ['outer, TLS without client certificate', { host, port: tlsPort, tls: true }],
      ['inner, through a tunnel', { host: inner.host, port: inner.port, exceptions: INNER_EXCEPTIONS }],
    ],
    close: async () => {
      client.destroy()
      await outer.close()
      await inner.close()
      await waypoint.stop()
      await backend.close()
    },
  }
}

/** A waypoint takes CONNECT only, h2spec sends GET and POST: beside its tunnels the outer server gets a route to a service. */
function routeRequests({ static_resources: { listeners, clusters } }: Bootstrap): void {
  const cluster = clusters.find(({ name }) => name.startsWith('inbound-vip|80|http|')).name
  const { route_config } = connectionManager(named(listeners, 'connect_terminate'))
  route_config.virtual_hosts[0].routes.push({ match: { prefix: '/' }, route: { cluster } })
}

/** h2spec itself has no client certificate: the same server on a listener that asks for none. */
function addTlsListener({ static_resources: resources }: Bootstrap, address: string, port: number): void {
  const listener = structuredClone(named(resources.listeners, 'connect_terminate'))
  listener.name = 'tls'
  listener.address = { socket_address: { address, port_value: port } }
  const [chain] = listener.filter_chains
  const tls = chain.transport_socket.typed_config
  tls.require_client_certificate = false
  delete tls.common_tls_context.combined_validation_context
  connectionManager(listener).stat_prefix = 'tls'
  resources.listeners.push(listener)
}

/** HTTP/1, for a pod outside the mesh. */
async function startEchoBackend(host: string): Promise<{ host: string; port: number; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/plain')
    if (request.method === 'GET') response.end('hello from the destination\n')
    else request.pipe(response)
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  return {
    host,
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
