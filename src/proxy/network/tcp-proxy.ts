// envoy.filters.network.tcp_proxy: joins a connection to one of a cluster, directly or through a CONNECT tunnel.

import type { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { ResetReason } from '../../codec/http-stream.ts'
import { Timer } from '../../lib/timer-wheel.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { wasRefused } from '../cluster/dialer.ts'
import type { DialCallbacks, Dialing } from '../cluster/dialer.ts'
import type { Host } from '../cluster/host.ts'
import type { LoadBalancerContext } from '../cluster/load-balancer.ts'
import { CONNECT_REFUSED } from '../connection/connection.ts'
import type { CloseEvent, Connection, ConnectionHandler } from '../connection/connection.ts'
import type { Drainable, DrainGroup } from '../connection/drain-group.ts'
import { closeGracefully } from '../connection/linger.ts'
import { StreamConnection } from '../connection/stream-connection.ts'
import type { TunnelOpener } from '../connection/stream-connection.ts'
import { resetFlag } from '../http/reset-reply.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { UpstreamInfo } from '../stream/upstream-info.ts'
import { ConnectRequest } from './connect-request.ts'
import type { NetworkFilterDeps } from './network-filter.ts'
import type { TcpProxyConfig } from './tcp-proxy-config.ts'

export class TcpProxy implements ConnectionHandler, DialCallbacks, TunnelOpener, Drainable, LoadBalancerContext {
  readonly requestHeaders = undefined
  readonly attemptedHosts = undefined
  readonly hash = undefined
  readonly metadataMatch = undefined
  readonly refusedChoices = 0
  private readonly downstream: Connection
  private readonly info: StreamInfo
  private readonly config: TcpProxyConfig
  private readonly deps: NetworkFilterDeps
  private readonly drainGroup: DrainGroup
  private readonly idleTimer: Timer<TcpProxy>
  private readonly durationTimer: Timer<TcpProxy>
  private cluster: Cluster | undefined = undefined
  private host: Host | undefined = undefined
  private upstream: Connection | undefined = undefined
  private dialing: Dialing | undefined = undefined
  private tunnel: ConnectRequest | undefined = undefined
  private connectAttempts = 0
  private lastActivityMs: number
  private downstreamEnded = false
  private upstreamEnded = false
  private done = false

  constructor(
    downstream: Connection,
    info: StreamInfo,
    config: TcpProxyConfig,
    deps: NetworkFilterDeps,
    drainGroup: DrainGroup,
  ) {
    this.downstream = downstream
    this.info = info
    this.config = config
    this.deps = deps
    this.drainGroup = drainGroup
    this.lastActivityMs = deps.dispatcher.nowMs
    this.idleTimer = new Timer<TcpProxy>(onIdle, this)
    this.durationTimer = new Timer<TcpProxy>(onDuration, this)
  }

  get downstreamConnection(): LoadBalancerContext['downstreamConnection'] {
    return this.downstream.facts
  }

  start(): void {
    const { config, downstream, deps } = this
    config.stats.cxTotal.add(1)
    config.stats.cxActive.add(1)
    downstream.handler = this
    this.drainGroup.add(this)
    // Nothing is read before there is somewhere to put it (Envoy: readDisable until the upstream is connected).
    downstream.pauseRead()
    if (config.maxDurationMs > 0) deps.dispatcher.timers.schedule(this.durationTimer, config.maxDurationMs)
    const cluster = deps.clusters.get(config.chooseCluster(deps.random))
    if (cluster === undefined) {
      config.stats.cxNoRoute.add(1)
      this.info.setResponseFlag('NC')
      this.abort('cluster not found')
      return
    }
    this.cluster = cluster
    this.info.cluster = cluster
    this.connect()
  }

  // --- downstream ---------------------------------------------------------------------------------------------------

  onData(chunk: Buffer): void {
    this.lastActivityMs = this.deps.dispatcher.nowMs
    this.info.bytesReceived += chunk.length
    this.config.stats.rxBytesTotal.add(chunk.length)
    const { upstream } = this
    if (upstream === undefined) return
    upstream.write(chunk)
    if (!upstream.isWritable) this.downstream.pauseRead()
  }

  onEnd(): void {
    this.downstreamEnded = true
    this.upstream?.end()
  }

  onWritable(): void {
    this.upstream?.resumeRead()
  }

  /** What both sides ended, the upstream connection may still have to write: it closes by itself then. */
  onClose(_event: CloseEvent, _reason: string): void {
    if (this.done) return
    const isComplete = this.downstreamEnded && this.upstreamEnded
    if (this.upstream?.isOpen === true && !isComplete) this.upstream.reset('downstream closed')
    this.finish()
  }

  onBug(): void {
    this.abort('internal error')
  }

  // --- upstream -----------------------------------------------------------------------------------------------------

  onConnected(connection: Connection): void {
    if (this.done) {
      connection.reset('downstream closed')
      return
    }
    const { host, info, cluster, config, deps } = this
    this.upstream = connection
    connection.handler = new UpstreamHandler(this)
    if (host !== undefined) host.activeConnections++
    cluster?.stats.cxActive.add(1)
    const { upstream } = info
    upstream.localAddress = connection.facts.localAddress
    upstream.remoteAddress = connection.facts.remoteAddress
    upstream.connectionId = connection.facts.id
    upstream.tls = connection.facts.tls
    upstream.connectionPoolReadyMs = deps.dispatcher.nowMs
    if (config.idleTimeoutMs > 0) deps.dispatcher.timers.schedule(this.idleTimer, config.idleTimeoutMs)
    this.downstream.resumeRead()
  }

  onConnectFailed(reason: ResetReason, transportFailure: string): void {
    if (this.done) return
    const { info, config, cluster, host } = this
    info.upstream.transportFailureReason = transportFailure
    cluster?.stats.cxConnectFail.add(1)
    if (host !== undefined) host.connectFailures++
    info.setResponseFlag(resetFlag(reason))
    if (this.connectAttempts < config.maxConnectAttempts) {
      this.connect()
      return
    }
    info.setResponseFlag('URX')
    this.abort(wasRefused(transportFailure) ? CONNECT_REFUSED : 'upstream connection failed')
  }

  onTunnelOpen(connection: StreamConnection, _headers: ResponseHeaderMap): void {
    this.onConnected(connection)
  }

  onTunnelRefused(_reason: ResetReason, detail: string): void {
    this.onConnectFailed('remote connection failure', detail)
  }

  /** @internal */
  upstreamData(chunk: Buffer): void {
    this.lastActivityMs = this.deps.dispatcher.nowMs
    this.info.bytesSent += chunk.length
    this.config.stats.txBytesTotal.add(chunk.length)
    this.downstream.write(chunk)
    if (!this.downstream.isWritable) this.upstream?.pauseRead()
  }

  /** @internal */
  upstreamEnd(): void {
    this.upstreamEnded = true
    this.downstream.end()
  }

  /** @internal */
  upstreamWritable(): void {
    this.downstream.resumeRead()
  }

  /** @internal The upstream is gone in both directions: cut off, or ended by both sides. */
  upstreamClose(event: CloseEvent, reason: string): void {
    if (this.host !== undefined) this.host.activeConnections--
    this.cluster?.stats.cxActive.add(-1)
    if (this.done) return
    if (this.upstreamEnded) {
      this.endGracefully()
      return
    }
    if (event === 'remote') this.info.setResponseFlag('UR')
    this.abort(reason === '' ? 'upstream closed' : reason)
  }

  // --- drain and timers ---------------------------------------------------------------------------------------------

  /** TCP has no graceful end: connections run until the deadline (Envoy: closed at the drain deadline). */
  drain(): void {}

  closeNow(): void {
    this.abort('drain time exceeded')
  }

  /** @internal */
  checkIdle(): void {
    const { dispatcher } = this.deps
    const idleMs = dispatcher.nowMs - this.lastActivityMs
    if (idleMs + 1 < this.config.idleTimeoutMs) {
      dispatcher.timers.schedule(this.idleTimer, this.config.idleTimeoutMs - idleMs)
      return
    }
    this.config.stats.idleTimeout.add(1)
    this.endGracefully()
  }

  /** @internal */
  durationReached(): void {
    this.info.setResponseFlag('DT')
    this.endGracefully()
  }

  private connect(): void {
    const { info, config } = this
    const cluster = this.cluster as Cluster
    this.connectAttempts++
    const host = cluster.chooseHost(this)
    if (host === undefined) {
      cluster.stats.cxNoneHealthy.add(1)
      info.setResponseFlag('UH')
      this.abort('no healthy upstream')
      return
    }
    this.host = host
    info.attemptCount = this.connectAttempts
    info.upstream = new UpstreamInfo()
    info.upstream.host = host.description
    const filterState = info.filterState.shared()
    if (config.tunneling === undefined) {
      if (cluster.breakers.connections.isFull) {
        cluster.stats.cxOverflow.add(1)
        info.setResponseFlag('UO')
        this.abort('overflow')
        return
      }
      cluster.stats.cxTotal.add(1)
      this.dialing = cluster.dial(host, filterState, this)
      return
    }
    const connection = new StreamConnection(this.deps.dispatcher, this.downstream.facts, this)
    this.tunnel = new ConnectRequest(connection, config.tunneling.requestHeaders(info), info.upstream, {
      dispatcher: this.deps.dispatcher,
      answerTimeoutMs: cluster.config.connectTimeoutMs,
    })
    this.tunnel.start(cluster.httpPool(host, true, filterState))
  }

  /** Something went wrong: the client is to know that what it got is not all. */
  private abort(reason: string): void {
    if (this.done) return
    if (this.upstream?.isOpen === true) this.upstream.reset(reason)
    if (this.downstream.isOpen) this.downstream.reset(reason)
    this.finish()
  }

  /** Where nothing is lost the client gets an end, not a reset: towards ztunnel that is what keeps its log clean. */
  private endGracefully(): void {
    if (this.upstream?.isOpen === true) this.upstream.reset('closed')
    closeGracefully(this.downstream, this.deps.dispatcher)
    this.finish()
  }

  private finish(): void {
    if (this.done) return
    this.done = true
    const { config, info, deps } = this
    this.dialing?.cancel()
    this.tunnel?.cancel()
    deps.dispatcher.timers.cancel(this.idleTimer)
    deps.dispatcher.timers.cancel(this.durationTimer)
    this.drainGroup.remove(this)
    config.stats.cxActive.add(-1)
    info.requestCompleteMs = deps.dispatcher.nowMs
    info.accessLogType = 'TcpConnectionEnd'
    for (const logger of config.accessLoggers) logger.log(info)
  }
}

/** The upstream side's events, told apart from the downstream's. */
class UpstreamHandler implements ConnectionHandler {
  private readonly proxy: TcpProxy

  constructor(proxy: TcpProxy) {
    this.proxy = proxy
  }

  onData(chunk: Buffer): void {
    this.proxy.upstreamData(chunk)
  }

  onEnd(): void {
    this.proxy.upstreamEnd()
  }

  onWritable(): void {
    this.proxy.upstreamWritable()
  }

  onClose(event: CloseEvent, reason: string): void {
    this.proxy.upstreamClose(event, reason)
  }
}

function onIdle(proxy: TcpProxy): void {
  proxy.checkIdle()
}

function onDuration(proxy: TcpProxy): void {
  proxy.durationReached()
}
