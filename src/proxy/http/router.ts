// The router: takes one request from its route to an upstream and the response back. It decides about attempts: the first,
// retries, the end. Envoy's counterpart is source/common/router/router.cc; behaviours follow it.

import type { HeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'
import type { ResetReason } from '../../codec/http-stream.ts'
import { Timer } from '../../lib/timer-wheel.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Host } from '../cluster/host.ts'
import type { LoadBalancerContext } from '../cluster/load-balancer.ts'
import { Attempt } from './attempt.ts'
import type { AttemptOwner } from './attempt.ts'
import { BodyBuffer } from './body-buffer.ts'
import type { Exchange } from './exchange.ts'
import { detailsOfLateReset, replyToReset, resetFlag } from './reset-reply.ts'
import { addServiceTime } from './response-headers.ts'
import { backoffBoundMs, retriesReset, retriesResponse } from './retry-policy.ts'
import type { RetryPolicy } from './retry-policy.ts'
import { applyRouteMutations } from './response-headers.ts'
import type { ClusterAction, Route } from './route-config.ts'
import { applyHostRewrite, prepareUpstreamHeaders } from './upstream-headers.ts'
import type { Terminal } from './terminal.ts'
import { requestTimeouts } from './timeouts.ts'
import type { RequestTimeouts } from './timeouts.ts'
import { fromExtendedConnect, fromSwitchingProtocols, toExtendedConnect, toSwitchingProtocols } from './upgrade.ts'

export class RoutedRequest implements Terminal, AttemptOwner, LoadBalancerContext {
  private readonly exchange: Exchange
  private readonly route: Route
  private readonly action: ClusterAction
  private cluster: Cluster | undefined = undefined
  private attempt: Attempt | undefined = undefined
  private timeouts: RequestTimeouts = NO_TIMEOUTS
  /** Undefined: the request will not be tried again. */
  private retryPolicy: RetryPolicy | undefined
  private retriesLeft: number
  private retriesDone = 0
  private sentBytes = false
  private readonly body = new BodyBuffer()
  private usedHosts: Host[] | undefined = undefined
  private readonly globalTimer: Timer<RoutedRequest>
  private readonly backoffTimer: Timer<RoutedRequest>
  private retryIsCounted = false
  private done = false

  constructor(exchange: Exchange, route: Route, action: ClusterAction) {
    this.exchange = exchange
    this.route = route
    this.action = action
    this.retryPolicy = action.retryPolicy
    this.retriesLeft = action.retryPolicy?.numRetries ?? 0
    this.globalTimer = new Timer<RoutedRequest>(onGlobalTimeout, this)
    this.backoffTimer = new Timer<RoutedRequest>(onBackoffOver, this)
  }

  get downstreamConnection(): LoadBalancerContext['downstreamConnection'] {
    return this.exchange.info.connection
  }

  get requestHeaders(): LoadBalancerContext['requestHeaders'] {
    return this.exchange.requestHeaders
  }

  get attemptedHosts(): readonly Host[] | undefined {
    return this.usedHosts
  }

  start(): void {
    const { exchange, action, route } = this
    const { cluster } = exchange
    if (cluster === undefined) {
      this.done = true
      exchange.config.stats.noCluster.add(1)
      exchange.setFlag('NC')
      exchange.localReply({ status: action.clusterNotFoundStatus, body: '', details: 'cluster_not_found' })
      return
    }
    this.cluster = cluster
    this.timeouts = requestTimeouts(exchange, action)
    prepareUpstreamHeaders(exchange, route, action, this.timeouts)
    if (exchange.requestEnded || exchange.upgradeType !== '') this.armGlobalTimer()
    this.body.ended = exchange.requestEnded
    this.startAttempt()
  }

  // --- Terminal -----------------------------------------------------------------------------------------------------

  onRequestData(chunk: Buffer, endStream: boolean): void {
    if (this.done) return
    const { attempt } = this
    const isReady = attempt !== undefined && attempt.isReady && !this.holdsUpgradeData(attempt)
    if (this.retryPolicy !== undefined || !isReady) this.keep(chunk, endStream)
    else this.body.ended = endStream
    if (isReady) {
      if (!attempt.sendData(chunk, endStream)) this.exchange.pauseRequest()
    } else if (this.body.bytes > this.exchange.config.bufferLimitBytes) this.exchange.pauseRequest()
  }

  onRequestTrailers(trailers: HeaderMap): void {
    if (this.done) return
    this.body.trailers = trailers
    this.body.ended = true
    if (this.attempt?.isReady === true) this.attempt.sendTrailers(trailers)
  }

  onRequestReceived(): void {
    if (this.done) return
    this.armGlobalTimer()
    this.attempt?.armPerTryTimer(this.timeouts.perTryMs)
  }

  onDownstreamWritable(): void {
    this.attempt?.resumeRead()
  }

  onResponseSent(): void {
    this.abandon()
  }

  abandon(): void {
    if (this.done) return
    this.done = true
    this.stopTimers()
    this.attempt?.cancel('local reset')
    this.body.clear()
  }

  // --- AttemptOwner -------------------------------------------------------------------------------------------------

  onAttemptReady(attempt: Attempt): void {
    const { exchange, body } = this
    const { requestHeaders } = exchange
    this.sentBytes = true
    if (this.exchange.requestEnded) attempt.armPerTryTimer(this.timeouts.perTryMs)
    if (this.action.hostRewrite.kind === 'auto')
      applyHostRewrite(exchange, this.action, attempt.host.description.hostname)
    if (exchange.upgradeType !== '' && exchange.upgradeType !== 'connect') this.spellUpgrade(attempt)
    const endsWithHeaders = body.ended && body.bytes === 0 && body.trailers === undefined
    attempt.sendHeaders(requestHeaders, endsWithHeaders)
    if (endsWithHeaders || this.holdsUpgradeData(attempt)) return
    this.sendKept(attempt)
  }

  onAttemptInformational(_attempt: Attempt, headers: ResponseHeaderMap): void {
    if (!this.exchange.config.proxy100Continue || this.done) return
    // What the client has seen cannot be taken back: no retry from here on.
    this.retryPolicy = undefined
    this.exchange.sendInformational(headers)
  }

  onAttemptHeaders(attempt: Attempt, headers: ResponseHeaderMap, endStream: boolean): void {
    if (this.done) return
    const { exchange } = this
    if (this.retryPolicy !== undefined && retriesResponse(this.retryPolicy, headers) && this.mayRetry()) {
      attempt.cancel('local reset')
      this.scheduleRetry()
      return
    }
    if (this.retriesDone > 0 && headers.status < 500) this.cluster?.stats.rqRetrySuccess.add(1)
    this.stopRetrying()
    exchange.info.responseCodeDetails = 'via_upstream'
    exchange.info.responseCode = headers.status
    const isTunnel = this.answersUpgrade(attempt, headers)
    if (exchange.ended || this.done) return
    const elapsedMs = addServiceTime(exchange, headers)
    if (elapsedMs >= 0) this.cluster?.stats.rqTimeMs.record(elapsedMs)
    if (isTunnel) this.stopTimers()
    applyRouteMutations(exchange, headers)
    exchange.sendResponseHeaders(headers, endStream)
    if (isTunnel && !this.done) this.sendKept(attempt)
  }

  onAttemptData(attempt: Attempt, chunk: Buffer, endStream: boolean): void {
    if (this.done) return
    if (endStream && this.exchange.isTunnel && !attempt.isHttp2) this.noteTunnelEnd()
    if (!this.exchange.sendResponseData(chunk, endStream)) attempt.pauseRead()
  }

  onAttemptTrailers(_attempt: Attempt, trailers: HeaderMap): void {
    if (!this.done) this.exchange.sendResponseTrailers(trailers)
  }

  onAttemptReset(_attempt: Attempt, reason: ResetReason, transportFailure: string): void {
    if (this.done) return
    const { exchange } = this
    if (exchange.responseStarted) {
      exchange.setFlag(resetFlag(reason))
      exchange.info.responseCodeDetails = detailsOfLateReset(reason)
      exchange.resetDownstream('local reset')
      return
    }
    if (this.retryPolicy !== undefined && retriesReset(this.retryPolicy, reason, this.sentBytes) && this.mayRetry()) {
      this.scheduleRetry()
      return
    }
    this.chargeLocalReply(503)
    exchange.setFlag(resetFlag(reason))
    exchange.localReply(replyToReset(exchange, reason, transportFailure, this.retriesDone > 0))
  }

  onAttemptWritable(_attempt: Attempt): void {
    this.exchange.resumeRequest()
  }

  onAttemptTimeout(attempt: Attempt): void {
    if (this.done) return
    this.cluster?.stats.rqPerTryTimeout.add(1)
    attempt.host.timedOutRequests++
    attempt.cancel('local reset')
    if (this.retryPolicy !== undefined && retriesReset(this.retryPolicy, 'local reset', true) && this.mayRetry()) {
      this.scheduleRetry()
      return
    }
    this.timedOut('upstream_per_try_timeout')
  }

  // --- attempts -----------------------------------------------------------------------------------------------------

  /** @internal */
  startAttempt(): void {
    const { exchange } = this
    const cluster = this.cluster as Cluster
    const host = this.chooseHost(cluster)
    if (host === undefined) {
      cluster.stats.cxNoneHealthy.add(1)
      this.chargeLocalReply(503)
      exchange.setFlag('UH')
      exchange.localReply({ status: 503, body: 'no healthy upstream', details: 'no_healthy_upstream' })
      return
    }
    const attempt = new Attempt(this, cluster, host)
    this.attempt = attempt
    exchange.info.upstream = attempt.facts
    exchange.info.attemptCount++
    const isHttp2 = exchange.manager.protocol === 'HTTP/2'
    attempt.start(cluster.httpPool(host, isHttp2, exchange.info.filterState.shared()))
  }

  /** Picks again, up to the policy's limit, while the pick is a host that was tried before; the last pick counts. */
  private chooseHost(cluster: Cluster): Host | undefined {
    let host = cluster.chooseHost(this)
    const policy = this.action.retryPolicy
    if (policy === undefined || !policy.avoidPreviousHosts || host === undefined) return host
    const used = this.usedHosts
    if (used !== undefined) {
      for (let i = 0; i < policy.hostSelectionMaxAttempts && host !== undefined && used.includes(host); i++) {
        host = cluster.chooseHost(this)
      }
    }
    if (host !== undefined) (this.usedHosts ??= []).push(host)
    return host
  }

  private sendKept(attempt: Attempt): void {
    const { body } = this
    let writable = true
    const last = body.chunks.length - 1
    for (let i = 0; i <= last; i++) {
      writable = attempt.sendData(body.chunks[i], body.ended && body.trailers === undefined && i === last)
      if (!attempt.isReady) return
    }
    if (body.trailers !== undefined) attempt.sendTrailers(body.trailers)
    else if (body.ended && last < 0) attempt.sendData(NO_BYTES, true)
    if (this.retryPolicy === undefined) body.clear()
    if (writable) this.exchange.resumeRequest()
  }

  /** Keeps a chunk for an attempt to come. Too much of it, and the request will not be retried (Envoy: retry abandoned). */
  private keep(chunk: Buffer, endStream: boolean): void {
    const { body, exchange } = this
    body.append(chunk)
    body.ended = endStream
    const limit = this.action.retryBufferLimitBytes ?? exchange.config.bufferLimitBytes
    if (this.retryPolicy === undefined || body.bytes <= limit) return
    this.cluster?.stats.retryOrShadowAbandoned.add(1)
    this.retryPolicy = undefined
    if (this.backoffTimer.isScheduled) {
      this.stopTimers()
      const text = 'exceeded request buffer limit while retrying upstream'
      exchange.localReply({ status: 507, body: text, details: 'request_payload_exceeded_retry_buffer_limit' })
    } else if (this.attempt?.isReady === true) body.clear()
  }

  private mayRetry(): boolean {
    const { exchange } = this
    const { breakers, stats } = this.cluster as Cluster
    if (this.retriesLeft === 0) {
      exchange.setFlag('URX')
      stats.rqRetryLimitExceeded.add(1)
      return false
    }
    this.retriesLeft--
    if (breakers.retries.isFull) {
      exchange.setFlag('UO')
      stats.rqRetryOverflow.add(1)
      return false
    }
    return true
  }

  private scheduleRetry(): void {
    const { dispatcher } = this.exchange.manager
    const cluster = this.cluster as Cluster
    this.retriesDone++
    if (!this.retryIsCounted) {
      this.retryIsCounted = true
      cluster.breakers.retries.take()
    }
    cluster.stats.rqRetry.add(1)
    const bound = backoffBoundMs(this.retryPolicy as RetryPolicy, this.retriesDone)
    dispatcher.timers.schedule(this.backoffTimer, this.exchange.manager.random.below(bound))
  }

  private stopRetrying(): void {
    this.retryPolicy = undefined
    if (this.retryIsCounted) {
      this.retryIsCounted = false
      this.cluster?.breakers.retries.give()
    }
    // What came behind an upgrade request waits for the tunnel.
    if (this.exchange.upgradeType === '') this.body.clear()
  }

  // --- upgrades -----------------------------------------------------------------------------------------------------

  /** Bytes behind an upgrade request wait until the upstream has agreed. */
  private holdsUpgradeData(attempt: Attempt): boolean {
    return this.exchange.upgradeType !== '' && !attempt.responded
  }

  private spellUpgrade(attempt: Attempt): void {
    const { requestHeaders } = this.exchange
    if (attempt.isHttp2 && requestHeaders.protocol === undefined) toExtendedConnect(requestHeaders)
    else if (!attempt.isHttp2 && requestHeaders.protocol !== undefined) fromExtendedConnect(requestHeaders)
  }

  /** True when the response opens a tunnel. A refusal below 400 is not passed on with its body. */
  private answersUpgrade(attempt: Attempt, headers: ResponseHeaderMap): boolean {
    const { exchange } = this
    if (exchange.upgradeType === '') return false
    const isHttp1Client = exchange.manager.protocol !== 'HTTP/2'
    if (exchange.upgradeType !== 'connect') {
      if (attempt.isHttp2 && isHttp1Client) toSwitchingProtocols(headers, exchange.upgradeType)
      else if (!attempt.isHttp2 && !isHttp1Client) fromSwitchingProtocols(headers)
    }
    const opens = isHttp1Client && exchange.upgradeType !== 'connect' ? headers.status === 101 : headers.status === 200
    if (opens) {
      exchange.openTunnel()
      return true
    }
    if (headers.status < 400) {
      const { status, fields } = headers
      // Its body is not passed on.
      headers.delete('content-length')
      headers.delete('transfer-encoding')
      exchange.localReply({ status, body: '', details: 'websocket_handshake_unsuccessful', headers: fields })
    }
    return false
  }

  /** In the log this is what every end of an HTTP/1 upstream's connection is, unless the client's direction ended before. */
  private noteTunnelEnd(): void {
    const { exchange } = this
    if (exchange.requestEnded) return
    exchange.setFlag('UC')
    exchange.info.responseCodeDetails = detailsOfLateReset('connection termination')
  }

  // --- the end ------------------------------------------------------------------------------------------------------

  private chargeLocalReply(status: number): void {
    const stats = this.cluster?.stats
    stats?.rqByClass[Math.floor(status / 100)]?.add(1)
    stats?.rqByCode(status).add(1)
  }

  private armGlobalTimer(): void {
    if (this.timeouts.globalMs <= 0 || this.globalTimer.isScheduled || this.exchange.isTunnel) return
    this.exchange.manager.dispatcher.timers.schedule(this.globalTimer, this.timeouts.globalMs)
  }

  /** @internal */
  globalTimeout(): void {
    if (this.done) return
    this.cluster?.stats.rqTimeout.add(1)
    if (this.attempt !== undefined) this.attempt.host.timedOutRequests++
    this.timedOut('response_timeout')
  }

  private timedOut(details: string): void {
    const { exchange } = this
    exchange.setFlag('UT')
    this.chargeLocalReply(504)
    if (this.timeouts.answersTimeoutWith204) exchange.localReply({ status: 204, body: '', details })
    else exchange.localReply({ status: 504, body: 'upstream request timeout', details })
  }

  private stopTimers(): void {
    const { timers } = this.exchange.manager.dispatcher
    if (this.globalTimer.isScheduled) timers.cancel(this.globalTimer)
    if (this.backoffTimer.isScheduled) timers.cancel(this.backoffTimer)
    if (this.retryIsCounted) {
      this.retryIsCounted = false
      this.cluster?.breakers.retries.give()
    }
  }
}

const NO_TIMEOUTS: RequestTimeouts = { globalMs: 0, perTryMs: 0, answersTimeoutWith204: false }
const NO_BYTES = Buffer.alloc(0)

function onGlobalTimeout(request: RoutedRequest): void {
  request.globalTimeout()
}

function onBackoffOver(request: RoutedRequest): void {
  request.startAttempt()
}
