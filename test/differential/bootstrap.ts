// Builds the static Envoy bootstrap for one group of cases, in the shape that istiod gives a waypoint: connect_terminate ->
// main_internal -> one chain per service -> connect_originate. The same file goes to every proxy under test.

import type { Json, JsonObject } from './case.ts'
import { HTTP_LOG_FORMAT, TCP_LOG_FORMAT } from './access-logs.ts'
import { FIRST_POD_OCTET, SERVICE_PORTS, type PlacedCase } from './placement.ts'
import { fileLog, httpProtocolOptions, internalUpstream, router, socketAddress, typed } from './envoy-json.ts'
import { chainNames, serviceChains, serviceClusters } from './service-configuration.ts'

export interface BootstrapInput {
  readonly cases: readonly PlacedCase[]
  readonly network: number
  readonly adminPort: number
  /** Port of connect_terminate on 127.0.0.1. */
  readonly terminatePort: number
  /** Port to which connect_originate dials on every pod address. */
  readonly hbonePort: number
  readonly files: {
    readonly certificateChain: string
    readonly key: string
    readonly root: string
    readonly innerLog: string
    readonly terminateLog: string
    readonly originateLog: string
  }
  /** The root certificate, PEM, for the place where the configuration carries it inline. */
  readonly rootPem: string
}

const NO_LIMITS = {
  thresholds: [
    {
      max_connections: 4294967295,
      max_pending_requests: 4294967295,
      max_requests: 4294967295,
      max_retries: 4294967295,
    },
  ],
}

const TLS_1_3 = { tls_maximum_protocol_version: 'TLSv1_3', tls_minimum_protocol_version: 'TLSv1_3' }

export function buildBootstrap(input: BootstrapInput): JsonObject {
  return {
    node: { id: 'waypoint', cluster: 'waypoint' },
    bootstrap_extensions: [
      {
        name: 'envoy.bootstrap.internal_listener',
        typed_config: typed('envoy.extensions.bootstrap.internal_listener.v3.InternalListener'),
      },
    ],
    admin: { address: socketAddress('127.0.0.1', input.adminPort) },
    static_resources: {
      listeners: [connectTerminate(input), mainInternal(input), connectOriginateListener(input)],
      clusters: [
        internalCluster('main_internal', 'main_internal'),
        internalCluster('encap', 'connect_originate'),
        connectOriginateCluster(input),
        ...input.cases.flatMap((item) => serviceClusters(item)),
      ],
    },
  }
}

function connectTerminate(input: BootstrapInput): JsonObject {
  return {
    name: 'connect_terminate',
    address: socketAddress('127.0.0.1', input.terminatePort),
    filter_chains: [
      {
        name: 'default',
        transport_socket: {
          name: 'tls',
          typed_config: typed('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
            require_client_certificate: true,
            common_tls_context: {
              alpn_protocols: ['h2'],
              tls_params: TLS_1_3,
              ...certificates(input, { filename: input.files.root }, ['spiffe://cluster.local/']),
            },
          }),
        },
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
              stat_prefix: 'connect_terminate',
              server_name: 'istio-envoy',
              use_remote_address: false,
              stream_idle_timeout: '0s',
              forward_client_cert_details: 'APPEND_FORWARD',
              set_current_client_cert_details: { dns: true, subject: true, uri: true },
              upgrade_configs: [{ upgrade_type: 'CONNECT' }],
              http2_protocol_options: {
                allow_connect: true,
                max_concurrent_streams: 100,
                connection_keepalive: { interval: '10s', timeout: '20s' },
              },
              access_log: [fileLog(input.files.terminateLog, HTTP_LOG_FORMAT)],
              http_filters: [connectAuthority(), router()],
              route_config: {
                name: 'default',
                virtual_hosts: [
                  {
                    name: 'default',
                    domains: ['*'],
                    routes: [
                      {
                        match: { connect_matcher: {} },
                        route: {
                          cluster: 'main_internal',
                          upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }],
                        },
                      },
                    ],
                  },
                ],
              },
            }),
          },
        ],
      },
    ],
  }
}

