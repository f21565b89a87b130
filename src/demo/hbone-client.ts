// The source end of HBONE, as a ztunnel is for the pods of its node: one HTTP/2 connection per identity, a CONNECT for each
// connection of a client, whose authority is the address that the client dialled. It never retries, and refuses whatever
// is not exactly a 200.

import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2'
import { randomBytes } from 'node:crypto'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Credentials } from './certificate-authority.ts'
import type { RunningService } from './echo-service.ts'
import { joinStreams } from './join-streams.ts'
import { spiffeIdsOf } from './spiffe.ts'

export interface HboneClientOptions {
  /** The waypoint, or a destination's HBONE end. */
  readonly host: string
  readonly port: number
  readonly credentials: Credentials
  /** The identity that the other end must present. */
  readonly expectedSpiffeId: string
}

/** What a client tells of itself beside the authority, in the header fields that ztunnels send. */
export interface TunnelOrigin {
  /** `IP:port` of the client. */
  readonly address?: string
  /** The host name of the service that was dialled. */
  readonly serviceHost?: string
  readonly namespace?: string
  readonly workload?: string
}

/** A ztunnel stops using a connection that has carried this many tunnels at once. */
const maxStreams = 100

export class HboneClient {
  private readonly options: HboneClientOptions
  private current: PooledConnection | undefined = undefined
  private readonly connections = new Set<PooledConnection>()

  constructor(options: HboneClientOptions) {
    this.options = options
  }

  /** Opens a tunnel; rejects with the reason when the answer is not 200. */
  async connect(authority: string, origin: TunnelOrigin = {}): Promise<ClientHttp2Stream> {
    const connection = this.pooled()
    connection.tunnels++
    const release = (): void => {
      connection.tunnels--
    }
    try {
      await connection.ready
    } catch (error) {
      release()
      throw error
    }
    const fields = { ':method': 'CONNECT', ':authority': authority, ...originFields(origin) }
    const stream = connection.session.request(fields, { endStream: false })
    stream.once('close', release)
    return new Promise((resolve, reject) => {
      stream.once('response', (headers) => {
        if (headers[':status'] === 200) {
          resolve(stream)
          return
        }
        stream.close(constants.NGHTTP2_CANCEL)
        reject(new Error(`CONNECT ${authority} was answered with ${headers[':status'] ?? 'no status'}`))
      })
      stream.once('error', reject)
      stream.once('close', () => reject(new Error(`CONNECT ${authority} was not answered`)))
    })
  }

  /** How many connections are open, for tests of pooling. */
  get openConnections(): number {
    return this.connections.size
  }

  close(): void {
    for (const { session } of this.connections) session.destroy()
  }

  private pooled(): PooledConnection {
    if (this.current !== undefined && this.current.tunnels >= maxStreams) this.current = undefined
    return (this.current ??= this.open())
  }

  private open(): PooledConnection {
    const { host, port, credentials, expectedSpiffeId } = this.options
    const socket = connectTls({
      host,
      port,
      key: credentials.keyPem,
      cert: credentials.certChainPem,
      ca: credentials.rootPem,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
      // No host name: who the other end is, its SPIFFE ID says.
      checkServerIdentity: (_host, certificate) => {
        const presented = spiffeIdsOf(certificate.subjectaltname)
        if (presented.includes(expectedSpiffeId)) return undefined
        return new Error(`expected ${expectedSpiffeId}, the peer is ${presented.join(', ') || 'nobody'}`)
      },
    })
    socket.setNoDelay(true)
    const session = connectHttp2(`https://${host}:${port}`, {
      createConnection: () => socket,
      maxSessionMemory: 1000,
      peerMaxConcurrentStreams: maxStreams,
      settings: { enablePush: false, initialWindowSize: 4 << 20, maxFrameSize: 1 << 20, maxHeaderListSize: 16384 },
    })
    const connection: PooledConnection = { session, tunnels: 0, ready: Promise.resolve() }
    const retire = (): void => {
      if (this.current === connection) this.current = undefined
    }
    connection.ready = new Promise((resolve, reject) => {
      session.once('connect', () => {
        session.setLocalWindowSize(16 << 20)
        resolve()
      })
      session.once('error', reject)
      session.once('close', () => reject(new Error('the connection closed before it was ready')))
    })
    connection.ready.catch(() => {})
    session.on('error', retire)
    session.once('goaway', retire)
    session.once('close', () => {
      retire()
      this.connections.delete(connection)
    })
    this.connections.add(connection)
    return connection
  }
}

interface PooledConnection {
  readonly session: ClientHttp2Session
  /** Open now. */
  tunnels: number
  ready: Promise<void>
}

function originFields(origin: TunnelOrigin): Record<string, string> {
  const fields: Record<string, string> = {
    traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`,
  }
  const baggage: string[] = []
  if (origin.namespace !== undefined) baggage.push(`k8s.namespace.name=${origin.namespace}`)
  if (origin.workload !== undefined)
    baggage.push(`k8s.deployment.name=${origin.workload}`, `service.name=${origin.workload}`)
  if (baggage.length > 0) fields['baggage'] = baggage.join(',')
  if (origin.address !== undefined) {
    const host = origin.serviceHost === undefined ? '' : `;host=${origin.serviceHost}`
    fields['forwarded'] = `for="${origin.address}"${host}`
  }
  return fields
}

export interface TunnelListenerOptions {
  readonly client: HboneClient
  /** `address:port` of the service, as a client in the mesh would dial it. */
  readonly authority: string
  readonly origin?: TunnelOrigin
  readonly host?: string
  /** 0 takes a free one. */
  readonly port?: number
}

/** A plain port each of whose connections goes through a tunnel of its own; one that fails is closed. */
export async function startTunnelListener(options: TunnelListenerOptions): Promise<RunningService> {
  const { client, authority, origin, host = '127.0.0.1', port = 0 } = options
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    client.connect(authority, { address: `${socket.remoteAddress}:${socket.remotePort}`, ...origin }).then(
      (tunnel) => joinStreams(socket, tunnel),
      () => socket.resetAndDestroy(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    host,
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
