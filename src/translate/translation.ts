// What translation gives: Envoy resources, everything that is to be said about the objects, and their status.

import type { Cluster } from '../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { ClusterLoadAssignment } from '../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import type { Listener } from '../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import type { Secret } from '../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import type { Diagnostic } from '../resources/diagnostic.ts'
import type { ListenAddress } from './listeners/connect-terminate.ts'
import type { MeshSettings } from './mesh-settings.ts'
import type { WaypointName } from './model/waypoint.ts'
import type { ObjectStatus } from './status/condition.ts'

export interface TranslationOptions {
  /** The Gateway that is the waypoint. */
  readonly waypoint: WaypointName
  /** Defaults are those of Istio's MeshConfig. */
  readonly mesh?: Partial<MeshSettings>
  /** Where tunnels arrive. Default: all IPv4 addresses, port 15008. */
  readonly listen?: readonly ListenAddress[]
  /** The node on which this waypoint runs. Default: that of the Gateway's oldest Pod. */
  readonly node?: string
  /** Milliseconds since 1970, for status. */
  readonly now: number
}

export interface Translation {
  readonly listeners: readonly Listener[]
  readonly clusters: readonly Cluster[]
  readonly endpoints: readonly ClusterLoadAssignment[]
  /** The certificates that clusters name, but for the waypoint's own. */
  readonly secrets: readonly Secret[]
  readonly diagnostics: readonly Diagnostic[]
  readonly statuses: readonly ObjectStatus[]
}
