// The admin interface over HTTP: finds the endpoint of a request and sends its answer, with Envoy's headers. What the
// endpoints say is theirs.

import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AdminQuery } from './admin-query.ts'
import type { AdminSource } from './admin-source.ts'
import { textAnswer } from './endpoint.ts'
import type { AdminAnswer, Endpoint } from './endpoint.ts'
import { helpText } from './endpoints/help.ts'
import { ENDPOINTS } from './endpoints/list.ts'

export interface AdminServerOptions {
  /** An endpoint threw, which is a defect of ours; the client got 500. */
  onError?: (error: unknown, path: string) => void
}

/** Parameters in a body are few and short. */
const MAX_BODY_BYTES = 64 * 1024

export class AdminServer {
  private readonly source: AdminSource
  private readonly onError: (error: unknown, path: string) => void
  private readonly server: Server
  private readonly endpoints: ReadonlyMap<string, Endpoint>

  constructor(source: AdminSource, options: AdminServerOptions = {}) {
    this.source = source
    this.onError = options.onError ?? (() => undefined)
    this.endpoints = new Map(ENDPOINTS.map((endpoint) => [endpoint.path, endpoint]))
    this.server = createServer((request, response) => void this.serve(request, response))
  }

  /** Resolves with what was bound, port 0 being any; rejects with the error of the system (EADDRINUSE, EACCES). */
  listen({ ip, port }: { readonly ip: string; readonly port: number }): Promise<{ ip: string; port: number }> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(port, ip, () => {
        this.server.off('error', reject)
        const bound = this.server.address() as AddressInfo
        resolve({ ip: bound.address, port: bound.port })
      })
    })
  }

  /** Stops at once; answers that are being sent are cut off. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve())
      this.server.closeAllConnections()
    })
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path, queryText] = splitTarget(request.url ?? '/')
    try {
      send(response, await this.answer(request, path, queryText))
    } catch (error) {
      if (request.destroyed && !request.complete) return
      this.onError(error, path)
      send(response, textAnswer('internal error; the log says which\n', 500))
    }
  }

  private async answer(request: IncomingMessage, path: string, queryText: string): Promise<AdminAnswer> {
    const endpoint = this.endpoints.get(path)
    if (endpoint === undefined) return textAnswer(`invalid path. ${helpText(ENDPOINTS)}`, 404)
    if (endpoint.changesServer && request.method !== 'POST') {
      return textAnswer(`Method ${request.method} not allowed, POST required.`, 405)
    }
    if (endpoint.changesServer && isFromOtherSite(request)) {
      return textAnswer('a page of another site may not change the server\n', 403)
    }
    const body = await readBody(request)
    if (body === undefined) return textAnswer('the body is too large\n', 413)
    // A form's parameters count only when the path has none.
    const text = queryText === '' && isForm(request) ? body : queryText
    return endpoint.answer(new AdminQuery(text), this.source)
  }
}

function splitTarget(target: string): [path: string, query: string] {
  const mark = target.indexOf('?')
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)]
}

/** A browser sent it for a page that is not ours: anyone's page can post to 127.0.0.1. Stricter than Envoy. */
function isFromOtherSite(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

function isForm(request: IncomingMessage): boolean {
  return request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true
}

/** Undefined when it is too large; what is left of it is then not read. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function send(response: ServerResponse, { status, contentType, body, afterwards }: AdminAnswer): void {
  if (afterwards !== undefined) response.once('close', afterwards)
  response.writeHead(status, {
    'content-type': contentType,
    'cache-control': 'no-cache, max-age=0',
    'x-content-type-options': 'nosniff',
    server: 'envoy',
  })
  response.end(body)
}
