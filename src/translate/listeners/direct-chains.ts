// The chains of Pods that belong to the waypoint: whatever address and port the client dialled, HTTP or bytes, through a
// tunnel to that Pod.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type {
  FilterChainSchema,
  FilterSchema,
} from '../../envoy/generated/envoy/config/listener/v3/listener_components_pb.js'
import { FilterStateValue_SharedWithUpstream as Shared } from '../../envoy/generated/envoy/extensions/filters/common/set_filter_state/v3/value_pb.js'
import { ConfigSchema as SetFilterStateSchema } from '../../envoy/generated/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb.js'
import { ENCAP } from '../clusters/plumbing-clusters.ts'
import type { AuthorizationPolicy, RequestAuthentication } from '../../resources/istio-security.ts'
import { authenticationFilters } from '../authentication/authentication-filters.ts'
import { httpAuthorization, tcpAuthorization } from '../authorization/authorization-filters.ts'
import { any } from '../envoy-message.ts'
import { defaultRoute, routeConfiguration } from '../routes/service-routes.ts'
import { formatString } from './connect-terminate.ts'
import { httpFilterChain, type HttpChainSettings } from './http-chain.ts'
import { DIRECT_HTTP, DIRECT_TCP } from './main-internal.ts'
import { tcpFilterChain } from './tcp-chain.ts'

/** `policies` and `authentications` are those of the whole waypoint. */
export function directChains(
  settings: HttpChainSettings,
  policies: readonly AuthorizationPolicy[],
  authentications: readonly RequestAuthentication[],
): MessageInitShape<typeof FilterChainSchema>[] {
  const before = [passDestinationOn()]
  const http = {
    name: DIRECT_HTTP,
    port: 0,
    http2: false,
    grpcWeb: false,
    routes: routeConfiguration(ENCAP, 0, [defaultRoute(ENCAP, ':0/*')]),
    authorization: httpAuthorization(policies, settings.mesh),
    authentication: authenticationFilters(authentications),
    before,
  }
  const tcp = [...before, ...tcpAuthorization(policies, settings.mesh)]
  return [tcpFilterChain(DIRECT_TCP, ENCAP, tcp), httpFilterChain(http, settings)]
}

/** The dialled address came with the tunnel and must reach connect_originate too. */
function passDestinationOn(): MessageInitShape<typeof FilterSchema> {
  const localIp = 'envoy.filters.listener.original_dst.local_ip'
  const config = any(SetFilterStateSchema, {
    onNewConnection: [
      {
        key: { case: 'objectKey', value: localIp },
        value: { case: 'formatString', value: formatString(`%FILTER_STATE(${localIp}:PLAIN)%`) },
        sharedWithUpstream: Shared.ONCE,
      },
    ],
  })
  return { name: 'connect_authority', configType: { case: 'typedConfig', value: config } }
}
