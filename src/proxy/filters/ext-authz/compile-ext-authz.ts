// ExtAuthz of envoy.extensions.filters.http.ext_authz.v3, and what routes say instead, as runtime values.

import { create } from '@bufbuild/protobuf'
import type { HeaderValue } from '../../../envoy/generated/envoy/config/core/v3/base_pb.js'
import {
  HeaderValueOption_HeaderAppendAction as AppendAction,
  HeaderValueOptionSchema,
} from '../../../envoy/generated/envoy/config/core/v3/base_pb.js'
import type { GrpcService } from '../../../envoy/generated/envoy/config/core/v3/grpc_service_pb.js'
import type {
  BufferSettings,
  ExtAuthz as ExtAuthzMessage,
  ExtAuthzPerRoute,
  HttpService,
} from '../../../envoy/generated/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js'
import type { ListStringMatcher } from '../../../envoy/generated/envoy/type/matcher/v3/string_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import { compileHeaderMutation } from '../../format/header-mutation.ts'
import type { FilterDeps } from '../../http/filter.ts'
import type { GrpcTarget } from '../../http/grpc-call.ts'
import type { PerFilterConfig } from '../../http/route-config.ts'
import { compileFraction } from '../../matching/route-match.ts'
import { compileStringMatcher } from '../../matching/string-matcher.ts'
import type { StringTest } from '../../matching/string-matcher.ts'
import { compileMetadataMatcher } from '../../matching/value-matcher.ts'
import { durationMs } from '../../stream/config-values.ts'
import type { StreamInfo } from '../../stream/stream-info.ts'
import type { Authorizer } from './authorizer.ts'
import { AuthzStats } from './authz-stats.ts'
import type { CheckSettings } from './check-request.ts'
import { GrpcAuthorizer } from './grpc-authorizer.ts'
import { HttpAuthorizer } from './http-authorizer.ts'

export interface BodySettings {
  readonly maxBytes: number
  readonly allowsPartial: boolean
}

export interface ExtAuthz {
  readonly kind: 'filter'
  readonly authorizer: Authorizer
  readonly stats: AuthzStats
  isEnabled(info: StreamInfo): boolean
  readonly deniesWhenDisabled: boolean
  readonly statusOnError: number
  readonly allowsOnFailure: boolean
  readonly marksAllowedOnFailure: boolean
  /** Undefined: the service is not shown the body. */
  readonly body: BodySettings | undefined
  readonly clearsRoute: boolean
  /** A denial counts among the responses of the request's cluster. */
  readonly chargesCluster: boolean
  readonly ingestsMetadata: boolean
  /** 0: no limit. */
  readonly maxDeniedBodyBytes: number
}

/** What a route says. */
export interface RouteAuthz {
  readonly kind: 'route'
  readonly contextExtensions: Readonly<Record<string, string>>
  readonly hidesBody: boolean
  readonly body: BodySettings | undefined
  readonly authorizer: Authorizer | undefined
}

const DEFAULT_STATUS_ON_ERROR = 403
const DEFAULT_TIMEOUT_MS = 200
/** Of gRPC answers, where the configuration says nothing: Envoy has no limit. */
const DEFAULT_MAX_MESSAGE_BYTES = 4 * 1024 * 1024
/** Of StreamPredicate's random. */
const RANDOM_LIMIT = 2 ** 32

const ALL: StringTest = () => true
const NONE: StringTest = () => false

