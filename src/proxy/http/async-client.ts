// How filters call a cluster on their own account: one request, one response with its whole body, a time-out. Envoy's word is
// AsyncClient. Nothing exists before the first call; a call that nobody wants any more is cancelled.

import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'
import type { ResetReason } from '../../codec/http-stream.ts'
import { Timer } from '../../lib/timer-wheel.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { ClusterSet } from '../cluster/cluster-set.ts'
import { chargeResponse } from '../cluster/cluster-stats.ts'
import type { LoadBalancerContext } from '../cluster/load-balancer.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import { socketAddress } from '../stream/address.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import { newConnectionFacts } from '../stream/new-connection-facts.ts'
import { Attempt } from './attempt.ts'
import type { AttemptOwner } from './attempt.ts'
import type { LocalInfo } from './local-info.ts'

export interface AsyncRequest {
  readonly cluster: string
  readonly headers: RequestHeaderMap
  /** Empty: the request has no body. Not copied, and not to be changed before the end. */
  readonly body: Buffer
  /** For the whole call; 0: none. */
  readonly timeoutMs: number
  /** A longer body of the response fails the call. */
  readonly maxBodyBytes: number
  /** The client on whose behalf the call is made, for balancers that look at it. */
  readonly downstreamConnection: ConnectionFacts | undefined
  /** What a cluster speaks that leaves the choice to the request (use_downstream_protocol_config). */
  readonly isHttp2: boolean
  /** Whether `x-envoy-internal` and `x-forwarded-for` tell the server who asks (Envoy: send_internal, send_xff). */
  readonly sendsInternal: boolean
  readonly sendsForwardedFor: boolean
}

export interface AsyncResponse {
  readonly headers: ResponseHeaderMap
  readonly body: Buffer
  readonly trailers: HeaderMap | undefined
}

export type AsyncFailure = 'no cluster' | 'no host' | 'timeout' | 'reset' | 'body too long'

/** Told once, perhaps within `send`. */
export interface AsyncReceiver {
  onAsyncResponse(response: AsyncResponse): void
  onAsyncFailure(failure: AsyncFailure): void
}

export interface AsyncCall {
  /** Nothing is told any more. Idempotent, and without effect after the end. */
  cancel(): void
}

export class AsyncClient {
  readonly dispatcher: Dispatcher
  private readonly clusters: ClusterSet
  private readonly localInfo: LocalInfo

  constructor(clusters: ClusterSet, dispatcher: Dispatcher, localInfo: LocalInfo) {
    this.clusters = clusters
    this.dispatcher = dispatcher
    this.localInfo = localInfo
  }

  send(request: AsyncRequest, receiver: AsyncReceiver): AsyncCall {
    const { headers, timeoutMs } = request
    if (request.sendsInternal) headers.set('x-envoy-internal', 'true')
    if (request.sendsForwardedFor) headers.set('x-forwarded-for', this.localInfo.address)
    if (timeoutMs > 0) headers.set('x-envoy-expected-rq-timeout-ms', String(Math.ceil(timeoutMs)))
    const call = new Call(request, receiver, this.dispatcher)
    call.start(this.clusters.get(request.cluster))
    return call
  }
}

class Call implements AsyncCall, AttemptOwner, LoadBalancerContext {
  readonly downstreamConnection: ConnectionFacts
  readonly requestHeaders: RequestHeaderMap
  readonly attemptedHosts = undefined
  readonly hash = undefined
  readonly metadataMatch = undefined
  readonly refusedChoices = 0
  private readonly request: AsyncRequest
  private readonly receiver: AsyncReceiver
  private readonly dispatcher: Dispatcher
  private readonly startedMs: number
  private readonly timer: Timer<Call>
  private cluster: Cluster | undefined = undefined
  private attempt: Attempt | undefined = undefined
  private headers: ResponseHeaderMap | undefined = undefined
  private readonly chunks: Buffer[] = []
  private bytes = 0
  private done = false

