// What an HTTP filter is: a type with a factory that runs when configuration is built, and handlers that run per request.

import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'
import type { Problems } from '../../lib/problems.ts'
import type { Random } from '../../lib/random.ts'
import type { FormatEnvironment } from '../format/operator.ts'
import type { StatsStore } from '../stream/stats.ts'
import type { AsyncClient } from './async-client.ts'
import type { BodyBuffer } from './body-buffer.ts'
import type { Exchange } from './exchange.ts'
import type { PerFilterConfig } from './route-config.ts'

/** The next filter runs. */
export const CONTINUE = 0
/** Nothing further runs until the exchange is told to go on, or never: the filter has answered. */
export const STOP = 1

export type FilterStatus = typeof CONTINUE | typeof STOP
/** A promise stops the pipeline until it settles; one that settles after the exchange ended is ignored. */
export type FilterResult = FilterStatus | Promise<FilterStatus>

/**
 * The handlers of a compiled filter; an absent one costs nothing. `runtime` is what `compile` returned, or the per-route
 * configuration that stands in for it; `slot` is the filter's own place in `exchange.slots`.
 */
export interface HttpFilter<Runtime> {
  readonly runtime: Runtime
  /** It does nothing but what routes configure: where none does, no request meets it. */
  readonly actsByRouteOnly?: boolean
  onRequest?(
    exchange: Exchange,
    headers: RequestHeaderMap,
    endStream: boolean,
    runtime: Runtime,
    slot: number,
  ): FilterResult
  /**
   * More of the request waits behind the filter, which has stopped it: `held` is all that waits. It may go on now
   * (`continueRequest`), answer, or go on waiting.
   */
  onHeld?(exchange: Exchange, held: BodyBuffer, runtime: Runtime, slot: number): void
  /** What passes the filter is not held. Returns what goes on in the chunk's place, undefined for the chunk itself. */
  onRequestData?(
    exchange: Exchange,
    chunk: Buffer,
    endStream: boolean,
    runtime: Runtime,
    slot: number,
  ): Buffer | undefined
  onRequestTrailers?(exchange: Exchange, trailers: HeaderMap, runtime: Runtime, slot: number): void
  /** Response handlers are synchronous: they change headers and bytes. */
  onResponse?(exchange: Exchange, headers: ResponseHeaderMap, endStream: boolean, runtime: Runtime, slot: number): void
  onResponseData?(
    exchange: Exchange,
    chunk: Buffer,
    endStream: boolean,
    runtime: Runtime,
    slot: number,
  ): Buffer | undefined
  /** Returns the data that ends the response in the trailers' place; undefined leaves it to them. */
  onResponseTrailers?(exchange: Exchange, trailers: HeaderMap, runtime: Runtime, slot: number): Buffer | undefined
  /** The exchange is over, however it ended. */
  onEnd?(exchange: Exchange, runtime: Runtime, slot: number): void
  /** The configuration is in use from now on: what runs besides requests begins. */
  start?(): void
  /** It is not, for new requests: what runs besides them ends. */
  stop?(): void
}

/** What a factory gets besides its configuration. */
export interface FilterDeps {
  readonly stats: StatsStore
  readonly formats: FormatEnvironment
  readonly random: Random
  /** For filters that ask others. */
  readonly asyncClient: AsyncClient
  /** Of the connection manager; statistics of filters are named `http.<statPrefix>.<filter>.*`. */
  readonly statPrefix: string
}

export interface HttpFilterFactory<
  Config extends DescMessage = DescMessage,
  PerRoute extends DescMessage = DescMessage,
  Runtime = unknown,
> {
  /** Envoy's name of the filter; the configuration's type decides, not this. */
  readonly name: string
  readonly config: Config
  /** Type of `typed_per_filter_config`, where the filter has one. */
  readonly perRoute?: PerRoute
  compile(config: MessageShape<Config>, deps: FilterDeps, problems: Problems): HttpFilter<Runtime>
  /** What replaces the filter's own configuration on a route. */
  compilePerRoute?(config: MessageShape<PerRoute>, deps: FilterDeps, problems: Problems): PerFilterConfig
  /** One configuration of two levels, where the outer one has a say beside the inner one. Without, it has none. */
  combine?(outer: Runtime, inner: Runtime): Runtime
}

/** A filter in its place in one connection manager's chain. */
export interface InstalledFilter {
  /** As configured; `typed_per_filter_config` refers to it. */
  readonly name: string
  readonly filter: HttpFilter<unknown>
  readonly disabledByDefault: boolean
}
