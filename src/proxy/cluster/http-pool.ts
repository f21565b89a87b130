// Connections to one host that carry the same protocol and the same shared filter state. HTTP/1 and HTTP/2 differ only in
// how many streams a connection takes: the codec says so.

import type { ClientCodec, RequestEncoder, ResetReason, ResponseDecoder } from '../../codec/http-stream.ts'
import type { ByteSink } from '../../codec/byte-sink.ts'
import type { Connection } from '../connection/connection.ts'
import type { FilterStateEntry } from '../stream/filter-state.ts'
import { ClientConnection } from './client-connection.ts'
import type { ClientConnectionOwner } from './client-connection.ts'
import type { DialCallbacks, Dialing } from './dialer.ts'
import type { Host } from './host.ts'
import type { PoolCluster } from './pool-cluster.ts'

/** One request for a stream; what it gets from the stream comes to it as a ResponseDecoder. */
export interface PoolRequest extends ResponseDecoder {
  /** May be called within `newStream`. */
  onPoolReady(encoder: RequestEncoder, connection: ClientConnection): void
  /** No stream: `transportFailure` says why a connection failed. May be called within `newStream`. */
  onPoolFailure(reason: ResetReason, transportFailure: string): void
}

/** Which codec the pool's connections speak. */
export interface PoolProtocol {
  readonly name: 'http1' | 'http2'
  /** Streams that a connection will take before its peer's settings are known. */
  readonly expectedStreams: number
  /** @param expectedStreams what the codec is to assume until then. */
  createCodec(sink: ByteSink, connection: ClientConnection, expectedStreams: number): ClientCodec
}

export class HttpPool implements ClientConnectionOwner {
  readonly host: Host
  readonly connections = new Set<ClientConnection>()
  private readonly cluster: PoolCluster
  private readonly protocol: PoolProtocol
  private readonly filterState: readonly FilterStateEntry[]
  /** Of the pool among its host's. */
  private readonly key: string
  /** Connections that take streams now; the last is used first. */
  private readonly ready: ClientConnection[] = []
  private readonly connecting = new Set<Connecting>()
  private pending: PoolRequest[] = []
  /** What the host's last SETTINGS allowed, so that its next connection does not get more in the first flight. */
  private expectedStreams: number
  private draining = false

  constructor(
    host: Host,
    cluster: PoolCluster,
    protocol: PoolProtocol,
    filterState: readonly FilterStateEntry[],
    key: string,
  ) {
    this.host = host
    this.cluster = cluster
    this.protocol = protocol
    this.filterState = filterState
    this.key = key
    this.expectedStreams = protocol.expectedStreams
  }

  newStream(request: PoolRequest): void {
    const connection = this.takeReady()
    if (connection !== undefined) {
      this.open(connection, request)
      return
    }
    const { breakers, stats } = this.cluster
    if (breakers.pendingRequests.isFull) {
      stats.rqPendingOverflow.add(1)
      request.onPoolFailure('overflow', '')
      return
    }
    breakers.pendingRequests.take()
    stats.rqPendingTotal.add(1)
    stats.rqPendingActive.add(1)
    this.pending.push(request)
    this.connectForPending()
  }

  /** The request is no longer wanted; a no-op when it is not pending. */
  cancel(request: PoolRequest): void {
    const at = this.pending.indexOf(request)
    if (at < 0) return
    this.pending.splice(at, 1)
    this.pendingDone()
    this.cluster.stats.rqCancelled.add(1)
    if (this.pending.length > 0) return
    this.abandonConnecting()
    this.forgetWhenEmpty()
  }

  /** No new streams: idle connections close now, the others when their last stream ends. */
  drain(): void {
    this.draining = true
    for (const connection of this.connections) this.retire(connection)
  }

  onStreamCapacity(connection: ClientConnection): void {
    if (!this.connections.has(connection)) return
    if (connection.isDraining) {
      if (connection.isIdle) this.closeConnection(connection)
      return
    }
    this.expectedStreams = Math.max(1, Math.min(this.protocol.expectedStreams, connection.codec.concurrentStreams))
    while (this.pending.length > 0 && connection.codec.openableStreams > 0) {
      const request = this.pending.shift() as PoolRequest
      this.pendingDone()
      this.open(connection, request)
    }
    this.makeReady(connection)
    if (this.pending.length > 0) this.connectForPending()
    if (connection.isIdle) this.armIdleTimer(connection)
  }

  onDraining(connection: ClientConnection): void {
    this.unready(connection)
    if (connection.isIdle) this.cluster.dispatcher.defer(closeIfIdle, new ConnectionOfPool(this, connection))
  }

  onClosed(connection: ClientConnection): void {
    this.cluster.dispatcher.timers.cancel(connection.idleTimer)
    this.unready(connection)
    if (!this.connections.delete(connection)) return
    this.host.activeConnections--
    this.cluster.breakers.connections.give()
    this.cluster.stats.cxActive.add(-1)
    this.cluster.stats.cxDestroy.add(1)
    if (this.pending.length > 0 && this.connecting.size === 0) this.connect()
    this.forgetWhenEmpty()
  }

  onIdleTimeout(connection: ClientConnection): void {
    if (!connection.isIdle) return
    this.cluster.stats.cxIdleTimeout.add(1)
    this.closeConnection(connection)
  }

  onProtocolError(_connection: ClientConnection): void {
    this.cluster.stats.cxProtocolError.add(1)
  }

