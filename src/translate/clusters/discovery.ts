// Where the hosts of a service's cluster come from: endpoints that are sent, names that are resolved, or the address that the
// client dialled.

import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  Cluster_DiscoveryType as DiscoveryType,
  Cluster_DnsLookupFamily as DnsLookupFamily,
  Cluster_LbPolicy as LbPolicy,
  type ClusterSchema,
} from '../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { ApiVersion } from '../../envoy/generated/envoy/config/core/v3/config_source_pb.js'
import type { ClusterLoadAssignment } from '../../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { ClusterConfigSchema as DynamicForwardProxySchema } from '../../envoy/generated/envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster_pb.js'
import type { DnsCacheConfigSchema } from '../../envoy/generated/envoy/extensions/common/dynamic_forward_proxy/v3/dns_cache_pb.js'
import type { TrafficPolicy } from '../../resources/destination-rule.ts'
import { any, duration } from '../envoy-message.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import type { ServiceModel, ServicePortModel } from '../model/service-model.ts'
import { isPassthrough } from './load-balancing.ts'

type Discovery = Pick<
  MessageInitShape<typeof ClusterSchema>,
  | 'clusterDiscoveryType'
  | 'edsClusterConfig'
  | 'loadAssignment'
  | 'lbPolicy'
  | 'lbConfig'
  | 'dnsLookupFamily'
  | 'dnsJitter'
  | 'dnsRefreshRate'
  | 'respectDnsTtl'
>

/** Several proxies do not ask for one name at the same moment. */
const dnsJitterMs = 100

const connectStrategy = 'istio.io/connect-strategy'

/**
 * `sent`: by EDS. `resolved`: names in the cluster itself. `dialled`: the address of the connection. `requested`: the name in
 * the request.
 */
export type HostSource = 'sent' | 'resolved' | 'dialled' | 'requested'

export function hostSource({ resolution }: ServiceModel, policy: TrafficPolicy | undefined): HostSource {
  if (resolution === 'DYNAMIC_DNS') return 'requested'
  if (resolution === 'NONE' || isPassthrough(policy?.loadBalancer)) return 'dialled'
  return resolution === 'STATIC' ? 'sent' : 'resolved'
}

export interface DiscoverySpec {
  readonly name: string
  readonly service: ServiceModel
  readonly port: ServicePortModel
  readonly source: HostSource
  /** For names that are resolved. */
  readonly assignment: ClusterLoadAssignment | undefined
}

export function discovery(
  { name, service, port, source, assignment }: DiscoverySpec,
  settings: MeshSettings,
): Discovery {
  switch (source) {
    case 'requested':
      return {
        lbPolicy: LbPolicy.CLUSTER_PROVIDED,
        clusterDiscoveryType: {
          case: 'clusterType',
          value: { name: 'envoy.clusters.dynamic_forward_proxy', typedConfig: dynamicForwardProxy(service) },
        },
      }
    case 'dialled':
      return {
        lbPolicy: LbPolicy.CLUSTER_PROVIDED,
        clusterDiscoveryType: { case: 'type', value: DiscoveryType.ORIGINAL_DST },
        ...(typeof port.targetPort === 'number' &&
          service.resolution === 'NONE' && {
            lbConfig: { case: 'originalDstLbConfig', value: { upstreamPortOverride: port.targetPort } },
          }),
      }
    case 'resolved':
      return { ...resolvedNames(service, settings), loadAssignment: assignment }
    case 'sent':
      return {
        clusterDiscoveryType: { case: 'type', value: DiscoveryType.EDS },
        edsClusterConfig: {
          serviceName: name,
          edsConfig: {
            configSourceSpecifier: { case: 'ads', value: {} },
            initialFetchTimeout: duration(0),
            resourceApiVersion: ApiVersion.V3,
          },
        },
      }
  }
}

/** The names that the filter resolves and the cluster dials are in one cache. */
export function dnsCache({ hostname }: ServiceModel): MessageInitShape<typeof DnsCacheConfigSchema> {
  return { name: `${hostname}_dfp_dns_cache`, dnsLookupFamily: DnsLookupFamily.V4_ONLY }
}

function dynamicForwardProxy(service: ServiceModel) {
  return any(DynamicForwardProxySchema, {
    clusterImplementationSpecifier: { case: 'dnsCacheConfig', value: dnsCache(service) },
  })
}

/** All addresses of a name are hosts (DNS), or only the next one is (DNS_ROUND_ROBIN). */
function resolvedNames({ resolution, object }: ServiceModel, settings: MeshSettings): Discovery {
  const races = object.metadata.annotations?.[connectStrategy] === 'RACE_FIRST_TCP_CONNECT'
  const oneAtATime = resolution === 'DNS_ROUND_ROBIN' || races
  return {
    clusterDiscoveryType: { case: 'type', value: oneAtATime ? DiscoveryType.LOGICAL_DNS : DiscoveryType.STRICT_DNS },
    dnsLookupFamily: races ? DnsLookupFamily.ALL : DnsLookupFamily.V4_ONLY,
    dnsJitter: duration(dnsJitterMs),
    dnsRefreshRate: duration(settings.dnsRefreshRateMs),
    respectDnsTtl: true,
  }
}
