// The filter chain that passes bytes on: a Service's port whose protocol is not HTTP, or what looks like no HTTP.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type {
  FilterChainSchema,
  FilterSchema,
} from '../../envoy/generated/envoy/config/listener/v3/listener_components_pb.js'
import { TcpProxySchema } from '../../envoy/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js'
import { any } from '../envoy-message.ts'
import type { WeightedCluster } from '../routes/backends.ts'

/** How long a connection lives, and what chooses its host. */
export type TcpProxySettings = Pick<
  MessageInitShape<typeof TcpProxySchema>,
  'idleTimeout' | 'maxDownstreamConnectionDuration' | 'hashPolicy'
>

type FilterInit = MessageInitShape<typeof FilterSchema>

/** `cluster` is the port's own; `clusters` are those of its route, if it has one. */
export function tcpFilterChain(
  name: string,
  cluster: string,
  before: FilterInit[],
  metadata?: MessageInitShape<typeof FilterChainSchema>['metadata'],
  settings: TcpProxySettings = {},
  clusters: readonly WeightedCluster[] = [{ cluster, weight: 1 }],
): MessageInitShape<typeof FilterChainSchema> {
  const proxy = { statPrefix: cluster, clusterSpecifier: clusterSpecifier(clusters), ...settings }
  const tcpProxy = any(TcpProxySchema, proxy)
  const filter = {
    name: 'envoy.filters.network.tcp_proxy',
    configType: { case: 'typedConfig' as const, value: tcpProxy },
  }
  return { name, filters: [...before, filter], metadata }
}

function clusterSpecifier(
  clusters: readonly WeightedCluster[],
): MessageInitShape<typeof TcpProxySchema>['clusterSpecifier'] {
  if (clusters.length === 1) return { case: 'cluster', value: clusters[0].cluster }
  const weighted = clusters.map(({ cluster, weight }) => ({ name: cluster, weight }))
  return { case: 'weightedClusters', value: { clusters: weighted } }
}
