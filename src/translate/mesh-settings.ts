// The settings of the mesh that shape a waypoint's configuration, with the defaults of Istio's MeshConfig.

import type { LocalityLbSetting, TcpKeepalive } from '../resources/destination-rule.ts'

export interface MeshSettings {
  readonly trustDomain: string
  /** Other names of the trust domain: identities under them are the same. */
  readonly trustDomainAliases: readonly string[]
  /** Policies for a GatewayClass stand here. */
  readonly rootNamespace: string
  /** The suffix of Service host names: `name.namespace.svc.<domainSuffix>`. */
  readonly domainSuffix: string
  /** The name of the cluster, as it appears in telemetry. */
  readonly clusterId: string
  readonly connectTimeoutMs: number
  /** How long an HBONE connection to a destination is kept without a tunnel. */
  readonly hboneIdleTimeoutMs: number
  readonly pathNormalization: PathNormalization
  /** How often names are resolved anew, where their own time to live does not say it. */
  readonly dnsRefreshRateMs: number
  /** Probes of idle connections to endpoints. Undefined: the system's. */
  readonly tcpKeepalive: TcpKeepalive | undefined
  /** Speak HTTP/2 to HTTP ports although they do not say so. */
  readonly h2Upgrade: boolean
  /** For Services for which neither a DestinationRule nor the Service itself says it. */
  readonly localityLbSetting: LocalityLbSetting
}

/** MeshConfig `pathNormalization.normalization`. */
export type PathNormalization = 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES'

export const defaultMeshSettings: MeshSettings = {
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  rootNamespace: 'istio-system',
  domainSuffix: 'cluster.local',
  clusterId: 'Kubernetes',
  connectTimeoutMs: 10_000,
  hboneIdleTimeoutMs: 3_600_000,
  pathNormalization: 'BASE',
  dnsRefreshRateMs: 60_000,
  tcpKeepalive: undefined,
  h2Upgrade: false,
  localityLbSetting: {},
}

/** The mesh's own first. */
export function meshTrustDomains({ trustDomain, trustDomainAliases }: MeshSettings): readonly string[] {
  return [trustDomain, ...trustDomainAliases]
}
