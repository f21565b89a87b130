// The clusters that join the hops of a waypoint: into main_internal, into connect_originate, and out to destinations.

import { create } from '@bufbuild/protobuf'
import {
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
  type Cluster,
} from '../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { duration } from '../envoy-message.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import { HBONE_PORT } from '../model/workload.ts'
import { upstreamMeshTls } from '../tls.ts'
import {
  explicitHttp2,
  httpProtocolOptions,
  internalUpstream,
  unlimitedCircuitBreakers,
  useDownstreamProtocol,
} from './cluster-parts.ts'

/** How long Istio keeps an idle connection between two of a waypoint's own listeners. */
const internalIdleTimeoutMs = 300_000

/** How long a destination that nobody uses is remembered. */
const destinationCleanupMs = 60_000

export const MAIN_INTERNAL = 'main_internal'
export const ENCAP = 'encap'

/** The listener and the cluster of tunnels to HBONE ends on a port; on the usual port they have Istio's name. */
export function connectOriginateName(hbonePort: number): string {
  return hbonePort === HBONE_PORT ? 'connect_originate' : `connect_originate_${hbonePort}`
}

/** From the terminated tunnel into main_internal. */
export function mainInternalCluster(): Cluster {
  return internalCluster(MAIN_INTERNAL, MAIN_INTERNAL)
}

/** From main_internal to a Pod that the client dialled itself. */
export function encapCluster(): Cluster {
  return internalCluster(ENCAP, connectOriginateName(HBONE_PORT))
}

function internalCluster(name: string, listener: string): Cluster {
  return create(ClusterSchema, {
    name,
    altStatName: `${name};`,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
    circuitBreakers: unlimitedCircuitBreakers(),
    loadAssignment: {
      clusterName: name,
      endpoints: [
        { lbEndpoints: [{ hostIdentifier: { case: 'endpoint', value: { address: internalAddress(listener) } } }] },
      ],
    },
    transportSocket: internalUpstream([]),
    typedExtensionProtocolOptions: httpProtocolOptions({
      commonHttpProtocolOptions: { idleTimeout: duration(internalIdleTimeoutMs) },
      upstreamProtocolOptions: useDownstreamProtocol,
    }),
  })
}

function internalAddress(listener: string) {
  const addressNameSpecifier = { case: 'serverListenerName' as const, value: listener }
  return { address: { case: 'envoyInternalAddress' as const, value: { addressNameSpecifier } } }
}

/** To the HBONE end of whatever address the tunnel is for. */
export function connectOriginateCluster(hbonePort: number, namespace: string, settings: MeshSettings): Cluster {
  const name = connectOriginateName(hbonePort)
  return create(ClusterSchema, {
    name,
    altStatName: `${name};`,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST },
    lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
    lbConfig: {
      case: 'originalDstLbConfig',
      value: {
        upstreamPortOverride: hbonePort,
        metadataKey: {
          key: 'envoy.filters.listener.original_dst',
          path: [{ segment: { case: 'key', value: 'waypoint' } }],
        },
      },
    },
    connectTimeout: duration(settings.connectTimeoutMs),
    cleanupInterval: duration(destinationCleanupMs),
    circuitBreakers: unlimitedCircuitBreakers(),
    transportSocket: upstreamMeshTls(settings, namespace),
    typedExtensionProtocolOptions: httpProtocolOptions({
      commonHttpProtocolOptions: { idleTimeout: duration(settings.hboneIdleTimeoutMs) },
      upstreamProtocolOptions: explicitHttp2({ allowConnect: true }),
    }),
  })
}
