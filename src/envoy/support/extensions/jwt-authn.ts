// What Cairn does with the fields of envoy.filters.http.jwt_authn.
import { implemented, noEffect, refused, type SupportTables } from '../status.ts'

export const jwtAuthnSupport: SupportTables = {
  'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication': {
    providers: implemented,
    rules: implemented,
    filter_state_rules: implemented,
    bypass_cors_preflight: implemented,
    requirement_map: implemented,
    strip_failure_response: implemented,
    stat_prefix: implemented,
  },
  'envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig': {
    disabled: implemented,
    requirement_name: implemented,
  },
  'envoy.extensions.filters.http.jwt_authn.v3.JwtProvider': {
    issuer: implemented,
    audiences: implemented,
    subjects: implemented,
    require_expiration: implemented,
    max_lifetime: implemented,
    remote_jwks: implemented,
    local_jwks: implemented,
    forward: implemented,
    from_headers: implemented,
    from_params: implemented,
    from_cookies: implemented,
    forward_payload_header: implemented,
    pad_forward_payload_header: implemented,
    payload_in_metadata: implemented,
    normalize_payload_in_metadata: implemented,
    header_in_metadata: implemented,
    failed_status_in_metadata: implemented,
    clock_skew_seconds: implemented,
    jwt_cache_config: implemented,
    claim_to_headers: implemented,
    clear_route_cache: implemented,
  },
  'envoy.extensions.filters.http.jwt_authn.v3.JwtProvider.NormalizePayload': {
    space_delimited_claims: implemented,
  },
  'envoy.extensions.filters.http.jwt_authn.v3.JwtCacheConfig': {
    jwt_cache_size: implemented,
    jwt_max_token_size: implemented,
  },
  'envoy.extensions.filters.http.jwt_authn.v3.JwtClaimToHeader': {
    header_name: implemented,
    claim_name: implemented,
    claim_path: implemented,
  },
  'envoy.extensions.filters.http.jwt_authn.v3.JwtClaimToHeader.PathSegment': {
    key: implemented,
  },
  'envoy.extensions.filters.http.jwt_authn.v3.JwtHeader': {
    name: implemented,
    value_prefix: implemented,
  },
  'envoy.extensions.filters.http.jwt_authn.v3.RemoteJwks': {
    http_uri: implemented,
    cache_duration: implemented,
    async_fetch: implemented,
    retry_policy: implemented,
  },
  'envoy.extensions.filters.http.jwt_authn.v3.JwksAsyncFetch': {
    fast_listener: noEffect('no listener waits for keys: a request that comes before them does'),
    failed_refetch_duration: implemented,
  },
  'envoy.extensions.filters.http.jwt_authn.v3.RequirementRule': {
    match: implemented,
    requires: implemented,
    requirement_name: implemented,
  },
  'envoy.extensions.filters.http.jwt_authn.v3.FilterStateRule': {
    name: implemented,
    requires: implemented,
  },
  'envoy.extensions.filters.http.jwt_authn.v3.JwtRequirement': {
    provider_name: implemented,
    provider_and_audiences: implemented,
    requires_any: implemented,
    requires_all: implemented,
    allow_missing_or_failed: implemented,
    allow_missing: implemented,
    extract_only_without_validation: refused('passing on tokens without verifying them'),
  },
  'envoy.extensions.filters.http.jwt_authn.v3.ProviderWithAudiences': {
    provider_name: implemented,
    audiences: implemented,
  },
  'envoy.extensions.filters.http.jwt_authn.v3.JwtRequirementOrList': {
    requirements: implemented,
  },
  'envoy.extensions.filters.http.jwt_authn.v3.JwtRequirementAndList': {
    requirements: implemented,
  },
}
