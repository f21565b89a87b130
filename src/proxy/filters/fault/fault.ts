// envoy.filters.http.fault: delays requests, answers them in the upstream's place, or both in this order. For tests of how
// callers bear it, so the log marks every fault (DI, FI).

import type { RequestHeaderMap } from '../../../codec/header-map.ts'
import { HTTPFaultSchema } from '../../../envoy/generated/envoy/extensions/filters/http/fault/v3/fault_pb.js'
import { Timer } from '../../../lib/timer-wheel.ts'
import type { Exchange } from '../../http/exchange.ts'
import { CONTINUE, STOP } from '../../http/filter.ts'
import type { FilterDeps, FilterStatus, HttpFilter, HttpFilterFactory } from '../../http/filter.ts'
import type { Counter, Gauge } from '../../stream/stats.ts'
import { abortAnswer, compileFaultSettings, delayMs, isOf } from './fault-settings.ts'
import type { AbortAnswer, FaultSettings } from './fault-settings.ts'

export const fault: HttpFilterFactory<typeof HTTPFaultSchema, typeof HTTPFaultSchema, FaultSettings> = {
  name: 'envoy.filters.http.fault',
  config: HTTPFaultSchema,
  perRoute: HTTPFaultSchema,
  compile(message, deps, problems): HttpFilter<FaultSettings> {
    const settings = compileFaultSettings(message, problems)
    const counts = new FaultCounts(deps)
    return {
      runtime: settings,
      actsByRouteOnly: settings.delay === undefined && settings.abort === undefined,
      onRequest: (exchange, headers, _endStream, active, slot) => inject(exchange, headers, active, slot, counts),
      onEnd(exchange, _settings, slot) {
        ;(exchange.slots[slot] as RequestFault | undefined)?.end()
      },
    }
  },
  compilePerRoute: (message, _deps, problems) => ({
    disabled: false,
    runtime: compileFaultSettings(message, problems),
  }),
}

/** The filter's own, whatever the routes configure. Active faults are counted per worker and chain. */
class FaultCounts {
  active = 0
  readonly activeGauge: Gauge
  readonly delays: Counter
  readonly aborts: Counter
  readonly overflow: Counter

  constructor(deps: FilterDeps) {
    const prefix = `http.${deps.statPrefix}.fault.`
    this.activeGauge = deps.stats.gauge(`${prefix}active_faults`)
    this.delays = deps.stats.counter(`${prefix}delays_injected`)
    this.aborts = deps.stats.counter(`${prefix}aborts_injected`)
    this.overflow = deps.stats.counter(`${prefix}faults_overflow`)
  }

  change(amount: 1 | -1): void {
    this.active += amount
    this.activeGauge.add(amount)
  }
}

/** The fault of one request, from its beginning to the end of the exchange. */
class RequestFault {
  private readonly exchange: Exchange
  private readonly settings: FaultSettings
  private readonly counts: FaultCounts
  private readonly timer: Timer<RequestFault>

  constructor(exchange: Exchange, settings: FaultSettings, counts: FaultCounts) {
    this.exchange = exchange
    this.settings = settings
    this.counts = counts
    this.timer = new Timer<RequestFault>(onDelayOver, this)
    counts.change(1)
    const { metadata } = settings
    if (metadata !== undefined) exchange.info.dynamicMetadata.merge('envoy.filters.http.fault', metadata)
  }

  delay(durationMs: number): void {
    this.counts.delays.add(1)
    this.exchange.setFlag('DI')
    this.exchange.manager.dispatcher.timers.schedule(this.timer, durationMs)
  }

  abort({ status, grpcStatus }: AbortAnswer, body: string): void {
    this.counts.aborts.add(1)
    this.exchange.setFlag('FI')
    const details = 'fault_filter_abort'
    if (grpcStatus === undefined) this.exchange.localReply({ status, body, details })
    else this.exchange.localReply({ status, body, details, grpcStatus })
  }

  /** @internal */
  delayOver(): void {
    const { exchange, settings } = this
    const answer = chooseAbort(exchange, exchange.requestHeaders, settings)
    if (answer === undefined) exchange.continueRequest()
    else this.abort(answer, settings.abort!.body)
  }

  end(): void {
    if (this.timer.isScheduled) this.exchange.manager.dispatcher.timers.cancel(this.timer)
    this.counts.change(-1)
  }
}

function inject(
  exchange: Exchange,
  headers: RequestHeaderMap,
  settings: FaultSettings,
  slot: number,
  counts: FaultCounts,
): FilterStatus {
  if (settings.delay === undefined && settings.abort === undefined) return CONTINUE
  if (counts.active >= settings.maxActive) {
    counts.overflow.add(1)
    return CONTINUE
  }
  if (!concerns(settings, exchange, headers)) return CONTINUE
  const durationMs = chooseDelay(exchange, headers, settings)
  const answer = durationMs > 0 ? undefined : chooseAbort(exchange, headers, settings)
  if (durationMs === 0 && answer === undefined) return CONTINUE
  const request = new RequestFault(exchange, settings, counts)
  exchange.slots[slot] = request
  if (answer === undefined) request.delay(durationMs)
  else request.abort(answer, settings.abort!.body)
  return STOP
}

function concerns(settings: FaultSettings, exchange: Exchange, headers: RequestHeaderMap): boolean {
  const { upstreamCluster, downstreamNodes } = settings
  if (upstreamCluster !== '') {
    exchange.route()
    if (exchange.cluster?.name !== upstreamCluster) return false
  }
  if (downstreamNodes !== undefined) {
    const node = headers.get('x-envoy-downstream-service-node')
    if (node === undefined || !downstreamNodes.has(node)) return false
  }
  for (const matcher of settings.headers) if (!matcher.test(headers)) return false
  return true
}

function chooseDelay(exchange: Exchange, headers: RequestHeaderMap, { delay }: FaultSettings): number {
  return delay !== undefined && isOf(delay.share, headers, exchange.manager.random) ? delayMs(delay, headers) : 0
}

function chooseAbort(exchange: Exchange, headers: RequestHeaderMap, { abort }: FaultSettings): AbortAnswer | undefined {
  if (abort === undefined || !isOf(abort.share, headers, exchange.manager.random)) return undefined
  return abortAnswer(abort, headers)
}

function onDelayOver(request: RequestFault): void {
  request.delayOver()
}
