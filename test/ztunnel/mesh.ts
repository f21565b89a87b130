// The mesh of these tests: one waypoint, whose clients and destinations are written frame by frame, as ztunnels write them.

import { MeshAuthority } from '../support/certificates.ts'
import type { HeaderField } from '../support/hpack-wire.ts'
import type { Http2Wire, WireOptions } from '../support/http2-wire.ts'
import { meshObjects, MESH_NAMESPACE, POD_ACCOUNT } from '../support/mesh-objects.ts'
import { RunningWaypoint, type WaypointOptions } from '../support/running-waypoint.ts'
import { WireDestination, type StreamProgram } from '../support/wire-destination.ts'

/** What a ztunnel announces: streams at once, stream window, frame size, header list. */
export const ZTUNNEL_SERVER: WireOptions['settings'] = [
  [3, 200],
  [4, 4 << 20],
  [5, 1 << 20],
  [6, 65_536],
]
export const ZTUNNEL_CLIENT: WireOptions['settings'] = [
  [2, 0],
  [4, 4 << 20],
  [5, 1 << 20],
  [6, 16_384],
]
/** What it adds to the connection's window in its first flight. */
export const ZTUNNEL_CONNECTION_CREDIT = 16_711_681

/** Services by what clients dial. `bytes` is raw TCP; `web` is HTTP; nobody listens where `down` should be. */
export const BYTES = '10.96.1.1:9000'
export const WEB = '10.96.1.2:80'
export const DOWN = '10.96.1.3:80'

export interface ZtunnelMesh {
  readonly authority: MeshAuthority
  readonly waypoint: RunningWaypoint
  /** The HBONE end of the one pod behind `bytes` and `web`. */
  readonly destination: WireDestination
  stop(): Promise<void>
}

export interface ZtunnelMeshOptions extends Pick<WaypointOptions, 'args' | 'configure'> {
  /** The first two octets of all addresses. */
  readonly network: string
  readonly destination?: Omit<WireOptions, 'role'>
  /** HBONE port of the pod, when it is not `destination` that listens. */
  readonly hbonePort?: number
}

export function podAddress(network: string): string {
  return `${network}.1.1`
}

export async function startZtunnelMesh({ network, ...options }: ZtunnelMeshOptions): Promise<ZtunnelMesh> {
  const authority = await MeshAuthority.create()
  const destination = await WireDestination.listen({
    host: podAddress(network),
    identity: await authority.issue(MESH_NAMESPACE, POD_ACCOUNT),
    wire: { settings: ZTUNNEL_SERVER, ...options.destination },
  })
  const hbonePort = options.hbonePort ?? destination.port
  const pod = { name: 'app-1', address: podAddress(network), port: 8080, hbonePort }
  const down = { name: 'down-1', address: `${network}.1.2`, port: 8080, hbonePort }
  const waypoint = await RunningWaypoint.start({
    authority,
    host: `${network}.0.1`,
    objects: meshObjects([
      { name: 'bytes', clusterIP: '10.96.1.1', port: 9000, protocol: 'tcp', pods: [pod] },
      { name: 'web', clusterIP: '10.96.1.2', port: 80, protocol: 'http', pods: [pod] },
      { name: 'down', clusterIP: '10.96.1.3', port: 80, protocol: 'http', pods: [down] },
    ]),
    args: options.args,
    configure: options.configure,
  }).catch(async (error: unknown) => {
    await destination.close()
    throw error
  })
  return {
    authority,
    waypoint,
    destination,
    stop: async () => {
      await waypoint.stop()
      await destination.close()
    },
  }
}

/** A CONNECT as a ztunnel sends it, in a fresh field list. */
export function connectFields(authority: string): HeaderField[] {
  return [
    [':method', 'CONNECT'],
    [':authority', authority],
    ['baggage', 'k8s.namespace.name=mesh'],
    ['forwarded', 'for="10.1.1.1:40000"'],
    ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'],
  ]
}

/** Opens a tunnel on `stream`; resolves when it was answered, with the status, or undefined. */
export async function open(wire: Http2Wire, stream: number, authority: string): Promise<string | undefined> {
  wire.headers(stream, connectFields(authority))
  await wire.until(() => wire.stream(stream).sections.length > 0 || wire.stream(stream).done)
  return statusOf(wire, stream)
}

export function statusOf(wire: Http2Wire, stream: number): string | undefined {
  return wire.stream(stream).sections[0]?.find(([name]) => name === ':status')?.[1]
}

/** Sends back what it gets, its end included. */
export const echo: StreamProgram = (stream, wire) => {
  const bytes = stream.data.splice(0)
  wire.data(stream.id, Buffer.concat(bytes), stream.ended)
}

/** Answers each HTTP/1 request without a body by `response`. */
export function answerHttp(response: string): StreamProgram {
  return (stream, wire) => {
    if (!stream.body.includes('\r\n\r\n')) return
    stream.data.length = 0
    wire.data(stream.id, response)
  }
}

export const GET = 'GET / HTTP/1.1\r\nhost: web\r\n\r\n'
