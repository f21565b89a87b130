// The HTTP connection manager on one connection: chooses the codec, makes an Exchange per request, and ends the connection
// gracefully. Envoy's counterpart is ConnectionManagerImpl.

import type { ResponseHeaderMap } from '../../codec/header-map.ts'
import { Http1ServerCodec } from '../../codec/http1/server-codec.ts'
import { Http2ServerCodec } from '../../codec/http2/server-codec.ts'
import type {
  CodecError,
  ConnectionControl,
  RequestDecoder,
  ResponseEncoder,
  ServerCodec,
  ServerCodecCallbacks,
} from '../../codec/http-stream.ts'
import type { Random } from '../../lib/random.ts'
import { Timer } from '../../lib/timer-wheel.ts'
import type { ClusterSet } from '../cluster/cluster-set.ts'
import type { CloseEvent, Connection, ConnectionHandler } from '../connection/connection.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import type { Drainable, DrainGroup } from '../connection/drain-group.ts'
import { Http2Keepalive } from '../connection/http2-keepalive.ts'
import type { Protocol } from '../stream/protocol.ts'
import { Exchange } from './exchange.ts'
import type { HcmCell, HcmConfig } from './hcm-config.ts'

/** What a connection manager needs besides its configuration. */
export interface HcmSurroundings {
  readonly dispatcher: Dispatcher
  readonly clusters: ClusterSet
  readonly random: Random
}

export class ConnectionManager implements ConnectionHandler, ServerCodecCallbacks, ConnectionControl, Drainable {
  readonly connection: Connection
  readonly dispatcher: Dispatcher
  readonly clusters: ClusterSet
  readonly random: Random
  protocol: Protocol = 'HTTP/1.1'
  private readonly cell: HcmCell
  private readonly drainGroup: DrainGroup
  private readonly openedMs: number
  private codec: ServerCodec | undefined = undefined
  /** The same, where heads may come in pieces for as long as the client likes. */
  private http1: Http1ServerCodec | undefined = undefined
  /** First bytes, until the protocol is known. */
  private sniffed: Buffer | undefined = undefined
  private activeExchanges = 0
  /** The one that a malformed message belongs to. */
  private lastExchange: Exchange | undefined = undefined
  private requestsSeen = 0
  private keepalive: Http2Keepalive | undefined = undefined
  private readonly idleTimer: Timer<ConnectionManager>
  private readonly closeTimer: Timer<ConnectionManager>
  private headTimer: Timer<ConnectionManager> | undefined = undefined
  private state: 'open' | 'draining' | 'drained' | 'closing' | 'closed' = 'open'

  constructor(connection: Connection, cell: HcmCell, surroundings: HcmSurroundings, drainGroup: DrainGroup) {
    this.connection = connection
    this.cell = cell
    this.dispatcher = surroundings.dispatcher
    this.clusters = surroundings.clusters
    this.random = surroundings.random
    this.drainGroup = drainGroup
    this.openedMs = this.dispatcher.nowMs
    this.idleTimer = new Timer<ConnectionManager>(onIdle, this)
    this.closeTimer = new Timer<ConnectionManager>(onCloseTimer, this)
  }

  start(): void {
    const { connection, drainGroup } = this
    this.charge(1)
    connection.handler = this
    drainGroup.add(this)
    this.armIdleTimer()
    if (connection.facts.applicationProtocols.includes('h2')) this.createCodec('http2')
    else if (this.cell.current.codec !== 'auto') this.createCodec(this.cell.current.codec)
    if (drainGroup.isDraining) this.drain()
  }

  /** With the version of the request that is being read. */
  get requestProtocol(): Protocol {
    return this.codec?.protocol ?? this.protocol
  }

  /** For response headers: does this connection end after the response? */
  get isDraining(): boolean {
    return this.state !== 'open'
  }

  // --- ConnectionHandler --------------------------------------------------------------------------------------------

  onData(chunk: Buffer): void {
    this.cell.current.stats.cxRxBytesTotal.add(chunk.length)
    if (this.state === 'closing') return
    let bytes = chunk
    if (this.codec === undefined) {
      if (this.sniffed !== undefined) bytes = Buffer.concat([this.sniffed, chunk])
      const protocol = sniffProtocol(bytes)
      if (protocol === undefined) {
        this.sniffed = Buffer.from(bytes)
        return
      }
      this.sniffed = undefined
      this.createCodec(protocol)
    }
    this.dispatch(bytes)
  }

  onEnd(): void {
    if (this.codec === undefined) {
      this.connection.end()
      return
    }
    this.codec.inputEnded()
    if (this.activeExchanges === 0) this.closeWhenIdle()
  }

  onWritable(): void {
    this.codec?.onTransportWritable()
  }

