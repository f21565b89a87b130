// A destination's HBONE end written frame by frame: mTLS as hbone-backend.ts has, then one Http2Wire per connection, which does
// only what the test says. For facts about connections and frames that a proper server would hide.

import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { ByteTunnel } from './byte-tunnel.ts'
import type { Identity } from './certificates.ts'
import { Http2Wire, type WireOptions, type WireStream } from './http2-wire.ts'

export interface WireDestinationOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port?: number
  readonly identity: Identity
  readonly wire?: Omit<WireOptions, 'role'>
}

export type StreamProgram = (stream: WireStream, wire: Http2Wire) => void

/** Answers CONNECT as a ztunnel does, and no more. */
export const acceptTunnel: StreamProgram = (stream, wire) => wire.headers(stream.id, [[':status', '200']])

export class WireDestination {
  readonly port: number
  /** One per TLS connection, in order of arrival. */
  readonly wires: Http2Wire[] = []
  /** Run for every new stream. */
  onStream: StreamProgram = acceptTunnel
  /** Run for every DATA frame. */
  onData: StreamProgram = () => undefined
  private readonly server: Server
  private readonly sockets: Set<Socket>

  private constructor(server: Server, sockets: Set<Socket>) {
    this.server = server
    this.sockets = sockets
    this.port = (server.address() as { port: number }).port
  }

  static async listen(options: WireDestinationOptions): Promise<WireDestination> {
    const { identity } = options
    const server = createTlsServer({
      cert: identity.chainPem,
      key: identity.keyPem,
      ca: identity.rootPem,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
    })
    const destination = new WireDestination(server, await start(server, options))
    server.on('secureConnection', (socket) => {
      socket.setNoDelay(true)
      destination.add(new Http2Wire(new ByteTunnel(socket), { ...options.wire, role: 'server' }))
    })
    return destination
  }

  /** All streams of all connections. */
  get streams(): WireStream[] {
    return this.wires.flatMap((wire) => [...wire.streams.values()])
  }

  private add(wire: Http2Wire): void {
    wire.onStream = (stream) => this.onStream(stream, wire)
    wire.onData = (stream) => this.onData(stream, wire)
    this.wires.push(wire)
    wire.follow()
  }

  /** Drops every connection and stops listening. */
  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

/** A destination that takes TCP connections and says nothing, so that no TLS handshake ends. */
export async function startMuteDestination(host: string): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createTcpServer()
  const sockets = await start(server, { host })
  return {
    port: (server.address() as { port: number }).port,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

async function start(server: Server, { host, port = 0 }: { host: string; port?: number }): Promise<Set<Socket>> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return sockets
}
