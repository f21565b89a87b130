import { describe, expect, test } from '@jest/globals'
import { NO_STATS, pass, run, testDispatcher, testPair } from '../../../test/support/connections.ts'
import type { ByteSink } from '../../codec/byte-sink.ts'
import type { ClientCodec, RequestEncoder, ResetReason, ResponseDecoder } from '../../codec/http-stream.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import type { InternalConnection } from '../connection/internal-connection.ts'
import { socketAddress } from '../stream/address.ts'
import type { StatsStore } from '../stream/stats.ts'
import { CircuitBreakers } from './circuit-breakers.ts'
import type { ClientConnection } from './client-connection.ts'
import { clusterStats } from './cluster-stats.ts'
import type { DialCallbacks, Dialing } from './dialer.ts'
import { Host } from './host.ts'
import { HttpPool } from './http-pool.ts'
import type { PoolProtocol, PoolRequest } from './http-pool.ts'

/** Counts what is added to each series, under its name without the cluster's. */
class Numbers implements StatsStore {
  readonly values = new Map<string, number>()

  counter = (name: string): { add(amount: number): void; set(value: number): void } => {
    const key = name.replace('cluster.c.', '')
    return {
      add: (amount) => void this.values.set(key, (this.values.get(key) ?? 0) + amount),
      set: (value) => void this.values.set(key, value),
    }
  }

  gauge = this.counter

  histogram = NO_STATS.histogram

  of(name: string): number {
    return this.values.get(name) ?? 0
  }
}

/** A codec of which the test decides what it has room for, and when its streams end. */
class FakeCodec implements ClientCodec {
  readonly protocol = 'HTTP/2'
  readonly shouldClose = false
  readonly wantsWrite = false
  readonly decoders: ResponseDecoder[] = []
  concurrentStreams: number
  closed = false
  failure: ReturnType<ClientCodec['dispatch']> = undefined
  readonly connection: ClientConnection

  constructor(connection: ClientConnection, concurrentStreams: number) {
    this.connection = connection
    this.concurrentStreams = concurrentStreams
  }

  get activeStreams(): number {
    return this.decoders.length
  }

  get openableStreams(): number {
    return this.closed ? 0 : this.concurrentStreams - this.decoders.length
  }

  newStream(decoder: ResponseDecoder): RequestEncoder {
    this.decoders.push(decoder)
    return {} as RequestEncoder
  }

  /** The stream of the oldest request ends as it should. */
  endStream(): void {
    this.decoders.shift()
    this.connection.onCapacityChange()
  }

  dispatch(): ReturnType<ClientCodec['dispatch']> {
    return this.failure
  }

  inputEnded(): void {
    this.connectionClosed('connection termination')
  }

  connectionClosed(reason: ResetReason): void {
    this.closed = true
    for (const decoder of this.decoders.splice(0)) decoder.onReset(reason, '')
  }

  onTransportWritable(): void {}
}

/** A request that writes down what became of it. */
class Request implements PoolRequest {
  outcome = 'pending'
  onPoolReady(): void {
    this.outcome = 'ready'
  }

  onPoolFailure(reason: ResetReason, transportFailure: string): void {
    this.outcome = transportFailure === '' ? reason : `${reason}: ${transportFailure}`
  }

  onReset(reason: ResetReason): void {
    this.outcome = reason
  }

  onInformational(): void {}
  onHeaders(): void {}
  onData(): void {}
  onTrailers(): void {}
  onWritable(): void {}
}

class Attempt {
  cancelled = false
  readonly callbacks: DialCallbacks
  peer: InternalConnection | undefined = undefined
  private readonly dispatcher: Dispatcher

  constructor(dispatcher: Dispatcher, callbacks: DialCallbacks) {
    this.dispatcher = dispatcher
    this.callbacks = callbacks
  }

