// What Cairn does with the fields of envoy.filters.http.ext_authz.
import { implemented, noEffect, refused, values, type SupportTables } from '../status.ts'

const STATUSES =
  'Continue OK Created Accepted NonAuthoritativeInformation NoContent ResetContent PartialContent ' +
  'MultiStatus AlreadyReported IMUsed MultipleChoices MovedPermanently Found SeeOther NotModified ' +
  'UseProxy TemporaryRedirect PermanentRedirect BadRequest Unauthorized PaymentRequired Forbidden ' +
  'NotFound MethodNotAllowed NotAcceptable ProxyAuthenticationRequired RequestTimeout Conflict Gone ' +
  'LengthRequired PreconditionFailed PayloadTooLarge URITooLong UnsupportedMediaType ' +
  'RangeNotSatisfiable ExpectationFailed MisdirectedRequest UnprocessableEntity Locked FailedDependency ' +
  'UpgradeRequired PreconditionRequired TooManyRequests RequestHeaderFieldsTooLarge InternalServerError ' +
  'NotImplemented BadGateway ServiceUnavailable GatewayTimeout HTTPVersionNotSupported ' +
  'VariantAlsoNegotiates InsufficientStorage LoopDetected NotExtended NetworkAuthenticationRequired'

export const extAuthzSupport: SupportTables = {
  'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz': {
    grpc_service: implemented,
    http_service: implemented,
    transport_api_version: values('AUTO V3', { V2: refused('the API of version 2') }),
    failure_mode_allow: implemented,
    failure_mode_allow_header_add: implemented,
    with_request_body: implemented,
    clear_route_cache: implemented,
    clear_route_cache_headers: refused('clearing the route for some headers only'),
    status_on_error: implemented,
    validate_mutations: noEffect('what would make a message malformed is refused in any case'),
    metadata_context_namespaces: implemented,
    typed_metadata_context_namespaces: noEffect('no filter here writes typed metadata'),
    route_metadata_context_namespaces: implemented,
    route_typed_metadata_context_namespaces: noEffect('typed metadata is not read'),
    filter_enabled: implemented,
    filter_enabled_metadata: implemented,
    deny_at_disable: implemented,
    include_peer_certificate: implemented,
    stat_prefix: implemented,
    bootstrap_metadata_labels_key: refused('labels of the bootstrap'),
    allowed_headers: implemented,
    disallowed_headers: implemented,
    include_tls_session: implemented,
    charge_cluster_response_stats: implemented,
    encode_raw_headers: implemented,
    decoder_header_mutation_rules: refused('rules about which headers the service may change'),
    enable_dynamic_metadata_ingestion: implemented,
    filter_metadata: noEffect('only for access logs that read it from filter state'),
    emit_filter_state_stats: noEffect('only for access logs that read it from filter state'),
    max_denied_response_body_bytes: implemented,
    enforce_response_header_limits: noEffect('responses are limited by the peer that reads them'),
    shadow_mode: refused('decisions that are only watched'),
    emit_client_span: noEffect('there is no tracing'),
  },
  'envoy.extensions.filters.http.ext_authz.v3.BufferSettings': {
    max_request_bytes: implemented,
    allow_partial_message: implemented,
    pack_as_bytes: implemented,
  },
  'envoy.extensions.filters.http.ext_authz.v3.HttpService': {
    server_uri: implemented,
    path_prefix: implemented,
    path_override: implemented,
    authorization_request: implemented,
    authorization_response: implemented,
    retry_policy: refused('retries of authorization calls'),
  },
  'envoy.extensions.filters.http.ext_authz.v3.AuthorizationRequest': {
    allowed_headers: implemented,
    headers_to_add: implemented,
  },
  'envoy.extensions.filters.http.ext_authz.v3.AuthorizationResponse': {
    allowed_upstream_headers: implemented,
    allowed_upstream_headers_to_append: implemented,
    allowed_client_headers: implemented,
    allowed_client_headers_on_success: implemented,
    dynamic_metadata_from_headers: implemented,
  },
  'envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute': {
    disabled: implemented,
    check_settings: implemented,
  },
  'envoy.extensions.filters.http.ext_authz.v3.CheckSettings': {
    context_extensions: implemented,
    disable_request_body_buffering: implemented,
    with_request_body: implemented,
    grpc_service: refused('another service on a route'),
    http_service: refused('another service on a route'),
    emit_client_span: noEffect('there is no tracing'),
  },
  'envoy.type.v3.HttpStatus': {
    code: values(STATUSES, { Empty: refused('no status') }),
  },
}