  onClose(event: CloseEvent, _reason: string): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    const { stats } = this.cell.current
    this.codec?.connectionClosed('connection termination')
    this.keepalive?.stop()
    this.dispatcher.timers.cancel(this.idleTimer)
    this.dispatcher.timers.cancel(this.closeTimer)
    if (this.headTimer !== undefined) this.dispatcher.timers.cancel(this.headTimer)
    this.drainGroup.remove(this)
    this.charge(-1)
    stats.cxDestroy.add(1)
    if (event === 'remote') stats.cxDestroyRemote.add(1)
    else stats.cxDestroyLocal.add(1)
    stats.cxLengthMs.record(this.dispatcher.nowMs - this.openedMs)
  }

  onBug(): void {
    this.connection.reset('internal error')
  }

  // --- ServerCodecCallbacks -----------------------------------------------------------------------------------------

  newStream(encoder: ResponseEncoder): RequestDecoder {
    const config = this.cell.current
    const { stats } = config
    this.activeExchanges++
    this.requestsSeen++
    if (this.idleTimer.isScheduled) this.dispatcher.timers.cancel(this.idleTimer)
    if (this.headTimer?.isScheduled === true) this.dispatcher.timers.cancel(this.headTimer)
    stats.rqTotal.add(1)
    stats.rqActive.add(1)
    if (this.protocol === 'HTTP/2') stats.rqHttp2Total.add(1)
    else stats.rqHttp1Total.add(1)
    if (this.requestsSeen === config.maxRequestsPerConnection) {
      stats.cxMaxRequestsReached.add(1)
      this.drain()
    }
    const exchange = new Exchange(this, config, encoder, this.dispatcher.nowMs)
    this.lastExchange = exchange
    return exchange
  }

  onGoaway(): void {}

  /** ConnectionControl: HTTP/1 has input left, or an error to return. */
  onInputReady(): void {
    this.dispatcher.defer(dispatchNothing, this)
  }

  /** ConnectionControl: HTTP/1 has written its last byte. */
  onOutputEnd(isComplete: boolean): void {
    if (!isComplete) this.connection.reset('message cut short')
    else if (this.activeExchanges === 0) this.dispatcher.defer(closeIfIdle, this)
    else this.connection.end()
  }

  /** HTTP/1 stops and starts the whole connection. */
  setReadable(readable: boolean): void {
    if (readable) this.connection.resumeRead()
    else this.connection.pauseRead()
  }

  // --- from exchanges -----------------------------------------------------------------------------------------------

  exchangeEnded(_exchange: Exchange): void {
    this.activeExchanges--
    if (this.activeExchanges > 0) return
    this.lastExchange = undefined
    if (this.state === 'drained' || this.codec?.shouldClose === true) this.dispatcher.defer(closeIfIdle, this)
    else this.armIdleTimer()
  }

  /** The running response may be the last one of an HTTP/1 connection, and then says so. */
  beforeResponse(exchange: Exchange, headers: ResponseHeaderMap): void {
    if ((this.state === 'open' && !exchange.closesConnection) || this.protocol === 'HTTP/2') return
    if (headers.status !== 101 && !exchange.isTunnel) headers.set('connection', 'close')
    this.codec?.goAway()
    if (this.state === 'draining') this.state = 'drained'
  }

  // --- the end ------------------------------------------------------------------------------------------------------

  /** Graceful end: a notice, then after the drain time no new streams; what runs finishes. */
  drain(): void {
    if (this.state !== 'open') return
    this.state = 'draining'
    const config = this.cell.current
    config.stats.cxDrainClose.add(1)
    if (this.codec === undefined) {
      this.connection.end()
      return
    }
    this.codec.shutdownNotice()
    this.dispatcher.timers.schedule(this.closeTimer, config.drainTimeoutMs)
  }

  /** The drain deadline: everything that still runs is cut off. */
  closeNow(): void {
    this.connection.reset('drain time exceeded')
  }

  /** @internal */
  closeTimerFired(): void {
    if (this.state === 'draining') {
      this.state = 'drained'
      this.codec?.goAway()
      if (this.isIdle) this.closeGracefully()
    } else if (this.state === 'closing') this.connection.reset('delayed close')
  }

  /** @internal */
  idleTimedOut(): void {
    if (this.activeExchanges > 0 || this.state !== 'open') return
    this.cell.current.stats.cxIdleTimeout.add(1)
    if (this.codec === undefined) this.closeGracefully()
    else this.drain()
  }

  /** @internal */
  closeIfIdle(): void {
    if (this.isIdle && this.state !== 'closed') this.closeGracefully()
  }

  private closeWhenIdle(): void {
    if (this.state === 'open' || this.state === 'draining') this.state = 'drained'
    if (this.isIdle) this.closeGracefully()
  }

  /** Of HTTP/2, an exchange is over when the codec has its answer; the stream ends when the client has taken it. */
  private get isIdle(): boolean {
    return this.activeExchanges === 0 && (this.protocol !== 'HTTP/2' || (this.codec?.activeStreams ?? 0) === 0)
  }

  /** The last HTTP/2 stream ended. */
  private streamsEnded(): void {
    if (this.state === 'drained' || this.codec?.shouldClose === true) this.closeIfIdle()
  }

  /** FIN after what is written; the peer has the delayed-close time to follow (Envoy: FlushWriteAndDelay). */
  private closeGracefully(): void {
    if (this.state === 'closing' || this.state === 'closed') return
    this.state = 'closing'
    this.connection.end()
    const { delayedCloseTimeoutMs } = this.cell.current
    if (delayedCloseTimeoutMs > 0) this.dispatcher.timers.schedule(this.closeTimer, delayedCloseTimeoutMs)
    else this.connection.reset('closed')
  }

  /** @internal */
  dispatch(bytes: Buffer): void {
    const error = this.codec?.dispatch(bytes)
    if (error !== undefined) this.protocolError(error)
    else if (this.codec?.shouldClose === true && this.activeExchanges === 0) this.closeWhenIdle()
    else if (this.cell.current.requestHeadersTimeoutMs > 0) this.watchHead()
  }

  /** Times the head of an HTTP/1 request from its first byte to its last. */
  private watchHead(): void {
    if (this.http1?.isReadingHead !== true || this.headTimer?.isScheduled === true) return
    this.headTimer ??= new Timer<ConnectionManager>(onHeadTimeout, this)
    this.dispatcher.timers.schedule(this.headTimer, this.cell.current.requestHeadersTimeoutMs)
  }

  /** @internal */
  headTimedOut(): void {
    if (this.http1?.isReadingHead !== true) return
    this.cell.current.stats.rqHeaderTimeout.add(1)
    this.http1.giveUpHead()
    const text = 'request header timeout'
    this.lastExchange?.localReply({ status: 408, body: text, details: 'request_header_timeout' })
  }

  /** With a status, HTTP/1 lets the request be answered before the connection closes. */
  private protocolError(error: CodecError): void {
    this.cell.current.stats.cxProtocolError.add(1)
    if (error.status !== undefined && this.lastExchange !== undefined) this.lastExchange.refuseMalformed(error)
    else this.closeGracefully()
  }

  private createCodec(protocol: 'http1' | 'http2'): void {
    const config = this.cell.current
    const { stats } = config
    if (protocol === 'http2') {
      this.protocol = 'HTTP/2'
      stats.cxHttp2Total.add(1)
      stats.cxHttp2Active.add(1)
      this.codec = this.createHttp2(config)
      return
    }
    this.protocol = 'HTTP/1.1'
    stats.cxHttp1Total.add(1)
    stats.cxHttp1Active.add(1)
    this.http1 = new Http1ServerCodec(this.connection, this, config.http1)
    this.codec = this.http1
  }

  private createHttp2(config: HcmConfig): ServerCodec {
    const http2 = { ...config.http2, onIdle: () => this.streamsEnded() }
    if (config.keepaliveIntervalMs <= 0) return new Http2ServerCodec(this.connection, this, http2)
    const keepalive = new Http2Keepalive(this.dispatcher, this.connection, config)
    this.keepalive = keepalive
    const codec = new Http2ServerCodec(this.connection, this, { ...http2, onPingAck: () => keepalive.onAck() })
    keepalive.start(codec)
    return codec
  }

  private armIdleTimer(): void {
    const { connectionIdleTimeoutMs } = this.cell.current
    if (connectionIdleTimeoutMs > 0) this.dispatcher.timers.schedule(this.idleTimer, connectionIdleTimeoutMs)
  }

  private charge(amount: 1 | -1): void {
    const { stats } = this.cell.current
    const isTls = this.connection.facts.tls !== undefined
    if (amount === 1) {
      stats.cxTotal.add(1)
      if (isTls) stats.cxSslTotal.add(1)
    } else if (this.codec !== undefined)
      (this.protocol === 'HTTP/2' ? stats.cxHttp2Active : stats.cxHttp1Active).add(-1)
    stats.cxActive.add(amount)
    if (isTls) stats.cxSslActive.add(amount)
  }
}

/** Enough of HTTP/2's connection preface to know that it is none of HTTP/1; its codec judges the rest. */
const PREFACE = Buffer.from('PRI * HTTP/2')

/** Undefined: more bytes are needed. */
function sniffProtocol(bytes: Buffer): 'http1' | 'http2' | undefined {
  const length = Math.min(bytes.length, PREFACE.length)
  if (bytes.compare(PREFACE, 0, length, 0, length) !== 0) return 'http1'
  return length === PREFACE.length ? 'http2' : undefined
}

function onIdle(manager: ConnectionManager): void {
  manager.idleTimedOut()
}

function onHeadTimeout(manager: ConnectionManager): void {
  manager.headTimedOut()
}

function onCloseTimer(manager: ConnectionManager): void {
  manager.closeTimerFired()
}

function closeIfIdle(manager: ConnectionManager): void {
  manager.closeIfIdle()
}

function dispatchNothing(manager: ConnectionManager): void {
  manager.dispatch(NO_BYTES)
}

const NO_BYTES = Buffer.alloc(0)
