// The router: takes one request from its route to an upstream and the response back. It decides about attempts: the first,
// retries, the end. Envoy's counterpart is source/common/router/router.cc; behaviours follow it.

import type { HeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'
import type { ResetReason } from '../../codec/http-stream.ts'
import { Timer } from '../../lib/timer-wheel.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { chargeResponse } from '../cluster/cluster-stats.ts'
import type { Host } from '../cluster/host.ts'
import type { LoadBalancerContext } from '../cluster/load-balancer.ts'
import { Attempt } from './attempt.ts'
import type { AttemptOwner } from './attempt.ts'
import { BodyBuffer } from './body-buffer.ts'
import type { Exchange } from './exchange.ts'
import { hashRequest } from './hash-policy.ts'
import type { RequestHash } from './hash-policy.ts'
import type { LocalReply } from './local-reply.ts'
import { detailsOfLateReset, replyToReset, resetFlag } from './reset-reply.ts'
import { addServiceTime } from './response-headers.ts'
import { takeRetryPolicy } from './retry-policy.ts'
import { RetryState } from './retry-state.ts'
import type { RetryVerdict } from './retry-state.ts'
import { applyRouteMutations } from './response-headers.ts'
import type { ClusterAction, Route } from './route-config.ts'
import { applyHostRewrite, prepareUpstreamHeaders } from './upstream-headers.ts'
import type { Terminal } from './terminal.ts'
import { startShadows } from './shadow.ts'
import type { Shadows } from './shadow.ts'
import { refuseInvalidHeaders } from './strict-headers.ts'
import { requestTimeouts, setTimeoutHeaders } from './timeouts.ts'
import type { RequestTimeouts } from './timeouts.ts'
import { toExtendedConnect, toSwitchingProtocols } from './upgrade.ts'

export class RoutedRequest implements Terminal, AttemptOwner, LoadBalancerContext {
  private readonly exchange: Exchange
  private readonly route: Route
  private readonly action: ClusterAction
  private cluster: Cluster | undefined = undefined
  private attempt: Attempt | undefined = undefined
  private timeouts: RequestTimeouts = NO_TIMEOUTS
  /** Undefined: the request will not be tried again. */
  private retry: RetryState | undefined = undefined
  /** The retry that is due follows a per-try time-out. */
  private isTimeoutRetry = false
  private sentBytes = false
  private readonly body = new BodyBuffer()
  private usedHosts: Host[] | undefined = undefined
  private shadows: Shadows | undefined = undefined
  private requestHash: RequestHash | undefined = undefined
  refusedChoices = 0
  private readonly globalTimer: Timer<RoutedRequest>
  private readonly backoffTimer: Timer<RoutedRequest>
  private done = false

  constructor(exchange: Exchange, route: Route, action: ClusterAction) {
    this.exchange = exchange
    this.route = route
    this.action = action
    this.globalTimer = new Timer<RoutedRequest>(onGlobalTimeout, this)
    this.backoffTimer = new Timer<RoutedRequest>(onBackoffOver, this)
  }

  get downstreamConnection(): LoadBalancerContext['downstreamConnection'] {
    return this.exchange.info.connection
  }

  get requestHeaders(): LoadBalancerContext['requestHeaders'] {
    return this.exchange.requestHeaders
  }

  get hash(): LoadBalancerContext['hash'] {
    const { hashPolicies } = this.action
    if (hashPolicies === undefined) return undefined
    this.requestHash ??= hashRequest(hashPolicies, this.exchange)
    return this.requestHash.value
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
    const refusal = refuseInvalidHeaders(exchange.requestHeaders, exchange.config.strictChecks)
    if (refusal !== undefined) {
      this.done = true
      exchange.setFlag('IH')
      exchange.localReply(refusal)
      return
    }
    this.timeouts = requestTimeouts(exchange, action)
    exchange.info.attemptCount = 1
    prepareUpstreamHeaders(exchange, route, action, this.timeouts)
    const policy = takeRetryPolicy(action.retryPolicy, exchange.requestHeaders)
    if (policy !== undefined) this.retry = new RetryState(policy, cluster)
    if (exchange.requestEnded || exchange.upgradeType === 'websocket') this.armGlobalTimer()
    this.body.ended = exchange.endsWithHeaders
    if (action.mirrors.length > 0) this.shadows = startShadows(exchange, action.mirrors, this.timeouts.globalMs)
    this.startAttempt()
  }

  // --- Terminal -----------------------------------------------------------------------------------------------------

  onRequestData(chunk: Buffer, endStream: boolean): void {
    if (this.done) return
    const { attempt } = this
    this.shadows?.onRequestData(chunk, endStream)
    const isReady = attempt !== undefined && attempt.isReady && !this.holdsUpgradeData(attempt)
    if (this.retry !== undefined || !isReady) this.keep(chunk, endStream)
    else this.body.ended = endStream
    if (isReady) {
      if (!attempt.sendData(chunk, endStream)) this.exchange.pauseRequest()
    } else if (this.body.bytes > this.exchange.config.bufferLimitBytes) this.exchange.pauseRequest()
  }

  onRequestTrailers(trailers: HeaderMap): void {
    if (this.done) return
    this.shadows?.onRequestTrailers(trailers)
    this.body.trailers = trailers
    this.body.ended = true
    if (this.attempt?.isReady === true) this.attempt.sendTrailers(trailers)
  }

  onRequestReceived(): void {
    if (this.done) return
    this.armGlobalTimer()
    if (this.attempt?.isReady === true) this.attempt.armPerTryTimer(this.timeouts.perTryMs)
  }

  onDownstreamWritable(): void {
    this.attempt?.resumeRead()
  }

  onResponseSent(): void {
    const { exchange } = this
    if (!this.done && exchange.requestEnded) {
      const elapsedMs = exchange.manager.dispatcher.nowMs - exchange.info.lastDownstreamRxByteReceivedMs
      this.cluster?.stats.rqTimeMs.record(elapsedMs)
    }
    this.abandon()
  }

  abandon(): void {
    if (this.done) return
    this.done = true
    this.stopTimers()
    this.shadows?.abandon()
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
    const isUpgrade = exchange.upgradeType !== '' && exchange.upgradeType !== 'connect'
    const endsWithHeaders = body.ended && body.bytes === 0 && body.trailers === undefined
    attempt.sendHeaders(
      isUpgrade && attempt.isHttp2 ? toExtendedConnect(requestHeaders) : requestHeaders,
      endsWithHeaders,
    )
    if (endsWithHeaders || this.holdsUpgradeData(attempt)) return
    this.sendKept(attempt)
  }

  onAttemptInformational(_attempt: Attempt, headers: ResponseHeaderMap): void {
    if (!this.exchange.config.proxy100Continue || this.done) return
    // What the client has seen cannot be taken back: no retry from here on.
    this.stopRetrying()
    if (this.cluster !== undefined) chargeResponse(this.cluster.stats, headers.status)
    this.exchange.sendInformational(headers)
  }

  onAttemptHeaders(attempt: Attempt, headers: ResponseHeaderMap, endStream: boolean): void {
    if (this.done) return
    const { exchange } = this
    if (this.retry !== undefined && this.grants(this.retry.afterResponse(headers))) {
      attempt.host.failedRequests++
      this.cluster?.stats.chargeRetried(headers.status)
      attempt.cancel('local reset')
      this.scheduleRetry(false)
      return
    }
    this.stopRetrying()
    if (this.cluster !== undefined) chargeResponse(this.cluster.stats, headers.status)
    if (headers.status >= 500) attempt.host.failedRequests++
    else attempt.host.successfulRequests++
    exchange.info.responseCodeDetails = 'via_upstream'
    exchange.info.responseCode = headers.status
    const isTunnel = this.answersUpgrade(attempt, headers)
    if (exchange.ended || this.done) return
    if (isTunnel) this.stopTimers()
    addServiceTime(exchange, headers)
    this.requestHash?.addCookiesTo(headers)
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

  onAttemptReset(attempt: Attempt, reason: ResetReason, transportFailure: string): void {
    if (this.done) return
    const { exchange } = this
    if (exchange.responseStarted) {
      exchange.setFlag(resetFlag(reason))
      exchange.info.responseCodeDetails = detailsOfLateReset(reason)
      exchange.resetDownstream('local reset')
      return
    }
    if (reason !== 'overflow') attempt.host.failedRequests++
    if (this.retry !== undefined && this.grants(this.retry.afterReset(reason, this.sentBytes))) {
      this.scheduleRetry(false)
      return
    }
    exchange.setFlag(resetFlag(reason))
    this.reply(replyToReset(exchange, reason, transportFailure, exchange.info.attemptCount > 1))
  }

  onAttemptWritable(_attempt: Attempt): void {
    this.exchange.resumeRequest()
  }

  onAttemptTimeout(attempt: Attempt): void {
    if (this.done) return
    this.cluster?.stats.rqPerTryTimeout.add(1)
    attempt.host.timedOutRequests++
    attempt.cancel('local reset')
    if (this.retry !== undefined && this.grants(this.retry.afterReset('local reset', true))) {
      attempt.host.failedRequests++
      this.scheduleRetry(true)
      return
    }
    this.timedOut('upstream_per_try_timeout')
  }

  // --- attempts -----------------------------------------------------------------------------------------------------

  private startAttempt(): void {
    const { exchange } = this
    const { cluster } = exchange
    const host = cluster === undefined ? undefined : this.chooseHost(cluster)
    if (cluster === undefined || host === undefined) {
      cluster?.stats.cxNoneHealthy.add(1)
      exchange.setFlag('UH')
      this.reply({ status: 503, body: 'no healthy upstream', details: 'no_healthy_upstream' })
      return
    }
    const attempt = new Attempt(this, cluster, host)
    this.attempt = attempt
    exchange.info.upstream = attempt.facts
    const isHttp2 = exchange.manager.protocol === 'HTTP/2'
    attempt.start(cluster.httpPool(host, isHttp2, exchange.info.filterState.shared()))
  }

  /** @internal */
  startRetry(): void {
    const { exchange, action, timeouts, route } = this
    const { requestHeaders: headers, info, manager } = exchange
    info.attemptCount++
    if (route.virtualHost.includeAttemptCountInRequest) headers.set('x-envoy-attempt-count', String(info.attemptCount))
    if (route.virtualHost.includeIsTimeoutRetryHeader) {
      headers.set('x-envoy-is-timeout-retry', String(this.isTimeoutRetry))
    }
    const elapsedMs = exchange.requestEnded ? manager.dispatcher.nowMs - info.lastDownstreamRxByteReceivedMs : 0
    setTimeoutHeaders(exchange, action, timeouts, elapsedMs)
    // It may have been replaced or removed meanwhile.
    exchange.cluster = manager.clusters.get((this.cluster as Cluster).name)
    this.startAttempt()
  }

  /** Picks again, up to the policy's limit, while the pick is a host that was tried before; the last pick counts. */
  private chooseHost(cluster: Cluster): Host | undefined {
    this.refusedChoices = 0
    let host = cluster.chooseHost(this)
    const policy = this.retry?.policy
    if (policy === undefined || !policy.avoidPreviousHosts || host === undefined) return host
    const used = this.usedHosts
    if (used !== undefined) {
      for (let i = 0; i < policy.hostSelectionMaxAttempts && host !== undefined && used.includes(host); i++) {
        this.refusedChoices++
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
    if (this.retry === undefined) body.clear()
    if (writable) this.exchange.resumeRequest()
  }

  /** Keeps a chunk for an attempt to come. Too much of it, and the request will not be retried (Envoy: retry abandoned). */
  private keep(chunk: Buffer, endStream: boolean): void {
    const { body, exchange } = this
    body.append(chunk)
    body.ended = endStream
    const limit = this.action.retryBufferLimitBytes ?? exchange.config.bufferLimitBytes
    if (this.retry === undefined || body.bytes <= limit) return
    this.cluster?.stats.retryOrShadowAbandoned.add(1)
    this.dropRetry()
    if (this.backoffTimer.isScheduled) {
      const text = 'exceeded request buffer limit while retrying upstream'
      exchange.localReply({
        status: 507,
        body: text,
        details: 'request_payload_exceeded_retry_buffer_limit',
      })
    } else if (this.attempt?.isReady === true) body.clear()
  }

  /** A wish that cannot be granted is noted in the log. */
  private grants(verdict: RetryVerdict): boolean {
    if (verdict === 'exhausted') this.exchange.setFlag('URX')
    else if (verdict === 'overflow') this.exchange.setFlag('UO')
    return verdict === 'retry'
  }

  private scheduleRetry(isTimeoutRetry: boolean): void {
    const { dispatcher, random } = this.exchange.manager
    this.isTimeoutRetry = isTimeoutRetry
    this.attempt = undefined
    dispatcher.timers.schedule(this.backoffTimer, random.below((this.retry as RetryState).backoffBoundMs))
  }

  private stopRetrying(): void {
    this.dropRetry()
    // What came behind an upgrade request waits for the tunnel.
    if (this.exchange.upgradeType === '') this.body.clear()
  }

  private dropRetry(): void {
    this.retry?.release()
    this.retry = undefined
  }

  // --- upgrades -----------------------------------------------------------------------------------------------------

  /** Bytes behind an upgrade request wait until the upstream has agreed. */
  private holdsUpgradeData(attempt: Attempt): boolean {
    return this.exchange.upgradeType !== '' && !attempt.responded
  }

  /** True when the response opens a tunnel. A refusal below 400 is not passed on with its body. */
  private answersUpgrade(attempt: Attempt, headers: ResponseHeaderMap): boolean {
    const { exchange } = this
    if (exchange.upgradeType === '') return false
    const isConnect = exchange.upgradeType === 'connect'
    if (attempt.isHttp2 && !isConnect) toSwitchingProtocols(headers, exchange.upgradeType)
    if (headers.status === (isConnect ? 200 : 101)) {
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

  /** Answers in the upstream's place. */
  private reply(reply: LocalReply): void {
    if (this.cluster !== undefined && !this.exchange.responseStarted) chargeResponse(this.cluster.stats, reply.status)
    this.exchange.localReply(reply)
  }

  private armGlobalTimer(): void {
    if (this.timeouts.globalMs <= 0 || this.globalTimer.isScheduled || this.exchange.isTunnel) return
    this.exchange.manager.dispatcher.timers.schedule(this.globalTimer, this.timeouts.globalMs)
  }

  /** @internal */
  globalTimeout(): void {
    if (this.done) return
    if (this.attempt !== undefined) {
      this.cluster?.stats.rqTimeout.add(1)
      this.attempt.host.timedOutRequests++
    }
    this.timedOut('response_timeout')
  }

  private timedOut(details: string): void {
    const { exchange } = this
    exchange.setFlag('UT')
    if (this.attempt !== undefined && !exchange.responseStarted) this.attempt.host.failedRequests++
    if (this.timeouts.answersTimeoutWith204) this.reply({ status: 204, body: '', details })
    else this.reply({ status: 504, body: 'upstream request timeout', details })
  }

  private stopTimers(): void {
    const { timers } = this.exchange.manager.dispatcher
    if (this.globalTimer.isScheduled) timers.cancel(this.globalTimer)
    if (this.backoffTimer.isScheduled) timers.cancel(this.backoffTimer)
    this.dropRetry()
  }
}

const NO_TIMEOUTS: RequestTimeouts = { globalMs: 0, perTryMs: 0, answersTimeoutWith204: false }
const NO_BYTES = Buffer.alloc(0)

function onGlobalTimeout(request: RoutedRequest): void {
  request.globalTimeout()
}

function onBackoffOver(request: RoutedRequest): void {
  request.startRetry()
}
