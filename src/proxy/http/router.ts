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
import { detailsOfLateReset, replyToReset, replyToStreamDuration, replyToTimeout, resetFlag } from './reset-reply.ts'
import { addServiceTime } from './response-headers.ts'
import { Retries } from './retries.ts'
import { takeRetryPolicy } from './retry-policy.ts'
import type { RetryOwner } from './retry-state.ts'
import { applyRouteMutations } from './response-headers.ts'
import type { ClusterAction, Route } from './route-config.ts'
import { applyHostRewrite, prepareRetryHeaders, prepareUpstreamHeaders } from './upstream-headers.ts'
import type { Terminal } from './terminal.ts'
import { startShadows } from './shadow.ts'
import type { Shadows } from './shadow.ts'
import { refuseInvalidHeaders } from './strict-headers.ts'
import { requestTimeouts } from './timeouts.ts'
import type { RequestTimeouts } from './timeouts.ts'
import { toExtendedConnect } from './upgrade.ts'
import { answersUpgrade, noteTunnelEnd } from './upgrade-answer.ts'

export class RoutedRequest implements Terminal, AttemptOwner, RetryOwner, LoadBalancerContext {
  private readonly exchange: Exchange
  private readonly route: Route
  private readonly action: ClusterAction
  private cluster: Cluster | undefined = undefined
  /** The newest, or the one whose response is passed on. */
  private attempt: Attempt | undefined = undefined
  private timeouts: RequestTimeouts = NO_TIMEOUTS
  /** Undefined: the request will not be tried again. */
  private retries: Retries | undefined = undefined
  private sentBytes = false
  private readonly body = new BodyBuffer()
  private shadows: Shadows | undefined = undefined
  private requestHash: RequestHash | undefined = undefined
  refusedChoices = 0
  private readonly globalTimer: Timer<RoutedRequest>
  private done = false

  constructor(exchange: Exchange, route: Route, action: ClusterAction) {
    this.exchange = exchange
    this.route = route
    this.action = action
    this.globalTimer = new Timer<RoutedRequest>(onGlobalTimeout, this)
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
    if (hashPolicies === undefined) return undefined
    this.requestHash ??= hashRequest(hashPolicies, this.exchange)
    return this.requestHash.value
  }

