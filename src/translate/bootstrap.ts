// A translation as a static Envoy bootstrap: endpoints inside their clusters, secrets beside them. An unmodified Envoy accepts
// and runs it. Everything that is translated so far is Envoy's own; nothing has to be left out for that.

import { create } from '@bufbuild/protobuf'
import { BootstrapSchema, type Bootstrap } from '../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import {
  Cluster_DiscoveryType,
  ClusterSchema,
  type Cluster,
} from '../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import {
  ClusterLoadAssignmentSchema,
  type ClusterLoadAssignment,
} from '../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { InternalListenerSchema } from '../envoy/generated/envoy/extensions/bootstrap/internal_listener/v3/internal_listener_pb.js'
import type { Secret } from '../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import { any } from './envoy-message.ts'
import type { ListenAddress } from './listeners/connect-terminate.ts'
import type { WaypointName } from './model/waypoint.ts'
import type { Translation } from './translation.ts'

export interface BootstrapOptions {
  readonly waypoint: WaypointName
  /** `meshSecrets` (envoy/mesh-secrets.ts) makes them. Envoy does not start without the two that TLS contexts name. */
  readonly secrets: readonly Secret[]
  readonly admin?: ListenAddress
}

export function toBootstrap(translation: Translation, options: BootstrapOptions): Bootstrap {
  const { waypoint, secrets, admin } = options
  const endpoints = new Map(translation.endpoints.map((assignment) => [assignment.clusterName, assignment]))
  return create(BootstrapSchema, {
    node: { id: `waypoint~${waypoint.name}.${waypoint.namespace}`, cluster: `${waypoint.name}.${waypoint.namespace}` },
    bootstrapExtensions: [{ name: 'envoy.bootstrap.internal_listener', typedConfig: any(InternalListenerSchema) }],
    ...(admin === undefined ? {} : { admin: { address: socketAddress(admin) } }),
    staticResources: {
      listeners: [...translation.listeners],
      clusters: translation.clusters.map((cluster) => withEndpoints(cluster, endpoints.get(cluster.name))),
      secrets: [...secrets, ...translation.secrets],
    },
  })
}

/** An EDS cluster becomes a static one; others stay as they are. */
function withEndpoints(cluster: Cluster, assignment: ClusterLoadAssignment | undefined): Cluster {
  if (cluster.clusterDiscoveryType.value !== Cluster_DiscoveryType.EDS) return cluster
  return create(ClusterSchema, {
    ...cluster,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
    edsClusterConfig: undefined,
    loadAssignment: assignment ?? create(ClusterLoadAssignmentSchema, { clusterName: cluster.name }),
  })
}

function socketAddress({ address, port }: ListenAddress) {
  const portSpecifier = { case: 'portValue' as const, value: port }
  return { address: { case: 'socketAddress' as const, value: { address, portSpecifier } } }
}
