// Which types may stand in which extension point, and what Cairn does with them. Categories are Envoy's. A type that is not listed
// in a category is refused there, and never left out: nobody knows what it does.
import { implemented, noEffect, refused, skippable, type Implemented, type NoEffect, type Refused } from './status.ts'

export type TypeStatus = Implemented | NoEffect | Refused
type Category = Readonly<Record<string, TypeStatus>>

const accessLoggers: Category = {
  'envoy.extensions.access_loggers.file.v3.FileAccessLog': implemented,
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog': implemented,
  'envoy.extensions.access_loggers.stream.v3.StderrAccessLog': implemented,
  'envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig': skippable('access logs over gRPC'),
  'envoy.extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig': skippable('access logs over gRPC'),
  'envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig': skippable('access logs over OTLP'),
}

const httpFilters: Category = {
  'envoy.extensions.filters.http.router.v3.Router': implemented,
  'envoy.extensions.filters.http.rbac.v3.RBAC': implemented,
  'envoy.extensions.filters.http.set_filter_state.v3.Config': implemented,
  'envoy.extensions.filters.http.cors.v3.Cors': implemented,
  'envoy.extensions.filters.http.fault.v3.HTTPFault': implemented,
  'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig': implemented,
  'envoy.extensions.filters.http.grpc_web.v3.GrpcWeb': implemented,
  'envoy.extensions.filters.http.buffer.v3.Buffer': skippable('buffering of requests'),
  'envoy.extensions.filters.http.compressor.v3.Compressor': skippable('compression'),
  'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit': skippable('local rate limits'),
  'envoy.extensions.filters.http.ratelimit.v3.RateLimit': skippable('rate limits'),
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSession': skippable('stateful sessions'),
  'stats.PluginConfig': skippable("Istio's statistics"),
  'io.istio.http.peer_metadata.Config': skippable("Istio's peer metadata"),
  'envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig': refused('the dynamic forward proxy'),
  'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz': implemented,
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation': implemented,
  'envoy.extensions.filters.http.header_to_metadata.v3.Config': refused('metadata from headers'),
  'envoy.extensions.filters.http.health_check.v3.HealthCheck': refused('answering health checks'),
  'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication': implemented,
  'envoy.extensions.filters.http.lua.v3.Lua': refused('Lua'),
  'envoy.extensions.filters.http.set_metadata.v3.Config': refused('setting metadata'),
  'envoy.extensions.filters.http.wasm.v3.Wasm': refused('Wasm'),
}

const perRoute: Category = {
  'envoy.config.route.v3.FilterConfig': implemented,
  'envoy.extensions.filters.http.rbac.v3.RBACPerRoute': implemented,
  'envoy.extensions.filters.http.set_filter_state.v3.Config': implemented,
  'envoy.extensions.filters.http.cors.v3.CorsPolicy': implemented,
  'envoy.extensions.filters.http.fault.v3.HTTPFault': implemented,
  'envoy.extensions.filters.http.buffer.v3.BufferPerRoute': skippable('buffering of requests'),
  'envoy.extensions.filters.http.compressor.v3.CompressorPerRoute': skippable('compression'),
  'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit': skippable('local rate limits'),
  'envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute': skippable('rate limits'),
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute': skippable('stateful sessions'),
  'envoy.extensions.filters.http.dynamic_forward_proxy.v3.PerRouteConfig': refused('the dynamic forward proxy'),
  'envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute': implemented,
  'envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig': implemented,
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute': implemented,
  'envoy.extensions.filters.http.lua.v3.LuaPerRoute': refused('Lua'),
}

const networkFilters: Category = {
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager': implemented,
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': implemented,
  'envoy.extensions.filters.network.rbac.v3.RBAC': implemented,
  'envoy.extensions.filters.network.set_filter_state.v3.Config': implemented,
  'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit': skippable('local rate limits'),
  'stats.PluginConfig': skippable("Istio's statistics"),
  'envoy.tcp.metadataexchange.config.MetadataExchange': skippable("Istio's metadata exchange"),
  'envoy.extensions.filters.network.direct_response.v3.Config': refused('direct responses'),
  'envoy.extensions.filters.network.echo.v3.Echo': refused('the echo filter'),
  'envoy.extensions.filters.network.ext_authz.v3.ExtAuthz': refused('external authorization'),
  'envoy.extensions.filters.network.sni_cluster.v3.SniCluster': refused('clusters by SNI'),
}

const upstreamTransportSockets: Category = {
  'envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport': implemented,
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer': implemented,
  'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext': implemented,
  'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport': refused('the PROXY protocol'),
}