  get attemptedHosts(): readonly Host[] | undefined {
    return this.retries?.usedHosts
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
    if (policy !== undefined) this.retries = new Retries(this, exchange, cluster, policy)
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
    if (this.retries !== undefined || !isReady) this.keep(chunk, endStream)
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
    if (this.attempt?.isReady === true) this.startTryTimers(this.attempt)
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
    attempt.limitDuration(this.timeouts.streamDurationMs ?? attempt.cluster.config.maxStreamDurationMs)
    if (exchange.requestEnded) this.startTryTimers(attempt)
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

  onAttemptInformational(attempt: Attempt, headers: ResponseHeaderMap): void {
    if (!this.exchange.config.proxy100Continue || this.done) return
    // What the client has seen cannot be taken back: no retry from here on.
    this.settleOn(attempt)
    if (this.cluster !== undefined) chargeResponse(this.cluster.stats, headers.status)
    this.exchange.sendInformational(headers)
  }

  onAttemptHeaders(attempt: Attempt, headers: ResponseHeaderMap, endStream: boolean): void {
    if (this.done) return
    const { exchange } = this
    if (this.retries?.supersedes(attempt, headers, this.attempt) === true) {
      this.letGo(attempt)
      return
    }
    this.settleOn(attempt)
    if (this.cluster !== undefined) chargeResponse(this.cluster.stats, headers.status)
    if (headers.status >= 500) attempt.host.failedRequests++
    else attempt.host.successfulRequests++
    exchange.info.responseCodeDetails = 'via_upstream'
    exchange.info.responseCode = headers.status
    const isTunnel = answersUpgrade(exchange, attempt.isHttp2, headers)
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
    if (endStream && this.exchange.isTunnel && !attempt.isHttp2) noteTunnelEnd(this.exchange)
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
    const { retries } = this
    if (retries !== undefined) {
      const isRetried = retries.retriesReset(attempt, reason, this.sentBytes, false)
      if (isRetried || retries.isAwaitingOther(attempt, this.attempt)) {
        retries.drop(attempt)
        this.letGo(attempt)
        return
      }
    }
    exchange.setFlag(resetFlag(reason))
    this.reply(replyToReset(exchange, reason, transportFailure, exchange.info.attemptCount > 1))
  }

  onAttemptWritable(_attempt: Attempt): void {
    this.exchange.resumeRequest()
  }

  onAttemptTimeout(attempt: Attempt, isIdle: boolean): void {
    if (this.done) return
    if (this.timeouts.hedges) {
      if (this.retries?.hedges(attempt) === true) this.letGo(attempt)
      return
    }
    const stats = this.cluster?.stats
    if (isIdle) stats?.rqPerTryIdleTimeout.add(1)
    else stats?.rqPerTryTimeout.add(1)
    attempt.host.timedOutRequests++
    if (!this.isCutOffAndRetried(attempt, true)) {
      this.timedOut(isIdle ? 'upstream_per_try_idle_timeout' : 'upstream_per_try_timeout')
    }
  }

  onAttemptDurationReached(attempt: Attempt): void {
    if (this.done) return
    const { exchange } = this
    this.cluster?.stats.rqMaxDurationReached.add(1)
    if (this.isCutOffAndRetried(attempt, false)) return
    exchange.setFlag('UMSDR')
    exchange.localReply(replyToStreamDuration(exchange))
  }

  // --- RetryOwner ---------------------------------------------------------------------------------------------------

  onRetryDue(): void {
    const { exchange } = this
    exchange.info.attemptCount++
    prepareRetryHeaders(exchange, this.route, this.action, this.timeouts, this.retries?.isTimeoutRetry === true)
    // It may have been replaced or removed meanwhile.
    exchange.cluster = exchange.manager.clusters.get((this.cluster as Cluster).name)
    this.startAttempt()
  }

  // --- attempts -----------------------------------------------------------------------------------------------------

  private startAttempt(): void {
    const { exchange, retries } = this
    const { cluster } = exchange
    let host: Host | undefined
    if (cluster !== undefined) {
      host = retries === undefined ? cluster.chooseHost(this) : retries.chooseHost(cluster, this)
    }
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

  private sendKept(attempt: Attempt): void {
    const { body } = this
    const writable = body.sendTo(attempt)
    if (!attempt.isReady) return
    if (this.retries === undefined) body.clear()
    if (writable) this.exchange.resumeRequest()
  }

  /** Keeps a chunk for an attempt to come. Too much of it, and the request will not be retried (Envoy: retry abandoned). */
  private keep(chunk: Buffer, endStream: boolean): void {
    const { body, exchange } = this
    body.append(chunk)
    body.ended = endStream
    const limit = this.action.retryBufferLimitBytes ?? exchange.config.bufferLimitBytes
    if (this.retries === undefined || body.bytes <= limit) return
    this.cluster?.stats.retryOrShadowAbandoned.add(1)
    const { isPending } = this.retries
    this.dropRetries()
    if (isPending) {
      const text = 'exceeded request buffer limit while retrying upstream'
      exchange.localReply({
        status: 507,
        body: text,
        details: 'request_payload_exceeded_retry_buffer_limit',
      })
    } else if (this.attempt?.isReady === true) body.clear()
  }

  private startTryTimers(attempt: Attempt): void {
    attempt.startTryTimers(this.timeouts.perTryMs, this.timeouts.perTryIdleMs)
  }

  /** Ends an attempt that took too long; true when the request is tried again. */
  private isCutOffAndRetried(attempt: Attempt, isTimeout: boolean): boolean {
    attempt.cancel('local reset')
    if (this.retries?.retriesReset(attempt, 'local reset', true, isTimeout) !== true) return false
    attempt.host.failedRequests++
    this.letGo(attempt)
    return true
  }

  /** The attempt is over, or no longer the newest. */
  private letGo(attempt: Attempt): void {
    if (this.attempt === attempt) this.attempt = undefined
  }

  /** What the client is about to see comes from this attempt: there will be no other. */
  private settleOn(attempt: Attempt): void {
    const { retries, exchange } = this
    if (retries !== undefined) {
      if (this.attempt !== attempt) this.attempt?.cancel('local reset')
      this.attempt = attempt
      exchange.info.upstream = attempt.facts
      retries.end(attempt)
      this.retries = undefined
    }
    // What came behind an upgrade request waits for the tunnel.
    if (exchange.upgradeType === '') this.body.clear()
  }

  private dropRetries(): void {
    this.retries?.end(undefined)
    this.retries = undefined
  }

  // --- upgrades -----------------------------------------------------------------------------------------------------

  /** Bytes behind an upgrade request wait until the upstream has agreed. */
  private holdsUpgradeData(attempt: Attempt): boolean {
    return this.exchange.upgradeType !== '' && !attempt.responded
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
    this.retries?.chargeTimeouts()
    this.timedOut('response_timeout')
  }

  private timedOut(details: string): void {
    const { exchange } = this
    exchange.setFlag('UT')
    if (this.attempt !== undefined && !exchange.responseStarted) this.attempt.host.failedRequests++
    this.reply(replyToTimeout(details, this.timeouts.answersTimeoutWith204))
  }

  private stopTimers(): void {
    const { timers } = this.exchange.manager.dispatcher
    if (this.globalTimer.isScheduled) timers.cancel(this.globalTimer)
    this.dropRetries()
  }
}

const NO_TIMEOUTS: RequestTimeouts = {
  globalMs: 0,
  perTryMs: 0,
  perTryIdleMs: 0,
  streamDurationMs: undefined,
  hedges: false,
  answersTimeoutWith204: false,
}

function onGlobalTimeout(request: RoutedRequest): void {
  request.globalTimeout()
}
