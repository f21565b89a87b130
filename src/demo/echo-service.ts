// A service that tells what reached it: HTTP/1.1 and cleartext HTTP/2 on one port, a JSON answer with the request as it was
// received. It stands for an application; nothing of Cairn is in it.

import { createServer as createHttp1Server, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { createServer, type AddressInfo, type Socket } from 'node:net'

export interface EchoServiceOptions {
  readonly service: string
  readonly version: string
  readonly pod: string
  readonly host?: string
  /** 0 takes a free one. */
  readonly port?: number
}

/** The body of every answer. */
export interface EchoAnswer {
  readonly service: string
  readonly version: string
  readonly pod: string
  /** `HTTP/1.1` or `HTTP/2.0`. */
  readonly protocol: string
  readonly method: string
  /** With the query. */
  readonly path: string
  /** `:authority` or `host`. */
  readonly authority: string
  /** In the order of arrival, pseudo-header fields left out; repeated ones joined with a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly bodyBytes: number
}

export interface RunningService {
  readonly host: string
  readonly port: number
  /** Stops listening and breaks what is open. */
  close(): Promise<void>
}

const http2Preface = Buffer.from('PRI * HTTP/2.0\r\n')

export async function startEchoService(options: EchoServiceOptions): Promise<RunningService> {
  const handler = (request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse) => {
    let bodyBytes = 0
    request.on('data', (chunk: Buffer) => (bodyBytes += chunk.length))
    request.on('end', () => {
      const body = Buffer.from(`${JSON.stringify(answerTo(request, options, bodyBytes))}\n`)
      response.setHeader('content-type', 'application/json')
      response.setHeader('content-length', body.length)
      response.end(body)
    })
  }
  const http1 = createHttp1Server(handler)
  const http2 = createHttp2Server(handler)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    // The first bytes tell the protocol (RFC 9113 3.4).
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null
      if (first === null) return
      socket.unshift(first)
      const isHttp2 = first.subarray(0, http2Preface.length).equals(http2Preface.subarray(0, first.length))
      ;(isHttp2 ? http2 : http1).emit('connection', socket)
    })
  })
  const { host = '127.0.0.1', port = 0 } = options
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

function answerTo(
  request: IncomingMessage | Http2ServerRequest,
  { service, version, pod }: EchoServiceOptions,
  bodyBytes: number,
): EchoAnswer {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (!name.startsWith(':') && value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value
  }
  return {
    service,
    version,
    pod,
    protocol: `HTTP/${request.httpVersion}`,
    method: request.method ?? '',
    path: request.url ?? '',
    authority: String(request.headers[':authority'] ?? request.headers.host ?? ''),
    headers,
    bodyBytes,
  }
}
