// The proxy as the admin interface sees it, made of a static Envoy configuration and settable by tests. What is done to it is
// kept in `calls`.

import { create } from '@bufbuild/protobuf'
import type { DescMessage, Message } from '@bufbuild/protobuf'
import type { Any } from '@bufbuild/protobuf/wkt'
import type {
  AdminSource,
  CertificateStatus,
  ClusterStatus,
  ConfigDump,
  DumpedResource,
  ListenerStatus,
  LogLevel,
  ServerState,
} from '../../src/admin/admin-source.ts'
import { packAny, unpackAny } from '../../src/envoy/any.ts'
import { ServerInfoSchema } from '../../src/envoy/generated/envoy/admin/v3/server_info_pb.js'
import type { Bootstrap } from '../../src/envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import { BootstrapSchema } from '../../src/envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import { ClusterSchema } from '../../src/envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { ListenerSchema } from '../../src/envoy/generated/envoy/config/listener/v3/listener_pb.js'
import type { Listener } from '../../src/envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { RouteConfigurationSchema } from '../../src/envoy/generated/envoy/config/route/v3/route_pb.js'
import type { HttpConnectionManager } from '../../src/envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import { SecretSchema } from '../../src/envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import { resourceName } from '../../src/envoy/resource-name.ts'
import { PrometheusPrinter } from '../../src/telemetry/prometheus-text.ts'
import { SeriesTable } from '../../src/telemetry/series.ts'
import { defaultTagRules } from '../../src/telemetry/stat-tags.ts'
import { HistogramIntervals } from '../../src/telemetry/stats-text.ts'

export const FAKE_UPDATED_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

export class FakeAdminSource implements AdminSource {
  readonly calls: unknown[][] = []
  readonly bootstrap: Bootstrap
  current: ServerState = 'LIVE'
  info = create(ServerInfoSchema)
  clusterStatuses: ClusterStatus[] = []
  listenerStatuses: ListenerStatus[] = []
  certificateStatuses: CertificateStatus[] = []
  endpoints: Any[] = []
  /** Changes the dump before it is handed out. */
  changeDump: (dump: ConfigDump) => ConfigDump = (dump) => dump
  readonly series = SeriesTable.create()
  readonly intervals = new HistogramIntervals()
  readonly levels = new Map<string, LogLevel>([
    ['admin', 'info'],
    ['http', 'info'],
    ['rbac', 'warning'],
  ])
  readonly overrides = new Map<string, string>()
  hasAdminLayer = true
  runtimeValues = new Map<string, string>()

  constructor(bootstrap: Bootstrap = create(BootstrapSchema)) {
    this.bootstrap = bootstrap
  }

  readonly stats = {
    snapshot: () => ({
      series: this.series.snapshot(),
      texts: this.series.texts,
      intervals: this.intervals.current,
    }),
    resetCounters: (): void => this.series.resetCounters(),
    prometheus: new PrometheusPrinter(defaultTagRules),
    bucketsOf: (name: string): number[] | undefined => (name === 'own_buckets' ? [7] : undefined),
  }

  readonly logLevels = {
    all: () => this.levels,
    set: (logger: string, level: LogLevel): void => void this.levels.set(logger, level),
  }

  readonly runtime = {
    layers: ['static_layer_0', 'admin'],
    entries: () => {
      const keys = new Set([...this.runtimeValues.keys(), ...this.overrides.keys()])
      return new Map(
        [...keys].map((key) => {
          const layerValues = [this.runtimeValues.get(key) ?? '', this.overrides.get(key) ?? '']
          return [key, { layerValues, finalValue: layerValues[1] || layerValues[0] }]
        }),
      )
    },
    modify: (overrides: ReadonlyMap<string, string>): boolean => {
      if (!this.hasAdminLayer) return false
      for (const [key, value] of overrides) this.overrides.set(key, value)
      return true
    },
  }

  state(): ServerState {
    return this.current
  }

  serverInfo() {
    return Promise.resolve(this.info)
  }

  clusters(): Promise<ClusterStatus[]> {
    return Promise.resolve(this.clusterStatuses)
  }

  listeners(): Promise<ListenerStatus[]> {
    return Promise.resolve(this.listenerStatuses)
  }

  certificates(): Promise<CertificateStatus[]> {
    return Promise.resolve(this.certificateStatuses)
  }

  memory() {
    return { allocatedBytes: 1000, heapBytes: 5000, heapFreeBytes: 4000, residentBytes: 9000 }
  }

  drainListeners(options: unknown): void {
    this.calls.push(['drainListeners', options])
  }

  failHealthCheck(fail: boolean): void {
    this.current = fail ? 'DRAINING' : 'LIVE'
  }

  reopenLogs(): void {
    this.calls.push(['reopenLogs'])
  }

  quit(): void {
    this.calls.push(['quit'])
  }

  configDump({ includeEndpoints }: { readonly includeEndpoints: boolean }): Promise<ConfigDump> {
    const { clusters = [], listeners = [], secrets = [] } = this.bootstrap.staticResources ?? {}
    return Promise.resolve(
      this.changeDump({
        bootstrap: this.bootstrap,
        bootstrapUpdatedMs: FAKE_UPDATED_MS,
        clusters: { versionInfo: '', static: dumped(ClusterSchema, clusters), dynamicActive: [], dynamicWarming: [] },
        listeners: { versionInfo: '', static: dumped(ListenerSchema, listeners), dynamic: [] },
        routes: { static: dumped(RouteConfigurationSchema, listeners.flatMap(inlineRoutes)), dynamic: [] },
        secrets: { static: dumped(SecretSchema, secrets), dynamicActive: [], dynamicWarming: [] },
        endpoints: includeEndpoints ? { static: this.endpoints, dynamic: [] } : undefined,
      }),
    )
  }
}

/** A resource as it is handed to the dump. */
export function dumpedResource(desc: DescMessage, message: Message, versionInfo?: string): DumpedResource {
  return { name: resourceName(message), resource: packAny(desc, message), updatedMs: FAKE_UPDATED_MS, versionInfo }
}

function dumped(desc: DescMessage, messages: readonly Message[]): DumpedResource[] {
  return messages.map((message) => dumpedResource(desc, message))
}

function inlineRoutes(listener: Listener): Message[] {
  return listener.filterChains
    .flatMap((chain) => chain.filters)
    .map((filter) => unpackAny(filter.configType.value as Any).message as HttpConnectionManager)
    .flatMap(({ routeSpecifier }) => (routeSpecifier?.case === 'routeConfig' ? [routeSpecifier.value] : []))
}
