// The destination side of HBONE as a test drives it: for each pod address an mTLS HTTP/2 server that answers CONNECT as it
// is told and hands the tunnel to a program; for pods outside the mesh a plain TCP server with the same programs.

import { createSecureServer, type Http2SecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { createServer, type Server, type Socket } from 'node:net'
import { ByteTunnel } from './byte-tunnel.ts'
import type { MeshAuthority } from './certificates.ts'

/** What a pod does with one inbound connection, after the CONNECT was answered (or at once for a plain pod). */
export type TunnelProgram = (tunnel: ByteTunnel, connection: InboundConnection) => void | Promise<void>

/** Facts about one inbound connection. */
export interface InboundConnection {
  /** 1 for the first connection to this pod, and so on. */
  readonly ordinal: number
  /** The CONNECT request's header section; empty for plain pods. */
  readonly connect: Readonly<Record<string, string>>
}

/** How a CONNECT is answered: a status (200 opens the tunnel), RST_STREAM with a code, or never. */
export type ConnectReply = { readonly status: number } | { readonly reset: number } | 'never'

export interface Pod {
  /** A loopback address of its own, for example `127.81.0.1`. */
  readonly address: string
  readonly program: TunnelProgram
  /** `hbone` pods listen on the HBONE port, `plain` pods on their own port, `absent` pods nowhere. */
  readonly reach: 'hbone' | 'plain' | 'absent'
  /** The port of a plain pod. */
  readonly port: number
  /** Namespace and service account in the certificate that the pod presents. */
  readonly identity: readonly [namespace: string, serviceAccount: string]
  /** Default: status 200. */
  readonly reply?: (ordinal: number) => ConnectReply
}

/** All pods of a run. Certificates are issued once per identity. */
export class HboneBackend {
  private readonly authority: MeshAuthority
  private readonly port: number
  private readonly servers = new Map<string, Http2SecureServer>()
  private readonly listeners: Server[] = []
  private readonly sockets = new Set<Socket>()
  private readonly pods = new Map<string, Pod>()
  private readonly ordinals = new Map<string, number>()

  /** @param port the HBONE port, the same on every pod address. */
  constructor(authority: MeshAuthority, port: number) {
    this.authority = authority
    this.port = port
  }

  async add(pod: Pod): Promise<void> {
    this.pods.set(pod.address, pod)
    if (pod.reach === 'absent') return
    if (pod.reach === 'plain') {
      await this.listen(pod.address, pod.port, (socket) => this.start(pod, new ByteTunnel(socket), {}))
      return
    }
    const server = await this.serverFor(pod.identity)
    await this.listen(pod.address, this.port, (socket) => server.emit('connection', socket))
  }

  /** Drops every connection and stops listening. */
  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await Promise.all(this.listeners.map((listener) => new Promise((resolve) => listener.close(resolve))))
  }

  private listen(host: string, port: number, accept: (socket: Socket) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
        this.sockets.add(socket)
        socket.on('close', () => this.sockets.delete(socket))
        socket.on('error', () => undefined)
        accept(socket)
      })
      server.on('error', reject)
      server.listen(port, host, resolve)
      this.listeners.push(server)
    })
  }

  private async serverFor(name: readonly [namespace: string, serviceAccount: string]): Promise<Http2SecureServer> {
    const known = this.servers.get(name.join('/'))
    if (known !== undefined) return known
    const identity = await this.authority.issue(...name)
    const server = createSecureServer({
      cert: identity.chainPem,
      key: identity.keyPem,
      ca: this.authority.rootPem,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      maxSessionMemory: 1_000,
      settings: { initialWindowSize: 4 << 20, maxConcurrentStreams: 200 },
    })
    server.on('session', (session: ServerHttp2Session) => {
      session.on('error', () => undefined)
      session.setLocalWindowSize(16 << 20)
    })
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      const connect: Record<string, string> = {}
      for (const name of Object.keys(headers)) connect[name] = String(headers[name])
      this.answerConnect(stream, connect)
    })
    this.servers.set(name.join('/'), server)
    return server
  }

  private answerConnect(stream: ServerHttp2Stream, connect: Record<string, string>): void {
    stream.on('error', () => undefined)
    const authority = connect[':authority'] ?? ''
    const pod = this.pods.get(authority.slice(0, authority.lastIndexOf(':')))
    if (connect[':method'] !== 'CONNECT' || pod === undefined) {
      stream.respond({ ':status': 400 }, { endStream: true })
      return
    }
    const ordinal = (this.ordinals.get(pod.address) ?? 0) + 1
    const reply = pod.reply?.(ordinal) ?? { status: 200 }
    if (reply === 'never') {
      this.ordinals.set(pod.address, ordinal)
    } else if ('reset' in reply) {
      this.ordinals.set(pod.address, ordinal)
      stream.close(reply.reset)
    } else if (reply.status !== 200) {
      this.ordinals.set(pod.address, ordinal)
      stream.respond({ ':status': reply.status }, { endStream: true })
    } else {
      stream.respond({ ':status': 200 })
      this.start(pod, new ByteTunnel(stream), connect)
    }
  }

  private start(pod: Pod, tunnel: ByteTunnel, connect: Record<string, string>): void {
    const ordinal = (this.ordinals.get(pod.address) ?? 0) + 1
    this.ordinals.set(pod.address, ordinal)
    void Promise.resolve(pod.program(tunnel, { ordinal, connect })).catch(() => tunnel.reset())
  }
}
