// One CONNECT of tcp_proxy's `tunneling_config`: asks a pool for a stream, sends the request, and waits for the answer for as
// long as the cluster waits for a connection. Then the bytes are the StreamConnection's.

import type { RequestHeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'
import type { RequestEncoder, ResetReason } from '../../codec/http-stream.ts'
import { Timer } from '../../lib/timer-wheel.ts'
import type { ClientConnection } from '../cluster/client-connection.ts'
import type { HttpPool, PoolRequest } from '../cluster/http-pool.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import type { StreamConnection } from '../connection/stream-connection.ts'
import type { UpstreamInfo } from '../stream/upstream-info.ts'

export interface ConnectRequestSettings {
  readonly dispatcher: Dispatcher
  /**
   * From CONNECT to its answer. A ztunnel answers when the application has taken the connection, so this bounds a connect like
   * any other; Envoy has no such bound, and a destination that stays silent would hold its client for ever.
   */
  readonly answerTimeoutMs: number
}

/** Decoder calls go to the tunnel's connection. */
export class ConnectRequest implements PoolRequest {
  private readonly connection: StreamConnection
  private readonly headers: RequestHeaderMap
  private readonly facts: UpstreamInfo
  private readonly settings: ConnectRequestSettings
  private readonly answerTimer: Timer<ConnectRequest>
  private pool: HttpPool | undefined = undefined
  private state: 'pending' | 'open' | 'over' = 'pending'

  constructor(
    connection: StreamConnection,
    headers: RequestHeaderMap,
    facts: UpstreamInfo,
    settings: ConnectRequestSettings,
  ) {
    this.connection = connection
    this.headers = headers
    this.facts = facts
    this.settings = settings
    this.answerTimer = new Timer<ConnectRequest>(onAnswerTimeout, this)
  }

  start(pool: HttpPool): void {
    this.pool = pool
    pool.newStream(this)
  }

  cancel(): void {
    if (this.state === 'pending') this.pool?.cancel(this)
    else if (this.state === 'open' && this.connection.isOpen) this.connection.reset('downstream closed')
    this.end()
  }

  onPoolReady(encoder: RequestEncoder, client: ClientConnection): void {
    this.state = 'open'
    this.facts.protocol = client.codec.protocol
    this.facts.tls = client.facts.tls
    this.facts.localAddress = client.facts.localAddress
    this.connection.attach(encoder)
    this.settings.dispatcher.timers.schedule(this.answerTimer, this.settings.answerTimeoutMs)
    encoder.sendHeaders(this.headers, false)
  }

  onPoolFailure(reason: ResetReason, transportFailure: string): void {
    this.end()
    this.connection.refuse(reason, transportFailure)
  }

  onInformational(): void {}

  onHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.settings.dispatcher.timers.cancel(this.answerTimer)
    this.connection.onHeaders(headers, endStream)
  }

  onData(chunk: Buffer, endStream: boolean): void {
    this.connection.onData(chunk, endStream)
  }

  onTrailers(): void {
    this.connection.onTrailers()
  }

  onReset(reason: ResetReason, detail: string): void {
    this.end()
    this.connection.onReset(reason, detail)
  }

  onWritable(): void {
    this.connection.onWritable()
  }

  /** @internal */
  answerTimedOut(): void {
    this.end()
    this.connection.giveUp('connection timeout')
  }

  private end(): void {
    this.state = 'over'
    this.settings.dispatcher.timers.cancel(this.answerTimer)
  }
}

function onAnswerTimeout(request: ConnectRequest): void {
  request.answerTimedOut()
}
