// The endpoints of a cluster as Envoy wants them: Pods of the mesh by HBONE through connect_originate, others plainly.

import { create } from '@bufbuild/protobuf'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { HealthStatus } from '../../envoy/generated/envoy/config/core/v3/health_check_pb.js'
import type { LbEndpointSchema } from '../../envoy/generated/envoy/config/endpoint/v3/endpoint_components_pb.js'
import {
  ClusterLoadAssignmentSchema,
  type ClusterLoadAssignment,
} from '../../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import type { EndpointModel } from '../model/endpoint-model.ts'
import type { LocalityGroup } from './locality-groups.ts'
import { connectOriginateName } from './plumbing-clusters.ts'

/** Endpoint metadata that tells the next hop the destination. */
export const ORIGINAL_DST = 'envoy.filters.listener.original_dst'

export function loadAssignment(clusterName: string, groups: readonly LocalityGroup[]): ClusterLoadAssignment {
  return create(ClusterLoadAssignmentSchema, {
    clusterName,
    endpoints: groups.map(({ locality, endpoints, weight, priority }) => ({
      locality,
      loadBalancingWeight: weight,
      priority,
      lbEndpoints: endpoints.map(lbEndpoint),
    })),
  })
}

function lbEndpoint(endpoint: EndpointModel): MessageInitShape<typeof LbEndpointSchema> {
  const { address, port, hbonePort, identity, weight, isChecked } = endpoint
  const destination = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  const istio = { workload: identity }
  const shared = {
    ...(isChecked && { healthStatus: HealthStatus.HEALTHY }),
    loadBalancingWeight: weight,
  }
  if (hbonePort === undefined) {
    const socketAddress = { address, portSpecifier: { case: 'portValue' as const, value: port } }
    return {
      ...shared,
      hostIdentifier: {
        case: 'endpoint',
        value: { address: { address: { case: 'socketAddress', value: socketAddress } } },
      },
      metadata: { filterMetadata: { istio } },
    }
  }
  const addressNameSpecifier = { case: 'serverListenerName' as const, value: connectOriginateName(hbonePort) }
  const internal = { addressNameSpecifier, endpointId: destination }
  return {
    ...shared,
    hostIdentifier: {
      case: 'endpoint',
      value: { address: { address: { case: 'envoyInternalAddress', value: internal } } },
    },
    metadata: { filterMetadata: { [ORIGINAL_DST]: { local: destination }, istio } },
  }
}