  succeed(): void {
    const [near, far] = testPair(this.dispatcher)
    this.peer = far
    far.handler = {
      onData: () => undefined,
      onEnd: () => far.end(),
      onWritable: () => undefined,
      onClose: () => undefined,
    }
    run(this.dispatcher, () => this.callbacks.onConnected(near))
  }

  fail(reason: ResetReason = 'remote connection failure'): void {
    run(this.dispatcher, () => this.callbacks.onConnectFailed(reason, 'refused'))
  }
}

interface Settings {
  streams?: number
  expectedStreams?: number
  idleTimeoutMs?: number
  maxRequestsPerConnection?: number
  maxConnections?: number
  maxPendingRequests?: number
}

function open(settings: Settings = {}) {
  const { streams = 1, expectedStreams = streams, idleTimeoutMs = 0, maxRequestsPerConnection = 0 } = settings
  const dispatcher = testDispatcher()
  const numbers = new Numbers()
  const attempts: Attempt[] = []
  const codecs: FakeCodec[] = []
  const { maxConnections = 1024, maxPendingRequests = 1024 } = settings
  const breakers = new CircuitBreakers({
    maxConnections,
    maxPendingRequests,
    maxRequests: 1024,
    maxRetries: 3,
    retryBudget: undefined,
  })
  const cluster = {
    dispatcher,
    breakers,
    stats: clusterStats(numbers, 'c'),
    idleTimeoutMs,
    maxRequestsPerConnection,
    dial(_host: Host, _filterState: unknown, callbacks: DialCallbacks): Dialing {
      const attempt = new Attempt(dispatcher, callbacks)
      attempts.push(attempt)
      return { cancel: () => (attempt.cancelled = true) } as unknown as Dialing
    },
  }
  const protocol: PoolProtocol = {
    name: 'http2',
    expectedStreams,
    createCodec(_sink: ByteSink, connection: ClientConnection) {
      const codec = new FakeCodec(connection, streams)
      codecs.push(codec)
      return codec
    },
  }
  const address = socketAddress('127.0.0.1', 80)
  const host = new Host({ address } as Host['description'])
  const pool = new HttpPool(host, cluster, protocol, [], 'key')
  host.pools.set('key', pool)
  const request = (): Request => {
    const one = new Request()
    run(dispatcher, () => pool.newStream(one))
    return one
  }
  /** What must be nothing when all is over. */
  const held = (): Record<string, number> => ({
    connections: breakers.connections.inUse,
    pending: breakers.pendingRequests.inUse,
    active: numbers.of('upstream_cx_active'),
    pendingActive: numbers.of('upstream_rq_pending_active'),
    ofHost: host.activeConnections,
    pools: host.pools.size,
  })
  return { dispatcher, numbers, attempts, codecs, pool, host, request, held }
}

const NOTHING = { connections: 0, pending: 0, active: 0, pendingActive: 0, ofHost: 0, pools: 0 }

