// envoy.filters.http.jwt_authn: lets a request on only with the tokens that its rule wants, and tells later filters and the
// upstream what they say. Whether a token is good is decided in policy/jwt.

import {
  JwtAuthenticationSchema,
  PerRouteConfigSchema,
} from '../../../envoy/generated/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js'
import type { RequestHeaderMap } from '../../../codec/header-map.ts'
import type { Exchange } from '../../http/exchange.ts'
import { CONTINUE, STOP } from '../../http/filter.ts'
import type { FilterResult, FilterStatus, HttpFilter, HttpFilterFactory } from '../../http/filter.ts'
import { AUDIENCE_NOT_ALLOWED, JWT_MISSING, JWT_OK } from '../../policy/jwt/jwt-status.ts'
import type { JwtStatus } from '../../policy/jwt/jwt-status.ts'
import { JwtRequest, verify } from '../../policy/jwt/requirement.ts'
import type { Requirement } from '../../policy/jwt/requirement.ts'
import { compileJwtAuthn } from './compile-jwt-authn.ts'
import type { JwtAuthn } from './compile-jwt-authn.ts'

/** What a route says instead of the rules. */
export type PerRoute = { readonly requirementName: string }

export const jwtAuthn: HttpFilterFactory<
  typeof JwtAuthenticationSchema,
  typeof PerRouteConfigSchema,
  JwtAuthn | PerRoute
> = {
  name: 'envoy.filters.http.jwt_authn',
  config: JwtAuthenticationSchema,
  perRoute: PerRouteConfigSchema,
  compile(message, deps, problems): HttpFilter<JwtAuthn | PerRoute> {
    const own = compileJwtAuthn(message, deps, problems)
    return {
      runtime: own,
      onRequest: (exchange, headers, _endStream, runtime) => onRequest(exchange, headers, own, runtime),
      start: () => own.start(),
      stop: () => own.stop(),
    }
  },
  compilePerRoute(message) {
    const { requirementSpecifier: specifier } = message
    if (specifier.case === 'disabled') return { disabled: specifier.value, runtime: undefined }
    return { disabled: false, runtime: { requirementName: specifier.value ?? '' } }
  },
}

const METADATA_NAMESPACE = 'envoy.filters.http.jwt_authn'
const MAX_REALM_PATH = 256

function onRequest(
  exchange: Exchange,
  headers: RequestHeaderMap,
  own: JwtAuthn,
  runtime: JwtAuthn | PerRoute,
): FilterResult {
  if (own.bypassesCorsPreflight && isCorsPreflight(headers)) {
    own.stats.corsPreflightBypassed.add(1)
    own.stats.allowed.add(1)
    return CONTINUE
  }
  let requirement: Requirement | undefined
  if ('requirementName' in runtime) {
    requirement = own.named.get(runtime.requirementName)
    if (requirement === undefined) return refuseUnknownName(exchange, own, runtime.requirementName)
  } else requirement = own.requirementFor(exchange.info)
  if (requirement === undefined) {
    own.stats.allowed.add(1)
    return CONTINUE
  }
  const request = new JwtRequest(headers, Math.floor(own.nowMs() / 1000))
  const realmPath = headers.get('x-envoy-original-path') ?? headers.path
  const verdict = verify(requirement, request)
  if (verdict instanceof Promise) return verdict.then((status) => conclude(exchange, own, request, status, realmPath))
  return conclude(exchange, own, request, verdict, realmPath)
}

function conclude(
  exchange: Exchange,
  own: JwtAuthn,
  request: JwtRequest,
  status: JwtStatus,
  realmPath: string | undefined,
): FilterStatus {
  if (exchange.ended) return STOP
  if (request.extracted !== undefined) exchange.info.dynamicMetadata.merge(METADATA_NAMESPACE, request.extracted)
  if (status === JWT_OK) {
    own.stats.allowed.add(1)
    if (request.clearsRoute) exchange.clearRoute()
    return CONTINUE
  }
  own.stats.denied.add(1)
  exchange.localReply({
    status: status === AUDIENCE_NOT_ALLOWED ? 403 : 401,
    body: own.stripsFailureResponse ? '' : status.text,
    details: details(status.text),
    finalHeaders: own.stripsFailureResponse ? undefined : ['www-authenticate', challenge(exchange, status, realmPath)],
  })
  return STOP
}

/** RFC 6750 3. */
function challenge({ requestHeaders: headers }: Exchange, status: JwtStatus, realmPath: string | undefined): string {
  const path = realmPath?.slice(0, MAX_REALM_PATH)
  const scheme = headers.get('x-forwarded-proto') ?? ''
  const realm = path === undefined ? '' : `${scheme}://${headers.authority ?? ''}${path}`
  return `Bearer realm="${realm}"${status === JWT_MISSING ? '' : ', error="invalid_token"'}`
}

function refuseUnknownName(exchange: Exchange, own: JwtAuthn, name: string): FilterStatus {
  const text = `Wrong requirement_name: ${name}. It should be one of [${own.names}]`
  own.stats.denied.add(1)
  exchange.localReply({
    status: 403,
    body: own.stripsFailureResponse ? '' : `Failed JWT authentication: ${text}`,
    details: details(text),
  })
  return STOP
}

/** Whitespace would end a field of many a log. */
function details(text: string): string {
  return `jwt_authn_access_denied{${text.replaceAll(' ', '_')}}`
}

/** It carries no credentials by definition (Fetch, CORS-preflight fetch). */
function isCorsPreflight(headers: RequestHeaderMap): boolean {
  if (headers.method !== 'OPTIONS') return false
  const origin = headers.get('origin')
  const method = headers.get('access-control-request-method')
  return origin !== undefined && origin !== '' && method !== undefined && method !== ''
}
