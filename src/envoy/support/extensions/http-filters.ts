// What Cairn does with the fields of HTTP filters.
import { extensionPoint, implemented, noEffect, refused, skippable, type SupportTables } from '../status.ts'

export const httpFiltersSupport: SupportTables = {
  'envoy.extensions.filters.http.router.v3.Router': {
    dynamic_stats: noEffect('only more statistics'),
    start_child_span: skippable('tracing'),
    upstream_log: skippable('access logs of the upstream'),
    upstream_log_options: skippable('access logs of the upstream'),
    suppress_envoy_headers: implemented,
    strict_check_headers: implemented,
    respect_expected_rq_timeout: implemented,
    suppress_grpc_request_failure_code_stats: noEffect('only more statistics'),
    upstream_http_filters: extensionPoint('envoy.filters.http.upstream'),
    reject_connect_request_early_data: noEffect('there is no early data'),
  },
  'envoy.extensions.filters.http.rbac.v3.RBAC': {
    rules: implemented,
    rules_stat_prefix: implemented,
    matcher: refused('a matcher instead of rules'),
    shadow_rules: skippable('shadow rules (they enforce nothing)'),
    shadow_matcher: skippable('shadow rules (they enforce nothing)'),
    shadow_rules_stat_prefix: noEffect('shadow rules are not executed'),
    track_per_rule_stats: noEffect('only more statistics'),
  },
  'envoy.extensions.filters.http.rbac.v3.RBACPerRoute': {
    rbac: implemented,
  },
  'envoy.extensions.filters.http.set_filter_state.v3.Config': {
    on_request_headers: implemented,
    clear_route_cache: implemented,
  },
  'envoy.extensions.filters.http.cors.v3.Cors': {},
  'envoy.extensions.filters.http.fault.v3.HTTPFault': {
    delay: skippable('fault injection'),
    abort: skippable('fault injection'),
    upstream_cluster: skippable('fault injection'),
    headers: skippable('fault injection'),
    downstream_nodes: skippable('fault injection'),
    max_active_faults: skippable('fault injection'),
    response_rate_limit: skippable('fault injection'),
    delay_percent_runtime: skippable('fault injection'),
    abort_percent_runtime: skippable('fault injection'),
    delay_duration_runtime: skippable('fault injection'),
    abort_http_status_runtime: skippable('fault injection'),
    max_active_faults_runtime: skippable('fault injection'),
    response_rate_limit_percent_runtime: skippable('fault injection'),
    abort_grpc_status_runtime: skippable('fault injection'),
    disable_downstream_cluster_stats: skippable('fault injection'),
    filter_metadata: skippable('fault injection'),
  },
  'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec': {},
}
