// The static configuration that both proxies run, of the shape that istiod gives a waypoint: connect_terminate (mTLS, CONNECT)
// -> main_internal (chain by address and port, one RBAC policy, routes) -> connect_originate (HBONE to the destination). And the
// configuration of one sidecar, for the comparison with the model that ambient mesh replaces.

import type { IdentityFiles } from '../support/certificates.ts'

const typeUrl = (name: string) => `type.googleapis.com/${name}`
const hcm = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'
const matching = 'envoy.extensions.matching.common_inputs.network.v3'

/** The service behind the waypoint, as clients dial it. */
export const serviceAddress = '10.96.0.10'
export const serviceAuthority = `${serviceAddress}:80`
export const serviceHost = 'app.bench.svc.cluster.local'
export const clientPrincipal = 'spiffe://cluster.local/ns/bench/sa/client'
const serviceName = `inbound-vip|80|http|${serviceHost}`

export interface ListenerPorts {
  adminPort: number
  listenPort: number
}

export interface WaypointOptions extends ListenerPorts {
  identity: IdentityFiles
  /** The one workload behind the service, and where its HBONE endpoint listens. */
  workloadAddress: string
  hbonePort: number
  /** 1: a single route for everything. Otherwise so many exact paths, those of `routePaths`. */
  routes: number
}

/** The paths that a configuration with so many routes serves. */
export function routePaths(routes: number): string[] {
  if (routes === 1) return ['/bench/items/1']
  return Array.from({ length: routes }, (_, i) => `/bench/items/${i}/details`)
}

export function waypointConfig(options: WaypointOptions): object {
  return {
    node: { id: 'waypoint.bench', cluster: 'waypoint.bench' },
    bootstrap_extensions: [
      {
        name: 'envoy.bootstrap.internal_listener',
        typed_config: { '@type': typeUrl('envoy.extensions.bootstrap.internal_listener.v3.InternalListener') },
      },
    ],
    admin: { address: socketAddress('127.0.0.1', options.adminPort) },
    static_resources: {
      listeners: [connectTerminate(options), mainInternal(serviceRoutes(options.routes)), connectOriginateListener()],
      clusters: [mainInternalCluster(), serviceCluster(options.workloadAddress), connectOriginateCluster(options)],
    },
  }
}

