// Copies of a request on their way to the clusters of mirror policies. Nobody waits for them: what they answer is dropped, and a
// copy whose upstream is slower than the request is given up, where Envoy would slow the request down.

import type { HeaderMap } from '../../codec/header-map.ts'
import { RequestHeaderMap } from '../../codec/header-map.ts'
import type { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { ResetReason } from '../../codec/http-stream.ts'
import { Timer } from '../../lib/timer-wheel.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { chargeResponse } from '../cluster/cluster-stats.ts'
import type { LoadBalancerContext } from '../cluster/load-balancer.ts'
import { Attempt } from './attempt.ts'
import type { AttemptOwner } from './attempt.ts'
import { BodyBuffer } from './body-buffer.ts'
import type { Exchange } from './exchange.ts'
import type { MirrorPolicy } from './mirror-policy.ts'
import { appendValue } from './request-headers.ts'

/** All copies of one request. The calls are the router's. */
export class Shadows {
  private readonly list: readonly Shadow[]

  constructor(list: readonly Shadow[]) {
    this.list = list
  }

  onRequestData(chunk: Buffer, endStream: boolean): void {
    for (const shadow of this.list) shadow.sendData(chunk, endStream)
  }

  onRequestTrailers(trailers: HeaderMap): void {
    for (const shadow of this.list) shadow.sendTrailers(trailers)
  }

  /** A copy lives on when it has all of its request, and ends with it otherwise. */
  abandon(): void {
    for (const shadow of this.list) shadow.abandon()
  }
}

/** Starts the copies that the policies want. The request's headers are those that go upstream. */
export function startShadows(
  exchange: Exchange,
  policies: readonly MirrorPolicy[],
  timeoutMs: number,
): Shadows | undefined {
  const { manager, info } = exchange
  // One draw for all: policies with equal shares copy the same requests, as in Envoy.
  const random = manager.random.below(1_000_000)
  let list: Shadow[] | undefined
  for (const policy of policies) {
    if (policy.share?.test(info, random) === false) continue
    const name = policy.clusterHeader === '' ? policy.cluster : exchange.requestHeaders.get(policy.clusterHeader)
    const cluster = name === undefined ? undefined : manager.clusters.get(name)
    if (cluster === undefined) continue
    const shadow = new Shadow(exchange, cluster, shadowHeaders(exchange, policy), timeoutMs)
    shadow.start(exchange)
    ;(list ??= []).push(shadow)
  }
  return list === undefined ? undefined : new Shadows(list)
}

class Shadow implements AttemptOwner, LoadBalancerContext {
  readonly downstreamConnection: LoadBalancerContext['downstreamConnection']
  readonly requestHeaders: RequestHeaderMap
  readonly attemptedHosts = undefined
  readonly hash = undefined
  readonly metadataMatch = undefined
  readonly refusedChoices = 0
  private readonly cluster: Cluster
  private readonly limitBytes: number
  private readonly timeoutMs: number
  private readonly timer: Timer<Shadow>
  /** Waits for the stream, or for room in it. */
  private readonly body = new BodyBuffer()
  private attempt: Attempt | undefined = undefined
  private isFull = false
  private sentEnd = false
  private done = false

  constructor(exchange: Exchange, cluster: Cluster, headers: RequestHeaderMap, timeoutMs: number) {
    this.downstreamConnection = exchange.info.connection
    this.requestHeaders = headers
    this.cluster = cluster
    this.limitBytes = exchange.config.bufferLimitBytes
    this.timeoutMs = timeoutMs
    this.timer = new Timer<Shadow>(onTimeout, this)
    this.body.ended = exchange.endsWithHeaders
  }

  start(exchange: Exchange): void {
    const host = this.cluster.chooseHost(this)
    if (host === undefined) {
      this.cluster.stats.cxNoneHealthy.add(1)
      this.done = true
      return
    }
    this.armTimer()
    const attempt = new Attempt(this, this.cluster, host)
    this.attempt = attempt
    const isHttp2 = exchange.manager.protocol === 'HTTP/2'
    attempt.start(this.cluster.httpPool(host, isHttp2, exchange.info.filterState.shared()))
  }

  sendData(chunk: Buffer, endStream: boolean): void {
    if (this.done) return
    this.body.ended = endStream
    this.armTimer()
    const { attempt, body } = this
    if (attempt?.isReady === true && !this.isFull) {
      this.sentEnd = endStream
      this.isFull = !attempt.sendData(chunk, endStream)
      return
    }
    body.append(chunk)
    if (body.bytes <= this.limitBytes) return
    this.cluster.stats.retryOrShadowAbandoned.add(1)
    this.cancel()
  }

  sendTrailers(trailers: HeaderMap): void {
    if (this.done) return
    this.body.trailers = trailers
    this.body.ended = true
    this.armTimer()
    if (this.attempt?.isReady !== true || this.isFull) return
    this.sentEnd = true
    this.attempt.sendTrailers(trailers)
  }

  abandon(): void {
    if (!this.body.ended) this.cancel()
  }

  // --- AttemptOwner -------------------------------------------------------------------------------------------------

  onAttemptReady(attempt: Attempt): void {
    const { body } = this
    const endsWithHeaders = body.ended && body.bytes === 0 && body.trailers === undefined
    this.sentEnd = endsWithHeaders
    attempt.sendHeaders(this.requestHeaders, endsWithHeaders)
    if (!endsWithHeaders) this.sendKept(attempt)
  }

  onAttemptInformational(): void {}

  onAttemptHeaders(attempt: Attempt, headers: ResponseHeaderMap, endStream: boolean): void {
    chargeResponse(this.cluster.stats, headers.status)
    if (headers.status >= 500) attempt.host.failedRequests++
    else attempt.host.successfulRequests++
    if (endStream) this.responseEnded()
  }

  onAttemptData(_attempt: Attempt, _chunk: Buffer, endStream: boolean): void {
    if (endStream) this.responseEnded()
  }

  onAttemptTrailers(): void {
    this.responseEnded()
  }

  onAttemptReset(attempt: Attempt, reason: ResetReason): void {
    if (reason !== 'overflow') attempt.host.failedRequests++
    this.finish()
  }

  onAttemptWritable(attempt: Attempt): void {
    this.isFull = false
    if (!this.done) this.sendKept(attempt)
  }

  onAttemptTimeout(): void {}

  onAttemptDurationReached(): void {}

  private sendKept(attempt: Attempt): void {
    const { body } = this
    if (this.sentEnd) return
    const { chunks, trailers, ended } = body
    const last = chunks.length - 1
    for (let i = 0; i <= last && attempt.isReady; i++) {
      this.isFull = !attempt.sendData(chunks[i], ended && trailers === undefined && i === last)
    }
    if (trailers !== undefined) attempt.sendTrailers(trailers)
    else if (ended && last < 0) attempt.sendData(NO_BYTES, true)
    this.sentEnd = ended
    body.clear()
  }

  // --- the end ------------------------------------------------------------------------------------------------------

  /** The route's time-out counts from the end of the request. */
  private armTimer(): void {
    if (this.timeoutMs <= 0 || !this.body.ended) return
    this.cluster.dispatcher.timers.schedule(this.timer, this.timeoutMs)
  }

  private responseEnded(): void {
    if (this.sentEnd) this.finish()
    else this.cancel()
  }

  /** @internal */
  timedOut(): void {
    this.cluster.stats.rqTimeout.add(1)
    if (this.attempt !== undefined) this.attempt.host.timedOutRequests++
    this.cancel()
  }

  private cancel(): void {
    if (this.done) return
    this.finish()
    this.attempt?.cancel('local reset')
  }

  private finish(): void {
    this.done = true
    this.body.clear()
    if (this.timer.isScheduled) this.cluster.dispatcher.timers.cancel(this.timer)
  }
}

const NO_BYTES = Buffer.alloc(0)

function onTimeout(shadow: Shadow): void {
  shadow.timedOut()
}

/** What Envoy's asynchronous client sends: a request of the proxy's own, made from this one. */
function shadowHeaders(exchange: Exchange, policy: MirrorPolicy): RequestHeaderMap {
  const original = exchange.requestHeaders
  const headers = new RequestHeaderMap(original.fields.slice())
  headers.neverIndexed = original.neverIndexed
  headers.method = original.method
  headers.scheme = original.scheme
  headers.path = original.path
  headers.authority = policy.hostRewrite === '' ? original.authority : policy.hostRewrite
  if (policy.marksHost && headers.authority !== undefined) headers.authority = markedHost(headers.authority)
  for (const mutation of policy.mutations) mutation.apply(headers, exchange.info)
  headers.set('x-envoy-internal', 'true')
  appendValue(headers, 'x-forwarded-for', exchange.config.localInfo.address, ',')
  return headers
}

/** `-shadow` before the port. */
function markedHost(authority: string): string {
  const colon = authority.lastIndexOf(':')
  if (colon < 0 || colon < authority.lastIndexOf(']')) return `${authority}-shadow`
  return `${authority.slice(0, colon)}-shadow${authority.slice(colon)}`
}
