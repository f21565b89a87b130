// One try of a routed request on one host: owns the pooled stream and its per-try facts. It never resets another attempt;
// what its end means for the request is the router's to decide.

import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'
import type { RequestEncoder, ResetReason } from '../../codec/http-stream.ts'
import type { ClientConnection } from '../cluster/client-connection.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Host } from '../cluster/host.ts'
import type { HttpPool, PoolRequest } from '../cluster/http-pool.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import { UpstreamInfo } from '../stream/upstream-info.ts'
import { AttemptTimers } from './attempt-timers.ts'
import type { TimedAttempt } from './attempt-timers.ts'

/** Who is told what became of an attempt. */
export interface AttemptOwner {
  /** The stream is there: send the request. */
  onAttemptReady(attempt: Attempt): void
  onAttemptInformational(attempt: Attempt, headers: ResponseHeaderMap): void
  onAttemptHeaders(attempt: Attempt, headers: ResponseHeaderMap, endStream: boolean): void
  onAttemptData(attempt: Attempt, chunk: Buffer, endStream: boolean): void
  onAttemptTrailers(attempt: Attempt, trailers: HeaderMap): void
  /** No stream, or the stream broke. The attempt is over. */
  onAttemptReset(attempt: Attempt, reason: ResetReason, transportFailure: string): void
  onAttemptWritable(attempt: Attempt): void
  /** The try took too long, or the upstream was silent for too long. The stream goes on unless it is cancelled. */
  onAttemptTimeout(attempt: Attempt, isIdle: boolean): void
  /** The stream lives longer than the upstream's streams may. */
  onAttemptDurationReached(attempt: Attempt): void
}

export class Attempt implements PoolRequest, TimedAttempt {
  readonly cluster: Cluster
  readonly host: Host
  readonly facts = new UpstreamInfo()
  /** Response headers were received. */
  responded = false
  /** Some of the request reached the connection. */
  sentBytes = false
  private readonly owner: AttemptOwner
  private readonly dispatcher: Dispatcher
  private pool: HttpPool | undefined = undefined
  private encoder: RequestEncoder | undefined = undefined
  private connection: ClientConnection | undefined = undefined
  private requestEnded = false
  private responseEnded = false
  private done = false
  private timers: AttemptTimers | undefined = undefined

  constructor(owner: AttemptOwner, cluster: Cluster, host: Host) {
    this.owner = owner
    this.cluster = cluster
    this.dispatcher = cluster.dispatcher
    this.host = host
    this.facts.host = host.description
  }

  get isReady(): boolean {
    return this.encoder !== undefined && !this.done
  }

  get isHttp2(): boolean {
    return this.connection?.codec.protocol === 'HTTP/2'
  }

  /** Asks the pool for a stream; may be ready, or have failed, when this returns. */
  start(pool: HttpPool): void {
    this.pool = pool
    this.facts.connectStartMs = this.dispatcher.nowMs
    if (this.cluster.breakers.requests.isFull) {
      this.cluster.stats.rqPendingOverflow.add(1)
      this.done = true
      this.owner.onAttemptReset(this, 'overflow', '')
      return
    }
    pool.newStream(this)
  }

  /** The client's request is complete: the try's time runs. 0: none. */
  startTryTimers(perTryMs: number, idleMs: number): void {
    if ((perTryMs <= 0 && idleMs <= 0) || this.done) return
    this.timers ??= new AttemptTimers(this, this.dispatcher)
    this.timers.startTry(this.responded ? 0 : perTryMs, idleMs)
  }

  /** 0: no limit. */
  limitDuration(durationMs: number): void {
    if (durationMs <= 0 || this.done) return
    this.timers ??= new AttemptTimers(this, this.dispatcher)
    this.timers.startDuration(durationMs)
  }

  sendHeaders(headers: RequestHeaderMap, endStream: boolean): void {
    this.sentBytes = true
    this.facts.firstTxByteSentMs = this.dispatcher.nowMs
    this.requestEnded = endStream
    this.encoder?.sendHeaders(headers, endStream)
    if (endStream) this.facts.lastTxByteSentMs = this.dispatcher.nowMs
  }

