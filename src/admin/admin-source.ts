// What the admin interface needs of the running proxy. `app` passes an object that fits; tests pass a fake.

import type { Any } from '@bufbuild/protobuf/wkt'
import type { ServerInfo } from '../envoy/generated/envoy/admin/v3/server_info_pb.js'
import type { Bootstrap } from '../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import type { PrometheusPrinter } from '../telemetry/prometheus-text.ts'
import type { StatsSnapshot } from '../telemetry/stats-text.ts'

export interface AdminSource {
  state(): ServerState
  /** Complete, with state and uptimes. */
  serverInfo(): Promise<ServerInfo>
  /** With endpoints only if they are asked for: then workers are. */
  configDump(options: { readonly includeEndpoints: boolean }): Promise<ConfigDump>
  /** Summed over the workers, in the order of the configuration. */
  clusters(): Promise<readonly ClusterStatus[]>
  /** Listeners that listen, in the order of the configuration. */
  listeners(): Promise<readonly ListenerStatus[]>
  readonly stats: StatsView
  certificates(): Promise<readonly CertificateStatus[]>
  memory(): MemoryUsage
  readonly logLevels: LogLevels
  readonly runtime: RuntimeView
  drainListeners(options: DrainOptions): void
  /** While it fails, the server is DRAINING and connections are asked to go away. */
  failHealthCheck(fail: boolean): void
  reopenLogs(): void
  /** Ends the process. Called when the answer has been sent. */
  quit(): void
}

/** envoy.admin.v3.ServerInfo.State */
export type ServerState = 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING'

export interface StatsView {
  snapshot(): StatsSnapshot
  resetCounters(): void
  /** With the tag rules of the configuration; it is kept because it remembers names. */
  readonly prometheus: PrometheusPrinter
  /** Bounds of a histogram's buckets where the configuration sets them. */
  bucketsOf(name: string): readonly number[] | undefined
}

/** All that runs, by origin: static is what came with the bootstrap, dynamic what a control plane (or a file of it) sent. */
export interface ConfigDump {
  readonly bootstrap: Bootstrap
  readonly bootstrapUpdatedMs: number
  readonly clusters: {
    readonly versionInfo: string
    readonly static: readonly DumpedResource[]
    readonly dynamicActive: readonly DumpedResource[]
    readonly dynamicWarming: readonly DumpedResource[]
  }
  readonly listeners: {
    readonly versionInfo: string
    readonly static: readonly DumpedResource[]
    readonly dynamic: readonly DumpedListener[]
  }
  /** Static are those inside connection managers, and of a bootstrap. */
  readonly routes: { readonly static: readonly DumpedResource[]; readonly dynamic: readonly DumpedResource[] }
  readonly secrets: {
    readonly static: readonly DumpedResource[]
    readonly dynamicActive: readonly DumpedResource[]
    readonly dynamicWarming: readonly DumpedResource[]
  }
  /** Undefined when they were not asked for. */
  readonly endpoints: { readonly static: readonly Any[]; readonly dynamic: readonly Any[] } | undefined
}

/** A resource as it was received; decoded only if it is printed. */
export interface DumpedResource {
  /** What `name_regex` looks at. */
  readonly name: string
  readonly resource: Any
  /** Wall clock, milliseconds since 1970. */
  readonly updatedMs: number
  /** Of dynamic resources. */
  readonly versionInfo?: string
  /** A newer one was refused; this one goes on. */
  readonly error?: UpdateFailure | undefined
}

export interface DumpedListener {
  readonly name: string
  readonly active?: DumpedResource | undefined
  readonly warming?: DumpedResource | undefined
  readonly draining?: DumpedResource | undefined
  /** The last configuration of this listener that was refused. */
  readonly error?: UpdateFailure | undefined
}

/** envoy.admin.v3.UpdateFailureState */
export interface UpdateFailure {
  readonly failedConfiguration?: Any | undefined
  readonly lastAttemptMs: number
  /** Every mistake, one a line. */
  readonly details: string
  readonly versionInfo: string
}

export interface ClusterStatus {
  readonly name: string
  readonly observabilityName: string
  readonly addedViaApi: boolean
  /** '' when it is not an EDS cluster. */
  readonly edsServiceName: string
  readonly hasOutlierDetection: boolean
  readonly defaultLimits: CircuitBreakerLimits
  readonly highLimits: CircuitBreakerLimits
  readonly hosts: readonly HostStatus[]
}

export interface CircuitBreakerLimits {
  readonly maxConnections: number
  readonly maxPendingRequests: number
  readonly maxRequests: number
  readonly maxRetries: number
}

export interface HostStatus {
  /** As Envoy prints it: `10.0.0.1:80`, `[::1]:80`, `envoy://listener/endpoint`. */
  readonly address: string
  readonly hostname: string
  readonly region: string
  readonly zone: string
  readonly subZone: string
  readonly weight: number
  readonly priority: number
  /** None: healthy. */
  readonly healthFlags: readonly HealthFlag[]
  readonly stats: HostStats
}

/** Envoy's words in `/clusters`. */
export type HealthFlag =
  | 'failed_active_hc'
  | 'failed_outlier_check'
  | 'failed_eds_health'
  | 'degraded_active_hc'
  | 'degraded_eds_health'
  | 'pending_dynamic_removal'
  | 'pending_active_hc'
  | 'excluded_via_immediate_hc_fail'
  | 'active_hc_timeout'
  | 'eds_status_draining'

export interface HostStats {
  readonly cxActive: number
  readonly cxConnectFail: number
  readonly cxTotal: number
  readonly rqActive: number
  readonly rqError: number
  readonly rqPendingActive: number
  readonly rqSuccess: number
  readonly rqTimeout: number
  readonly rqTotal: number
}

export interface ListenerStatus {
  readonly name: string
  /** At least one, as Envoy prints them; of a port 0, what was bound. */
  readonly addresses: readonly string[]
}

/** What one TLS context holds. */
export interface CertificateStatus {
  readonly caCertificates: readonly CertificateDetails[]
  readonly certificateChain: readonly CertificateDetails[]
}

export interface CertificateDetails {
  /** A file, or `<inline>`. */
  readonly path: string
  /** Lower-case hex. */
  readonly serialNumber: string
  readonly subjectAltNames: readonly { readonly kind: 'uri' | 'dns' | 'ipAddress'; readonly value: string }[]
  readonly validFromMs: number
  readonly expirationMs: number
}

/** Of the whole process, all threads. */
export interface MemoryUsage {
  readonly allocatedBytes: number
  readonly heapBytes: number
  readonly heapFreeBytes: number
  readonly residentBytes: number
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LogLevels {
  /** Every logger with its level. */
  all(): ReadonlyMap<string, LogLevel>
  set(logger: string, level: LogLevel): void
}

export interface RuntimeView {
  /** Names of the layers, the last of which wins. */
  readonly layers: readonly string[]
  /** By key; `layerValues` has one value per layer, '' where the layer has none. */
  entries(): ReadonlyMap<string, { readonly finalValue: string; readonly layerValues: readonly string[] }>
  /** Sets keys of the admin layer; '' takes an override away. False when there is no such layer. */
  modify(overrides: ReadonlyMap<string, string>): boolean
}

export interface DrainOptions {
  /** Go on accepting for the drain time while connections are asked to go away; at once otherwise. */
  readonly graceful: boolean
  /** Never stop listening. */
  readonly skipExit: boolean
  /** Only listeners with `traffic_direction: INBOUND`. */
  readonly inboundOnly: boolean
}
