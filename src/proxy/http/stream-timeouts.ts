// The deadlines that the connection manager sets to one request and its response (Envoy: the timers of ActiveStream). The
// router's own, for the upstream, are in timeouts.ts.

import { Timer } from '../../lib/timer-wheel.ts'
import type { TimerWheel } from '../../lib/timer-wheel.ts'
import type { Exchange } from './exchange.ts'
import type { HcmConfig } from './hcm-config.ts'
import type { ClusterAction } from './route-config.ts'
import { grpcTimeoutText, parseGrpcTimeout } from './timeouts.ts'

const DEADLINE_EXCEEDED = 4

export class StreamTimeouts {
  private readonly exchange: Exchange
  private readonly wheel: TimerWheel
  private idleTimeoutMs = 0
  private idle: Timer<StreamTimeouts> | undefined = undefined
  private duration: Timer<StreamTimeouts> | undefined = undefined
  private request: Timer<StreamTimeouts> | undefined = undefined

  constructor(exchange: Exchange) {
    this.exchange = exchange
    this.wheel = exchange.manager.dispatcher.timers
  }

  /** The stream begins. */
  start(config: HcmConfig): void {
    const { streamIdleTimeoutMs, maxStreamDurationMs, requestTimeoutMs } = config
    if (streamIdleTimeoutMs > 0) this.setIdle(streamIdleTimeoutMs)
    if (maxStreamDurationMs > 0) this.setDuration(maxStreamDurationMs)
    if (requestTimeoutMs > 0) {
      this.request = new Timer<StreamTimeouts>(onRequestTimeout, this)
      this.wheel.schedule(this.request, requestTimeoutMs)
    }
  }

  /** What the route says in place of the connection manager. */
  useRoute(action: ClusterAction): void {
    if (action.idleTimeoutMs !== undefined) this.setIdle(action.idleTimeoutMs)
    const durationMs = maxDurationMs(this.exchange, action)
    if (durationMs !== undefined) this.setDuration(durationMs)
  }

  /** The request was received, or the response has begun. */
  endRequest(): void {
    if (this.request?.isScheduled === true) this.wheel.cancel(this.request)
  }

  stop(): void {
    if (this.idle?.isScheduled === true) this.wheel.cancel(this.idle)
    if (this.duration?.isScheduled === true) this.wheel.cancel(this.duration)
    if (this.request?.isScheduled === true) this.wheel.cancel(this.request)
  }

  /** @internal Activity only notes its time: the timer finds out when it fires. */
  checkIdle(): void {
    const { exchange, wheel } = this
    const idleMs = exchange.manager.dispatcher.nowMs - exchange.lastActivityMs
    if (idleMs + 1 < this.idleTimeoutMs) {
      wheel.schedule(this.idle!, this.idleTimeoutMs - idleMs)
      return
    }
    exchange.config.stats.rqIdleTimeout.add(1)
    exchange.setFlag('SI')
    this.expire('stream timeout', 'stream_idle_timeout', undefined)
  }

  /** @internal */
  durationReached(): void {
    this.exchange.config.stats.rqMaxDurationReached.add(1)
    this.expire('downstream duration timeout', 'max_duration_timeout', DEADLINE_EXCEEDED)
  }

  /** @internal */
  requestTimedOut(): void {
    this.exchange.config.stats.rqTimeout.add(1)
    this.exchange.localReply({ status: 408, body: 'request timeout', details: 'request_overall_timeout' })
  }

  /** 504 when the whole request was received, else 408 (Envoy: maybeRequestTimeoutCode). */
  private expire(body: string, details: string, grpcStatus: number | undefined): void {
    const { exchange } = this
    exchange.localReply({ status: exchange.requestEnded ? 504 : 408, body, details, grpcStatus })
  }

  private setIdle(timeoutMs: number): void {
    this.idleTimeoutMs = timeoutMs
    if (this.idle?.isScheduled === true) this.wheel.cancel(this.idle)
    if (timeoutMs <= 0) return
    this.idle ??= new Timer<StreamTimeouts>(onIdle, this)
    this.wheel.schedule(this.idle, timeoutMs)
  }

  /** @param durationMs from the start of the stream; 0: no limit */
  private setDuration(durationMs: number): void {
    if (this.duration?.isScheduled === true) this.wheel.cancel(this.duration)
    if (durationMs <= 0) return
    const { info, manager } = this.exchange
    this.duration ??= new Timer<StreamTimeouts>(onDuration, this)
    this.wheel.schedule(this.duration, Math.max(0, durationMs - (manager.dispatcher.nowMs - info.startMs)))
  }
}

/** Undefined: the connection manager's limit stands. 0: no limit. */
function maxDurationMs(exchange: Exchange, action: ClusterAction): number | undefined {
  const capMs = action.grpcTimeoutHeaderMaxMs
  const asked = capMs === undefined ? undefined : parseGrpcTimeout(exchange.requestHeaders.get('grpc-timeout'))
  if (asked === undefined) return action.maxStreamDurationMs
  const timeoutMs = (capMs! > 0 ? Math.min(asked, capMs!) : asked) - action.grpcTimeoutHeaderOffsetMs
  // The upstream is told what is left of the time, as Envoy tells it.
  if (exchange.isGrpc && timeoutMs > 0) exchange.requestHeaders.set('grpc-timeout', grpcTimeoutText(timeoutMs))
  // A deadline of no time at all is not "never": it has passed.
  return Math.max(timeoutMs, Number.MIN_VALUE)
}

function onIdle(timeouts: StreamTimeouts): void {
  timeouts.checkIdle()
}

function onDuration(timeouts: StreamTimeouts): void {
  timeouts.durationReached()
}

function onRequestTimeout(timeouts: StreamTimeouts): void {
  timeouts.requestTimedOut()
}
