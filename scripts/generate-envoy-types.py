"""Generates src/envoy/generated from Envoy's descriptors. Run by generate-envoy-types.mjs, which makes its environment.

The descriptors come from the PyPI package xds-protos (compiled Envoy, xDS and validate protos) and from
src/envoy/protos (Istio's, compiled by grpcio-tools). The closure of ROOTS is written as one CodeGeneratorRequest to
standard output, for protoc-gen-es; no protoc installation is needed.

What is kept of the options: validate.rules (evaluated at load), udpa.annotations.sensitive (redaction),
envoy.annotations (deprecations and disallowed fields), deprecated, packed, map_entry. The rest says nothing to Cairn.
"""

import importlib
import os
import sys

from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2
from grpc_tools import protoc

HERE = os.path.dirname(os.path.abspath(__file__))
OWN_PROTOS = os.path.join(HERE, '..', 'src', 'envoy', 'protos')
ENVOY_PROTOS_VERSION = 'xds-protos 1.85.0'

# A file here, and what it imports, is part of what Cairn can name. A type URL outside of it is refused as unknown.
ROOTS = """
envoy/admin/v3/certs envoy/admin/v3/clusters envoy/admin/v3/config_dump envoy/admin/v3/init_dump envoy/admin/v3/listeners
envoy/admin/v3/memory envoy/admin/v3/server_info
envoy/config/accesslog/v3/accesslog envoy/config/bootstrap/v3/bootstrap envoy/config/cluster/v3/cluster
envoy/config/core/v3/extension envoy/config/core/v3/substitution_format_string
envoy/config/endpoint/v3/endpoint envoy/config/listener/v3/listener envoy/config/rbac/v3/rbac envoy/config/route/v3/route
envoy/config/trace/v3/opentelemetry envoy/config/trace/v3/zipkin
envoy/data/accesslog/v3/accesslog
envoy/extensions/access_loggers/file/v3/file envoy/extensions/access_loggers/filters/cel/v3/cel
envoy/extensions/access_loggers/grpc/v3/als envoy/extensions/access_loggers/open_telemetry/v3/logs_service
envoy/extensions/access_loggers/stream/v3/stream
envoy/extensions/bootstrap/internal_listener/v3/internal_listener
envoy/extensions/clusters/dns/v3/dns_cluster envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster
envoy/extensions/common/matching/v3/extension_matcher
envoy/extensions/filters/common/set_filter_state/v3/value
envoy/extensions/filters/http/buffer/v3/buffer envoy/extensions/filters/http/compressor/v3/compressor
envoy/extensions/filters/http/cors/v3/cors
envoy/extensions/filters/http/dynamic_forward_proxy/v3/dynamic_forward_proxy
envoy/extensions/filters/http/ext_authz/v3/ext_authz envoy/extensions/filters/http/fault/v3/fault
envoy/extensions/filters/http/grpc_stats/v3/config envoy/extensions/filters/http/grpc_web/v3/grpc_web
envoy/extensions/filters/http/header_mutation/v3/header_mutation
envoy/extensions/filters/http/header_to_metadata/v3/header_to_metadata
envoy/extensions/filters/http/health_check/v3/health_check
envoy/extensions/filters/http/jwt_authn/v3/config envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit
envoy/extensions/filters/http/lua/v3/lua envoy/extensions/filters/http/rbac/v3/rbac
envoy/extensions/filters/http/ratelimit/v3/rate_limit
envoy/extensions/filters/http/router/v3/router envoy/extensions/filters/http/set_filter_state/v3/set_filter_state
envoy/extensions/filters/http/set_metadata/v3/set_metadata envoy/extensions/filters/http/stateful_session/v3/stateful_session
envoy/extensions/filters/http/upstream_codec/v3/upstream_codec envoy/extensions/filters/http/wasm/v3/wasm
envoy/extensions/filters/listener/http_inspector/v3/http_inspector
envoy/extensions/filters/listener/original_dst/v3/original_dst
envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol
envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector
envoy/extensions/filters/network/direct_response/v3/config
envoy/extensions/filters/network/echo/v3/echo
envoy/extensions/filters/network/ext_authz/v3/ext_authz
envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager
envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit
envoy/extensions/filters/network/rbac/v3/rbac envoy/extensions/filters/network/set_filter_state/v3/set_filter_state
envoy/extensions/filters/network/sni_cluster/v3/sni_cluster
envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy
envoy/extensions/formatter/cel/v3/cel envoy/extensions/formatter/metadata/v3/metadata
envoy/extensions/formatter/req_without_query/v3/req_without_query
envoy/extensions/http/original_ip_detection/xff/v3/xff
envoy/extensions/http/stateful_session/cookie/v3/cookie envoy/extensions/http/stateful_session/header/v3/header
envoy/extensions/load_balancing_policies/cluster_provided/v3/cluster_provided
envoy/extensions/load_balancing_policies/least_request/v3/least_request
envoy/extensions/load_balancing_policies/maglev/v3/maglev
envoy/extensions/load_balancing_policies/pick_first/v3/pick_first
envoy/extensions/load_balancing_policies/random/v3/random
envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash
envoy/extensions/load_balancing_policies/round_robin/v3/round_robin
envoy/extensions/load_balancing_policies/subset/v3/subset
envoy/extensions/load_balancing_policies/wrr_locality/v3/wrr_locality
envoy/extensions/matching/common_inputs/environment_variable/v3/input
envoy/extensions/matching/common_inputs/network/v3/network_inputs
envoy/extensions/matching/common_inputs/ssl/v3/ssl_inputs
envoy/extensions/matching/common_inputs/transport_socket/v3/transport_socket_inputs
envoy/extensions/matching/input_matchers/ip/v3/ip envoy/extensions/matching/input_matchers/metadata/v3/metadata
envoy/extensions/matching/input_matchers/runtime_fraction/v3/runtime_fraction
envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver
envoy/extensions/network/dns_resolver/getaddrinfo/v3/getaddrinfo_dns_resolver
envoy/extensions/path/match/uri_template/v3/uri_template_match
envoy/extensions/path/rewrite/uri_template/v3/uri_template_rewrite
envoy/extensions/rbac/audit_loggers/stream/v3/stream
envoy/extensions/rbac/matchers/upstream_ip_port/v3/upstream_ip_port_matcher
envoy/extensions/rbac/principals/mtls_authenticated/v3/mtls_authenticated
envoy/extensions/regex_engines/v3/google_re2
envoy/extensions/request_id/uuid/v3/uuid
envoy/extensions/retry/host/omit_canary_hosts/v3/omit_canary_hosts
envoy/extensions/retry/host/previous_hosts/v3/previous_hosts
envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config
envoy/extensions/tracers/opentelemetry/resource_detectors/v3/environment_resource_detector
envoy/extensions/transport_sockets/internal_upstream/v3/internal_upstream
envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol
envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer envoy/extensions/transport_sockets/tls/v3/tls
envoy/extensions/transport_sockets/tls/v3/secret
envoy/extensions/upstreams/http/generic/v3/generic_connection_pool
envoy/extensions/upstreams/http/http/v3/http_connection_pool
envoy/extensions/upstreams/http/tcp/v3/tcp_connection_pool envoy/extensions/upstreams/http/v3/http_protocol_options
envoy/extensions/upstreams/tcp/v3/tcp_protocol_options
envoy/service/accesslog/v3/als envoy/service/auth/v3/external_auth envoy/service/discovery/v3/ads
envoy/service/discovery/v3/discovery
envoy/type/matcher/v3/address envoy/type/matcher/v3/filter_state envoy/type/matcher/v3/http_inputs
envoy/type/matcher/v3/metadata envoy/type/matcher/v3/node envoy/type/matcher/v3/number envoy/type/matcher/v3/path
envoy/type/matcher/v3/regex envoy/type/matcher/v3/status_code_input envoy/type/matcher/v3/string
envoy/type/matcher/v3/struct envoy/type/matcher/v3/value envoy/type/v3/http_status
udpa/type/v1/typed_struct
xds/core/v3/extension xds/core/v3/cidr
xds/type/matcher/v3/cel xds/type/matcher/v3/domain xds/type/matcher/v3/http_inputs xds/type/matcher/v3/ip
xds/type/matcher/v3/matcher xds/type/matcher/v3/range xds/type/matcher/v3/regex xds/type/matcher/v3/string
xds/type/v3/typed_struct
opentelemetry/proto/collector/logs/v1/logs_service opentelemetry/proto/collector/trace/v1/trace_service
""".split()

