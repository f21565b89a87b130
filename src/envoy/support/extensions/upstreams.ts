// What Cairn does with the fields of upstream protocol options.
import { extensionPoint, implemented, refused, skippable, type SupportTables } from '../status.ts'

export const upstreamsSupport: SupportTables = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    common_http_protocol_options: implemented,
    upstream_http_protocol_options: implemented,
    explicit_http_config: implemented,
    use_downstream_protocol_config: implemented,
    auto_config: refused('the protocol by ALPN'),
    http_filters: extensionPoint('envoy.filters.http.upstream'),
    header_validation_config: refused('header validation by extension'),
    outlier_detection: skippable('outlier detection'),
    request_mirror_policies: skippable('request mirroring'),
    hash_policy: skippable('hash policies'),
    retry_policy: refused('a retry policy of the cluster'),
  },
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig': {
    http_protocol_options: implemented,
    http2_protocol_options: implemented,
    http3_protocol_options: refused('HTTP/3'),
  },
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig': {
    http_protocol_options: implemented,
    http2_protocol_options: implemented,
    http3_protocol_options: refused('HTTP/3'),
  },
}