export function compileExtAuthz(message: ExtAuthzMessage, deps: FilterDeps, problems: Problems): ExtAuthz {
  const { services } = message
  let authorizer: Authorizer = DENYING
  if (services.case === 'grpcService') {
    authorizer = compileGrpc(services.value, checkSettings(message, problems), deps, problems.at('grpc_service'))
  } else if (services.case === 'httpService') {
    authorizer = compileHttp(services.value, message, deps, problems.at('http_service'))
  } else problems.add('one of grpc_service and http_service is needed')
  return {
    kind: 'filter',
    authorizer,
    stats: new AuthzStats(deps.stats, `http.${deps.statPrefix}.`, message.statPrefix),
    isEnabled: compileEnabled(message, deps, problems),
    deniesWhenDisabled: message.denyAtDisable?.defaultValue ?? false,
    statusOnError: message.statusOnError?.code || DEFAULT_STATUS_ON_ERROR,
    allowsOnFailure: message.failureModeAllow,
    marksAllowedOnFailure: message.failureModeAllowHeaderAdd,
    body: compileBody(message.withRequestBody),
    clearsRoute: message.clearRouteCache,
    chargesCluster: message.chargeClusterResponseStats ?? true,
    ingestsMetadata: message.enableDynamicMetadataIngestion ?? true,
    maxDeniedBodyBytes: message.maxDeniedResponseBodyBytes,
  }
}

export function compileRouteAuthz(message: ExtAuthzPerRoute, problems: Problems): PerFilterConfig {
  const { override } = message
  if (override.case !== 'checkSettings') return { disabled: override.value ?? false, runtime: undefined }
  const at = problems.at('check_settings')
  const settings = override.value
  // Envoy asks the route's service with the filter's settings; which those are is not known here.
  if (settings.serviceOverride.case !== undefined) at.add('another service on a route is not supported')
  const runtime: RouteAuthz = {
    kind: 'route',
    contextExtensions: settings.contextExtensions,
    hidesBody: settings.disableRequestBodyBuffering,
    body: compileBody(settings.withRequestBody),
    authorizer: undefined,
  }
  return { disabled: false, runtime }
}

/** Extensions of all levels count; of everything else the innermost level decides. */
export function combineRoutes(outer: RouteAuthz, inner: RouteAuthz): RouteAuthz {
  return { ...inner, contextExtensions: { ...outer.contextExtensions, ...inner.contextExtensions } }
}

const DENYING: Authorizer = {
  ask(_question, receiver) {
    receiver.onAnswer({ kind: 'error', status: 0, headers: [], body: '' })
    return { cancel() {} }
  },
}

function compileBody(message: BufferSettings | undefined): BodySettings | undefined {
  if (message === undefined) return undefined
  return { maxBytes: message.maxRequestBytes, allowsPartial: message.allowPartialMessage }
}

function compileEnabled(
  message: ExtAuthzMessage,
  { random }: FilterDeps,
  problems: Problems,
): (info: StreamInfo) => boolean {
  const value = message.filterEnabled?.defaultValue
  const fraction = value === undefined ? undefined : compileFraction(value)
  const { filterEnabledMetadata: matcher } = message
  const metadata =
    matcher === undefined ? undefined : compileMetadataMatcher(matcher, problems.at('filter_enabled_metadata'))
  return (info) =>
    (fraction === undefined || fraction.test(info, random.below(RANDOM_LIMIT))) &&
    (metadata === undefined || metadata.test(info.dynamicMetadata))
}

function checkSettings(message: ExtAuthzMessage, problems: Problems): CheckSettings {
  const allowed = message.allowedHeaders
  return {
    showsHeader: without(
      allowed === undefined ? ALL : compileList(allowed, [], problems.at('allowed_headers')),
      compileList(message.disallowedHeaders, [], problems.at('disallowed_headers')),
    ),
    packsBodyAsBytes: message.withRequestBody?.packAsBytes ?? false,
    encodesRawHeaders: message.encodeRawHeaders,
    includesPeerCertificate: message.includePeerCertificate,
    includesTlsSession: message.includeTlsSession,
    metadataNamespaces: message.metadataContextNamespaces,
    routeMetadataNamespaces: message.routeMetadataContextNamespaces,
  }
}