OWN_ROOTS = ['istio/workload.proto', 'istio/stats.proto']

KEPT_OPTIONS = {
    'deprecated', 'packed', 'map_entry', 'allow_alias',
    'validate.rules', 'validate.disabled', 'validate.ignored', 'validate.required',
    'udpa.annotations.sensitive',
    'envoy.annotations.deprecated_at_minor_version', 'envoy.annotations.disallowed_by_default',
    'envoy.annotations.deprecated_at_minor_version_enum', 'envoy.annotations.disallowed_by_default_enum',
}

# Imports that only carry options which are dropped.
DROPPED_IMPORTS = {
    'udpa/annotations/migrate.proto', 'udpa/annotations/security.proto', 'udpa/annotations/status.proto',
    'udpa/annotations/versioning.proto', 'xds/annotations/v3/migrate.proto', 'xds/annotations/v3/security.proto',
    'xds/annotations/v3/sensitive.proto', 'xds/annotations/v3/status.proto', 'xds/annotations/v3/versioning.proto',
    'envoy/annotations/resource.proto', 'google/api/annotations.proto',
}


def published_files():
    """Loads the compiled modules of ROOTS and returns their closure, imports first."""
    ordered, seen = [], set()

    def visit(file):
        if file.name in seen or file.name in DROPPED_IMPORTS:
            return
        seen.add(file.name)
        for dependency in file.dependencies:
            visit(dependency)
        ordered.append(file)

    for root in ROOTS:
        visit(importlib.import_module(root.replace('/', '.') + '_pb2').DESCRIPTOR)
    return [descriptor_pb2.FileDescriptorProto.FromString(file.serialized_pb) for file in ordered]