/** Where a listener's or a network filter's tree names what only a request has, building it refuses that by path. */
const networkInputs: Category = {
  'envoy.extensions.matching.common_inputs.network.v3.ApplicationProtocolInput': implemented,
  'envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput': implemented,
  'envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput': implemented,
  'envoy.extensions.matching.common_inputs.network.v3.DirectSourceIPInput': implemented,
  'envoy.extensions.matching.common_inputs.network.v3.FilterStateInput': implemented,
  'envoy.extensions.matching.common_inputs.network.v3.ServerNameInput': implemented,
  'envoy.extensions.matching.common_inputs.network.v3.SourceIPInput': implemented,
  'envoy.extensions.matching.common_inputs.network.v3.SourcePortInput': implemented,
  'envoy.extensions.matching.common_inputs.network.v3.SourceTypeInput': implemented,
  'envoy.extensions.matching.common_inputs.network.v3.TransportProtocolInput': implemented,
  'envoy.extensions.matching.common_inputs.ssl.v3.UriSanInput': implemented,
  'envoy.extensions.matching.common_inputs.ssl.v3.DnsSanInput': implemented,
  'envoy.extensions.matching.common_inputs.ssl.v3.SubjectInput': implemented,
  'envoy.type.matcher.v3.HttpRequestHeaderMatchInput': implemented,
  'envoy.type.matcher.v3.HttpRequestQueryParamMatchInput': implemented,
  'envoy.extensions.matching.common_inputs.network.v3.DynamicMetadataInput': refused('matching on dynamic metadata'),
}

const loadBalancingPolicies: Category = {
  'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest': implemented,
  'envoy.extensions.load_balancing_policies.random.v3.Random': implemented,
  'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin': implemented,
  'envoy.extensions.load_balancing_policies.maglev.v3.Maglev': implemented,
  'envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash': implemented,
  'envoy.extensions.load_balancing_policies.subset.v3.Subset': implemented,
}

export const extensionPoints: Readonly<Record<string, Category>> = {
  'envoy.access_loggers': accessLoggers,
  'envoy.bootstrap': {
    'envoy.extensions.bootstrap.internal_listener.v3.InternalListener': implemented,
  },
  'envoy.clusters': {
    'envoy.extensions.clusters.dns.v3.DnsCluster': refused('DNS clusters by extension (use type STRICT_DNS)'),
    'envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig': refused('the dynamic forward proxy'),
  },
  'envoy.filters.http': httpFilters,
  'envoy.filters.http.per_route': perRoute,
  'envoy.filters.http.upstream': {
    'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec': implemented,
    'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation': refused('header mutation by filter'),
    'stats.PluginConfig': skippable("Istio's statistics"),
    'io.istio.http.peer_metadata.Config': skippable("Istio's peer metadata"),
  },
  'envoy.filters.listener': {
    'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector': implemented,
    'envoy.extensions.filters.listener.original_dst.v3.OriginalDst': implemented,
    'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector': implemented,
    'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol': refused('the PROXY protocol'),
  },
  'envoy.filters.network': networkFilters,
  'envoy.filters.upstream_network': {
    'envoy.tcp.metadataexchange.config.MetadataExchange': skippable("Istio's metadata exchange"),
  },
  'envoy.formatter': {
    'envoy.extensions.formatter.metadata.v3.Metadata': implemented,
    'envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery': implemented,
    'envoy.extensions.formatter.cel.v3.Cel': refused('CEL in format strings'),
  },
  'envoy.http.stateful_header_formatters': {
    'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig': implemented,
  },
  'envoy.load_balancing_policies': loadBalancingPolicies,
  'envoy.matching.actions': {
    'google.protobuf.StringValue': implemented,
    'envoy.config.rbac.v3.Action': implemented,
  },
  'envoy.matching.network.custom_matchers': {
    'xds.type.matcher.v3.IPMatcher': implemented,
    'xds.type.matcher.v3.ServerNameMatcher': refused('matching trees on the SNI'),
  },
  'envoy.matching.network.input': networkInputs,
  'envoy.network.dns_resolver': {
    'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig': skippable('name servers of its own'),
    'envoy.extensions.network.dns_resolver.getaddrinfo.v3.GetAddrInfoDnsResolverConfig': noEffect(
      "it is the system's resolver, as here",
    ),
  },
  'envoy.path.match': {
    'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig': implemented,
  },
  'envoy.path.rewrite': {
    'envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig': implemented,
  },
  'envoy.rbac.principals': {
    'envoy.extensions.rbac.principals.mtls_authenticated.v3.Config': implemented,
  },
  'envoy.regex_engines': {
    'envoy.extensions.regex_engines.v3.GoogleRE2': implemented,
  },
  'envoy.request_id': {
    'envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig': implemented,
  },
  'envoy.retry_host_predicates': {
    'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate': implemented,
    'envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate': implemented,
  },
  'envoy.retry_priorities': {
    'envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig': skippable('retry priorities'),
  },
  'envoy.transport_sockets.downstream': {
    'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer': implemented,
    'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext': implemented,
  },
  'envoy.transport_sockets.upstream': upstreamTransportSockets,
  'envoy.upstream_options': {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': implemented,
    'envoy.extensions.upstreams.tcp.v3.TcpProtocolOptions': skippable('idle time-outs of TCP pools'),
  },
}
