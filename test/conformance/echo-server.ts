// A pod's application: tells in its answer which pod it is and what it saw, over HTTP/1.1 and as a gRPC server.

import { createServer as createHttp1Server } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Server } from 'node:http'

/** The body of every answer. */
export interface Echo {
  readonly pod: string
  readonly path: string
  readonly host: string
  /** Line by line, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

export interface EchoPorts {
  readonly http: readonly number[]
  readonly grpc: number
}

export class EchoServer {
  private readonly servers: (Server | Http2Server)[] = []
  private readonly sessions = new Set<ServerHttp2Session>()

  static async start(pod: string, host: string, ports: EchoPorts): Promise<EchoServer> {
    const echo = new EchoServer()
    for (const port of ports.http) await echo.listen(echo.http(pod), port, host)
    await echo.listen(echo.grpc(pod), ports.grpc, host)
    return echo
  }

  async close(): Promise<void> {
    for (const session of this.sessions) session.destroy()
    const closed = this.servers.map((server) => new Promise<void>((resolve) => void server.close(() => resolve())))
    for (const server of this.servers) if ('closeAllConnections' in server) server.closeAllConnections()
    await Promise.all(closed)
  }

  private listen(server: Server | Http2Server, port: number, host: string): Promise<void> {
    this.servers.push(server)
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
  }

  private http(pod: string): Server {
    return createHttp1Server((request, response) => {
      request.resume()
      const { rawHeaders, url = '', headers } = request
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(echoOf(pod, url, headers.host ?? '', rawHeaders)))
    })
  }

  private grpc(pod: string): Http2Server {
    const server = createHttp2Server()
    server.on('session', (session) => {
      this.sessions.add(session)
      session.once('close', () => this.sessions.delete(session))
    })
    server.on('stream', (stream: ServerHttp2Stream, headers, _flags, rawHeaders: string[]) => {
      stream.on('error', () => {})
      stream.resume()
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      const body = echoOf(pod, headers[':path'] ?? '', headers[':authority'] ?? '', rawHeaders)
      stream.end(grpcMessage(Buffer.from(JSON.stringify(body))))
    })
    return server
  }
}

/** A message with gRPC's prefix: not compressed, four octets of length. */
export function grpcMessage(payload: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(payload.length, 1)
  return Buffer.concat([head, payload])
}

function echoOf(pod: string, path: string, host: string, raw: readonly string[]): Echo {
  const headers: [string, string][] = []
  for (let at = 0; at < raw.length; at += 2) headers.push([raw[at].toLowerCase(), raw[at + 1]])
  return { pod, path, host, headers }
}
