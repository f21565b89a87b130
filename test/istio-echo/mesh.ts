// The mesh of this suite: Istio's echo servers as pods, one behind the demo's HBONE end (which requires mTLS and tells who
// dialled), one behind Istio's own, and the waypoint between them and Istio's echo client.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunningService } from '../../src/demo/echo-service.ts'
import { startHboneServer, type TunnelFacts } from '../../src/demo/hbone-server.ts'
import { type Identity, MeshAuthority, writeIdentity } from '../support/certificates.ts'
import { MESH_NAMESPACE, meshObjects, type MeshService, POD_ACCOUNT } from '../support/mesh-objects.ts'
import { freePort } from '../support/proxy-process.ts'
import { RunningWaypoint } from '../support/running-waypoint.ts'
import type { EchoPrograms } from './build.ts'
import { EchoServer, type Hbone } from './echo-programs.ts'

/** Groups of services that are alike but for the HBONE end of their pod. A stranger presents another mesh's certificate. */
export type Destination = 'ztunnel' | 'istio' | 'stranger'

const SUBNETS: Readonly<Record<Destination, number>> = { ztunnel: 1, istio: 2, stranger: 3 }
const HOST = '127.68.0.1'

export interface EchoMesh {
  readonly waypoint: RunningWaypoint
  /** A client of the mesh. */
  readonly hbone: Hbone
  /** A client whose certificate another authority issued. */
  readonly foreignHbone: Hbone
  /** A client that trusts another authority than the waypoint's. */
  readonly distrustingHbone: Hbone
  /** A server whose forwarder sends what fits on no command line. */
  readonly forwarder: EchoServer
  /** Tunnels that reached the demo's HBONE ends. */
  readonly tunnels: readonly TunnelFacts[]
  stop(): Promise<void>
}

type End = () => Promise<void> | void

export async function startEchoMesh(programs: EchoPrograms): Promise<EchoMesh> {
  const ends: End[] = []
  try {
    return await build(programs, ends)
  } catch (error) {
    await endAll(ends)
    throw error
  }
}

/** Addresses as a client in the mesh dials them. */
export function serviceAuthority(destination: Destination, service: keyof typeof SERVICES): string {
  return `10.96.${SUBNETS[destination]}.${SERVICES[service].last}:${SERVICES[service].port}`
}

const SERVICES = {
  web: { last: 1, port: 80, protocol: 'http', target: 'http' },
  h2: { last: 2, port: 81, protocol: 'http2', target: 'http' },
  grpc: { last: 3, port: 7070, protocol: 'http2', target: 'grpc' },
  bytes: { last: 4, port: 9000, protocol: 'tcp', target: 'tcp' },
  first: { last: 5, port: 9001, protocol: 'tcp', target: 'serverFirst' },
} as const

async function build(programs: EchoPrograms, ends: End[]): Promise<EchoMesh> {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-istio-echo-'))
  ends.push(() => rmSync(directory, { recursive: true, force: true }))
  const authority = await MeshAuthority.create()
  const foreign = await MeshAuthority.create('elsewhere')
  const write = (name: string, identity: Identity) => writeIdentity(join(directory, name), identity)
  const pod = await authority.issue(MESH_NAMESPACE, POD_ACCOUNT)
  const podFiles = write('pod', pod)

  // It would accept the waypoint, so that only the waypoint's verification keeps them apart.
  const stranger = await authority.issue('elsewhere', POD_ACCOUNT, { trustDomain: 'other.example' })
  const tunnels: TunnelFacts[] = []
  const services: MeshService[] = []
  for (const [destination, subnet] of Object.entries(SUBNETS) as [Destination, number][]) {
    const server = await EchoServer.start(programs, `127.68.${subnet}.1`, `behind-${destination}`, podFiles)
    ends.push(() => server.stop())
    let hbonePort = server.ports.hbone
    if (destination !== 'istio') {
      const identity = destination === 'stranger' ? stranger : pod
      const end = await startHboneEnd(server.host, identity, tunnels)
      ends.push(() => end.close())
      hbonePort = end.port
    }
    services.push(...servicesOf(destination, subnet, server, hbonePort))
  }
  const forwarder = await EchoServer.start(programs, '127.68.0.2', 'source', podFiles)
  ends.push(() => forwarder.stop())

  const waypoint = await RunningWaypoint.start({ authority, host: HOST, objects: meshObjects(services) })
  ends.push(() => waypoint.stop())
  const clientFiles = write('client', waypoint.client)
  const foreignFiles = write('foreign', await foreign.issue('elsewhere', 'client'))
  const address = `${waypoint.host}:${waypoint.port}`
  return {
    waypoint,
    forwarder,
    tunnels,
    hbone: { address, files: clientFiles, rootFile: clientFiles.rootFile },
    foreignHbone: { address, files: foreignFiles, rootFile: clientFiles.rootFile },
    distrustingHbone: { address, files: clientFiles, rootFile: foreignFiles.rootFile },
    stop: () => endAll(ends),
  }
}

async function startHboneEnd(host: string, identity: Identity, tunnels: TunnelFacts[]): Promise<RunningService> {
  const { spiffeId, chainPem, keyPem, rootPem } = identity
  return startHboneServer({
    credentials: { spiffeId, certChainPem: chainPem, keyPem, rootPem },
    host,
    port: await freePort(host),
    onTunnel: (facts) => tunnels.push(facts),
  })
}

function servicesOf(destination: string, subnet: number, server: EchoServer, hbonePort: number): MeshService[] {
  return Object.entries(SERVICES).map(([name, { last, port, protocol, target }]) => ({
    name: `${name}-${destination}`,
    clusterIP: `10.96.${subnet}.${last}`,
    port,
    protocol,
    pods: [{ name: `echo-${destination}`, address: server.host, port: server.ports[target], hbonePort }],
  }))
}

async function endAll(ends: End[]): Promise<void> {
  for (const end of ends.reverse()) await end()
  ends.length = 0
}