/** What the CONNECT says of both ends becomes filter state of the inner connection. */
function connectAuthority(): JsonObject {
  const fact = (key: string, format: string, hashable: boolean): JsonObject => ({
    object_key: key,
    ...(hashable ? { factory_key: 'envoy.hashable_string' } : {}),
    format_string: { text_format_source: { inline_string: format } },
    shared_with_upstream: 'ONCE',
  })
  return {
    name: 'connect_authority',
    typed_config: typed('envoy.extensions.filters.http.set_filter_state.v3.Config', {
      on_request_headers: [
        fact('envoy.filters.listener.original_dst.local_ip', '%REQ(:AUTHORITY)%', false),
        fact('io.istio.connect_authority', '%REQ(:AUTHORITY)%', true),
        fact('envoy.filters.listener.original_dst.remote_ip', '%DOWNSTREAM_REMOTE_ADDRESS%', false),
        fact('io.istio.peer_principal', '%DOWNSTREAM_PEER_URI_SAN%', true),
        fact('io.istio.local_principal', '%DOWNSTREAM_LOCAL_URI_SAN%', true),
      ],
    }),
  }
}

function mainInternal(input: BootstrapInput): JsonObject {
  const sniffed = [SERVICE_PORTS.http, SERVICE_PORTS.tcp].map((port) => ({
    destination_port_range: { start: port, end: port + 1 },
  }))
  const ranges: Json[] = input.cases
    .filter((item) => item.service.protocol !== 'direct')
    .map((item) => rangeMatch(item.vip, 32, chainByPort(item)))
  ranges.push(rangeMatch(`127.${input.network}.${FIRST_POD_OCTET}.0`, 17, byProtocol('direct-http', 'direct-tcp')))
  return {
    name: 'main_internal',
    internal_listener: {},
    traffic_direction: 'INBOUND',
    listener_filters: [
      {
        name: 'envoy.filters.listener.original_dst',
        typed_config: typed('envoy.extensions.filters.listener.original_dst.v3.OriginalDst'),
      },
      {
        name: 'envoy.filters.listener.http_inspector',
        filter_disabled: { or_match: { rules: sniffed } },
        typed_config: typed('envoy.extensions.filters.listener.http_inspector.v3.HttpInspector'),
      },
    ],
    filter_chain_matcher: {
      matcher_tree: {
        input: networkInput('ip', 'DestinationIPInput'),
        custom_match: {
          name: 'ip',
          typed_config: { '@type': 'type.googleapis.com/xds.type.matcher.v3.IPMatcher', range_matchers: ranges },
        },
      },
    },
    filter_chains: [
      ...input.cases.flatMap((item) => serviceChains(item, input.files.innerLog)),
      ...directChains(input.files.innerLog),
    ],
  }
}

function rangeMatch(address: string, length: number, onMatch: JsonObject): JsonObject {
  return { ranges: [{ address_prefix: address, prefix_len: length }], on_match: onMatch }
}

function chainByPort(item: PlacedCase): JsonObject {
  const port = item.authority.split(':')[1]
  const names = chainNames(item)
  const chain = names.length === 2 ? byProtocol(names[0], names[1]) : chainAction(names[0])
  return {
    matcher: {
      matcher_tree: {
        input: networkInput('port', 'DestinationPortInput'),
        exact_match_map: { map: { [port]: chain } },
      },
    },
  }
}

function byProtocol(http: string, tcp: string): JsonObject {
  return {
    matcher: {
      matcher_tree: {
        input: networkInput('application-protocol', 'ApplicationProtocolInput'),
        exact_match_map: { map: { "'h2c'": chainAction(http), "'http/1.1'": chainAction(http) } },
      },
      on_no_match: chainAction(tcp),
    },
  }
}

function chainAction(name: string): JsonObject {
  return { action: { name, typed_config: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: name } } }
}

function networkInput(name: string, type: string): JsonObject {
  return { name, typed_config: typed(`envoy.extensions.matching.common_inputs.network.v3.${type}`) }
}

