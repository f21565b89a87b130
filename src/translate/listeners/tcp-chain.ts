// The filter chain that passes bytes on: a Service's port whose protocol is not HTTP, or what looks like no HTTP.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type {
  FilterChainSchema,
  FilterSchema,
} from '../../envoy/generated/envoy/config/listener/v3/listener_components_pb.js'
import { TcpProxySchema } from '../../envoy/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js'
import { any } from '../envoy-message.ts'

type FilterInit = MessageInitShape<typeof FilterSchema>

export function tcpFilterChain(
  name: string,
  cluster: string,
  before: FilterInit[],
  metadata?: MessageInitShape<typeof FilterChainSchema>['metadata'],
): MessageInitShape<typeof FilterChainSchema> {
  const tcpProxy = any(TcpProxySchema, { statPrefix: cluster, clusterSpecifier: { case: 'cluster', value: cluster } })
  const filter = {
    name: 'envoy.filters.network.tcp_proxy',
    configType: { case: 'typedConfig' as const, value: tcpProxy },
  }
  return { name, filters: [...before, filter], metadata }
}
