// The admin port: an AdminSource over the running proxy, and where it listens. What needs Envoy's types is loaded when it is asked
// for, since the main thread holds 20 MB more with them.

import type { AdminSource, ListenerStatus, LogLevel, RuntimeView } from '../admin/admin-source.ts'
import { AdminServer } from '../admin/admin-server.ts'
import { PrometheusPrinter } from '../telemetry/prometheus-text.ts'
import type { SeriesTable } from '../telemetry/series.ts'
import { defaultTagRules } from '../telemetry/stat-tags.ts'
import { HistogramIntervals } from '../telemetry/stats-text.ts'
import type { AccessLogs } from './access-logs.ts'
import { clusterStatuses } from './clusters-view.ts'
import type { ProxyOptions, SocketName } from './command-options.ts'
import type { RuntimeFacts } from './configuration-change.ts'
import type { ConfigurationKeeper } from './configuration-keeper.ts'
import { COMPONENTS } from './logs.ts'
import type { Component, Logs } from './logs.ts'
import type { ProxyState } from './proxy-state.ts'
import type { WorkerThread } from './worker-thread.ts'
import type { DescribedListener } from './worker-messages.ts'

const DEFAULT_ADDRESS: SocketName = { host: '127.0.0.1', port: 15000 }
/** Envoy's stats flush interval: what "interval" means in histograms. */
const STATS_FLUSH_INTERVAL_MS = 5000

export interface AdminParts {
  readonly options: ProxyOptions
  readonly state: ProxyState
  readonly keeper: ConfigurationKeeper
  readonly workers: readonly WorkerThread[]
  readonly series: SeriesTable
  readonly logs: Logs
  readonly accessLogs: AccessLogs
}

export interface Admin {
  readonly address: string
  close(): Promise<void>
}

export async function startAdmin(parts: AdminParts): Promise<Admin> {
  const intervals = new HistogramIntervals()
  const flush = setInterval(() => intervals.flush(parts.series.snapshot()), STATS_FLUSH_INTERVAL_MS)
  flush.unref()
  const log = parts.logs.of('admin')
  const server = new AdminServer(adminSource(parts, intervals), {
    onError: (error, path) => log.error({ err: error, path }, 'an admin endpoint failed'),
  })
  const wanted = addressOf(parts)
  const bound = await server.listen({ ip: wanted.host, port: wanted.port }).catch((error: unknown) => {
    throw new Error(`the admin port ${wanted.host}:${wanted.port} cannot be used: ${(error as Error).message}`)
  })
  return {
    address: `${bound.ip}:${bound.port}`,
    close: () => {
      clearInterval(flush)
      return server.close()
    },
  }
}

function addressOf({ options, state }: AdminParts): SocketName {
  if (options.admin !== undefined) return options.admin
  return state.bootstrap?.admin ?? DEFAULT_ADDRESS
}

function adminSource(parts: AdminParts, intervals: HistogramIntervals): AdminSource {
  const { state, keeper, workers, series, logs, accessLogs } = parts
  return {
    state: () => state.server,
    serverInfo: async () => (await import('./server-info.ts')).serverInfo(state, parts.options),
    configDump: async ({ includeEndpoints }) =>
      (await import('./config-dump.ts')).configDump({
        snapshot: keeper.snapshot,
        updatedMs: keeper.lastUpdatedMs,
        startedMs: state.startedMs,
        bootstrap: state.bootstrap?.bytes,
        includeEndpoints,
      }),
    clusters: async () => {
      const described = await Promise.all(workers.map((worker) => worker.describe()))
      return clusterStatuses(
        described.filter((one) => one !== undefined),
        state.bootstrap === undefined,
      )
    },
    listeners: async () => ((await workers[0].describe())?.ports ?? []).map(listenerStatus),
    stats: {
      snapshot: () => ({ series: series.snapshot(), texts: series.texts, intervals: intervals.current }),
      resetCounters: () => series.resetCounters(),
      prometheus: new PrometheusPrinter(defaultTagRules),
      bucketsOf: () => undefined,
    },
    certificates: async () => (await import('./certificates-view.ts')).certificatesOf(keeper.snapshot),
    memory: () => {
      const { heapUsed, heapTotal, rss } = process.memoryUsage()
      return { allocatedBytes: heapUsed, heapBytes: heapTotal, heapFreeBytes: heapTotal - heapUsed, residentBytes: rss }
    },
    logLevels: {
      all: () => logs.levels(),
      set: (logger: string, level: LogLevel) => {
        if ((COMPONENTS as readonly string[]).includes(logger)) logs.setLevel(logger as Component, level)
      },
    },
    runtime: runtimeView(state.bootstrap?.runtime),
    drainListeners: ({ graceful, skipExit }) => state.drainListeners(workers, graceful, skipExit),
    failHealthCheck: (fail) => state.failHealthCheck(fail),
    reopenLogs: () => accessLogs.reopen(),
    quit: () => state.quit(),
  }
}

function listenerStatus({ name, addresses }: DescribedListener): ListenerStatus {
  const texts = addresses.map(({ ip, port }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`))
  return { name, addresses: texts.length > 0 ? texts : [`envoy://${name}/`] }
}

function runtimeView(facts: RuntimeFacts | undefined): RuntimeView {
  return { layers: facts?.layers ?? [], entries: () => facts?.entries ?? new Map(), modify: () => false }
}
