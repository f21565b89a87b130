// What stands in for configuration that is not supported and must not be left out: a filter that lets nothing through.
import { create } from '@bufbuild/protobuf'
import { packAny } from '../any.ts'
import {
  FilterSchema,
  type Filter,
  type FilterChain,
} from '../generated/envoy/config/listener/v3/listener_components_pb.js'
import { RBAC_Action, RBACSchema as RulesSchema } from '../generated/envoy/config/rbac/v3/rbac_pb.js'
import { RBACSchema as HttpRbacSchema } from '../generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.js'
import type { HttpFilter } from '../generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import { RBACSchema as NetworkRbacSchema } from '../generated/envoy/extensions/filters/network/rbac/v3/rbac_pb.js'
import { TcpProxySchema } from '../generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js'

/** ALLOW without a policy: nobody is allowed. */
const nobody = () => create(RulesSchema, { action: RBAC_Action.ALLOW })

/** Turns an HTTP filter into one that answers every request with 403; the name stays, so that one sees which it was. */
export function denyRequests(filter: HttpFilter): void {
  const value = packAny(HttpRbacSchema, create(HttpRbacSchema, { rules: nobody() }))
  filter.configType = { case: 'typedConfig', value }
  filter.disabled = false
  filter.isOptional = false
}

/** Turns a filter chain into one that closes every connection. What it matches and its name stay. */
export function denyConnections(chain: FilterChain): void {
  const rbac = create(NetworkRbacSchema, { rules: nobody(), statPrefix: 'unsupported' })
  const end = create(TcpProxySchema, {
    statPrefix: 'unsupported',
    clusterSpecifier: { case: 'cluster', value: 'unsupported' },
  })
  chain.filters = [
    filterOf('envoy.filters.network.rbac', packAny(NetworkRbacSchema, rbac)),
    filterOf('envoy.filters.network.tcp_proxy', packAny(TcpProxySchema, end)),
  ]
  chain.transportSocket = undefined
  chain.useProxyProto = undefined
}

function filterOf(name: string, value: ReturnType<typeof packAny>): Filter {
  return create(FilterSchema, { name, configType: { case: 'typedConfig', value } })
}