  constructor(request: AsyncRequest, receiver: AsyncReceiver, dispatcher: Dispatcher) {
    this.request = request
    this.receiver = receiver
    this.dispatcher = dispatcher
    this.requestHeaders = request.headers
    this.downstreamConnection = request.downstreamConnection ?? nobody()
    this.startedMs = dispatcher.nowMs
    this.timer = new Timer<Call>(onTimeout, this)
  }

  start(cluster: Cluster | undefined): void {
    if (cluster === undefined) {
      this.fail('no cluster')
      return
    }
    this.cluster = cluster
    const host = cluster.chooseHost(this)
    if (host === undefined) {
      cluster.stats.cxNoneHealthy.add(1)
      this.fail('no host')
      return
    }
    const { timeoutMs, isHttp2 } = this.request
    if (timeoutMs > 0) this.dispatcher.timers.schedule(this.timer, timeoutMs)
    this.attempt = new Attempt(this, cluster, host)
    this.attempt.start(cluster.httpPool(host, isHttp2, NO_FILTER_STATE))
  }

  cancel(): void {
    if (this.done) return
    this.finish()
    this.attempt?.cancel('local reset')
  }

  // --- AttemptOwner -------------------------------------------------------------------------------------------------

  onAttemptReady(attempt: Attempt): void {
    const { headers, body } = this.request
    attempt.sendHeaders(headers, body.length === 0)
    // What the stream cannot take at once it keeps; the caller has bounded it.
    if (body.length > 0 && attempt.isReady) attempt.sendData(body, true)
  }

  onAttemptInformational(): void {}

  onAttemptHeaders(attempt: Attempt, headers: ResponseHeaderMap, endStream: boolean): void {
    if (this.done) return
    if (this.cluster !== undefined) chargeResponse(this.cluster.stats, headers.status)
    if (headers.status >= 500) attempt.host.failedRequests++
    else attempt.host.successfulRequests++
    this.headers = headers
    headers.set('x-envoy-upstream-service-time', String(Math.floor(this.dispatcher.nowMs - this.startedMs)))
    if (endStream) this.complete(undefined)
  }

  onAttemptData(_attempt: Attempt, chunk: Buffer, endStream: boolean): void {
    if (this.done) return
    this.bytes += chunk.length
    if (this.bytes > this.request.maxBodyBytes) {
      this.attempt?.cancel('local reset')
      this.fail('body too long')
      return
    }
    if (chunk.length > 0) this.chunks.push(Buffer.from(chunk))
    if (endStream) this.complete(undefined)
  }

  onAttemptTrailers(_attempt: Attempt, trailers: HeaderMap): void {
    if (!this.done) this.complete(trailers)
  }

  onAttemptReset(attempt: Attempt, reason: ResetReason): void {
    if (this.done) return
    if (reason !== 'overflow') attempt.host.failedRequests++
    this.fail('reset')
  }

  onAttemptWritable(): void {}

  onAttemptTimeout(): void {}

  onAttemptDurationReached(): void {}

  /** @internal */
  timeOut(): void {
    if (this.done) return
    this.cluster?.stats.rqTimeout.add(1)
    if (this.attempt !== undefined) {
      this.attempt.host.timedOutRequests++
      this.attempt.host.failedRequests++
      this.attempt.cancel('local reset')
    }
    this.fail('timeout')
  }

  private complete(trailers: HeaderMap | undefined): void {
    const { headers, chunks } = this
    if (headers === undefined) return
    this.finish()
    this.cluster?.stats.rqTimeMs.record(this.dispatcher.nowMs - this.startedMs)
    this.receiver.onAsyncResponse({ headers, body: chunks.length === 1 ? chunks[0] : Buffer.concat(chunks), trailers })
  }

  private fail(failure: AsyncFailure): void {
    this.finish()
    this.receiver.onAsyncFailure(failure)
  }

  private finish(): void {
    this.done = true
    if (this.timer.isScheduled) this.dispatcher.timers.cancel(this.timer)
  }
}

const NO_FILTER_STATE: readonly [] = []

/** For calls on nobody's behalf. */
function nobody(): ConnectionFacts {
  const address = socketAddress('0.0.0.0', 0)
  return newConnectionFacts({ local: address, remote: address })
}

function onTimeout(call: Call): void {
  call.timeOut()
}
