// The destination end of HBONE, as a ztunnel is for the pods of its node: mTLS with TLS 1.3, HTTP/2, and a TCP connection to
// the application for each CONNECT. It enforces no policy; it refuses what a ztunnel refuses.

import {
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Credentials } from './certificate-authority.ts'
import type { RunningService } from './echo-service.ts'
import { joinStreams } from './join-streams.ts'
import { spiffeIdOf } from './spiffe.ts'

/** What a tunnel was opened with, for tests and for the demo's table. */
export interface TunnelFacts {
  /** The SPIFFE ID of who dialled. */
  readonly peer: string
  /** `:authority` of the CONNECT. */
  readonly authority: string
  readonly headers: IncomingHttpHeaders
  /** What was answered: 200, 400 or 503. */
  readonly status: number
}

export interface HboneServerOptions {
  readonly credentials: Credentials
  readonly host?: string
  /** 0 takes a free one. */
  readonly port?: number
  /** Where a CONNECT to this authority goes, or undefined to refuse it with 400. A ztunnel dials what the authority says. */
  readonly resolve?: (authority: string) => { host: string; port: number } | undefined
  readonly onTunnel?: (facts: TunnelFacts) => void
}

export async function startHboneServer(options: HboneServerOptions): Promise<RunningService> {
  const { credentials, host = '127.0.0.1', port = 0 } = options
  const server = createSecureServer({
    key: credentials.keyPem,
    cert: credentials.certChainPem,
    ca: credentials.rootPem,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    // Room for the windows of all streams; the default of 10 MB refuses tunnels.
    maxSessionMemory: 1000,
    settings: {
      maxConcurrentStreams: 200,
      initialWindowSize: 4 << 20,
      maxFrameSize: 1 << 20,
      maxHeaderListSize: 65536,
    },
  })
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.setLocalWindowSize(16 << 20)
    session.once('close', () => sessions.delete(session))
    session.on('error', () => {})
  })
  server.on('tlsClientError', () => {})
  server.on('stream', (stream, headers) => serveTunnel(stream as ServerHttp2Stream, headers, options))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    host,
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
      for (const session of sessions) session.destroy()
      await closed
    },
  }
}

function serveTunnel(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: HboneServerOptions): void {
  const authority = headers[':authority'] ?? ''
  const peer = spiffeIdOf(stream.session?.socket as TLSSocket) ?? ''
  const answer = (status: number): void => {
    options.onTunnel?.({ peer, authority, headers, status })
    if (stream.destroyed || stream.closed) return
    // A 200 must not have a content-length, and nothing else is expected on it.
    stream.respond({ ':status': status }, { endStream: status !== 200, sendDate: false } as { endStream: boolean })
  }
  stream.on('error', () => {})
  const target = headers[':method'] === 'CONNECT' ? (options.resolve ?? addressOf)(authority) : undefined
  if (target === undefined) {
    answer(400)
    return
  }
  const app: Socket = connect({ ...target, allowHalfOpen: true, noDelay: true })
  app.once('error', () => {
    if (!stream.headersSent) answer(503)
  })
  app.once('connect', () => {
    answer(200)
    joinStreams(stream, app)
  })
  stream.once('close', () => {
    if (app.connecting) app.destroy()
  })
}

/** `IPv4:port` or `[IPv6]:port`. */
function addressOf(authority: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([\d.]+)):(\d+)$/i.exec(authority)
  return match === null ? undefined : { host: match[1] ?? match[2], port: Number(match[3]) }
}