  /** @internal */
  connected(attempt: Connecting, raw: Connection): void {
    this.connecting.delete(attempt)
    const { dispatcher, stats } = this.cluster
    const connection = new ClientConnection(raw, this, dispatcher)
    connection.codec = this.protocol.createCodec(raw, connection, this.expectedStreams)
    this.connections.add(connection)
    this.host.activeConnections++
    this.host.totalConnections++
    stats.cxActive.add(1)
    stats.cxConnectMs.record(dispatcher.nowMs - attempt.startedMs)
    raw.handler = connection
    this.onStreamCapacity(connection)
    if (this.draining) this.retire(connection)
  }

  /** @internal A failed connect fails everything that waits, as in Envoy: the host did not answer. */
  connectFailed(attempt: Connecting, reason: ResetReason, transportFailure: string): void {
    this.connecting.delete(attempt)
    this.cluster.breakers.connections.give()
    this.host.connectFailures++
    this.cluster.stats.cxConnectFail.add(1)
    if (reason === 'connection timeout') this.cluster.stats.cxConnectTimeout.add(1)
    const failed = this.pending
    this.pending = []
    for (const request of failed) {
      this.pendingDone()
      this.cluster.stats.rqPendingFailureEject.add(1)
      request.onPoolFailure(reason, transportFailure)
    }
    this.forgetWhenEmpty()
  }

  private connectForPending(): void {
    while (this.pending.length > this.connecting.size * this.expectedStreams) if (!this.connect()) return
  }

  /** False when the breaker does not allow a further connection. */
  private connect(): boolean {
    const { breakers, stats } = this.cluster
    if (breakers.connections.isFull) {
      stats.cxOverflow.add(1)
      // A pool without any connection may always open one, or its requests would wait for ever.
      if (this.connections.size + this.connecting.size > 0) return false
    }
    breakers.connections.take()
    stats.cxTotal.add(1)
    const attempt = new Connecting(this, this.cluster.dispatcher.nowMs)
    this.connecting.add(attempt)
    attempt.dialing = this.cluster.dial(this.host, this.filterState, attempt)
    return true
  }

  private open(connection: ClientConnection, request: PoolRequest): void {
    const { dispatcher, maxRequestsPerConnection, stats } = this.cluster
    if (connection.idleTimer.isScheduled) dispatcher.timers.cancel(connection.idleTimer)
    connection.streamsOpened++
    const encoder = connection.codec.newStream(request)
    if (connection.streamsOpened === maxRequestsPerConnection) {
      stats.cxMaxRequests.add(1)
      connection.isDraining = true
      this.unready(connection)
    } else this.makeReady(connection)
    this.host.totalRequests++
    request.onPoolReady(encoder, connection)
  }

  private takeReady(): ClientConnection | undefined {
    const { ready } = this
    while (ready.length > 0) {
      const connection = ready[ready.length - 1]
      if (connection.codec.openableStreams > 0 && connection.connection.isOpen) return connection
      ready.pop()
      connection.isReady = false
    }
    return undefined
  }

  private makeReady(connection: ClientConnection): void {
    if (connection.isReady || connection.isDraining || connection.codec.openableStreams <= 0) return
    connection.isReady = true
    this.ready.push(connection)
  }

  private unready(connection: ClientConnection): void {
    if (!connection.isReady) return
    connection.isReady = false
    this.ready.splice(this.ready.indexOf(connection), 1)
  }

  private retire(connection: ClientConnection): void {
    connection.isDraining = true
    this.unready(connection)
    if (connection.isIdle) this.closeConnection(connection)
  }

  /** @internal */
  closeConnection(connection: ClientConnection): void {
    if (!this.connections.has(connection)) return
    connection.isDraining = true
    this.unready(connection)
    connection.close('connection termination')
  }

  private armIdleTimer(connection: ClientConnection): void {
    const { idleTimeoutMs, dispatcher } = this.cluster
    if (idleTimeoutMs > 0) dispatcher.timers.schedule(connection.idleTimer, idleTimeoutMs)
  }

  private pendingDone(): void {
    this.cluster.breakers.pendingRequests.give()
    this.cluster.stats.rqPendingActive.add(-1)
  }

  /** Filter state may differ from one client to the next: a host must not collect the pools of all that ever came. */
  private forgetWhenEmpty(): void {
    if (this.connections.size > 0 || this.connecting.size > 0 || this.pending.length > 0) return
    if (this.host.pools.get(this.key) === this) this.host.pools.delete(this.key)
  }

  private abandonConnecting(): void {
    for (const attempt of this.connecting) {
      attempt.dialing?.cancel()
      this.cluster.breakers.connections.give()
    }
    this.connecting.clear()
  }
}

/** A connection on its way. */
class Connecting implements DialCallbacks {
  readonly startedMs: number
  dialing: Dialing | undefined = undefined
  private readonly pool: HttpPool

  constructor(pool: HttpPool, startedMs: number) {
    this.pool = pool
    this.startedMs = startedMs
  }

  onConnected(connection: Connection): void {
    this.pool.connected(this, connection)
  }

  onConnectFailed(reason: ResetReason, transportFailure: string): void {
    this.pool.connectFailed(this, reason, transportFailure)
  }
}

class ConnectionOfPool {
  readonly pool: HttpPool
  readonly connection: ClientConnection

  constructor(pool: HttpPool, connection: ClientConnection) {
    this.pool = pool
    this.connection = connection
  }
}

function closeIfIdle(pair: ConnectionOfPool): void {
  if (pair.connection.isIdle) pair.pool.closeConnection(pair.connection)
}