describe('a pool without a connection', () => {
  test('keeps requests until one stands, and connects once for as many streams as are expected', () => {
    const { attempts, request, numbers } = open({ streams: 2 })
    const requests = [request(), request(), request()]
    expect(attempts.length).toBe(2)
    expect(requests.map((one) => one.outcome)).toEqual(['pending', 'pending', 'pending'])
    attempts[0]?.succeed()
    expect(requests.map((one) => one.outcome)).toEqual(['ready', 'ready', 'pending'])
    attempts[1]?.succeed()
    expect(requests[2]?.outcome).toBe('ready')
    expect(numbers.of('upstream_rq_pending_active')).toBe(0)
    expect(numbers.of('upstream_rq_pending_total')).toBe(3)
  })

  test('fails all that waits when a connect fails, and holds nothing afterwards', () => {
    const { attempts, request, numbers, held } = open({ streams: 100 })
    const requests = [request(), request()]
    attempts[0]?.fail('connection timeout')
    expect(requests.map((one) => one.outcome)).toEqual(['connection timeout: refused', 'connection timeout: refused'])
    expect(numbers.of('upstream_rq_pending_failure_eject')).toBe(2)
    expect(numbers.of('upstream_cx_connect_fail')).toBe(1)
    expect(numbers.of('upstream_cx_connect_timeout')).toBe(1)
    expect(held()).toEqual(NOTHING)
  })

  test('refuses more requests than may be pending', () => {
    const { request, numbers } = open({ maxPendingRequests: 1 })
    expect(request().outcome).toBe('pending')
    expect(request().outcome).toBe('overflow')
    expect(numbers.of('upstream_rq_pending_overflow')).toBe(1)
    expect(numbers.of('upstream_rq_pending_active')).toBe(1)
  })

  test('gives up its connects when the last request that waited is cancelled', () => {
    const { dispatcher, attempts, pool, request, held, numbers } = open()
    const requests = [request(), request()]
    run(dispatcher, () => pool.cancel(requests[0]))
    expect(attempts.map((attempt) => attempt.cancelled)).toEqual([false, false])
    run(dispatcher, () => pool.cancel(requests[1]))
    run(dispatcher, () => pool.cancel(requests[1]))
    expect(attempts.map((attempt) => attempt.cancelled)).toEqual([true, true])
    expect(numbers.of('upstream_rq_cancelled')).toBe(2)
    expect(held()).toEqual(NOTHING)
  })

  test('opens no more connections than the breaker allows, but always a first one', () => {
    const { attempts, codecs, request, numbers, dispatcher } = open({ maxConnections: 0 })
    const requests = [request(), request()]
    expect(attempts.length).toBe(1)
    expect(numbers.of('upstream_cx_overflow')).toBeGreaterThan(0)
    attempts[0]?.succeed()
    expect(requests.map((one) => one.outcome)).toEqual(['ready', 'pending'])
    run(dispatcher, () => codecs[0]?.endStream())
    expect(requests[1]?.outcome).toBe('ready')
  })
})

