// The cluster of a Service's port, or of a subset of it: where its hosts come from, and what its DestinationRules say.

import { create } from '@bufbuild/protobuf'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { ClusterSchema, type Cluster } from '../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { ProxyProtocolConfig_Version as ProxyProtocolVersion } from '../../envoy/generated/envoy/config/core/v3/proxy_protocol_pb.js'
import type { TransportSocketSchema } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import { ProxyProtocolUpstreamTransportSchema } from '../../envoy/generated/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.js'
import type { TrafficPolicy } from '../../resources/destination-rule.ts'
import { any, sourceMetadata } from '../envoy-message.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import { httpProtocolOptions, internalUpstream, rawBuffer } from './cluster-parts.ts'
import { connectionLimits } from './connection-limits.ts'
import { discovery, type DiscoverySpec, type HostSource } from './discovery.ts'
import { httpOptions } from './http-options.ts'
import { ORIGINAL_DST } from './load-assignment.ts'
import { loadBalancing } from './load-balancing.ts'
import type { LocalityPlan } from './locality-groups.ts'
import { outlierDetection } from './outlier-detection.ts'
import { tlsFromRequest, tlsSocket, type UpstreamTls } from './upstream-tls.ts'

type ClusterInit = MessageInitShape<typeof ClusterSchema>
type TransportSocketInit = MessageInitShape<typeof TransportSocketSchema>

export interface ServiceClusterSpec extends DiscoverySpec {
  /** `http`, `tcp/v1`: what of the Service it is, for telemetry. */
  readonly subset: string | undefined
  readonly policy: TrafficPolicy | undefined
  readonly tls: UpstreamTls | undefined
  readonly localityPlan: LocalityPlan | undefined
}

export function serviceCluster(spec: ServiceClusterSpec, settings: MeshSettings): Cluster {
  const { name, subset, service, port, policy, tls } = spec
  const host = { host: service.hostname, name: service.name, namespace: service.namespace }
  const http = httpOptions(port, policy?.connectionPool, tls && tlsFromRequest(tls), settings)
  return create(ClusterSchema, {
    name,
    altStatName: `${name};`,
    ...(balances(spec.source) && loadBalancing(policy?.loadBalancer)),
    ...(spec.source !== 'requested' && { commonLbConfig: commonLbConfig(spec) }),
    ...discovery(spec, settings),
    ...connectionLimits(policy?.connectionPool, policy?.retryBudget, settings),
    ...(policy?.outlierDetection && { outlierDetection: outlierDetection(policy.outlierDetection) }),
    transportSocket: internalUpstream([ORIGINAL_DST, 'istio'], hostSocket(tls, http.http2, policy?.proxyProtocol)),
    typedExtensionProtocolOptions: http.options && httpProtocolOptions(http.options),
    metadata: {
      filterMetadata: {
        istio: { services: [host], ...(subset === undefined ? {} : { subset }) },
        ...sourceMetadata(service.object, `port ${port.port}`),
      },
    },
  })
}

/** Elsewhere the cluster itself knows the host. */
function balances(source: HostSource): boolean {
  return source === 'sent' || source === 'resolved'
}

function commonLbConfig({ policy, localityPlan }: ServiceClusterSpec): ClusterInit['commonLbConfig'] {
  const { distribute, failover, failoverPriority } = localityPlan?.setting ?? {}
  const failsOver = localityPlan?.failsOver === true && (failover !== undefined || failoverPriority !== undefined)
  return {
    // Panic routing would send requests to hosts known to be bad.
    healthyPanicThreshold: { value: policy?.outlierDetection?.minHealthPercent ?? 0 },
    ...((failsOver || distribute !== undefined) && {
      localityConfigSpecifier: { case: 'localityWeightedLbConfig', value: {} },
    }),
  }
}

/** What is spoken to a host, inside the tunnel if there is one. */
function hostSocket(
  tls: UpstreamTls | undefined,
  http2: boolean,
  proxyProtocol: TrafficPolicy['proxyProtocol'],
): TransportSocketInit {
  const socket = tls === undefined ? rawBuffer() : tlsSocket(tls, http2)
  if (proxyProtocol === undefined) return socket
  const version = proxyProtocol.version === 'V2' ? ProxyProtocolVersion.V2 : ProxyProtocolVersion.V1
  const config = any(ProxyProtocolUpstreamTransportSchema, { config: { version }, transportSocket: socket })
  return {
    name: 'envoy.transport_sockets.upstream_proxy_protocol',
    configType: { case: 'typedConfig', value: config },
  }
}
