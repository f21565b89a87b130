// What Cairn does with the fields of extensions that have few or none.
import { implemented, skippable, values, type SupportTables } from '../status.ts'

export const smallSupport: SupportTables = {
  'envoy.extensions.bootstrap.internal_listener.v3.InternalListener': {
    buffer_size_kb: implemented,
  },
  'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig': {
    forward_reason_phrase: skippable('forwarding reason phrases'),
    formatter_type_on_envoy_headers: values('DEFAULT', { PROPER_CASE: skippable('the case of added headers') }),
  },
  'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig': { path_template: implemented },
  'envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig': { path_template_rewrite: implemented },
  'envoy.extensions.regex_engines.v3.GoogleRE2': {},
  'envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate': {},
  'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate': {},
  'envoy.extensions.formatter.metadata.v3.Metadata': {},
  'envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery': {},
}
