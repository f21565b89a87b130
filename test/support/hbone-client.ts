// The source side of HBONE as a test drives it: one mTLS HTTP/2 connection and CONNECT tunnels on it. Not a ztunnel: no
// pool, no baggage of its own, and it can be told to misbehave.

import {
  connect as connectHttp2,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { ByteTunnel } from './byte-tunnel.ts'
import type { Identity } from './certificates.ts'

export interface HboneTarget {
  readonly host: string
  readonly port: number
  /** Root certificate, PEM. */
  readonly root: string
  /** Client certificate; without one the client presents none. */
  readonly identity?: Identity
  /** ALPN protocols to offer (default `h2`). */
  readonly alpn?: readonly string[]
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
}

/** What a CONNECT was answered: the response header section, or how the stream ended without one. */
export interface ConnectAnswer {
  readonly tunnel: ByteTunnel
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string>>
}

/** Resolves with a connected TLS socket, rejects when the peer refuses during the handshake. */
export function dialTls(target: HboneTarget): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      host: target.host,
      port: target.port,
      ca: target.root,
      cert: target.identity?.chainPem,
      key: target.identity?.keyPem,
      ALPNProtocols: [...(target.alpn ?? ['h2'])],
      maxVersion: target.maxVersion,
      minVersion: target.maxVersion,
      // The waypoint's certificate names a SPIFFE id and no host; the chain is still verified.
      checkServerIdentity: () => undefined,
    })
    socket.setNoDelay(true)
    socket.once('secureConnect', () => resolve(socket))
    socket.once('error', reject)
  })
}

/** One HTTP/2 connection to a waypoint. */
export class HboneClient {
  /** Set when the peer has sent GOAWAY: its error code. */
  goaway: number | undefined
  closed = false
  private readonly session: ClientHttp2Session

  private constructor(session: ClientHttp2Session) {
    this.session = session
    session.on('goaway', (code) => (this.goaway = code))
    session.on('error', () => undefined)
    session.on('close', () => (this.closed = true))
  }

  static async dial(target: HboneTarget): Promise<HboneClient> {
    const socket = await dialTls(target)
    const session = connectHttp2(`https://${target.host}:${target.port}`, {
      createConnection: () => socket,
      // As ztunnel announces: 4 MiB per stream, 16 MiB for the connection.
      settings: { initialWindowSize: 4 << 20, enablePush: false },
      maxSessionMemory: 1_000,
    })
    session.setLocalWindowSize(16 << 20)
    return new HboneClient(session)
  }

  /** Sends CONNECT and waits for the answer. `early` is written before it. */
  async connect(authority: string, headers: OutgoingHttpHeaders = {}, early?: Uint8Array): Promise<ConnectAnswer> {
    const stream = this.session.request(
      { ':method': 'CONNECT', ':authority': authority, ...headers },
      { endStream: false },
    )
    const tunnel = new ByteTunnel(stream)
    if (early !== undefined) tunnel.write(early)
    let answer: Record<string, string> | undefined
    stream.on('response', (fields) => {
      answer = {}
      for (const name of Object.keys(fields)) answer[name] = String(fields[name])
    })
    await new Promise<void>((resolve) => {
      stream.once('response', () => resolve())
      stream.once('close', () => resolve())
    })
    const fields = answer ?? {}
    const status = fields[':status']
    return { tunnel, status: status === undefined ? undefined : Number(status), headers: fields }
  }

  /** A tunnel as the stream that it is. Rejects unless the answer is 200. */
  openStream(authority: string): Promise<ClientHttp2Stream> {
    const stream = this.session.request({ ':method': 'CONNECT', ':authority': authority }, { endStream: false })
    return new Promise((resolve, reject) => {
      stream.once('response', ({ ':status': status }) => {
        if (status === 200) resolve(stream)
        else reject(new Error(`CONNECT ${authority} was answered with ${status}`))
      })
      stream.once('error', reject)
      stream.once('close', () => reject(new Error(`CONNECT ${authority} was not answered`)))
    })
  }

  /** Drops the TLS connection at once. */
  destroy(): void {
    this.session.destroy()
  }
}