describe('a pool with connections', () => {
  test('uses a connection again, and another only when that one is full', () => {
    const { dispatcher, attempts, codecs, request } = open()
    request()
    attempts[0]?.succeed()
    run(dispatcher, () => codecs[0]?.endStream())
    expect(request().outcome).toBe('ready')
    expect(attempts.length).toBe(1)
    expect(request().outcome).toBe('pending')
    expect(attempts.length).toBe(2)
  })

  test('connects again for what is left when the host allows fewer streams than expected', () => {
    const { attempts, request } = open({ streams: 2, expectedStreams: 100 })
    const requests = [1, 2, 3, 4, 5].map(request)
    expect(attempts.length).toBe(1)
    attempts[0]?.succeed()
    expect(attempts.length).toBe(3)
    attempts[1]?.succeed()
    attempts[2]?.succeed()
    expect(requests.every((one) => one.outcome === 'ready')).toBe(true)
  })

  test('closes one that is idle for the idle time-out, and no other', () => {
    const { dispatcher, attempts, codecs, request, numbers, held } = open({ idleTimeoutMs: 1000 })
    request()
    attempts[0]?.succeed()
    pass(dispatcher, 5000)
    expect(numbers.of('upstream_cx_idle_timeout')).toBe(0)
    run(dispatcher, () => codecs[0]?.endStream())
    pass(dispatcher, 900)
    expect(numbers.of('upstream_cx_idle_timeout')).toBe(0)
    pass(dispatcher, 200)
    expect(numbers.of('upstream_cx_idle_timeout')).toBe(1)
    expect(held()).toEqual(NOTHING)
    expect(attempts[0]?.peer?.isOpen).toBe(false)
  })

  test('does not wait for a host that keeps its half of a closed connection open', () => {
    const { dispatcher, attempts, codecs, request, pool, held } = open()
    request()
    attempts[0]?.succeed()
    const peer = attempts[0]?.peer as InternalConnection
    peer.handler = { ...peer.handler, onEnd: () => undefined }
    run(dispatcher, () => codecs[0]?.endStream())
    run(dispatcher, () => pool.drain())
    expect(held()).toEqual(NOTHING)
    expect(peer.isOpen).toBe(true)
    pass(dispatcher, 1100)
    expect(peer.isOpen).toBe(false)
  })

  test('retires a connection that has carried its number of requests, when the last of them has ended', () => {
    const { dispatcher, attempts, codecs, request, numbers } = open({ streams: 10, maxRequestsPerConnection: 2 })
    request()
    attempts[0]?.succeed()
    expect(request().outcome).toBe('ready')
    expect(request().outcome).toBe('pending')
    expect(numbers.of('upstream_cx_max_requests')).toBe(1)
    run(dispatcher, () => codecs[0]?.endStream())
    expect(attempts[0]?.peer?.isOpen).toBe(true)
    run(dispatcher, () => codecs[0]?.endStream())
    expect(attempts[0]?.peer?.isOpen).toBe(false)
  })

  test('after a GOAWAY opens nothing more on the connection and closes it when its streams have ended', () => {
    const { dispatcher, attempts, codecs, request, numbers } = open({ streams: 10 })
    const first = request()
    attempts[0]?.succeed()
    run(dispatcher, () => codecs[0]?.connection.onGoaway())
    expect(request().outcome).toBe('pending')
    expect(first.outcome).toBe('ready')
    run(dispatcher, () => codecs[0]?.endStream())
    expect(attempts[0]?.peer?.isOpen).toBe(false)
    expect(numbers.of('upstream_cx_destroy')).toBe(1)
  })

  test('drains: what runs finishes, what comes nevertheless is served, and nothing is left', () => {
    const { dispatcher, attempts, codecs, pool, request, held } = open({ streams: 10, idleTimeoutMs: 1000 })
    const running = request()
    attempts[0]?.succeed()
    run(dispatcher, () => pool.drain())
    const late = request()
    attempts[1]?.succeed()
    expect([running.outcome, late.outcome]).toEqual(['ready', 'ready'])
    run(dispatcher, () => codecs[0]?.endStream())
    run(dispatcher, () => codecs[1]?.endStream())
    expect(held()).toEqual(NOTHING)
  })

  test('resets what runs when the connection is lost, and connects again for what waits', () => {
    const { dispatcher, attempts, request, held, numbers } = open({ maxConnections: 1 })
    const running = request()
    attempts[0]?.succeed()
    const waiting = request()
    expect(attempts.length).toBe(1)
    run(dispatcher, () => attempts[0]?.peer?.reset('gone'))
    expect(running.outcome).toBe('connection termination')
    expect(attempts.length).toBe(2)
    attempts[1]?.fail()
    expect(waiting.outcome).toBe('remote connection failure: refused')
    expect(numbers.of('upstream_cx_destroy')).toBe(1)
    expect(held()).toEqual(NOTHING)
  })

  test.each([
    ['counts a violation of the protocol', false, 1],
    ['does not count a 408 on an idle connection as one', true, 0],
  ])('%s, and lets what the codec wrote be sent', (_what, isIdleTimeout, count) => {
    const { dispatcher, attempts, codecs, request, numbers, held } = open()
    request()
    attempts[0]?.succeed()
    const [codec] = codecs as [FakeCodec]
    const peer = attempts[0]?.peer as InternalConnection
    const received: string[] = []
    peer.handler = { ...peer.handler, onData: (chunk) => void received.push(chunk.toString()) }
    codec.failure = { detail: 'wrong', message: 'wrong', isIdleTimeout }
    run(dispatcher, () => {
      codec.connection.connection.write(Buffer.from('GOAWAY'))
      peer.write(Buffer.from('nonsense'))
    })
    expect(numbers.of('upstream_cx_protocol_error')).toBe(count)
    expect(received).toEqual(['GOAWAY'])
    expect(held()).toEqual(NOTHING)
  })
})
