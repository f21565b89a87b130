// envoy.filters.http.grpc_stats: counts gRPC calls by their status, and their messages, for the cluster that serves them.

import type { HeaderMap } from '../../../codec/header-map.ts'
import { FilterConfigSchema } from '../../../envoy/generated/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js'
import type { FilterConfig } from '../../../envoy/generated/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js'
import { CONTINUE } from '../../http/filter.ts'
import type { HttpFilter, HttpFilterFactory } from '../../http/filter.ts'
import type { Counter, StatsStore } from '../../stream/stats.ts'
import { MessageCounter } from './message-counter.ts'

export const grpcStats: HttpFilterFactory<typeof FilterConfigSchema> = {
  name: 'envoy.filters.http.grpc_stats',
  config: FilterConfigSchema,
  compile(message, deps): HttpFilter<unknown> {
    const book = new CallBook(deps.stats, methodNaming(message))
    return {
      runtime: undefined,
      onRequest(exchange, headers, _endStream, _runtime, slot) {
        if (!exchange.isGrpc) return CONTINUE
        exchange.route()
        const cluster = exchange.cluster
        if (cluster !== undefined) exchange.slots[slot] = new Call(book.statsOf(cluster.name, headers.path ?? ''))
        return CONTINUE
      },
      onRequestData(exchange, chunk, _endStream, _runtime, slot) {
        callOf(exchange, slot)?.request.feed(chunk)
        return undefined
      },
      onResponse(exchange, headers, endStream, _runtime, slot) {
        if (endStream) callOf(exchange, slot)?.charge(headers)
      },
      onResponseData(exchange, chunk, _endStream, _runtime, slot) {
        callOf(exchange, slot)?.response.feed(chunk)
        return undefined
      },
      onResponseTrailers(exchange, trailers, _runtime, slot) {
        callOf(exchange, slot)?.charge(trailers)
        return undefined
      },
      onEnd: (exchange, _runtime, slot) => callOf(exchange, slot)?.end(),
    }
  },
}

function callOf(exchange: { readonly slots: readonly unknown[] }, slot: number): Call | undefined {
  return exchange.slots[slot] as Call | undefined
}

/** One call, counted when its end is seen. */
class Call {
  readonly request = new MessageCounter()
  readonly response = new MessageCounter()
  private readonly stats: CallStats

  constructor(stats: CallStats) {
    this.stats = stats
  }

  /** A response without a status is nobody's success or failure. */
  charge(ending: HeaderMap): void {
    const status = ending.get('grpc-status')
    if (status === undefined) return
    const { stats } = this
    stats.byStatus(status).add(1)
    ;(/^0+$/.test(status) ? stats.success : stats.failure).add(1)
    stats.total.add(1)
  }

  end(): void {
    this.stats.requestMessages.add(this.request.count)
    this.stats.responseMessages.add(this.response.count)
  }
}

interface CallStats {
  readonly success: Counter
  readonly failure: Counter
  readonly total: Counter
  readonly requestMessages: Counter
  readonly responseMessages: Counter
  byStatus(status: string): Counter
}

/** From the path of a call to the words that its method has in names of statistics, with a final dot; '' for none. */
type MethodNaming = (path: string) => string

/** Paths are the clients' to choose, and a name of statistics is for ever. */
const MAX_METHODS = 1000

/** The statistics by cluster and method, made when first needed. */
class CallBook {
  private readonly store: StatsStore
  private readonly nameMethod: MethodNaming
  private readonly known = new Map<string, CallStats>()

  constructor(store: StatsStore, nameMethod: MethodNaming) {
    this.store = store
    this.nameMethod = nameMethod
  }

  statsOf(cluster: string, path: string): CallStats {
    const prefix = `cluster.${cluster}.grpc.`
    let name = prefix + this.nameMethod(path)
    if (!this.known.has(name) && this.known.size >= MAX_METHODS) name = prefix
    let stats = this.known.get(name)
    if (stats === undefined) {
      stats = callStats(this.store, name)
      this.known.set(name, stats)
    }
    return stats
  }
}

function callStats(store: StatsStore, prefix: string): CallStats {
  const statuses = new Map<string, Counter>()
  const other = store.counter(`${prefix}${OTHER_STATUS}`)
  return {
    success: store.counter(`${prefix}success`),
    failure: store.counter(`${prefix}failure`),
    total: store.counter(`${prefix}total`),
    requestMessages: store.counter(`${prefix}request_message_count`),
    responseMessages: store.counter(`${prefix}response_message_count`),
    byStatus(status) {
      if (!/^(\d|1[0-6])$/.test(status)) return other
      let counter = statuses.get(status)
      if (counter === undefined) {
        counter = store.counter(prefix + status)
        statuses.set(status, counter)
      }
      return counter
    },
  }
}

/** UNKNOWN: what a client takes a status for that it does not know (gRPC, status codes). */
const OTHER_STATUS = '2'

function methodNaming(message: FilterConfig): MethodNaming {
  const specifier = message.perMethodStatSpecifier
  const dots = message.replaceDotsInGrpcServiceName
  if (specifier.case === 'statsForAllMethods' && specifier.value.value) return (path) => methodName(path, dots)
  if (specifier.case !== 'individualMethodStatsAllowlist') return () => ''
  const listed = new Set<string>()
  for (const service of specifier.value.services) {
    for (const method of service.methodNames) listed.add(`/${service.name}/${method}`)
  }
  return (path) => (listed.has(withoutQuery(path)) ? methodName(path, dots) : '')
}

/** `/pkg.Service/Method` as `pkg.Service.Method.`. */
function methodName(path: string, replacesDots: boolean): string {
  const match = /^\/([^/]+)\/([^/]+)$/.exec(withoutQuery(path))
  if (match === null) return ''
  return `${replacesDots ? match[1].replaceAll('.', '_') : match[1]}.${match[2]}.`
}

function withoutQuery(path: string): string {
  const query = path.indexOf('?')
  return query < 0 ? path : path.slice(0, query)
}