function connectTerminate(options: WaypointOptions): object {
  return {
    name: 'connect_terminate',
    address: socketAddress('127.0.0.1', options.listenPort),
    filter_chains: [
      {
        name: 'default',
        transport_socket: tlsSocket('Downstream', options.identity, 'h2', true),
        filters: [
          connectionManager({
            stat_prefix: 'connect_terminate',
            forward_client_cert_details: 'APPEND_FORWARD',
            set_current_client_cert_details: { dns: true, subject: true, uri: true },
            http2_protocol_options: {
              allow_connect: true,
              max_concurrent_streams: 100,
              connection_keepalive: { interval: '10s', timeout: '20s' },
            },
            upgrade_configs: [{ upgrade_type: 'CONNECT' }],
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
        ],
      },
    ],
  }
}

function connectAuthority(): object {
  const state = (object_key: string, format: string, hashable: boolean) => ({
    object_key,
    ...(hashable ? { factory_key: 'envoy.hashable_string' } : {}),
    format_string: { text_format_source: { inline_string: format } },
    shared_with_upstream: 'ONCE',
  })
  return {
    name: 'connect_authority',
    typed_config: {
      '@type': typeUrl('envoy.extensions.filters.http.set_filter_state.v3.Config'),
      on_request_headers: [
        state('envoy.filters.listener.original_dst.local_ip', '%REQ(:AUTHORITY)%', false),
        state('io.istio.connect_authority', '%REQ(:AUTHORITY)%', true),
        state('envoy.filters.listener.original_dst.remote_ip', '%DOWNSTREAM_REMOTE_ADDRESS%', false),
        state('io.istio.peer_principal', '%DOWNSTREAM_PEER_URI_SAN%', true),
        state('io.istio.local_principal', '%DOWNSTREAM_LOCAL_URI_SAN%', true),
      ],
    },
  }
}

export function mainInternal(routes: object[]): object {
  const action = {
    name: serviceName,
    typed_config: { '@type': typeUrl('google.protobuf.StringValue'), value: serviceName },
  }
  const input = (name: string, message: string) => ({
    name,
    typed_config: { '@type': typeUrl(`${matching}.${message}`) },
  })
  const byPort = {
    matcher_tree: {
      input: input('port', 'DestinationPortInput'),
      exact_match_map: { map: { '80': { action } } },
    },
  }
  return {
    name: 'main_internal',
    internal_listener: {},
    traffic_direction: 'INBOUND',
    listener_filters: [
      {
        name: 'envoy.filters.listener.original_dst',
        typed_config: { '@type': typeUrl('envoy.extensions.filters.listener.original_dst.v3.OriginalDst') },
      },
    ],
    filter_chain_matcher: {
      matcher_tree: {
        input: input('ip', 'DestinationIPInput'),
        custom_match: {
          name: 'ip',
          typed_config: {
            '@type': typeUrl('xds.type.matcher.v3.IPMatcher'),
            range_matchers: [
              { ranges: [{ address_prefix: serviceAddress, prefix_len: 32 }], on_match: { matcher: byPort } },
            ],
          },
        },
      },
    },
    filter_chains: [{ name: serviceName, filters: [serviceConnectionManager(routes)] }],
  }
}

function serviceConnectionManager(routes: object[]): object {
  return connectionManager({
    stat_prefix: 'inbound_0.0.0.0_80;',
    normalize_path: true,
    path_with_escaped_slashes_action: 'KEEP_UNCHANGED',
    proxy_100_continue: true,
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    http_filters: [
      rbac({ filter_state: { key: 'io.istio.peer_principal', string_match: { exact: clientPrincipal } } }),
      router(),
    ],
    route_config: {
      name: serviceName,
      validate_clusters: false,
      virtual_hosts: [{ name: 'inbound|http|80', domains: ['*'], routes }],
    },
  })
}

/** One AuthorizationPolicy as istiod writes it: this principal may GET and POST below one prefix. */
function rbac(principal: object): object {
  const anyOf = (rules: object[]) => ({ or_rules: { rules } })
  return {
    name: 'envoy.filters.http.rbac',
    typed_config: {
      '@type': typeUrl('envoy.extensions.filters.http.rbac.v3.RBAC'),
      rules: {
        policies: {
          'ns[bench]-policy[allow-client]-rule[0]': {
            permissions: [
              {
                and_rules: {
                  rules: [
                    anyOf([
                      { header: { name: ':method', string_match: { exact: 'GET' } } },
                      { header: { name: ':method', string_match: { exact: 'POST' } } },
                    ]),
                    anyOf([{ url_path: { path: { prefix: '/bench/' } } }]),
                  ],
                },
              },
            ],
            principals: [{ and_ids: { ids: [{ or_ids: { ids: [principal] } }] } }],
          },
        },
      },
      shadow_rules_stat_prefix: 'istio_dry_run_allow_',
    },
  }
}

/** Routes to the service's cluster; `version` travels in a response header, so that a change can be seen arriving. */
export function serviceRoutes(routes: number, version?: number): object[] {
  const action = {
    route: {
      cluster: serviceName,
      timeout: '0s',
      max_grpc_timeout: '0s',
      retry_policy: {
        retry_on: 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
        num_retries: 2,
        host_selection_retry_max_attempts: '5',
        retry_host_predicate: [
          {
            name: 'envoy.retry_host_predicates.previous_hosts',
            typed_config: {
              '@type': typeUrl('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
            },
          },
        ],
      },
    },
    ...(version === undefined
      ? {}
      : { response_headers_to_add: [{ header: { key: 'x-route-version', value: String(version) } }] }),
  }
  if (routes === 1) return [{ name: 'default', match: { prefix: '/' }, ...action }]
  return routePaths(routes).map((path, i) => ({ name: `route-${i}`, match: { path }, ...action }))
}

function connectOriginateListener(): object {
  return {
    name: 'connect_originate',
    internal_listener: {},
    use_original_dst: false,
    listener_filters: [
      {
        name: 'envoy.filters.listener.original_dst',
        typed_config: { '@type': typeUrl('envoy.extensions.filters.listener.original_dst.v3.OriginalDst') },
      },
    ],
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.tcp_proxy',
            typed_config: {
              '@type': typeUrl('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'),
              stat_prefix: 'connect_originate',
              cluster: 'connect_originate',
              tunneling_config: { hostname: '%DOWNSTREAM_LOCAL_ADDRESS%' },
            },
          },
        ],
      },
    ],
  }
}

function mainInternalCluster(): object {
  return {
    name: 'main_internal',
    alt_stat_name: 'main_internal;',
    type: 'STATIC',
    circuit_breakers: noLimits,
    load_assignment: assignment('main_internal', {
      endpoint: { address: { envoy_internal_address: { server_listener_name: 'main_internal' } } },
    }),
    transport_socket: internalUpstream([]),
    typed_extension_protocol_options: httpOptions({
      common_http_protocol_options: { idle_timeout: '300s' },
      use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} },
    }),
  }
}

function serviceCluster(workloadAddress: string): object {
  return {
    name: serviceName,
    alt_stat_name: `${serviceName};`,
    type: 'STATIC',
    connect_timeout: '10s',
    lb_policy: 'LEAST_REQUEST',
    circuit_breakers: noLimits,
    common_lb_config: { healthy_panic_threshold: {} },
    load_assignment: assignment(serviceName, {
      endpoint: {
        address: {
          envoy_internal_address: { server_listener_name: 'connect_originate', endpoint_id: workloadAddress },
        },
      },
      health_status: 'HEALTHY',
      load_balancing_weight: 1,
      metadata: { filter_metadata: { 'envoy.filters.listener.original_dst': { local: workloadAddress } } },
    }),
    transport_socket: internalUpstream(['envoy.filters.listener.original_dst', 'istio']),
  }
}

