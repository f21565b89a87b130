// The part of the bootstrap that a case contributes: its filter chains and its clusters, with istiod's defaults wherever
// the case says nothing.

import { fileLog, httpProtocolOptions, internalUpstream, router, socketAddress, typed } from './envoy-json.ts'
import { HTTP_LOG_FORMAT, TCP_LOG_FORMAT } from './access-logs.ts'
import type { ClusterSpec, Json, JsonObject } from './case.ts'
import { POD_PORT, type PlacedCase } from './placement.ts'

/** istiod's retry policy for every route of a waypoint that does not set its own. */
export const DEFAULT_RETRY_POLICY: JsonObject = {
  num_retries: 2,
  retry_on: 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
  host_selection_retry_max_attempts: '5',
  retry_host_predicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: typed('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
    },
  ],
}

/** Names of the filter chains of a service: one, or for a sniffed port that of the HTTP chain and that of the TCP chain. */
export function chainNames(item: PlacedCase): string[] {
  const protocol = item.service.protocol ?? 'http'
  if (protocol === 'direct') return []
  return protocol === 'auto' ? [chainName(item, 'http'), chainName(item, 'tcp')] : [chainName(item, protocol)]
}

/** The chains with those names. */
export function serviceChains(item: PlacedCase, log: string): JsonObject[] {
  const protocol = item.service.protocol ?? 'http'
  if (protocol === 'direct') return []
  const chains: JsonObject[] = []
  if (protocol !== 'tcp') chains.push({ name: chainName(item, 'http'), filters: httpFilters(item, log) })
  if (protocol !== 'http') chains.push({ name: chainName(item, 'tcp'), filters: tcpFilters(item, log) })
  return chains.map((chain) => withClusterNames(chain, item) as JsonObject)
}

function httpFilters(item: PlacedCase, log: string): Json[] {
  const service = item.service
  const route: JsonObject = {
    name: 'default',
    match: { prefix: '/' },
    route: { cluster: '<<backend>>', timeout: '0s', max_grpc_timeout: '0s', retry_policy: DEFAULT_RETRY_POLICY },
  }
  const virtualHost = { name: 'inbound|http|80', domains: ['*'], routes: [...(service.routes ?? [route])] }
  const manager = merge(
    {
      stat_prefix: 'inbound_0.0.0.0_80;',
      server_name: 'istio-envoy',
      use_remote_address: false,
      normalize_path: true,
      path_with_escaped_slashes_action: 'KEEP_UNCHANGED',
      proxy_100_continue: true,
      stream_idle_timeout: '0s',
      request_id_extension: {
        typed_config: typed('envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig', {
          use_request_id_for_trace_sampling: true,
        }),
      },
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      access_log: [fileLog(log, HTTP_LOG_FORMAT)],
      http_filters: [...(service.filters ?? []), router()],
      route_config: merge(
        {
          name: chainName(item, 'http'),
          validate_clusters: false,
          max_direct_response_body_size_bytes: 1048576,
          virtual_hosts: [...(service.virtualHosts ?? [merge(virtualHost, service.virtualHost)])],
        },
        service.routeConfig,
      ),
    },
    service.hcm,
  )
  return [
    ...(service.networkFilters ?? []),
    {
      name: 'envoy.filters.network.http_connection_manager',
      typed_config: typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', manager),
    },
  ]
}

function tcpFilters(item: PlacedCase, log: string): Json[] {
  const proxy = merge(
    { stat_prefix: chainName(item, 'tcp'), cluster: '<<backend>>', access_log: [fileLog(log, TCP_LOG_FORMAT)] },
    item.service.tcp,
  )
  return [
    ...(item.service.networkFilters ?? []),
    {
      name: 'envoy.filters.network.tcp_proxy',
      typed_config: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', proxy),
    },
  ]
}

/** The clusters of a service, by default `backend` with the pod `a`. */
export function serviceClusters(item: PlacedCase): JsonObject[] {
  if (item.service.protocol === 'direct') return []
  const specs = item.service.clusters ?? { backend: { pods: item.pods.map((pod) => pod.name) } }
  return Object.entries(specs).map(([key, spec]) => serviceCluster(item, key, spec))
}

function serviceCluster(item: PlacedCase, key: string, spec: ClusterSpec): JsonObject {
  const name = clusterName(item, key)
  const options: JsonObject = spec.http2 === true ? { http2_protocol_options: {} } : { http_protocol_options: {} }
  return merge(
    {
      name,
      type: 'STATIC',
      lb_policy: 'LEAST_REQUEST',
      connect_timeout: '2s',
      common_lb_config: { healthy_panic_threshold: {} },
      load_assignment: {
        cluster_name: name,
        endpoints: [{ lb_endpoints: spec.pods.map((pod) => endpoint(item, pod)) }],
      },
      transport_socket: internalUpstream(['envoy.filters.listener.original_dst', 'istio']),
      typed_extension_protocol_options: httpProtocolOptions({ explicit_http_config: options }),
      ...(spec.pods.every((pod) => podOf(item, pod).spec.reach === 'plain') ? { transport_socket: undefined } : {}),
    },
    spec.extra,
  )
}

function endpoint(item: PlacedCase, name: string): JsonObject {
  const pod = podOf(item, name)
  const address = `${pod.address}:${POD_PORT}`
  if (pod.spec.reach === 'plain') {
    return { endpoint: { address: socketAddress(pod.address, POD_PORT) }, health_status: 'HEALTHY' }
  }
  return {
    endpoint: {
      address: { envoy_internal_address: { server_listener_name: 'connect_originate', endpoint_id: address } },
    },
    health_status: 'HEALTHY',
    load_balancing_weight: 1,
    metadata: {
      filter_metadata: {
        'envoy.filters.listener.original_dst': { local: address },
        istio: { workload: `${name};pods;${name};v1;Kubernetes` },
      },
    },
  }
}

function podOf(item: PlacedCase, name: string): PlacedCase['pods'][number] {
  const pod = item.pods.find((candidate) => candidate.name === name)
  if (pod === undefined) throw new Error(`${item.case.group}/${item.case.name} has no pod ${name}`)
  return pod
}

function chainName(item: PlacedCase, protocol: string): string {
  return `inbound-vip|${item.authority.split(':')[1]}|${protocol}|${item.case.name}.test.svc.cluster.local`
}

function clusterName(item: PlacedCase, key: string): string {
  return `${chainName(item, item.service.protocol === 'tcp' ? 'tcp' : 'http')}${key === 'backend' ? '' : `|${key}`}`
}

/** Replaces `<<key>>` by the cluster's name in every string. */
function withClusterNames(value: Json | undefined, item: PlacedCase): Json | undefined {
  if (typeof value === 'string') return value.replace(/<<(.*?)>>/g, (_, key: string) => clusterName(item, key))
  if (Array.isArray(value)) return value.map((entry: Json) => withClusterNames(entry, item) ?? null)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withClusterNames(entry, item)]))
}

/** `over` laid over `base`: objects are merged, anything else is replaced; undefined removes. */
function merge(base: JsonObject, over: JsonObject | undefined): JsonObject {
  const result: Record<string, Json | undefined> = { ...base }
  for (const [key, value] of Object.entries(over ?? {})) {
    const below = base[key]
    result[key] = isObject(below) && isObject(value) ? merge(below, value) : value
  }
  return result
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
