// One request and its response at the connection manager: runs the filters over both, and ends once, however it ends.
// It knows nothing of upstreams: the terminal (router.ts, tunnel.ts) does.

import { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { HeaderMap, RequestHeaderMap } from '../../codec/header-map.ts'
import type { CodecError, RequestDecoder, ResetReason, ResponseEncoder } from '../../codec/http-stream.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { ResponseFlag } from '../stream/response-flags.ts'
import { NO_ROUTE, StreamInfo } from '../stream/stream-info.ts'
import { BodyBuffer } from './body-buffer.ts'
import { chooseCluster } from './choose-cluster.ts'
import type { ConnectionManager } from './connection-manager.ts'
import { CONTINUE } from './filter.ts'
import type { FilterResult, FilterStatus } from './filter.ts'
import type { HcmConfig } from './hcm-config.ts'
import { buildLocalReply, isGrpcRequest } from './local-reply.ts'
import type { LocalReply } from './local-reply.ts'
import type { PipelineStep } from './pipeline.ts'
import { admitRequest, mutateRequestHeaders } from './request-headers.ts'
import { finishResponseHeaders } from './response-headers.ts'
import type { PerFilterConfig, Route, WeightedCluster } from './route-config.ts'
import { StreamTimeouts } from './stream-timeouts.ts'
import { chooseTerminal } from './terminal.ts'
import type { Terminal } from './terminal.ts'
import { fromExtendedConnect, fromSwitchingProtocols, requestedUpgrade, upgradeIsAllowed } from './upgrade.ts'

export class Exchange implements RequestDecoder {
  readonly manager: ConnectionManager
  /** The configuration at the start of the request: a change meanwhile does not touch it. */
  readonly config: HcmConfig
  readonly encoder: ResponseEncoder
  readonly info: StreamInfo
  requestHeaders: RequestHeaderMap = undefined as unknown as RequestHeaderMap
  /** Per-request state of filters, by slot. */
  readonly slots: unknown[]
  /** Lower-case upgrade type, `connect`, or ''. */
  upgradeType = ''
  isGrpc = false
  /** The stream carries raw bytes both ways. */
  isTunnel = false
  /** The client's whole request was received. */
  requestEnded = false
  /** HTTP/1: no further request is served on the connection. */
  closesConnection = false
  /** The client has seen a 1xx of the upstream's. */
  sentInformational = false
  responseStarted = false
  responseEnded = false
  /** Nothing more happens; late promises and timers are ignored. */
  ended = false
  /** Of the route; undefined when it names none that exists. */
  cluster: Cluster | undefined = undefined
  /** The entry that was picked of a route with weighted clusters. */
  weightedCluster: WeightedCluster | undefined = undefined
  /** The last moment anything was received or sent, on the dispatcher's clock. */
  lastActivityMs: number
  private terminal: Terminal | undefined = undefined
  private routeKnown = false
  private cachedRoute: Route | undefined = undefined
  /** Index of the step that stopped the request, -1 when none did. */
  private stoppedAt = -1
  private held: BodyBuffer | undefined = undefined
  /** What a filter that waits for the body needs of it, where that is more than the connection's limit. */
  holdLimitBytes = 0
  private readPaused = false
  private readonly timeouts: StreamTimeouts

  constructor(manager: ConnectionManager, config: HcmConfig, encoder: ResponseEncoder, startMs: number) {
    this.manager = manager
    this.config = config
    this.encoder = encoder
    this.info = new StreamInfo(manager.connection.facts, Date.now(), startMs, manager.requestProtocol)
    this.slots = config.pipeline.filters.length === 0 ? NO_SLOTS : new Array(config.pipeline.filters.length)
    this.lastActivityMs = startMs
    this.timeouts = new StreamTimeouts(this)
    this.timeouts.start(config)
  }

  // --- from the codec -----------------------------------------------------------------------------------------------

  onHeaders(headers: RequestHeaderMap, endStream: boolean): void {
    const { config, info } = this
    // Routes and filters see an upgrade in one spelling, that of HTTP/1.
    if (headers.protocol !== undefined) fromExtendedConnect(headers)
    this.requestHeaders = headers
    info.requestHeaders = headers
    this.isGrpc = isGrpcRequest(headers)
    if (endStream) this.receivedRequestEnd()
    const refused = admitRequest(headers, config, info)
    if (refused !== undefined) {
      this.localReply(refused)
      return
    }
    this.upgradeType = requestedUpgrade(headers)
    mutateRequestHeaders(headers, config, info, this.upgradeType !== '')
    // Before the filters: what they do to the headers does not choose the route, unless they clear it.
    const route = this.route()
    if (route?.action.kind === 'cluster') this.timeouts.useRoute(route.action)
    if (!config.proxy100Continue) this.answerExpect(headers)
    if (this.upgradeType !== '' && !upgradeIsAllowed(this)) {
      config.stats.rqWsOnNonWsRoute.add(1)
      // What follows may be meant for the other protocol, and must not be read as a request.
      if (this.manager.protocol === 'HTTP/2') this.manager.drain()
      else this.closesConnection = true
      this.localReply({ status: 403, body: '', details: 'upgrade_failed' })
      return
    }
    this.runRequest(0, endStream)
  }

  onData(chunk: Buffer, endStream: boolean): void {
    if (this.ended || (this.responseEnded && !this.isTunnel)) return
    this.lastActivityMs = this.manager.dispatcher.nowMs
    this.info.bytesReceived += chunk.length
    if (endStream) {
      this.receivedRequestEnd()
      if (this.isTunnel && !this.responseEnded && this.manager.protocol !== 'HTTP/2') this.noteDisconnect()
    }
    if (this.stoppedAt >= 0) {
      this.hold(chunk, endStream)
      return
    }
    this.passRequestData(chunk, endStream)
    if (endStream && this.isTunnel && this.responseEnded) this.finish()
  }

  onTrailers(trailers: HeaderMap): void {
    if (this.ended || this.responseEnded) return
    this.receivedRequestEnd()
    if (this.stoppedAt >= 0) {
      const held = (this.held ??= new BodyBuffer())
      held.ended = true
      held.trailers = trailers
      this.tellHolder(held)
      return
    }
    for (const step of this.config.pipeline.requestTrailers) {
      if (this.isDisabled(step)) continue
      const { filter } = step.installed
      filter.onRequestTrailers?.(this, trailers, this.runtimeOf(step), step.slot)
      if (this.ended) return
    }
    this.terminal?.onRequestTrailers(trailers)
  }

  /** The client went away or broke the protocol. */
  onReset(reason: ResetReason, detail: string): void {
    if (this.ended) return
    const { info, config } = this
    if (reason === 'remote reset' || reason === 'remote refused stream reset') {
      info.setResponseFlag('DR')
      info.responseCodeDetails = detail === '' ? 'http2.remote_reset' : detail
    } else if (reason === 'protocol error') {
      info.setResponseFlag('DPE')
      info.responseCodeDetails = detail
    } else if (!this.responseEnded) this.noteDisconnect()
    config.stats.rqRxReset.add(1)
    this.finish()
  }

  /** The message was malformed, and HTTP/1 lets it be answered. */
  refuseMalformed(error: CodecError): void {
    if (this.ended) return
    this.setFlag('DPE')
    this.localReply({ status: error.status ?? 400, body: error.body ?? '', details: error.detail })
  }

  onWritable(): void {
    if (!this.ended) this.terminal?.onDownstreamWritable()
  }

  /** A defect in one of this exchange's callbacks: the request ends, nothing else does. */
  onBug(): void {
    if (this.ended) return
    this.localReply({ status: 500, body: '', details: 'internal_error' })
    if (!this.ended) this.resetDownstream('local reset')
  }

  // --- for filters and terminals ------------------------------------------------------------------------------------

  /** The matching route, looked up when first asked for. */
  route(): Route | undefined {
    if (this.routeKnown) return this.cachedRoute
    this.routeKnown = true
    const route = this.config.routes.lookup.find(this.requestHeaders, this.info)
    const { info } = this
    this.cachedRoute = route
    info.route = route ?? NO_ROUTE
    this.weightedCluster = undefined
    this.cluster = route?.action.kind === 'cluster' ? chooseCluster(this, route.action) : undefined
    info.cluster = this.cluster
    return route
  }

  /** The route if it was looked up; never looks. */
  knownRoute(): Route | undefined {
    return this.cachedRoute
  }

  /** A filter changed what routes match on: the next `route()` looks again. */
  clearRoute(): void {
    this.routeKnown = false
  }

  setFlag(flag: ResponseFlag): void {
    this.info.setResponseFlag(flag)
  }

  /** Answers in the upstream's place. After the response has started the stream is reset instead. */
  localReply(reply: LocalReply): typeof STOPPED {
    if (this.ended || this.responseEnded) return STOPPED
    this.info.responseCodeDetails = reply.details.replaceAll(' ', '_')
    this.terminal?.abandon()
    if (this.responseStarted) {
      this.resetDownstream('local reset')
      return STOPPED
    }
    this.stoppedAt = NEVER_RESUMES
    // An answer from before the route was looked up has none.
    this.routeKnown = true
    this.info.localReplyBody = reply.body
    // The client does not speak HTTP as we do, so its next request would be a guess (Envoy: sendLocalReply).
    if (reply.status === 400 && !this.config.streamErrorOnInvalidHttpMessage) this.closesConnection = true
    const { headers, body } = buildLocalReply(reply, this)
    this.sendResponseHeaders(headers, body.length === 0)
    if (body.length > 0 && !this.ended) this.sendResponseData(body, true)
    return STOPPED
  }

  /** A response of a filter's own that is no local reply, and so is not the route's to change (Envoy: encodeHeaders). */
  respond(headers: ResponseHeaderMap, details: string): typeof STOPPED {
    this.info.responseCodeDetails = details
    this.stoppedAt = NEVER_RESUMES
    this.sendResponseHeaders(headers, true)
    return STOPPED
  }

  /** From the terminal: the response begins. */
  sendResponseHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    const { info } = this
    this.lastActivityMs = this.manager.dispatcher.nowMs
    info.responseHeaders = headers
    for (const step of this.config.pipeline.response) {
      if (this.isDisabled(step)) continue
      step.installed.filter.onResponse?.(this, headers, endStream, this.runtimeOf(step), step.slot)
      if (this.ended) return
    }
    finishResponseHeaders(this, headers)
    this.timeouts.endRequest()
    this.responseStarted = true
    info.responseCode = headers.status
    info.firstDownstreamTxByteSentMs = this.manager.dispatcher.nowMs
    const byClass = this.config.stats.rqByClass[Math.floor(headers.status / 100)]
    this.config.stats.rqCompleted.add(1)
    byClass?.add(1)
    const spellsAnew = headers.status === 101 && this.manager.protocol === 'HTTP/2'
    this.encoder.sendHeaders(spellsAnew ? fromSwitchingProtocols(headers) : headers, endStream)
    if (endStream) this.sentResponseEnd()
  }

  /** False: stop until the terminal's `onDownstreamWritable`. */
  sendResponseData(chunk: Buffer, endStream: boolean): boolean {
    return this.passResponseData(chunk, endStream, Infinity)
  }

  /** @param below slot of the filter that the data comes from: only those that a response meets after it see the data */
  private passResponseData(chunk: Buffer, endStream: boolean, below: number): boolean {
    this.lastActivityMs = this.manager.dispatcher.nowMs
    let bytes = chunk
    for (const step of this.config.pipeline.responseData) {
      if (step.slot >= below || this.isDisabled(step)) continue
      const { filter } = step.installed
      bytes = filter.onResponseData?.(this, bytes, endStream, this.runtimeOf(step), step.slot) ?? bytes
      if (this.ended) return true
    }
    this.info.bytesSent += bytes.length
    const writable = this.encoder.sendData(bytes, endStream)
    if (endStream) this.sentResponseEnd()
    return writable
  }

  sendResponseTrailers(trailers: HeaderMap): void {
    this.info.responseTrailers = trailers
    for (const step of this.config.pipeline.responseTrailers) {
      if (this.isDisabled(step)) continue
      const { filter } = step.installed
      const data = filter.onResponseTrailers?.(this, trailers, this.runtimeOf(step), step.slot)
      if (this.ended) return
      if (data !== undefined) {
        this.passResponseData(data, true, step.slot)
        return
      }
    }
    this.encoder.sendTrailers(trailers)
    this.sentResponseEnd()
  }

  sendInformational(headers: ResponseHeaderMap): void {
    if (this.responseStarted || this.ended) return
    this.sentInformational = true
    this.encoder.sendInformational(headers)
  }

  /** The response cannot be completed: the client sees a reset (HTTP/1: the connection closes). */
  resetDownstream(reason: ResetReason): void {
    if (this.ended) return
    this.config.stats.rqTxReset.add(1)
    this.encoder.reset(reason)
    this.finish()
  }

  /** The response that the terminal is about to send makes the stream a tunnel. */
  openTunnel(): void {
    this.isTunnel = true
    this.config.stats.cxUpgradesTotal.add(1)
    this.config.stats.cxUpgradesActive.add(1)
  }

  /** The far side of the tunnel is gone for both directions, and the client knows. */
  closeTunnel(): void {
    if (this.ended) return
    this.encoder.reset('local reset')
    this.finish()
  }

  /** The terminal cannot take more of the request, or can again. Calls do not nest. */
  pauseRequest(): void {
    if (this.readPaused || this.ended) return
    this.readPaused = true
    this.encoder.pauseRead()
  }

  resumeRequest(): void {
    if (!this.readPaused || this.ended) return
    this.readPaused = false
    this.encoder.resumeRead()
  }

  /** The runtime of a filter for this request: the route's where it has one. */
  private runtimeOf(step: PipelineStep): unknown {
    return this.perFilter(step.slot)?.runtime ?? step.installed.filter.runtime
  }

  private perFilter(slot: number): PerFilterConfig | undefined {
    if (!this.config.routes.configuredFilters[slot]) return undefined
    const route = this.route()
    return (this.weightedCluster ?? route)?.perFilter[slot]
  }

  private isDisabled(step: PipelineStep): boolean {
    return this.perFilter(step.slot)?.disabled ?? step.installed.disabledByDefault
  }

  private runRequest(from: number, endStream: boolean): void {
    const steps = this.config.pipeline.request
    for (let i = from; i < steps.length; i++) {
      const step = steps[i]
      if (this.isDisabled(step)) continue
      const { onRequest } = step.installed.filter
      const result = onRequest?.(this, this.requestHeaders, endStream, this.runtimeOf(step), step.slot)
      if (this.ended || this.responseEnded || this.stoppedAt === NEVER_RESUMES) return
      if (result === CONTINUE || result === undefined) continue
      this.stoppedAt = i
      if (typeof result === 'object') this.resumeWhenSettled(result)
      return
    }
    this.stoppedAt = -1
    this.terminal = chooseTerminal(this)
    this.terminal?.start()
    this.releaseHeld()
  }

  /** Goes on behind the filter that stopped the request. */
  continueRequest(): void {
    if (this.ended || this.stoppedAt < 0 || this.stoppedAt === NEVER_RESUMES) return
    const next = this.stoppedAt + 1
    this.stoppedAt = -1
    this.runRequest(next, this.endsWithHeaders)
  }

  /** The whole request was received, and no body or trailers of it wait for a filter. */
  get endsWithHeaders(): boolean {
    const { held } = this
    return this.requestEnded && (held === undefined || (held.bytes === 0 && held.trailers === undefined))
  }

  private resumeWhenSettled(result: Exclude<FilterResult, FilterStatus>): void {
    const { dispatcher } = this.manager
    result.then(
      (status) => {
        if (status === CONTINUE) dispatcher.run(continueExchange, this, undefined)
      },
      (error: unknown) => dispatcher.run(failExchange, this, error),
    )
  }

  private hold(chunk: Buffer, endStream: boolean): void {
    const held = (this.held ??= new BodyBuffer())
    held.append(chunk)
    held.ended = endStream
    if (held.bytes > Math.max(this.config.bufferLimitBytes, this.holdLimitBytes)) this.pauseRequest()
    this.tellHolder(held)
  }

  /** The filter that stopped the request may be waiting for just this. */
  private tellHolder(held: BodyBuffer): void {
    const step = this.config.pipeline.request[this.stoppedAt]
    step?.installed.filter.onHeld?.(this, held, this.runtimeOf(step), step.slot)
  }

  private releaseHeld(): void {
    const held = this.held
    if (held === undefined || this.ended) return
    this.held = undefined
    this.resumeRequest()
    const last = held.chunks.length - 1
    for (let i = 0; i <= last; i++) {
      this.passRequestData(held.chunks[i], held.ended && held.trailers === undefined && i === last)
      if (this.ended) return
    }
    if (held.trailers !== undefined) this.onTrailers(held.trailers)
  }

  private passRequestData(chunk: Buffer, endStream: boolean): void {
    let bytes = chunk
    for (const step of this.config.pipeline.requestData) {
      if (this.isDisabled(step)) continue
      const { filter } = step.installed
      const changed = filter.onRequestData?.(this, bytes, endStream, this.runtimeOf(step), step.slot)
      if (this.ended || this.responseEnded) return
      bytes = changed ?? bytes
    }
    this.terminal?.onRequestData(bytes, endStream)
  }

  /** In the log this is what every end of an HTTP/1 client's connection is, that of its direction in a tunnel included. */
  private noteDisconnect(): void {
    this.info.setResponseFlag('DC')
    this.info.responseCodeDetails = 'downstream_remote_disconnect'
  }

  private receivedRequestEnd(): void {
    this.requestEnded = true
    this.timeouts.endRequest()
    this.info.lastDownstreamRxByteReceivedMs = this.manager.dispatcher.nowMs
    this.terminal?.onRequestReceived()
  }

  private answerExpect(headers: RequestHeaderMap): void {
    const expect = headers.get('expect')
    if (expect === undefined || expect.toLowerCase() !== '100-continue') return
    headers.delete('expect')
    this.encoder.sendInformational(CONTINUE_HEADERS)
  }

  private sentResponseEnd(): void {
    this.responseEnded = true
    this.info.lastDownstreamTxByteSentMs = this.manager.dispatcher.nowMs
    // A tunnel's directions end on their own.
    if (this.isTunnel && !this.requestEnded) return
    this.terminal?.onResponseSent()
    this.finish()
  }

  /** The one end: filters, terminal, log, statistics. */
  private finish(): void {
    if (this.ended) return
    this.ended = true
    const { dispatcher } = this.manager
    this.timeouts.stop()
    this.terminal?.abandon()
    this.info.requestCompleteMs = dispatcher.nowMs
    const { config } = this
    for (const step of config.pipeline.end) step.installed.filter.onEnd?.(this, this.runtimeOf(step), step.slot)
    config.stats.rqActive.add(-1)
    if (this.isTunnel) config.stats.cxUpgradesActive.add(-1)
    config.stats.rqTimeMs.record(this.info.requestCompleteMs - this.info.startMs)
    this.info.accessLogType = 'DownstreamEnd'
    for (const logger of config.accessLoggers) logger.log(this.info)
    this.manager.exchangeEnded(this)
  }
}

/** What `localReply` returns, so that a filter can return it as its own result. */
const STOPPED = 1
const NEVER_RESUMES = 1 << 30
const NO_SLOTS: unknown[] = []

const CONTINUE_HEADERS = new ResponseHeaderMap()
CONTINUE_HEADERS.status = 100

function continueExchange(exchange: Exchange): void {
  exchange.continueRequest()
}

function failExchange(_exchange: Exchange, error: unknown): void {
  throw error
}
