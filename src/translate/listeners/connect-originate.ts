// The internal listener that puts a connection into a tunnel: CONNECT with the destination as authority.

import { create } from '@bufbuild/protobuf'
import { ListenerSchema, type Listener } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { OriginalDstSchema } from '../../envoy/generated/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.js'
import { TcpProxySchema } from '../../envoy/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js'
import { connectOriginateName } from '../clusters/plumbing-clusters.ts'
import { any } from '../envoy-message.ts'

export function connectOriginateListener(hbonePort: number): Listener {
  const name = connectOriginateName(hbonePort)
  const tcpProxy = any(TcpProxySchema, {
    statPrefix: name,
    clusterSpecifier: { case: 'cluster', value: name },
    tunnelingConfig: { hostname: '%DOWNSTREAM_LOCAL_ADDRESS%' },
  })
  return create(ListenerSchema, {
    name,
    listenerSpecifier: { case: 'internalListener', value: {} },
    useOriginalDst: false,
    listenerFilters: [
      {
        name: 'envoy.filters.listener.original_dst',
        configType: { case: 'typedConfig', value: any(OriginalDstSchema) },
      },
    ],
    filterChains: [
      { filters: [{ name: 'envoy.filters.network.tcp_proxy', configType: { case: 'typedConfig', value: tcpProxy } }] },
    ],
  })
}