  /** False: stop until `onAttemptWritable`. */
  sendData(chunk: Buffer, endStream: boolean): boolean {
    if (this.done || this.encoder === undefined) return true
    if (endStream) {
      this.requestEnded = true
      this.facts.lastTxByteSentMs = this.dispatcher.nowMs
    }
    return this.encoder.sendData(chunk, endStream)
  }

  sendTrailers(trailers: HeaderMap): void {
    if (this.done) return
    this.requestEnded = true
    this.encoder?.sendTrailers(trailers)
  }

  pauseRead(): void {
    if (!this.done) this.encoder?.pauseRead()
  }

  resumeRead(): void {
    if (!this.done) this.encoder?.resumeRead()
  }

  /** Lets go of the stream, wherever it stands. Nothing is reported afterwards. */
  cancel(reason: ResetReason): void {
    if (this.done) return
    if (this.encoder === undefined) {
      this.done = true
      this.pool?.cancel(this)
      this.timers?.stop()
      return
    }
    if (!this.responseEnded || !this.requestEnded) {
      this.encoder.reset(reason)
      this.cluster.stats.rqTxReset.add(1)
    }
    this.finish()
  }

  // --- from the pool and the codec ----------------------------------------------------------------------------------

  onPoolReady(encoder: RequestEncoder, connection: ClientConnection): void {
    this.encoder = encoder
    this.connection = connection
    const { facts, cluster, host } = this
    const connectionFacts = connection.facts
    facts.connectionPoolReadyMs = this.dispatcher.nowMs
    facts.localAddress = connectionFacts.localAddress
    facts.remoteAddress = connectionFacts.remoteAddress
    facts.connectionId = connectionFacts.id
    facts.protocol = connection.codec.protocol
    facts.tls = connectionFacts.tls
    cluster.breakers.requests.take()
    cluster.stats.rqTotal.add(1)
    cluster.stats.rqActive.add(1)
    host.activeRequests++
    this.owner.onAttemptReady(this)
  }

  onPoolFailure(reason: ResetReason, transportFailure: string): void {
    if (this.done) return
    this.done = true
    this.timers?.stop()
    this.facts.transportFailureReason = transportFailure
    // A full pool asked no host.
    if (reason === 'overflow') this.facts.host = undefined
    this.owner.onAttemptReset(this, reason, transportFailure)
  }

  onInformational(headers: ResponseHeaderMap): void {
    if (!this.done) this.owner.onAttemptInformational(this, headers)
  }

  onHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    if (this.done) return
    this.responded = true
    this.responseEnded = endStream
    this.facts.firstRxByteReceivedMs = this.dispatcher.nowMs
    this.timers?.responseBegan()
    this.timers?.noteActivity()
    this.owner.onAttemptHeaders(this, headers, endStream)
    if (endStream) this.finishWhenComplete()
  }

  onData(chunk: Buffer, endStream: boolean): void {
    if (this.done) return
    if (endStream) this.responseEnded = true
    this.timers?.noteActivity()
    this.owner.onAttemptData(this, chunk, endStream)
    if (endStream) this.finishWhenComplete()
  }

  onTrailers(trailers: HeaderMap): void {
    if (this.done) return
    this.responseEnded = true
    this.owner.onAttemptTrailers(this, trailers)
    this.finishWhenComplete()
  }

  onReset(reason: ResetReason, _detail: string): void {
    if (this.done) return
    this.cluster.stats.rqRxReset.add(1)
    this.finish()
    const transportFailure = this.connection?.transportFailure ?? ''
    this.facts.transportFailureReason = transportFailure
    this.owner.onAttemptReset(this, reason, transportFailure)
  }

  onWritable(): void {
    if (!this.done) this.owner.onAttemptWritable(this)
  }

  /** @internal */
  tryTimedOut(isIdle: boolean): void {
    if (!this.done) this.owner.onAttemptTimeout(this, isIdle)
  }

  /** @internal */
  durationReached(): void {
    if (!this.done) this.owner.onAttemptDurationReached(this)
  }

  private finishWhenComplete(): void {
    this.facts.lastRxByteReceivedMs = this.dispatcher.nowMs
    if (this.requestEnded) this.finish()
  }

  private finish(): void {
    if (this.done) return
    this.done = true
    this.timers?.stop()
    this.cluster.breakers.requests.give()
    this.cluster.stats.rqActive.add(-1)
    this.host.activeRequests--
  }
}
