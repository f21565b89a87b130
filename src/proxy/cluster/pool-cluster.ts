// What a pool knows of the cluster it belongs to.

import type { Dispatcher } from '../connection/dispatcher.ts'
import type { FilterStateEntry } from '../stream/filter-state.ts'
import type { CircuitBreakers } from './circuit-breakers.ts'
import type { ClusterStats } from './cluster-stats.ts'
import type { DialCallbacks, Dialing } from './dialer.ts'
import type { Host } from './host.ts'

export interface PoolCluster {
  readonly dispatcher: Dispatcher
  readonly breakers: CircuitBreakers
  readonly stats: ClusterStats
  /** 0: never. */
  readonly idleTimeoutMs: number
  /** 0: no limit. */
  readonly maxRequestsPerConnection: number
  dial(host: Host, filterState: readonly FilterStateEntry[], callbacks: DialCallbacks): Dialing
}