def own_files(out):
    include = os.path.join(os.path.dirname(protoc.__file__), '_proto')
    code = protoc.main(['protoc', '-I', OWN_PROTOS, '-I', include, '--descriptor_set_out', out, *OWN_ROOTS])
    if code != 0:
        sys.exit('protoc refused src/envoy/protos')
    with open(out, 'rb') as file:
        return list(descriptor_pb2.FileDescriptorSet.FromString(file.read()).file)


def prune_options(options):
    for field, _ in options.ListFields():
        name = field.full_name if field.is_extension else field.name
        if name in KEPT_OPTIONS:
            continue
        if field.is_extension:
            options.ClearExtension(options.Extensions._FindExtensionByName(field.full_name))
        else:
            options.ClearField(field.name)
    options.DiscardUnknownFields()


def prune(message):
    """Drops options that are not KEPT_OPTIONS, everywhere below a FileDescriptorProto."""
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        if field.name == 'options':
            prune_options(value)
            if not value.ListFields():
                message.ClearField('options')
        elif field.is_repeated:
            for item in value:
                prune(item)
        else:
            prune(value)


def name_json_fields(messages):
    """Fills json_name, which compiled Python modules leave out."""
    for message in messages:
        for field in message.field:
            head, *tail = field.name.split('_')
            field.json_name = head + ''.join(part[:1].upper() + part[1:] for part in tail)
        name_json_fields(message.nested_type)


def main():
    files = published_files()
    files += own_files(os.path.join(sys.argv[1], 'own.binpb'))
    for file in files:
        assert not file.public_dependency, f'{file.name} re-exports an import'
        kept = [name for name in file.dependency if name not in DROPPED_IMPORTS]
        if not file.name.startswith('google/protobuf/'):
            prune(file)
            name_json_fields(file.message_type)
        del file.dependency[:]
        file.dependency.extend(kept)
    request = plugin_pb2.CodeGeneratorRequest(
        parameter='target=js+dts,import_extension=js',
        file_to_generate=[file.name for file in files if not file.name.startswith('google/protobuf/')],
        proto_file=files,
        source_file_descriptors=[file for file in files if not file.name.startswith('google/protobuf/')],
    )
    sys.stdout.buffer.write(request.SerializeToString())


main()
