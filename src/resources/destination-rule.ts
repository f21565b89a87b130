// Istio's DestinationRule: how connections to a host are made. The fields are Istio's own (networking.istio.io/v1).

import type { KubernetesObject } from './object-meta.ts'

export interface DestinationRule extends KubernetesObject {
  readonly kind: 'DestinationRule'
  readonly spec: DestinationRuleSpec
}

export interface DestinationRuleSpec {
  /** A name, a short name within the rule's namespace, or `*.` and a suffix. */
  readonly host: string
  readonly trafficPolicy?: TrafficPolicy
  readonly subsets?: readonly Subset[]
  /** Namespaces that may use the rule: `*`, `.` for its own, or names. None: all. */
  readonly exportTo?: readonly string[]
  readonly workloadSelector?: { readonly matchLabels?: Readonly<Record<string, string>> }
}

export interface Subset {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly trafficPolicy?: TrafficPolicy
}

/** What a single port may have. */
export interface PortTrafficPolicy {
  readonly loadBalancer?: LoadBalancerSettings
  readonly connectionPool?: ConnectionPoolSettings
  readonly outlierDetection?: OutlierDetectionSettings
  readonly tls?: ClientTlsSettings
}

export interface TrafficPolicy extends PortTrafficPolicy {
  readonly portLevelSettings?: readonly (PortTrafficPolicy & { readonly port?: { readonly number?: number } })[]
  readonly tunnel?: unknown
  readonly proxyProtocol?: { readonly version?: 'V1' | 'V2' }
  readonly retryBudget?: RetryBudget
}

export interface RetryBudget {
  readonly percent?: number
  readonly budgetInterval?: string
  readonly minRetryConcurrency?: number
}

export interface LoadBalancerSettings {
  readonly simple?: 'UNSPECIFIED' | 'LEAST_CONN' | 'RANDOM' | 'PASSTHROUGH' | 'ROUND_ROBIN' | 'LEAST_REQUEST'
  readonly consistentHash?: ConsistentHash
  readonly localityLbSetting?: LocalityLbSetting
  readonly zoneAwareLbSetting?: unknown
  readonly warmup?: { readonly duration: string; readonly minimumPercent?: number; readonly aggression?: number }
  /** Deprecated for `warmup`. */
  readonly warmupDurationSecs?: string
}

export interface ConsistentHash {
  readonly httpHeaderName?: string
  readonly httpCookie?: HashCookie
  readonly useSourceIp?: boolean
  readonly httpQueryParameterName?: string
  readonly ringHash?: { readonly minimumRingSize?: number }
  readonly maglev?: { readonly tableSize?: number }
  /** Deprecated for `ringHash`. */
  readonly minimumRingSize?: number
}

export interface HashCookie {
  readonly name: string
  readonly path?: string
  readonly ttl?: string
  readonly attributes?: readonly { readonly name: string; readonly value?: string }[]
}

/** Localities are written `region/zone/subzone`, shortened from the right, `*` for any. */
export interface LocalityLbSetting {
  readonly enabled?: boolean
  readonly distribute?: readonly { readonly from?: string; readonly to?: Readonly<Record<string, number>> }[]
  readonly failover?: readonly { readonly from?: string; readonly to?: string }[]
  /** Labels, most important first; `label=value` stands for a waypoint with that value. */
  readonly failoverPriority?: readonly string[]
}

export interface ConnectionPoolSettings {
  readonly tcp?: TcpPoolSettings
  readonly http?: HttpPoolSettings
}

export interface TcpPoolSettings {
  readonly maxConnections?: number
  readonly connectTimeout?: string
  readonly tcpKeepalive?: TcpKeepalive
  readonly maxConnectionDuration?: string
  readonly idleTimeout?: string
}

export interface TcpKeepalive {
  readonly probes?: number
  readonly time?: string
  readonly interval?: string
}

export interface HttpPoolSettings {
  readonly http1MaxPendingRequests?: number
  readonly http2MaxRequests?: number
  readonly maxRequestsPerConnection?: number
  readonly maxRetries?: number
  readonly idleTimeout?: string
  readonly h2UpgradePolicy?: 'DEFAULT' | 'DO_NOT_UPGRADE' | 'UPGRADE'
  readonly useClientProtocol?: boolean
  readonly maxConcurrentStreams?: number
  readonly http2KeepAlive?: { readonly interval?: string; readonly timeout?: string }
}

export interface OutlierDetectionSettings {
  readonly splitExternalLocalOriginErrors?: boolean
  readonly consecutiveLocalOriginFailures?: number
  readonly consecutiveGatewayErrors?: number
  readonly consecutive5xxErrors?: number
  readonly interval?: string
  readonly baseEjectionTime?: string
  readonly maxEjectionPercent?: number
  readonly minHealthPercent?: number
  readonly outlierDetectionHttpErrorCodes?: unknown
  /** Gone since Istio 1.8: `consecutiveGatewayErrors` and `consecutive5xxErrors`. */
  readonly consecutiveErrors?: unknown
}

export interface ClientTlsSettings {
  readonly mode?: 'DISABLE' | 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL'
  /** Files of the proxy. */
  readonly clientCertificate?: string
  readonly privateKey?: string
  readonly caCertificates?: string
  readonly caCrl?: string
  /** A Secret of the waypoint's namespace. */
  readonly credentialName?: string
  readonly subjectAltNames?: readonly string[]
  readonly sni?: string
  readonly insecureSkipVerify?: boolean
}
