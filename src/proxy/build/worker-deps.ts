// What everything in one worker is built with, made once from what the worker's thread provides.

import type { ReceiveBudget } from '../../codec/http2/options.ts'
import type { RouteConfiguration } from '../../envoy/generated/envoy/config/route/v3/route_pb.js'
import type { Random } from '../../lib/random.ts'
import { ClusterSet } from '../cluster/cluster-set.ts'
import { Dialer } from '../cluster/dialer.ts'
import type { ResolveHost } from '../cluster/dns-discovery.ts'
import { SecretSet } from '../cluster/secret-set.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import { SlabPool } from '../connection/slab-pool.ts'
import type { FormatEnvironment } from '../format/operator.ts'
import { InternalListenerSet } from '../listener/internal-listeners.ts'
import type { ListenerCompileDeps } from '../listener/compile-listener.ts'
import { AsyncClient } from '../http/async-client.ts'
import type { LocalInfo } from '../http/local-info.ts'
import { compileAccessLogFilter } from '../observe/access-log-filter.ts'
import { compileAccessLoggers } from '../observe/access-loggers.ts'
import type { AccessLogSink } from '../observe/access-log-sink.ts'
import type { StatsStore } from '../stream/stats.ts'
import { HTTP_FILTERS, LISTENER_FILTERS, NETWORK_FILTERS } from './extensions.ts'
import type { ListenOptions } from './listener-sockets.ts'

/** What the thread provides. */
export interface DataPlaneSurroundings {
  readonly dispatcher: Dispatcher
  readonly stats: StatsStore
  readonly random: Random
  readonly receiveBudget: ReceiveBudget
  readonly formats: FormatEnvironment
  readonly localInfo: LocalInfo
  readonly resolveHost: ResolveHost
  readonly listen: ListenOptions
  readonly accessLogSink: (path: string) => AccessLogSink
  /** How long connections of a removed or replaced filter chain may go on. */
  readonly drainTimeMs: number
  readonly rejectPathWithFragment: boolean
}

export interface WorkerDeps extends ListenerCompileDeps {
  readonly secrets: SecretSet
  readonly dialer: Dialer
  readonly slabs: SlabPool
  readonly internalListeners: InternalListenerSet
}

export function workerDeps(
  surroundings: DataPlaneSurroundings,
  routeConfig: (name: string) => RouteConfiguration | undefined,
): WorkerDeps {
  const { dispatcher, stats, random, receiveBudget } = surroundings
  const clusters = new ClusterSet()
  const slabs = new SlabPool()
  const internalListeners = new InternalListenerSet(dispatcher)
  return {
    dispatcher,
    stats,
    random,
    slabs,
    internalListeners,
    clusters,
    secrets: new SecretSet(),
    dialer: new Dialer(dispatcher, slabs, internalListeners),
    networkFilters: NETWORK_FILTERS,
    listenerFilters: LISTENER_FILTERS,
    http: {
      filters: HTTP_FILTERS,
      stats,
      random,
      asyncClient: new AsyncClient(clusters, dispatcher, surroundings.localInfo),
      formats: surroundings.formats,
      localInfo: surroundings.localInfo,
      http2: { defer: dispatcher.defer, receiveBudget },
      rejectPathWithFragment: surroundings.rejectPathWithFragment,
      bufferLimitBytes: 1024 * 1024,
      compileAccessLoggers: (messages, problems) =>
        compileAccessLoggers(
          messages,
          { formats: surroundings.formats, random, sink: surroundings.accessLogSink },
          problems,
        ),
      compileAccessLogFilter: (filter, problems) => compileAccessLogFilter(filter, random, problems),
      routeConfig,
    },
  }
}