/** The chains for clients that address a pod: the destination that the CONNECT named is passed on as it is. */
function directChains(log: string): JsonObject[] {
  const keepDestination: JsonObject = {
    name: 'connect_authority',
    typed_config: typed('envoy.extensions.filters.network.set_filter_state.v3.Config', {
      on_new_connection: [
        {
          object_key: 'envoy.filters.listener.original_dst.local_ip',
          format_string: {
            text_format_source: { inline_string: '%FILTER_STATE(envoy.filters.listener.original_dst.local_ip:PLAIN)%' },
          },
          shared_with_upstream: 'ONCE',
        },
      ],
    }),
  }
  return [
    {
      name: 'direct-http',
      filters: [
        keepDestination,
        {
          name: 'envoy.filters.network.http_connection_manager',
          typed_config: typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
            stat_prefix: 'direct-http',
            server_name: 'istio-envoy',
            stream_idle_timeout: '0s',
            use_remote_address: false,
            access_log: [fileLog(log, HTTP_LOG_FORMAT)],
            http_filters: [router()],
            route_config: {
              name: 'encap',
              virtual_hosts: [
                {
                  name: 'inbound|http|0',
                  domains: ['*'],
                  routes: [{ name: 'default', match: { prefix: '/' }, route: { cluster: 'encap', timeout: '0s' } }],
                },
              ],
            },
          }),
        },
      ],
    },
    {
      name: 'direct-tcp',
      filters: [
        keepDestination,
        {
          name: 'envoy.filters.network.tcp_proxy',
          typed_config: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
            stat_prefix: 'encap',
            cluster: 'encap',
            access_log: [fileLog(log, TCP_LOG_FORMAT)],
          }),
        },
      ],
    },
  ]
}

function connectOriginateListener(input: BootstrapInput): JsonObject {
  return {
    name: 'connect_originate',
    internal_listener: {},
    use_original_dst: false,
    listener_filters: [
      {
        name: 'envoy.filters.listener.original_dst',
        typed_config: typed('envoy.extensions.filters.listener.original_dst.v3.OriginalDst'),
      },
    ],
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.tcp_proxy',
            typed_config: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
              stat_prefix: 'connect_originate',
              cluster: 'connect_originate',
              tunneling_config: { hostname: '%DOWNSTREAM_LOCAL_ADDRESS%' },
              access_log: [fileLog(input.files.originateLog, TCP_LOG_FORMAT)],
            }),
          },
        ],
      },
    ],
  }
}

function connectOriginateCluster(input: BootstrapInput): JsonObject {
  return {
    name: 'connect_originate',
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    connect_timeout: '2s',
    cleanup_interval: '60s',
    circuit_breakers: NO_LIMITS,
    original_dst_lb_config: {
      metadata_key: { key: 'envoy.filters.listener.original_dst', path: [{ key: 'waypoint' }] },
      upstream_port_override: input.hbonePort,
    },
    transport_socket: {
      name: 'tls',
      typed_config: typed('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
        common_tls_context: {
          alpn_protocols: ['h2'],
          tls_params: TLS_1_3,
          ...certificates(input, { inline_string: input.rootPem }, ['spiffe://cluster.local/ns/pods/sa/']),
        },
      }),
    },
    typed_extension_protocol_options: httpProtocolOptions({
      common_http_protocol_options: { idle_timeout: '3600s' },
      explicit_http_config: { http2_protocol_options: { allow_connect: true } },
    }),
  }
}

function certificates(input: BootstrapInput, root: JsonObject, prefixes: readonly string[]): JsonObject {
  return {
    tls_certificates: [
      { certificate_chain: { filename: input.files.certificateChain }, private_key: { filename: input.files.key } },
    ],
    validation_context: {
      trusted_ca: root,
      match_typed_subject_alt_names: prefixes.map((prefix) => ({ san_type: 'URI', matcher: { prefix } })),
    },
  }
}

function internalCluster(name: string, listener: string): JsonObject {
  return {
    name,
    type: 'STATIC',
    circuit_breakers: NO_LIMITS,
    load_assignment: {
      cluster_name: name,
      endpoints: [
        { lb_endpoints: [{ endpoint: { address: { envoy_internal_address: { server_listener_name: listener } } } }] },
      ],
    },
    transport_socket: internalUpstream([]),
    typed_extension_protocol_options: httpProtocolOptions({
      common_http_protocol_options: { idle_timeout: '300s' },
      use_downstream_protocol_config: { http2_protocol_options: {}, http_protocol_options: {} },
    }),
  }
}
