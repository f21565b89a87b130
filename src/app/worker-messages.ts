// What the main thread and a worker say to each other: plain data both ways.

import type { AccessLogBatch } from '../telemetry/access-log-batch.ts'
import type { SharedSeries } from '../telemetry/series.ts'
import type { SnapshotPatch } from '../envoy/snapshot.ts'
import type { Problem } from '../lib/problems.ts'

export interface WorkerSetup {
  readonly series: SharedSeries
  /** Of the shared series; 0 is the main thread's. */
  readonly column: number
  /** Several workers share each port. */
  readonly reusePort: boolean
  readonly drainTimeMs: number
  readonly rejectPathWithFragment: boolean
  /** Of the bootstrap; '' where it does not say. */
  readonly node: { readonly nodeId: string; readonly clusterName: string }
  /** How often access log lines go to the writer, at the latest. */
  readonly logFlushIntervalMs: number
}

export type ToWorker =
  | { readonly type: 'apply'; readonly id: number; readonly patch: SnapshotPatch }
  | { readonly type: 'describe'; readonly id: number }
  | { readonly type: 'stopListening' }
  /** Ends connections gracefully; `drained` follows when none is left or the deadline has come. */
  | { readonly type: 'drain'; readonly deadlineMs: number }
  /** Connections are asked to go away; with `stopsListening` nothing is accepted after the drain time. */
  | { readonly type: 'drainConnections'; readonly drainTimeMs: number; readonly stopsListening: boolean }
  | { readonly type: 'logWritten'; readonly batch: AccessLogBatch }
  /** Sends what waits and ends the thread. */
  | { readonly type: 'end' }

export type FromWorker =
  | { readonly type: 'applied'; readonly id: number; readonly version: string; readonly problems: readonly Problem[] }
  | { readonly type: 'described'; readonly id: number; readonly description: WorkerDescription }
  | { readonly type: 'drained' }
  | { readonly type: 'log'; readonly batch: AccessLogBatch }
  /** A defect of ours that was caught. */
  | { readonly type: 'bug'; readonly where: string; readonly stack: string }

/** What a worker has, for the admin interface. */
export interface WorkerDescription {
  readonly clusters: readonly DescribedCluster[]
  readonly ports: readonly DescribedListener[]
}

export interface DescribedListener {
  readonly name: string
  readonly addresses: readonly { readonly ip: string; readonly port: number }[]
}

export interface DescribedCluster {
  readonly name: string
  readonly observabilityName: string
  readonly edsServiceName: string
  readonly limits: readonly DescribedLimits[]
  readonly hosts: readonly DescribedHost[]
}

export interface DescribedLimits {
  readonly priority: 'default' | 'high'
  readonly maxConnections: number
  readonly maxPendingRequests: number
  readonly maxRequests: number
  readonly maxRetries: number
}

export interface DescribedHost {
  readonly address: string
  readonly ip: string
  readonly port: number
  readonly internalListener: string
  readonly endpointId: string
  readonly hostname: string
  readonly weight: number
  readonly priority: number
  readonly region: string
  readonly zone: string
  readonly subZone: string
  readonly health: 'healthy' | 'unhealthy' | 'degraded' | 'draining'
  readonly cxActive: number
  readonly cxTotal: number
  readonly cxConnectFail: number
  readonly rqActive: number
  readonly rqTotal: number
  readonly rqSuccess: number
  readonly rqError: number
  readonly rqTimeout: number
}
