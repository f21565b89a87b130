import { expect, test } from '@jest/globals'
import { CountingStats } from '../../../test/support/counting-stats.ts'
import { pass, run, testDispatcher } from '../../../test/support/connections.ts'
import { testConnection, testRequest } from '../../../test/support/streams.ts'
import { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'
import type { RequestEncoder } from '../../codec/http-stream.ts'
import { seededRandom } from '../../lib/random.ts'
import { CircuitBreakers } from '../cluster/circuit-breakers.ts'
import type { ClientConnection } from '../cluster/client-connection.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { clusterStats } from '../cluster/cluster-stats.ts'
import type { PoolRequest } from '../cluster/http-pool.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import type { Exchange } from './exchange.ts'
import type { MirrorPolicy } from './mirror-policy.ts'
import { startShadows } from './shadow.ts'
import type { Shadows } from './shadow.ts'

const LIMIT_BYTES = 10
const POLICY: MirrorPolicy = {
  cluster: 'copies',
  clusterHeader: '',
  share: undefined,
  hostRewrite: '',
  marksHost: true,
  mutations: [],
}

/** A cluster whose one stream is given when the test says so, and takes as much as the test allows. */
class Mirror {
  readonly sent: string[] = []
  readonly dispatcher: Dispatcher = testDispatcher()
  readonly stats = new CountingStats()
  isWritable = true
  request: PoolRequest | undefined = undefined
  private readonly encoder: RequestEncoder = {
    sendHeaders: (headers, end) => void this.sent.push(`${headers.authority} ${headers.fields.join(' ')}${mark(end)}`),
    sendData: (chunk, end) => {
      this.sent.push(`${chunk.toString()}${mark(end)}`)
      return this.isWritable
    },
    sendTrailers: () => void this.sent.push('<trailers>'),
    reset: () => void this.sent.push('<reset>'),
    bufferedBytes: 0,
    pauseRead: () => undefined,
    resumeRead: () => undefined,
  }

  readonly cluster = {
    dispatcher: this.dispatcher,
    stats: clusterStats(this.stats, 'copies'),
    breakers: new CircuitBreakers({
      maxConnections: 1,
      maxPendingRequests: 1,
      maxRequests: 9,
      maxRetries: 1,
      retryBudget: undefined,
    }),
    chooseHost: () => ({ description: {}, activeRequests: 0, failedRequests: 0, successfulRequests: 0 }),
    httpPool: () => ({
      newStream: (request: PoolRequest) => void (this.request = request),
      cancel: () => void this.sent.push('<cancelled>'),
    }),
  } as unknown as Cluster

  /** Starts the copy of a request whose body is still to come. */
  start(policy: MirrorPolicy = POLICY, timeoutMs = 0): Shadows | undefined {
    const info = testRequest(
      { method: 'POST', path: '/', authority: 'a.test:80' },
      testConnection('10.0.0.1:80', '10.0.0.2:1'),
    )
    const headers = new RequestHeaderMap(['x-forwarded-for', '10.0.0.2'])
    headers.method = 'POST'
    headers.authority = 'a.test:80'
    const exchange = {
      info,
      requestHeaders: headers,
      endsWithHeaders: false,
      config: { bufferLimitBytes: LIMIT_BYTES, localInfo: { address: '192.0.2.1' } },
      manager: { clusters: new Map([['copies', this.cluster]]), random: seededRandom(1), protocol: 'HTTP/1.1' },
    }
    return startShadows(exchange as unknown as Exchange, [policy], timeoutMs)
  }

  giveStream(): void {
    const connection = { facts: {}, codec: { protocol: 'HTTP/1.1' } } as ClientConnection
    run(this.dispatcher, () => this.request?.onPoolReady(this.encoder, connection))
  }
}

function mark(end: boolean): string {
  return end ? '<end>' : ''
}

const HEADERS = 'a.test-shadow:80 x-forwarded-for 10.0.0.2,192.0.2.1 x-envoy-internal true'

test('a body goes along as it arrives, from the time when there is a stream', () => {
  const mirror = new Mirror()
  const shadows = mirror.start()
  shadows?.onRequestData(Buffer.from('one'), false)
  mirror.giveStream()
  shadows?.onRequestData(Buffer.from('two'), false)
  shadows?.onRequestTrailers(new HeaderMap())
  expect(mirror.sent).toEqual([HEADERS, 'one', 'two', '<trailers>'])
})

test('what the mirror has no room for is kept up to the limit, and the copy given up beyond it', () => {
  const mirror = new Mirror()
  mirror.isWritable = false
  const shadows = mirror.start()
  mirror.giveStream()
  shadows?.onRequestData(Buffer.from('fills'), false)
  shadows?.onRequestData(Buffer.from('waits'), false)
  mirror.isWritable = true
  mirror.request?.onWritable()
  expect(mirror.sent).toEqual([HEADERS, 'fills', 'waits'])
  mirror.isWritable = false
  shadows?.onRequestData(Buffer.from('fills'), false)
  shadows?.onRequestData(Buffer.alloc(LIMIT_BYTES + 1), false)
  shadows?.onRequestData(Buffer.from('dropped'), true)
  expect(mirror.sent.slice(3)).toEqual(['fills', '<reset>'])
  expect(mirror.stats.of('cluster.copies.').retry_or_shadow_abandoned).toBe(1)
})

test('room that comes after the end of the copy changes nothing', () => {
  const mirror = new Mirror()
  mirror.isWritable = false
  const shadows = mirror.start()
  mirror.giveStream()
  shadows?.onRequestData(Buffer.from('all'), true)
  mirror.request?.onWritable()
  expect(mirror.sent).toEqual([HEADERS, 'all<end>'])
})

test('a copy outlives its request only when it has all of it', () => {
  const whole = new Mirror()
  const finished = whole.start()
  whole.giveStream()
  finished?.onRequestData(Buffer.from('all'), true)
  finished?.abandon()
  expect(whole.sent).toEqual([HEADERS, 'all<end>'])
  const half = new Mirror()
  const cut = half.start()
  half.giveStream()
  cut?.onRequestData(Buffer.from('half'), false)
  cut?.abandon()
  expect(half.sent).toEqual([HEADERS, 'half', '<reset>'])
})

test('an answer from before the end of the request ends the copy', () => {
  const mirror = new Mirror()
  const shadows = mirror.start()
  mirror.giveStream()
  const headers = new ResponseHeaderMap()
  headers.status = 413
  mirror.request?.onHeaders(headers, true)
  shadows?.onRequestData(Buffer.from('late'), true)
  expect(mirror.sent).toEqual([HEADERS, '<reset>'])
})

test('the time-out counts from the end of the request', () => {
  const mirror = new Mirror()
  const shadows = mirror.start(POLICY, 1000)
  mirror.giveStream()
  pass(mirror.dispatcher, 5000)
  run(mirror.dispatcher, () => shadows?.onRequestData(Buffer.from('all'), true))
  pass(mirror.dispatcher, 900)
  expect(mirror.sent).toEqual([HEADERS, 'all<end>'])
  pass(mirror.dispatcher, 200)
  expect(mirror.sent).toEqual([HEADERS, 'all<end>', '<reset>'])
})

test('a cluster that does not exist gets no copy', () => {
  expect(new Mirror().start({ ...POLICY, cluster: 'missing' })).toBeUndefined()
  expect(new Mirror().start({ ...POLICY, cluster: '', clusterHeader: 'x-to' })).toBeUndefined()
})