function connectOriginateCluster(options: WaypointOptions): object {
  return {
    name: 'connect_originate',
    alt_stat_name: 'connect_originate;',
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    connect_timeout: '10s',
    cleanup_interval: '60s',
    circuit_breakers: noLimits,
    original_dst_lb_config: {
      upstream_port_override: options.hbonePort,
      metadata_key: { key: 'envoy.filters.listener.original_dst', path: [{ key: 'waypoint' }] },
    },
    transport_socket: tlsSocket('Upstream', options.identity, 'h2', false),
    typed_extension_protocol_options: httpOptions({
      common_http_protocol_options: { idle_timeout: '3600s' },
      explicit_http_config: { http2_protocol_options: { allow_connect: true } },
    }),
  }
}

export interface SidecarOptions extends ListenerPorts {
  identity: IdentityFiles
  applicationPort: number
}

/** The inbound half of one sidecar: an HTTP listener with mTLS and the same policy, in front of a plain local application. */
export function sidecarConfig(options: SidecarOptions): object {
  const name = 'inbound|8080||'
  return {
    node: { id: 'sidecar.bench', cluster: 'sidecar.bench' },
    admin: { address: socketAddress('127.0.0.1', options.adminPort) },
    static_resources: {
      listeners: [
        {
          name: 'virtualInbound',
          address: socketAddress('127.0.0.1', options.listenPort),
          filter_chains: [
            {
              transport_socket: tlsSocket('Downstream', options.identity, 'http/1.1', true),
              filters: [
                connectionManager({
                  stat_prefix: 'inbound_0.0.0.0_8080;',
                  normalize_path: true,
                  forward_client_cert_details: 'APPEND_FORWARD',
                  set_current_client_cert_details: { dns: true, subject: true, uri: true },
                  http_filters: [rbac({ authenticated: { principal_name: { exact: clientPrincipal } } }), router()],
                  route_config: {
                    name,
                    virtual_hosts: [
                      {
                        name: 'inbound|http|8080',
                        domains: ['*'],
                        routes: [{ name: 'default', match: { prefix: '/' }, route: { cluster: name, timeout: '0s' } }],
                      },
                    ],
                  },
                }),
              ],
            },
          ],
        },
      ],
      clusters: [
        {
          name,
          type: 'STATIC',
          connect_timeout: '10s',
          circuit_breakers: noLimits,
          load_assignment: assignment(name, {
            endpoint: { address: socketAddress('127.0.0.1', options.applicationPort) },
          }),
        },
      ],
    },
  }
}

const unlimited = 4_294_967_295
const noLimits = {
  thresholds: [
    { max_connections: unlimited, max_pending_requests: unlimited, max_requests: unlimited, max_retries: unlimited },
  ],
}

function connectionManager(config: object): object {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': typeUrl(hcm),
      server_name: 'istio-envoy',
      stream_idle_timeout: '0s',
      use_remote_address: false,
      ...config,
    },
  }
}

function router(): object {
  return {
    name: 'envoy.filters.http.router',
    typed_config: { '@type': typeUrl('envoy.extensions.filters.http.router.v3.Router') },
  }
}

function tlsSocket(
  side: 'Downstream' | 'Upstream',
  identity: IdentityFiles,
  alpn: string,
  requireClient: boolean,
): object {
  return {
    name: 'tls',
    typed_config: {
      '@type': typeUrl(`envoy.extensions.transport_sockets.tls.v3.${side}TlsContext`),
      common_tls_context: {
        alpn_protocols: [alpn],
        tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
        tls_certificates: [
          { certificate_chain: { filename: identity.chainFile }, private_key: { filename: identity.keyFile } },
        ],
        validation_context: {
          trusted_ca: { filename: identity.rootFile },
          match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: 'spiffe://cluster.local/' } }],
        },
      },
      ...(requireClient ? { require_client_certificate: true } : {}),
    },
  }
}

function internalUpstream(passthrough: string[]): object {
  return {
    name: 'internal_upstream',
    typed_config: {
      '@type': typeUrl('envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport'),
      ...(passthrough.length > 0
        ? { passthrough_metadata: passthrough.map((name) => ({ name, kind: { host: {} } })) }
        : {}),
      transport_socket: {
        name: 'raw_buffer',
        typed_config: { '@type': typeUrl('envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer') },
      },
    },
  }
}

function httpOptions(options: object): object {
  const name = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions'
  return { [name]: { '@type': typeUrl(name), ...options } }
}

function assignment(cluster_name: string, endpoint: object): object {
  return { cluster_name, endpoints: [{ lb_endpoints: [endpoint] }] }
}

function socketAddress(address: string, port_value: number): object {
  return { socket_address: { address, port_value } }
}
