// The one socket of a waypoint: mTLS, then CONNECT streams into main_internal, with what the next hop must know of the tunnel.

import { create } from '@bufbuild/protobuf'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { SubstitutionFormatStringSchema } from '../../envoy/generated/envoy/config/core/v3/substitution_format_string_pb.js'
import { ListenerSchema, type Listener } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import {
  FilterStateValue_SharedWithUpstream as Shared,
  type FilterStateValueSchema,
} from '../../envoy/generated/envoy/extensions/filters/common/set_filter_state/v3/value_pb.js'
import { RouterSchema } from '../../envoy/generated/envoy/extensions/filters/http/router/v3/router_pb.js'
import { ConfigSchema as SetFilterStateSchema } from '../../envoy/generated/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.js'
import {
  HttpConnectionManager_ForwardClientCertDetails as ForwardClientCert,
  HttpConnectionManagerSchema,
} from '../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import { MAIN_INTERNAL } from '../clusters/plumbing-clusters.ts'
import { any, duration } from '../envoy-message.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import { downstreamMeshTls } from '../tls.ts'

type FilterStateValueInit = MessageInitShape<typeof FilterStateValueSchema>

/** A ztunnel opens a further connection when one carries this many tunnels. */
const maxConcurrentStreams = 100

export interface ListenAddress {
  readonly address: string
  readonly port: number
}

export function connectTerminateListener(listen: readonly ListenAddress[], settings: MeshSettings): Listener {
  const [first, ...others] = listen.map(socketAddress)
  return create(ListenerSchema, {
    name: 'connect_terminate',
    address: first,
    additionalAddresses: others.map((address) => ({ address })),
    connectionBalanceConfig: { balanceType: { case: 'exactBalance', value: {} } },
    filterChains: [
      {
        name: 'default',
        transportSocket: downstreamMeshTls(settings),
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            configType: { case: 'typedConfig', value: connectionManager() },
          },
        ],
      },
    ],
  })
}

function socketAddress({ address, port }: ListenAddress) {
  const portSpecifier = { case: 'portValue' as const, value: port }
  return { address: { case: 'socketAddress' as const, value: { address, portSpecifier } } }
}

function connectionManager() {
  return any(HttpConnectionManagerSchema, {
    statPrefix: 'connect_terminate',
    serverName: 'istio-envoy',
    useRemoteAddress: false,
    forwardClientCertDetails: ForwardClientCert.APPEND_FORWARD,
    setCurrentClientCertDetails: { subject: true, uri: true, dns: true },
    // A tunnel without traffic is kept: its end points decide when it is over.
    streamIdleTimeout: duration(0),
    http2ProtocolOptions: {
      allowConnect: true,
      maxConcurrentStreams,
      connectionKeepalive: { interval: duration(10_000), timeout: duration(20_000) },
    },
    upgradeConfigs: [{ upgradeType: 'CONNECT' }],
    httpFilters: [
      {
        name: 'connect_authority',
        configType: { case: 'typedConfig', value: any(SetFilterStateSchema, { onRequestHeaders: tunnelFacts() }) },
      },
      { name: 'envoy.filters.http.router', configType: { case: 'typedConfig', value: any(RouterSchema) } },
    ],
    routeSpecifier: {
      case: 'routeConfig',
      value: {
        name: 'default',
        virtualHosts: [
          {
            name: 'default',
            domains: ['*'],
            routes: [
              {
                match: { pathSpecifier: { case: 'connectMatcher', value: {} } },
                action: {
                  case: 'route',
                  value: {
                    clusterSpecifier: { case: 'cluster', value: MAIN_INTERNAL },
                    upgradeConfigs: [{ upgradeType: 'CONNECT', connectConfig: {} }],
                  },
                },
              },
            ],
          },
        ],
      },
    },
  })
}

/**
 * What the inner connection takes from its tunnel. Identities are hashable, so that pools behind the hop are kept apart by
 * them: with Envoy's plain string one client's connection would be lent to another.
 */
function tunnelFacts(): FilterStateValueInit[] {
  return [
    shared('envoy.filters.listener.original_dst.local_ip', '%REQ(:AUTHORITY)%'),
    identity('io.istio.connect_authority', '%REQ(:AUTHORITY)%'),
    shared('envoy.filters.listener.original_dst.remote_ip', '%DOWNSTREAM_REMOTE_ADDRESS%'),
    identity('io.istio.peer_principal', '%DOWNSTREAM_PEER_URI_SAN%'),
    identity('io.istio.local_principal', '%DOWNSTREAM_LOCAL_URI_SAN%'),
  ]
}

function shared(objectKey: string, format: string): FilterStateValueInit {
  return {
    key: { case: 'objectKey', value: objectKey },
    value: { case: 'formatString', value: formatString(format) },
    sharedWithUpstream: Shared.ONCE,
  }
}

function identity(objectKey: string, format: string): FilterStateValueInit {
  return { ...shared(objectKey, format), factoryKey: 'envoy.hashable_string' }
}

export function formatString(text: string): MessageInitShape<typeof SubstitutionFormatStringSchema> {
  const specifier = { case: 'inlineString' as const, value: text }
  return { format: { case: 'textFormatSource', value: { specifier } } }
}
