import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { create, fromBinary, toBinary, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf'
import { afterEach, describe, expect, test } from '@jest/globals'
import { AuthorizationServer, type AnswerCheck } from '../../../../test/support/authorization-server.ts'
import { RunningDataPlane } from '../../../../test/support/running-data-plane.ts'
import {
  CheckRequestSchema,
  CheckResponseSchema,
} from '../../../envoy/generated/envoy/service/auth/v3/external_auth_pb.js'
import { StatusCode } from '../../../envoy/generated/envoy/type/v3/http_status_pb.js'
import type { CheckRequest } from '../../../envoy/generated/envoy/service/auth/v3/external_auth_pb.js'

type CheckResponseInit = MessageInitShape<typeof CheckResponseSchema>

const NAME = 'envoy.filters.http.ext_authz'
const TYPE = 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz'
const stops: (() => void)[] = []

afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

async function httpServer(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const server: Server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Answers with the request's line and headers, and its body. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('end', () => {
      const body = Buffer.concat(chunks).toString()
      response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }))
    })
}

async function proxy(filter: JsonObject, authz: number, isGrpc: boolean): Promise<RunningDataPlane> {
  const running = await RunningDataPlane.start({
    filters: { [NAME]: { '@type': TYPE, transport_api_version: 'V3', ...filter } },
    clusters: { backend: await httpServer(echo), authz },
    http2: isGrpc ? ['authz'] : [],
    routes: [{ match: { prefix: '/' }, route: { cluster: 'backend' } }],
  })
  stops.push(() => running.stop())
  return running
}

const GRPC: JsonObject = { grpc_service: { envoy_grpc: { cluster_name: 'authz' }, timeout: '5s' } }

async function grpcProxy(answer: AnswerCheck, filter: JsonObject = {}): Promise<RunningDataPlane> {
  const server = await AuthorizationServer.start(answer)
  stops.push(() => server.stop())
  return proxy({ ...GRPC, ...filter }, server.port, true)
}

const response = (init: CheckResponseInit): Buffer =>
  Buffer.from(toBinary(CheckResponseSchema, create(CheckResponseSchema, init)))

const never = new Promise<Buffer>(() => undefined)

