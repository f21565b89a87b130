// The filter chain that passes bytes on: a Service's port whose protocol is not HTTP, or what looks like no HTTP.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type {
  FilterChainSchema,
  FilterSchema,
} from '../../envoy/generated/envoy/config/listener/v3/listener_components_pb.js'
import { TcpProxySchema } from '../../envoy/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js'
import { any } from '../envoy-message.ts'

/** How long a connection lives, and what chooses its host. */
export type TcpProxySettings = Pick<
  MessageInitShape<typeof TcpProxySchema>,
  'idleTimeout' | 'maxDownstreamConnectionDuration' | 'hashPolicy'
>

type FilterInit = MessageInitShape<typeof FilterSchema>

export function tcpFilterChain(
  name: string,
  cluster: string,
  before: FilterInit[],
  metadata?: MessageInitShape<typeof FilterChainSchema>['metadata'],
  settings: TcpProxySettings = {},
): MessageInitShape<typeof FilterChainSchema> {
  const clusterSpecifier = { case: 'cluster' as const, value: cluster }
  const tcpProxy = any(TcpProxySchema, { statPrefix: cluster, clusterSpecifier, ...settings })
  const filter = {
    name: 'envoy.filters.network.tcp_proxy',
    configType: { case: 'typedConfig' as const, value: tcpProxy },
  }
  return { name, filters: [...before, filter], metadata }
}
