// ClusterLoadAssignment as host descriptions, or as names for DNS.

import { HealthStatus } from '../../envoy/generated/envoy/config/core/v3/health_check_pb.js'
import type { Address as AddressMessage } from '../../envoy/generated/envoy/config/core/v3/address_pb.js'
import type { ClusterLoadAssignment } from '../../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import type {
  LbEndpoint,
  LocalityLbEndpoints,
} from '../../envoy/generated/envoy/config/endpoint/v3/endpoint_components_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { internalAddress, socketAddress } from '../stream/address.ts'
import { metadataOf } from '../stream/config-values.ts'
import type { DialTarget, Endpoints, HostDescription } from './host.ts'

const DEFAULT_OVERPROVISIONING_PERCENT = 140

/** Every endpoint in order. For DNS clusters the `ip` of a target is still the host name. */
export function compileEndpoints(assignment: ClusterLoadAssignment | undefined, problems: Problems): Endpoints {
  const hosts: HostDescription[] = []
  assignment?.endpoints.forEach((locality, i) => {
    locality.lbEndpoints.forEach((endpoint, k) => {
      const at = problems.at('endpoints').at(i).at('lb_endpoints').at(k)
      const host = compileEndpoint(endpoint, locality, at)
      if (host !== undefined) hosts.push(host)
    })
  })
  return {
    hosts,
    overprovisioningPercent: assignment?.policy?.overprovisioningFactor ?? DEFAULT_OVERPROVISIONING_PERCENT,
    weighsHealth: assignment?.policy?.weightedPriorityHealth ?? false,
  }
}

function compileEndpoint(
  lbEndpoint: LbEndpoint,
  locality: LocalityLbEndpoints,
  problems: Problems,
): HostDescription | undefined {
  const identifier = lbEndpoint.hostIdentifier
  if (identifier.case !== 'endpoint') {
    problems.add('an endpoint with an address is required')
    return undefined
  }
  const endpoint = identifier.value
  const target = compileTarget(endpoint.address, problems.at('endpoint').at('address'))
  if (target === undefined) return undefined
  return {
    target,
    address:
      target.kind === 'socket'
        ? socketAddress(target.ip, target.port)
        : internalAddress(target.listener, target.endpointId),
    hostname: endpoint.hostname,
    weight: lbEndpoint.loadBalancingWeight ?? 1,
    priority: locality.priority,
    region: locality.locality?.region ?? '',
    zone: locality.locality?.zone ?? '',
    subZone: locality.locality?.subZone ?? '',
    localityWeight: locality.loadBalancingWeight ?? 0,
    health: healthOf(lbEndpoint.healthStatus),
    metadata: metadataOf(lbEndpoint.metadata),
  }
}

function compileTarget(address: AddressMessage | undefined, problems: Problems): DialTarget | undefined {
  const kind = address?.address
  switch (kind?.case) {
    case 'socketAddress': {
      const port = kind.value.portSpecifier.case === 'portValue' ? kind.value.portSpecifier.value : 0
      return { kind: 'socket', ip: kind.value.address, port }
    }
    case 'envoyInternalAddress': {
      const specifier = kind.value.addressNameSpecifier
      const listener = specifier.case === 'serverListenerName' ? specifier.value : ''
      return { kind: 'internal', listener, endpointId: kind.value.endpointId }
    }
    default:
      problems.add('a socket_address or an envoy_internal_address is required')
      return undefined
  }
}

function healthOf(status: HealthStatus): HostDescription['health'] {
  switch (status) {
    case HealthStatus.UNHEALTHY:
    case HealthStatus.TIMEOUT:
      return 'unhealthy'
    case HealthStatus.DEGRADED:
      return 'degraded'
    case HealthStatus.DRAINING:
      return 'draining'
    default:
      return 'healthy'
  }
}
