// One endpoint of a cluster: where it is, how it does, and the connection pools that lead to it.

import type { HostFacts } from '../stream/upstream-info.ts'
import type { HttpPool } from './http-pool.ts'

/** Where a connection to a host goes. */
export type DialTarget =
  | { readonly kind: 'socket'; readonly ip: string; readonly port: number }
  | { readonly kind: 'internal'; readonly listener: string; readonly endpointId: string }

/** What identifies a host and what configuration says of it. Health here is that of EDS. */
export interface HostDescription extends HostFacts {
  readonly target: DialTarget
  readonly weight: number
  readonly priority: number
  readonly region: string
  readonly zone: string
  readonly subZone: string
  /** Of its locality among those of its priority; 0: it takes nothing where localities are weighed. */
  readonly localityWeight: number
  readonly health: 'healthy' | 'unhealthy' | 'degraded' | 'draining'
}

/** The members of a cluster, and what goes for all of them. */
export interface Endpoints {
  readonly hosts: readonly HostDescription[]
  /** A priority keeps all its load until this percent of its healthy part is less than the whole. */
  readonly overprovisioningPercent: number
  /** Health is measured in weights instead of numbers of hosts. */
  readonly weighsHealth: boolean
}

export class Host {
  description: HostDescription
  readonly pools = new Map<string, HttpPool>()
  /** Counted here because the balancer and `/clusters` read them per host. */
  activeRequests = 0
  activeConnections = 0
  totalConnections = 0
  connectFailures = 0
  totalRequests = 0
  successfulRequests = 0
  failedRequests = 0
  timedOutRequests = 0
  /** Milliseconds on the dispatcher's clock: when an on-demand host was last chosen. */
  lastUsedMs = 0
  isRemoved = false

  constructor(description: HostDescription) {
    this.description = description
  }

  get isHealthy(): boolean {
    return this.description.health === 'healthy'
  }

  get isDegraded(): boolean {
    return this.description.health === 'degraded'
  }

  /** No new streams on its pools; running ones finish. */
  drainPools(): void {
    this.isRemoved = true
    for (const pool of this.pools.values()) pool.drain()
    this.pools.clear()
  }
}

/** What makes two descriptions the same host: an address taken over by another workload is a new host. */
export function hostKey(description: HostDescription): string {
  const workload = description.metadata.get('istio')?.['workload']
  return `${description.address.text} ${typeof workload === 'string' ? workload : ''}`
}
