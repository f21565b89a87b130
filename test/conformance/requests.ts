// Sends one request, as the suite's client does: over a connection of its own, without following redirects.

import { request as httpRequest } from 'node:http'
import { connect, type IncomingHttpHeaders } from 'node:http2'
import type { MeshRequest } from './conformance-case.ts'
import { type Echo, grpcMessage } from './echo-server.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** What the backend saw; undefined if none answered. */
  readonly echo: Echo | undefined
}

const timeoutMs = 5_000

export function sendHttp(port: number, { to, path = '/', headers = {} }: MeshRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, headers: { host: to.service, ...headers }, agent: false }
    const sent = httpRequest(options, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (body += chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: single(response.headers), echo: echoIn(body) })
      })
    })
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`${path} got no answer`)))
    sent.on('error', reject)
    sent.end()
  })
}

/** Calls `proto.EchoTestService/Echo`; the status is 200 only if gRPC's own is OK. */
export function sendGrpc(port: number, { to, headers = {} }: MeshRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`)
    session.on('error', reject)
    const stream = session.request({
      ':method': 'POST',
      ':authority': `${to.service}:${to.port}`,
      ':path': '/proto.EchoTestService/Echo',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    })
    const chunks: Buffer[] = []
    let answered: IncomingHttpHeaders = {}
    let grpcStatus: string | undefined
    stream.setTimeout(timeoutMs, () => stream.destroy(new Error('the call got no answer')))
    stream.on('error', reject)
    stream.on('response', (fields) => {
      answered = fields
      grpcStatus ??= fields['grpc-status']?.toString()
    })
    stream.on('trailers', (fields) => (grpcStatus = fields['grpc-status']?.toString()))
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      session.close()
      const status = grpcStatus === '0' ? Number(answered[':status']) : 500 + Number(grpcStatus)
      resolve({ status, headers: single(answered), echo: echoIn(Buffer.concat(chunks).subarray(5).toString()) })
    })
    stream.end(grpcMessage(Buffer.alloc(0)))
  })
}

function single(headers: IncomingHttpHeaders): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value])
  return Object.fromEntries(entries) as Record<string, string>
}

function echoIn(body: string): Echo | undefined {
  try {
    return JSON.parse(body) as Echo
  } catch {
    // The waypoint itself answered.
    return undefined
  }
}
