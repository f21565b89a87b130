// A cluster as plain runtime values: what `compileCluster` makes of envoy.config.cluster.v3.Cluster.

import type { Http1Options } from '../../codec/http1/http1-options.ts'
import type { Http2Options } from '../../codec/http2/options.ts'
import type { Metadata } from '../stream/metadata.ts'
import type { CircuitBreakerLimits } from './circuit-breakers.ts'
import type { UpstreamTransport } from './dialer.ts'
import type { Endpoints, HostDescription } from './host.ts'
import type { LoadBalancingConfig } from './load-balancing/load-balancing-config.ts'

/** A name that DNS turns into hosts; everything else is the template's. */
export interface DnsTarget {
  readonly hostname: string
  readonly port: number
  readonly template: HostDescription
}

export interface OriginalDstConfig {
  /** 0: the destination's own port. */
  readonly portOverride: number
  /** Where in the connection's metadata another address may stand. */
  readonly metadataNamespace: string
  readonly metadataPath: readonly string[]
  /** Lower-case name of the request header that may carry the address; '' when not used. */
  readonly headerName: string
  readonly cleanupIntervalMs: number
}

export type Discovery =
  | { readonly kind: 'static'; readonly endpoints: Endpoints }
  | { readonly kind: 'eds'; readonly serviceName: string }
  | {
      readonly kind: 'strictDns' | 'logicalDns'
      readonly targets: readonly DnsTarget[]
      /** Without hosts: those come from DNS. */
      readonly endpoints: Endpoints
      readonly refreshMs: number
      readonly family: 'auto' | 'v4' | 'v6' | 'all'
    }
  | { readonly kind: 'originalDst'; readonly config: OriginalDstConfig }

/** Which protocol a cluster's connections speak: a fixed one, or that of the request. */
export type UpstreamProtocol = 'http1' | 'http2' | 'downstream'

export interface ClusterConfig {
  readonly name: string
  readonly observabilityName: string
  readonly metadata: Metadata
  readonly discovery: Discovery
  readonly loadBalancing: LoadBalancingConfig
  readonly connectTimeoutMs: number
  /** 0: never. */
  readonly idleTimeoutMs: number
  /** From the stream's begin to its end, 0: no limit. */
  readonly maxStreamDurationMs: number
  readonly maxRequestsPerConnection: number
  readonly protocol: UpstreamProtocol
  readonly http1: Http1Options
  readonly http2: Http2Options
  readonly breakers: { readonly default: CircuitBreakerLimits; readonly high: CircuitBreakerLimits }
  readonly transport: UpstreamTransport
  /** Milliseconds between PINGs on idle HTTP/2 connections; 0: none. */
  readonly keepaliveIntervalMs: number
  readonly keepaliveTimeoutMs: number
}
