// The settings of the mesh that shape a waypoint's configuration, with the defaults of Istio's MeshConfig.

export interface MeshSettings {
  readonly trustDomain: string
  /** The suffix of Service host names: `name.namespace.svc.<domainSuffix>`. */
  readonly domainSuffix: string
  /** The name of the cluster, as it appears in telemetry. */
  readonly clusterId: string
  readonly connectTimeoutMs: number
  /** How long an HBONE connection to a destination is kept without a tunnel. */
  readonly hboneIdleTimeoutMs: number
  readonly pathNormalization: PathNormalization
}

/** MeshConfig `pathNormalization.normalization`. */
export type PathNormalization = 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES'

export const defaultMeshSettings: MeshSettings = {
  trustDomain: 'cluster.local',
  domainSuffix: 'cluster.local',
  clusterId: 'Kubernetes',
  connectTimeoutMs: 10_000,
  hboneIdleTimeoutMs: 3_600_000,
  pathNormalization: 'BASE',
}
