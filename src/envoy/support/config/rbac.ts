// What Cairn does with the fields of authorization rules: envoy.config.rbac.v3. All refusals are security: none is skipped.
import { extensionPoint, implemented, refused, skippable, values, type SupportTables } from '../status.ts'

export const rbacSupport: SupportTables = {
  'envoy.config.rbac.v3.RBAC': {
    action: values('ALLOW DENY LOG'),
    policies: implemented,
    audit_logging_options: skippable('audit loggers'),
  },
  'envoy.config.rbac.v3.Policy': {
    permissions: implemented,
    principals: implemented,
    condition: refused('CEL conditions'),
    checked_condition: refused('CEL conditions'),
    cel_config: refused('CEL conditions'),
  },
  'envoy.config.rbac.v3.Permission': {
    and_rules: implemented,
    or_rules: implemented,
    any: implemented,
    header: implemented,
    url_path: implemented,
    destination_ip: implemented,
    destination_port: implemented,
    destination_port_range: implemented,
    metadata: implemented,
    not_rule: implemented,
    requested_server_name: implemented,
    matcher: refused('matchers by extension'),
    uri_template: extensionPoint('envoy.path.match'),
    sourced_metadata: implemented,
  },
  'envoy.config.rbac.v3.Permission.Set': {
    rules: implemented,
  },
  'envoy.config.rbac.v3.Principal': {
    and_ids: implemented,
    or_ids: implemented,
    any: implemented,
    authenticated: implemented,
    source_ip: implemented,
    direct_remote_ip: implemented,
    remote_ip: implemented,
    header: implemented,
    url_path: implemented,
    metadata: implemented,
    filter_state: implemented,
    not_id: implemented,
    sourced_metadata: implemented,
    custom: extensionPoint('envoy.rbac.principals'),
  },
  'envoy.config.rbac.v3.Principal.Set': {
    ids: implemented,
  },
  'envoy.config.rbac.v3.Principal.Authenticated': {
    principal_name: implemented,
  },
  'envoy.extensions.rbac.principals.mtls_authenticated.v3.Config': {
    san_matcher: implemented,
    any_validated_client_certificate: implemented,
  },
  'envoy.config.rbac.v3.SourcedMetadata': {
    metadata_matcher: implemented,
    metadata_source: values('DYNAMIC ROUTE'),
  },
  'envoy.config.rbac.v3.Action': {
    name: implemented,
    action: values('ALLOW DENY LOG'),
  },
}
