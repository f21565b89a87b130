// The cluster of a Service's port, and its endpoints: Pods of the mesh by HBONE through connect_originate, others plainly.

import { create } from '@bufbuild/protobuf'
import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
  type Cluster,
} from '../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { HealthStatus } from '../../envoy/generated/envoy/config/core/v3/health_check_pb.js'
import { ApiVersion } from '../../envoy/generated/envoy/config/core/v3/config_source_pb.js'
import type { LbEndpointSchema } from '../../envoy/generated/envoy/config/endpoint/v3/endpoint_components_pb.js'
import {
  ClusterLoadAssignmentSchema,
  type ClusterLoadAssignment,
} from '../../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { duration, sourceMetadata } from '../envoy-message.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import type { EndpointModel } from '../model/endpoints.ts'
import { isHttp2, type PortHandling } from '../model/port-protocol.ts'
import type { ServiceModel, ServicePortModel } from '../model/service-model.ts'
import type { PortSubset } from '../names.ts'
import {
  explicitHttp2,
  httpProtocolOptions,
  internalUpstream,
  unlimitedCircuitBreakers,
  useDownstreamProtocol,
} from './cluster-parts.ts'
import { connectOriginateName } from './plumbing-clusters.ts'

/** Endpoint metadata that tells the next hop the destination. */
const originalDst = 'envoy.filters.listener.original_dst'

export function serviceCluster(
  name: string,
  subset: PortSubset | undefined,
  service: ServiceModel,
  port: ServicePortModel,
  settings: MeshSettings,
): Cluster {
  const host = { host: service.hostname, name: service.name, namespace: service.namespace }
  return create(ClusterSchema, {
    name,
    altStatName: `${name};`,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: {
      serviceName: name,
      edsConfig: {
        configSourceSpecifier: { case: 'ads', value: {} },
        initialFetchTimeout: duration(0),
        resourceApiVersion: ApiVersion.V3,
      },
    },
    lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
    // Panic routing would send requests to hosts known to be bad.
    commonLbConfig: { healthyPanicThreshold: { value: 0 } },
    connectTimeout: duration(settings.connectTimeoutMs),
    circuitBreakers: unlimitedCircuitBreakers(),
    transportSocket: internalUpstream([originalDst, 'istio']),
    typedExtensionProtocolOptions: protocolOptions(port.handling, isHttp2(port.protocol)),
    metadata: {
      filterMetadata: {
        istio: { services: [host], ...(subset === undefined ? {} : { subset }) },
        ...sourceMetadata(service.object, `port ${port.port}`),
      },
    },
  })
}

function protocolOptions(handling: PortHandling, http2: boolean): ReturnType<typeof httpProtocolOptions> {
  if (http2) return httpProtocolOptions({ upstreamProtocolOptions: explicitHttp2(false) })
  return handling === 'detect' ? httpProtocolOptions({ upstreamProtocolOptions: useDownstreamProtocol }) : {}
}

/** One group per locality, weighted by its size, in the order in which the localities first occur. */
export function loadAssignment(clusterName: string, endpoints: readonly EndpointModel[]): ClusterLoadAssignment {
  const groups = new Map<string, EndpointModel[]>()
  for (const endpoint of endpoints) {
    const { region, zone, subZone } = endpoint.locality
    const key = `${region}/${zone}/${subZone}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [endpoint])
    else group.push(endpoint)
  }
  return create(ClusterLoadAssignmentSchema, {
    clusterName,
    endpoints: [...groups.values()].map((group) => ({
      locality: group[0].locality,
      loadBalancingWeight: group.length,
      lbEndpoints: group.map(lbEndpoint),
    })),
  })
}

function lbEndpoint({ address, port, hbonePort, identity }: EndpointModel): MessageInitShape<typeof LbEndpointSchema> {
  const destination = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  const istio = { workload: identity }
  if (hbonePort === undefined) {
    const socketAddress = { address, portSpecifier: { case: 'portValue' as const, value: port } }
    return healthy({ address: { case: 'socketAddress', value: socketAddress } }, { istio })
  }
  const addressNameSpecifier = { case: 'serverListenerName' as const, value: connectOriginateName(hbonePort) }
  const internal = { addressNameSpecifier, endpointId: destination }
  return healthy(
    { address: { case: 'envoyInternalAddress', value: internal } },
    { [originalDst]: { local: destination }, istio },
  )
}

type EndpointInit = Extract<
  NonNullable<MessageInitShape<typeof LbEndpointSchema>['hostIdentifier']>,
  { case: 'endpoint' }
>['value']

function healthy(
  address: EndpointInit['address'],
  filterMetadata: Record<string, Record<string, string>>,
): MessageInitShape<typeof LbEndpointSchema> {
  return {
    hostIdentifier: { case: 'endpoint', value: { address } },
    healthStatus: HealthStatus.HEALTHY,
    loadBalancingWeight: 1,
    metadata: { filterMetadata },
  }
}