describe('a gRPC service', () => {
  test('learns of the request and lets it on with what it wants changed', async () => {
    let seen: CheckRequest | undefined
    const running = await grpcProxy((bytes) => {
      seen = fromBinary(CheckRequestSchema, bytes)
      return response({
        status: { code: 0 },
        httpResponse: {
          case: 'okResponse',
          value: {
            headers: [{ header: { key: 'X-User', value: 'Grüße' } }],
            headersToRemove: ['x-secret'],
            responseHeadersToAdd: [{ header: { key: 'x-checked', value: 'yes' } }],
          },
        },
      })
    })
    const { status, headers, body } = await running.send('/a?b=c', {
      method: 'POST',
      headers: { 'x-secret': '1', 'x-b': '2' },
      body: 'hello',
    })
    const { source, destination, request } = seen!.attributes!
    expect(request?.http).toMatchObject({
      method: 'POST',
      path: '/a?b=c',
      protocol: 'HTTP/1.1',
      scheme: 'http',
      body: '',
    })
    expect(request?.http?.headers).toMatchObject({ 'x-b': '2', ':path': '/a?b=c', ':method': 'POST' })
    expect(source?.address?.address.value).toMatchObject({ address: '127.0.0.1' })
    expect(destination?.address?.address.value).toMatchObject({ address: '127.0.0.1' })
    expect([status, headers['x-checked']]).toEqual([200, 'yes'])
    const received = JSON.parse(body) as { headers: Record<string, string>; body: string }
    expect(received.headers['x-secret']).toBeUndefined()
    expect(Buffer.from(received.headers['x-user'], 'latin1').toString()).toBe('Grüße')
    expect(received.body).toBe('hello')
    expect(running.stats.of('http.test.ext_authz.')).toEqual({ ok: 1 })
    expect(running.stats.of('cluster.backend.ext_authz.')).toEqual({ ok: 1 })
  })

  test('is shown the body, which then goes on', async () => {
    let shown = ''
    const running = await grpcProxy(
      (bytes) => {
        shown = fromBinary(CheckRequestSchema, bytes).attributes?.request?.http?.body ?? ''
        return response({})
      },
      { with_request_body: { max_request_bytes: 4_000_000 } },
    )
    const body = 'x'.repeat(3_000_000)
    const answer = await running.send('/', { method: 'POST', body })
    expect([answer.status, shown.length]).toEqual([200, body.length])
    expect((JSON.parse(answer.body) as { body: string }).body).toBe(body)
  })

  test('denies with its own answer', async () => {
    const running = await grpcProxy(() =>
      response({
        status: { code: 7 },
        httpResponse: {
          case: 'deniedResponse',
          value: { status: { code: StatusCode.Unauthorized }, body: 'who are you?' },
        },
      }),
    )
    const { status, body } = await running.send('/')
    expect([status, body]).toEqual([401, 'who are you?'])
    expect(running.stats.of('http.test.ext_authz.')).toEqual({ denied: 1 })
  })

  test('that is not there denies', async () => {
    const server = await AuthorizationServer.start(() => response({}))
    server.stop()
    const running = await proxy(GRPC, server.port, true)
    expect((await running.send('/')).status).toBe(403)
    expect(running.stats.of('http.test.ext_authz.')).toEqual({ error: 1 })
  })

  test.each([
    ['no message', Buffer.from([0xff, 0xff, 0xff])],
    ['a header that would split the request', response({ httpResponse: { case: 'okResponse', value: { headers: [{ header: { key: 'x', value: 'a\r\nb: c' } }] } } })], // prettier-ignore
  ])('that answers with %s denies', async (_, bytes) => {
    const running = await grpcProxy(() => bytes)
    expect((await running.send('/')).status).toBeGreaterThanOrEqual(400)
  })

  test('that takes too long denies', async () => {
    const running = await grpcProxy(() => never, {
      grpc_service: { envoy_grpc: { cluster_name: 'authz' }, timeout: '0.05s' },
    })
    expect((await running.send('/')).status).toBe(403)
  })

  test('is told when nobody waits for its answer any more', async () => {
    let cancelled: Promise<void> | undefined
    let asked = (): void => undefined
    const isAsked = new Promise<void>((resolve) => (asked = resolve))
    const running = await grpcProxy((_, isCancelled) => {
      cancelled = isCancelled
      asked()
      return never
    })
    await running.abandon('/', isAsked)
    await cancelled
    expect(running.stats.of('http.test.ext_authz.')).toEqual({})
  })
})

describe('an HTTP service', () => {
  const filter = (more: JsonObject = {}): JsonObject => ({
    http_service: {
      server_uri: { uri: 'http://authz', cluster: 'authz', timeout: '5s' },
      path_prefix: '/check',
      ...more,
    },
  })

  test('is asked by the request itself and lets it on', async () => {
    const asked: string[] = []
    const authz = await httpServer((request, answer) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization} ${request.headers['x-a']}`)
      answer.setHeader('x-user', 'me').end()
    })
    const allowed = { allowed_upstream_headers: { patterns: [{ exact: 'x-user' }] } }
    const running = await proxy(filter({ authorization_response: allowed }), authz, false)
    const { body } = await running.send('/a', { headers: { authorization: 'x', 'x-a': '1' } })
    expect(asked).toEqual(['GET /check/a x undefined'])
    expect((JSON.parse(body) as { headers: object }).headers).toMatchObject({ 'x-user': 'me', 'x-a': '1' })
  })

  test.each([
    [201, 201],
    [401, 401],
    [503, 403],
  ])('that answers %i makes it %i', async (status, expected) => {
    const authz = await httpServer((_, answer) => answer.writeHead(status).end('no'))
    const running = await proxy(filter(), authz, false)
    expect((await running.send('/')).status).toBe(expected)
  })

  test('that says more than fits denies', async () => {
    const authz = await httpServer((_, answer) => answer.end('x'.repeat(2_000_000)))
    const running = await proxy(filter(), authz, false)
    expect((await running.send('/')).status).toBe(403)
  })
})

test('a filter without a service, or with one that cannot be asked, is refused', async () => {
  await expect(proxy({}, 1, true)).rejects.toThrow('one of grpc_service and http_service is needed')
  const google = { grpc_service: { google_grpc: { target_uri: 'x', stat_prefix: 'x' } } }
  await expect(proxy(google, 1, true)).rejects.toThrow('an envoy_grpc service is needed')
})
