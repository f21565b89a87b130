// CONNECT that ends here (`connect_config`): the stream's bytes go to the cluster as they are, and back.

import { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { HeaderMap } from '../../codec/header-map.ts'
import type { ResetReason } from '../../codec/http-stream.ts'
import { Timer } from '../../lib/timer-wheel.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { DialCallbacks, Dialing } from '../cluster/dialer.ts'
import type { Host } from '../cluster/host.ts'
import type { LoadBalancerContext } from '../cluster/load-balancer.ts'
import type { CloseEvent, Connection, ConnectionHandler } from '../connection/connection.ts'
import { UpstreamInfo } from '../stream/upstream-info.ts'
import { BodyBuffer } from './body-buffer.ts'
import type { Exchange } from './exchange.ts'
import { hashRequest } from './hash-policy.ts'
import { detailsOfLateReset, replyToReset, resetFlag } from './reset-reply.ts'
import { addServiceTime, applyRouteMutations } from './response-headers.ts'
import type { ClusterAction } from './route-config.ts'
import type { Terminal } from './terminal.ts'

export class TunnelRequest implements Terminal, DialCallbacks, ConnectionHandler, LoadBalancerContext {
  readonly attemptedHosts = undefined
  readonly refusedChoices = 0
  private readonly exchange: Exchange
  private readonly action: ClusterAction
  private cluster: Cluster | undefined = undefined
  private host: Host | undefined = undefined
  private dialing: Dialing | undefined = undefined
  private connection: Connection | undefined = undefined
  /** What the client sent before the connection stood. */
  private early: BodyBuffer | undefined = undefined
  private requestEnded = false
  /** How much of the response the client had still to take when the connection closed. */
  private untakenBytes = 0
  private lingerTimer: Timer<TunnelRequest> | undefined = undefined
  private done = false
  private counted = false

  constructor(exchange: Exchange, action: ClusterAction) {
    this.exchange = exchange
    this.action = action
  }

  get downstreamConnection(): LoadBalancerContext['downstreamConnection'] {
    return this.exchange.info.connection
  }

  get requestHeaders(): LoadBalancerContext['requestHeaders'] {
    return this.exchange.requestHeaders
  }

  get metadataMatch(): LoadBalancerContext['metadataMatch'] {
    return (this.exchange.weightedCluster ?? this.action).metadataMatch
  }

  get hash(): LoadBalancerContext['hash'] {
    const { hashPolicies } = this.action
    return hashPolicies === undefined ? undefined : hashRequest(hashPolicies, this.exchange).value
  }

  start(): void {
    const { exchange, action } = this
    const { cluster } = exchange
    if (cluster === undefined) {
      exchange.config.stats.noCluster.add(1)
      exchange.setFlag('NC')
      exchange.localReply({ status: action.clusterNotFoundStatus, body: '', details: 'cluster_not_found' })
      return
    }
    this.cluster = cluster
    const host = cluster.chooseHost(this)
    if (host === undefined) {
      cluster.stats.cxNoneHealthy.add(1)
      exchange.setFlag('UH')
      exchange.localReply({ status: 503, body: 'no healthy upstream', details: 'no_healthy_upstream' })
      return
    }
    this.host = host
    const facts = new UpstreamInfo()
    facts.host = host.description
    exchange.info.upstream = facts
    exchange.info.attemptCount = 1
    if (cluster.breakers.connections.isFull) {
      cluster.stats.cxOverflow.add(1)
      this.fail('overflow', '')
      return
    }
    cluster.stats.cxTotal.add(1)
    cluster.stats.rqTotal.add(1)
    this.dialing = cluster.dial(host, exchange.info.filterState.shared(), this)
  }

  // --- Terminal -----------------------------------------------------------------------------------------------------

  onRequestData(chunk: Buffer, endStream: boolean): void {
    if (this.done) return
    const { connection } = this
    if (connection === undefined) {
      const early = (this.early ??= new BodyBuffer())
      early.append(chunk)
      early.ended = endStream
      if (early.bytes > this.exchange.config.bufferLimitBytes) this.exchange.pauseRequest()
      return
    }
    if (chunk.length > 0) {
      connection.write(chunk)
      if (!connection.isWritable) this.exchange.pauseRequest()
    }
    if (endStream) {
      this.requestEnded = true
      connection.end()
    }
  }

  onRequestTrailers(_trailers: HeaderMap): void {
    this.onRequestData(NO_BYTES, true)
  }

  onRequestReceived(): void {}

  onDownstreamWritable(): void {
    this.connection?.resumeRead()
  }

  onResponseSent(): void {}

  abandon(): void {
    if (this.lingerTimer !== undefined) this.exchange.manager.dispatcher.timers.cancel(this.lingerTimer)
    if (this.done) return
    this.done = true
    this.dialing?.cancel()
    // What both sides ended closes by itself, when all is written.
    const isComplete = this.requestEnded && this.exchange.responseEnded
    if (this.connection?.isOpen === true && !isComplete) this.connection.reset('downstream ended')
    this.release()
  }

  // --- DialCallbacks ------------------------------------------------------------------------------------------------

  onConnected(connection: Connection): void {
    if (this.done) {
      connection.reset('downstream ended')
      return
    }
    const { exchange, cluster, host } = this
    this.connection = connection
    this.counted = true
    cluster?.breakers.connections.take()
    cluster?.stats.cxActive.add(1)
    if (host !== undefined) host.activeConnections++
    const { upstream } = exchange.info
    upstream.localAddress = connection.facts.localAddress
    upstream.remoteAddress = connection.facts.remoteAddress
    upstream.connectionId = connection.facts.id
    connection.handler = this
    exchange.openTunnel()
    exchange.info.responseCodeDetails = 'via_upstream'
    const headers = new ResponseHeaderMap()
    headers.status = 200
    addServiceTime(exchange, headers)
    exchange.info.responseCode = headers.status
    applyRouteMutations(exchange, headers)
    exchange.sendResponseHeaders(headers, false)
    this.releaseEarly()
  }

  onConnectFailed(reason: ResetReason, transportFailure: string): void {
    if (this.done) return
    if (this.host !== undefined) this.host.connectFailures++
    this.cluster?.stats.cxConnectFail.add(1)
    this.exchange.info.upstream.transportFailureReason = transportFailure
    this.fail(reason, transportFailure)
  }

  // --- ConnectionHandler --------------------------------------------------------------------------------------------

  onData(chunk: Buffer): void {
    if (!this.exchange.sendResponseData(chunk, false)) this.connection?.pauseRead()
  }

  onEnd(): void {
    if (!this.done) this.exchange.sendResponseData(NO_BYTES, true)
  }

  onWritable(): void {
    this.exchange.resumeRequest()
  }

  onClose(_event: CloseEvent, _reason: string): void {
    if (this.done) return
    this.done = true
    this.release()
    const { exchange } = this
    if (exchange.responseEnded) {
      this.endWhenTaken()
      return
    }
    exchange.setFlag('UC')
    exchange.info.responseCodeDetails = detailsOfLateReset('connection termination')
    exchange.resetDownstream('remote error with CONNECT request')
  }

  onBug(): void {
    this.connection?.reset('internal error')
  }

  /**
   * @internal Nobody listens to the client any more. The reset that says so would cost it what it has not taken yet, so it comes
   * when all is taken, or when the client took nothing for a second.
   */
  endWhenTaken(): void {
    const { exchange } = this
    if (exchange.ended) return
    const { bufferedBytes } = exchange.encoder
    if (bufferedBytes === 0 || bufferedBytes === this.untakenBytes) {
      exchange.closeTunnel()
      return
    }
    this.untakenBytes = bufferedBytes
    this.lingerTimer ??= new Timer<TunnelRequest>(onLinger, this)
    exchange.manager.dispatcher.timers.schedule(this.lingerTimer, LINGER_MS)
  }

  private fail(reason: ResetReason, transportFailure: string): void {
    const { exchange } = this
    exchange.setFlag(resetFlag(reason))
    exchange.localReply(replyToReset(exchange, reason, transportFailure, false))
  }

  private releaseEarly(): void {
    const { early } = this
    if (early === undefined) {
      if (this.exchange.requestEnded) this.onRequestData(NO_BYTES, true)
      return
    }
    this.early = undefined
    for (const chunk of early.chunks) this.onRequestData(chunk, false)
    if (early.ended) this.onRequestData(NO_BYTES, true)
    this.exchange.resumeRequest()
  }

  private release(): void {
    if (!this.counted) return
    this.counted = false
    this.cluster?.breakers.connections.give()
    this.cluster?.stats.cxActive.add(-1)
    if (this.host !== undefined) this.host.activeConnections--
  }
}

const LINGER_MS = 1000
const NO_BYTES = Buffer.alloc(0)

function onLinger(tunnel: TunnelRequest): void {
  tunnel.endWhenTaken()
}
