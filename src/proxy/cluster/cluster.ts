// A cluster at work: its hosts, limits, statistics and pools. Discovery feeds it, the router and tcp_proxy take from it.

import type { ByteSink } from '../../codec/byte-sink.ts'
import { Http1ClientCodec } from '../../codec/http1/client-codec.ts'
import { Http2ClientCodec } from '../../codec/http2/client-codec.ts'
import type { Random } from '../../lib/random.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import { Http2Keepalive } from '../connection/http2-keepalive.ts'
import type { FilterStateEntry } from '../stream/filter-state.ts'
import type { Metadata } from '../stream/metadata.ts'
import type { ClusterFacts } from '../stream/upstream-info.ts'
import { CircuitBreakers } from './circuit-breakers.ts'
import type { ClientConnection } from './client-connection.ts'
import type { ClusterConfig } from './cluster-config.ts'
import type { ClusterStats } from './cluster-stats.ts'
import type { DialCallbacks, Dialer, Dialing } from './dialer.ts'
import type { Endpoints, Host } from './host.ts'
import { BalancedHosts } from './host-selection.ts'
import type { HostSelection } from './host-selection.ts'
import { HttpPool } from './http-pool.ts'
import type { PoolProtocol } from './http-pool.ts'
import type { LoadBalancerContext } from './load-balancer.ts'
import { OriginalDstHosts } from './original-dst.ts'
import type { PoolCluster } from './pool-cluster.ts'

/** What the clusters of one worker share. */
export interface ClusterSurroundings {
  readonly dispatcher: Dispatcher
  readonly dialer: Dialer
  readonly random: Random
}

export class Cluster implements ClusterFacts, PoolCluster {
  readonly config: ClusterConfig
  readonly name: string
  readonly observabilityName: string
  readonly metadata: Metadata
  readonly stats: ClusterStats
  readonly breakers: CircuitBreakers
  readonly idleTimeoutMs: number
  readonly maxRequestsPerConnection: number
  readonly dispatcher: Dispatcher
  private isDraining = false
  private readonly dialer: Dialer
  private readonly selection: HostSelection
  private readonly http1: PoolProtocol
  private readonly http2: PoolProtocol

  constructor(config: ClusterConfig, stats: ClusterStats, surroundings: ClusterSurroundings) {
    this.config = config
    this.name = config.name
    this.observabilityName = config.observabilityName
    this.metadata = config.metadata
    this.stats = stats
    this.breakers = new CircuitBreakers(config.breakers.default)
    this.idleTimeoutMs = config.idleTimeoutMs
    this.maxRequestsPerConnection = config.maxRequestsPerConnection
    this.dispatcher = surroundings.dispatcher
    this.dialer = surroundings.dialer
    this.http1 = http1Protocol(config)
    this.http2 = http2Protocol(config, surroundings.dispatcher)
    const { discovery } = config
    if (discovery.kind === 'originalDst') {
      this.selection = new OriginalDstHosts(discovery.config, surroundings.dispatcher)
    } else {
      this.selection = new BalancedHosts(config.loadBalancing, {
        random: surroundings.random,
        stats,
        requests: this.breakers.requests,
      })
      if (discovery.kind === 'static') this.updateHosts(discovery.endpoints)
    }
  }

  get hosts(): Iterable<Host> {
    return this.selection.hosts
  }

  /** New members from discovery. Not for ORIGINAL_DST clusters, which make their own. */
  updateHosts(endpoints: Endpoints): void {
    if (this.selection instanceof BalancedHosts) this.selection.update(endpoints)
  }

  chooseHost(context: LoadBalancerContext): Host | undefined {
    return this.selection.chooseHost(context)
  }

  /**
   * The pool for streams to `host`. `downstreamIsHttp2` matters only to clusters that use the request's protocol;
   * `filterState` travels into internal listeners, so requests with different values never share a connection.
   */
  httpPool(host: Host, downstreamIsHttp2: boolean, filterState: readonly FilterStateEntry[]): HttpPool {
    const { protocol } = this.config
    const isHttp2 = protocol === 'http2' || (protocol === 'downstream' && downstreamIsHttp2)
    let key = isHttp2 ? '2' : '1'
    for (const entry of filterState) key += `\0${entry.key}\0${entry.value}`
    let pool = host.pools.get(key)
    if (pool === undefined) {
      pool = new HttpPool(host, this, isHttp2 ? this.http2 : this.http1, filterState, key)
      host.pools.set(key, pool)
      // A request that is tried again on a cluster or host that is gone: its connection ends with it.
      if (this.isDraining || host.isRemoved) pool.drain()
    }
    return pool
  }

  /** A connection of its own to `host`, for raw bytes. */
  dial(host: Host, filterState: readonly FilterStateEntry[], callbacks: DialCallbacks): Dialing {
    const { config } = this
    const request = {
      host,
      transport: config.transport,
      clusterMetadata: this.metadata,
      connectTimeoutMs: config.connectTimeoutMs,
      filterState,
    }
    return this.dialer.dial(request, callbacks)
  }

  /** The cluster was removed or replaced: what runs finishes on it, nothing new starts. */
  drain(): void {
    this.isDraining = true
    for (const host of this.hosts) host.drainPools()
  }
}

function http1Protocol(config: ClusterConfig): PoolProtocol {
  return {
    name: 'http1',
    expectedStreams: 1,
    createCodec: (sink: ByteSink, connection: ClientConnection) => new Http1ClientCodec(sink, connection, config.http1),
  }
}

function http2Protocol(config: ClusterConfig, dispatcher: Dispatcher): PoolProtocol {
  const { http2 } = config
  return {
    name: 'http2',
    expectedStreams: Math.min(http2.assumedPeerConcurrentStreams, http2.maxConcurrentStreams),
    createCodec: (sink: ByteSink, connection: ClientConnection, expectedStreams: number) => {
      const options = { ...http2, assumedPeerConcurrentStreams: expectedStreams }
      if (config.keepaliveIntervalMs <= 0) return new Http2ClientCodec(sink, connection, options)
      const keepalive = new Http2Keepalive(dispatcher, connection.connection, config)
      const codec = new Http2ClientCodec(sink, connection, { ...options, onPingAck: () => keepalive.onAck() })
      connection.keepalive = keepalive
      keepalive.start(codec)
      return codec
    },
  }
}
