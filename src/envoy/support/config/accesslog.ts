// What Cairn does with the fields of an access log: envoy.config.accesslog.v3.
import { content, implemented, noEffect, skippableElement, values, type SupportTables } from '../status.ts'

export const accesslogSupport: SupportTables = {
  'envoy.config.accesslog.v3.AccessLog': {
    name: implemented,
    filter: implemented,
    typed_config: content,
  },
  // A logger is left out with a filter that is not executed: without it, it would log everything.
  'envoy.config.accesslog.v3.AccessLogFilter': {
    status_code_filter: implemented,
    duration_filter: implemented,
    not_health_check_filter: implemented,
    traceable_filter: skippableElement('logging what is traced'),
    runtime_filter: implemented,
    and_filter: implemented,
    or_filter: implemented,
    header_filter: implemented,
    response_flag_filter: implemented,
    grpc_status_filter: implemented,
    extension_filter: skippableElement('filters of access logs by extension (CEL)'),
    metadata_filter: implemented,
    log_type_filter: implemented,
  },
  'envoy.config.accesslog.v3.ComparisonFilter': {
    op: values('EQ GE LE NE'),
    value: implemented,
  },
  'envoy.config.accesslog.v3.StatusCodeFilter': { comparison: implemented },
  'envoy.config.accesslog.v3.DurationFilter': { comparison: implemented },
  'envoy.config.accesslog.v3.NotHealthCheckFilter': {},
  'envoy.config.accesslog.v3.RuntimeFilter': {
    runtime_key: noEffect('runtime keys are not read: percent_sampled applies'),
    percent_sampled: implemented,
    use_independent_randomness: implemented,
  },
  'envoy.config.accesslog.v3.AndFilter': { filters: implemented },
  'envoy.config.accesslog.v3.OrFilter': { filters: implemented },
  'envoy.config.accesslog.v3.HeaderFilter': { header: implemented },
  'envoy.config.accesslog.v3.ResponseFlagFilter': { flags: implemented },
  'envoy.config.accesslog.v3.GrpcStatusFilter': {
    statuses: values(
      'OK CANCELED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED ' +
        'RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS ' +
        'UNAUTHENTICATED',
    ),
    exclude: implemented,
  },
  'envoy.config.accesslog.v3.MetadataFilter': {
    matcher: implemented,
    match_if_key_not_found: implemented,
  },
  'envoy.config.accesslog.v3.LogTypeFilter': {
    types: values(
      'NotSet TcpUpstreamConnected TcpPeriodic TcpConnectionStart TcpConnectionEnd DownstreamStart ' +
        'DownstreamPeriodic DownstreamEnd UpstreamPoolReady UpstreamPeriodic UpstreamEnd ' +
        'DownstreamTunnelSuccessfullyEstablished UdpTunnelUpstreamConnected UdpPeriodic UdpSessionEnd',
    ),
    exclude: implemented,
  },
}