function compileGrpc(
  service: GrpcService,
  settings: CheckSettings,
  { asyncClient }: FilterDeps,
  problems: Problems,
): Authorizer {
  const { targetSpecifier: specifier } = service
  if (specifier.case !== 'envoyGrpc') {
    problems.add('an envoy_grpc service is needed')
    return DENYING
  }
  const { clusterName, authority, maxReceiveMessageLength, skipEnvoyHeaders } = specifier.value
  const target: GrpcTarget = {
    cluster: clusterName,
    authority: authority === '' ? clusterName : authority,
    timeoutMs: durationMs(service.timeout) ?? DEFAULT_TIMEOUT_MS,
    maxMessageBytes: maxReceiveMessageLength ?? DEFAULT_MAX_MESSAGE_BYTES,
    initialMetadata: service.initialMetadata.flatMap(({ key, value }) => [key.toLowerCase(), value]),
    sendsEnvoyHeaders: !skipEnvoyHeaders,
  }
  return new GrpcAuthorizer(asyncClient, target, settings)
}

function compileHttp(service: HttpService, filter: ExtAuthzMessage, deps: FilterDeps, problems: Problems): Authorizer {
  const { serverUri: uri, authorizationRequest: request, authorizationResponse: response } = service
  if (service.pathPrefix !== '' && !service.pathPrefix.startsWith('/'))
    problems.at('path_prefix').add('it must start with /')
  if (filter.allowedHeaders !== undefined && request?.allowedHeaders !== undefined) {
    problems.at('authorization_request').at('allowed_headers').add('allowed_headers of the filter is set, too')
  }
  const inResponse = problems.at('authorization_response')
  const list = (matcher: ListStringMatcher | undefined, field: string): StringTest =>
    compileList(matcher, [], inResponse.at(field))
  const toClient = response?.allowedClientHeaders
  return new HttpAuthorizer(deps.asyncClient, {
    cluster: uri?.httpUpstreamType.case === 'cluster' ? uri.httpUpstreamType.value : '',
    timeoutMs: durationMs(uri?.timeout) ?? DEFAULT_TIMEOUT_MS,
    pathPrefix: service.pathPrefix,
    pathOverride: service.pathOverride,
    showsHeader: without(
      compileList(filter.allowedHeaders ?? request?.allowedHeaders, ALWAYS_SHOWN, problems.at('allowed_headers')),
      compileList(filter.disallowedHeaders, [], problems.at('disallowed_headers')),
    ),
    addedHeaders: compileHeaderMutation((request?.headersToAdd ?? []).map(overwriting), [], 'request', deps.formats, {
      add: problems.at('authorization_request').at('headers_to_add'),
      remove: problems,
    }),
    toUpstream: list(response?.allowedUpstreamHeaders, 'allowed_upstream_headers'),
    toUpstreamAppended: list(response?.allowedUpstreamHeadersToAppend, 'allowed_upstream_headers_to_append'),
    toDeniedClient:
      toClient === undefined || toClient.patterns.length === 0
        ? (name) => name !== 'host'
        : compileList(toClient, ALWAYS_TO_CLIENT, inResponse.at('allowed_client_headers')),
    toAllowedClient: list(response?.allowedClientHeadersOnSuccess, 'allowed_client_headers_on_success'),
    toMetadata: list(response?.dynamicMetadataFromHeaders, 'dynamic_metadata_from_headers'),
  })
}

/** Without these there would be no request to ask by. */
const ALWAYS_SHOWN = ['authorization', ':method', ':path', ':authority']
/** Without these a denial could not be understood. */
const ALWAYS_TO_CLIENT = ['content-length', 'www-authenticate', 'location']

function overwriting(header: HeaderValue): ReturnType<typeof create<typeof HeaderValueOptionSchema>> {
  return create(HeaderValueOptionSchema, { header, appendAction: AppendAction.OVERWRITE_IF_EXISTS_OR_ADD })
}

function compileList(
  matcher: ListStringMatcher | undefined,
  always: readonly string[],
  problems: Problems,
): StringTest {
  if ((matcher?.patterns.length ?? 0) === 0 && always.length === 0) return NONE
  const tests = (matcher?.patterns ?? []).map((one, i) =>
    compileStringMatcher(one, 'wire', problems.at('patterns').at(i)),
  )
  return (name) => always.includes(name) || tests.some((test) => test(name))
}

function without(shown: StringTest, hidden: StringTest): StringTest {
  return hidden === NONE ? shown : (name) => shown(name) && !hidden(name)
}
