// envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager as an HcmConfig.

import { create } from '@bufbuild/protobuf'
import { anyUnpack } from '@bufbuild/protobuf/wkt'
import { DEFAULT_HTTP1_OPTIONS } from '../../codec/http1/http1-options.ts'
import type { Http1Options } from '../../codec/http1/http1-options.ts'
import { DEFAULT_HTTP2_OPTIONS } from '../../codec/http2/options.ts'
import type { Http2Options } from '../../codec/http2/options.ts'
import { typeNameOf } from '../../envoy/any.ts'
import { HttpProtocolOptions_HeadersWithUnderscoresAction as Underscores } from '../../envoy/generated/envoy/config/core/v3/protocol_pb.js'
import { RouteConfigurationSchema } from '../../envoy/generated/envoy/config/route/v3/route_pb.js'
import type { RouteConfiguration } from '../../envoy/generated/envoy/config/route/v3/route_pb.js'
import { RouterSchema } from '../../envoy/generated/envoy/extensions/filters/http/router/v3/router_pb.js'
import {
  HttpConnectionManager_CodecType as CodecType,
  HttpConnectionManager_ForwardClientCertDetails as ForwardClientCertDetails,
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
} from '../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import type { HttpConnectionManager } from '../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import { UuidRequestIdConfigSchema } from '../../envoy/generated/envoy/extensions/request_id/uuid/v3/uuid_pb.js'
import type { Problems } from '../../lib/problems.ts'
import type { Http2Surroundings } from '../cluster/compile-cluster.ts'
import { compileHttp1Options, compileHttp2Options } from '../cluster/compile-http-options.ts'
import { compileCidrRanges } from '../matching/address-matcher.ts'
import { durationMs } from '../stream/config-values.ts'
import type { AccessLogger } from './access-logger.ts'
import { compileLocalReplies } from './compile-local-reply.ts'
import type { LocalReplyDeps } from './compile-local-reply.ts'
import { perFilterCompiler } from './compile-per-filter.ts'
import { compileRouteConfig } from './compile-route-config.ts'
import type { FilterDeps, HttpFilterFactory, InstalledFilter } from './filter.ts'
import type { ForwardClientCert, HcmConfig } from './hcm-config.ts'
import { hcmStats } from './hcm-stats.ts'
import type { LocalInfo } from './local-info.ts'
import { compilePipeline } from './pipeline.ts'
import { compileStrictChecks } from './strict-headers.ts'

const DEFAULT_STREAM_IDLE_MS = 300_000
const DEFAULT_CONNECTION_IDLE_MS = 3_600_000
const DEFAULT_DRAIN_MS = 5000
const DEFAULT_DELAYED_CLOSE_MS = 1000
const DEFAULT_MAX_HEADERS_KB = 60

/** What filters get is here but for the name of the connection manager. */
export interface HcmCompileDeps extends Omit<FilterDeps, 'statPrefix'>, LocalReplyDeps {
  readonly filters: readonly HttpFilterFactory[]
  readonly http2: Http2Surroundings
  readonly localInfo: LocalInfo
  /** Envoy's runtime key envoy.reloadable_features.http_reject_path_with_fragment; istiod's bootstrap sets it to false. */
  readonly rejectPathWithFragment: boolean
  readonly bufferLimitBytes: number
  compileAccessLoggers(message: HttpConnectionManager['accessLog'], problems: Problems): readonly AccessLogger[]
  /** Route configurations that RDS would bring, by name. */
  routeConfig(name: string): RouteConfiguration | undefined
}

export function compileHttpConnectionManager(
  message: HttpConnectionManager,
  deps: HcmCompileDeps,
  problems: Problems,
): HcmConfig {
  const filterDeps: FilterDeps = { ...deps, statPrefix: message.statPrefix }
  const { installed, factories, router } = installFilters(message, deps, filterDeps, problems.at('http_filters'))
  const perFilter = perFilterCompiler(installed, factories, filterDeps)
  const routes = compileRouteConfig(
    routeConfigOf(message, deps, problems),
    perFilter,
    deps.formats,
    problems.at('route_config'),
  )
  const requestId = message.requestIdExtension?.typedConfig
  const uuid = requestId === undefined ? undefined : anyUnpack(requestId, UuidRequestIdConfigSchema)
  const common = message.commonHttpProtocolOptions
  return {
    statPrefix: message.statPrefix,
    stats: hcmStats(deps.stats, message.statPrefix),
    codec: codecType(message.codecType),
    http1: compileHttp1Options(message.httpProtocolOptions, http1Limits(message)),
    http2: compileHttp2Options(message.http2ProtocolOptions, http2Limits(message, deps.http2)),
    keepaliveIntervalMs: durationMs(message.http2ProtocolOptions?.connectionKeepalive?.interval) ?? 0,
    keepaliveTimeoutMs: durationMs(message.http2ProtocolOptions?.connectionKeepalive?.timeout) ?? 0,
    routes,
    pipeline: compilePipeline(installed, routes.configuredFilters),
    accessLoggers: deps.compileAccessLoggers(message.accessLog, problems.at('access_log')),
    localInfo: deps.localInfo,
    ...compileHeaderSettings(message, problems),
    generateRequestId: message.generateRequestId ?? true,
    preserveExternalRequestId: message.preserveExternalRequestId,
    alwaysSetRequestIdInResponse: message.alwaysSetRequestIdInResponse,
    packTraceReason: uuid?.packTraceReason ?? true,
    proxy100Continue: message.proxy100Continue,
    normalizePath: message.normalizePath ?? false,
    mergeSlashes: message.mergeSlashes,
    escapedSlashes: escapedSlashes(message.pathWithEscapedSlashesAction),
    rejectPathWithFragment: deps.rejectPathWithFragment,
    stripPort: stripPort(message),
    stripTrailingHostDot: message.stripTrailingHostDot,
    streamErrorOnInvalidHttpMessage:
      message.httpProtocolOptions?.overrideStreamErrorOnInvalidHttpMessage ??
      message.streamErrorOnInvalidHttpMessage ??
      false,
    upgrades: new Map(message.upgradeConfigs.map((one) => [one.upgradeType.toLowerCase(), one.enabled ?? true])),
    suppressEnvoyHeaders: router?.suppressEnvoyHeaders ?? false,
    strictChecks: router?.strictChecks ?? [],
    respectExpectedTimeout: router?.respectExpectedTimeout ?? false,
    localReplies: compileLocalReplies(message.localReplyConfig, deps, problems.at('local_reply_config')),
    streamIdleTimeoutMs: durationMs(message.streamIdleTimeout) ?? DEFAULT_STREAM_IDLE_MS,
    connectionIdleTimeoutMs: durationMs(common?.idleTimeout) ?? DEFAULT_CONNECTION_IDLE_MS,
    maxConnectionDurationMs: durationMs(common?.maxConnectionDuration) ?? 0,
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? 0,
    requestTimeoutMs: durationMs(message.requestTimeout) ?? 0,
    requestHeadersTimeoutMs: durationMs(message.requestHeadersTimeout) ?? 0,
    maxStreamDurationMs: durationMs(common?.maxStreamDuration) ?? 0,
    drainTimeoutMs: durationMs(message.drainTimeout) ?? DEFAULT_DRAIN_MS,
    delayedCloseTimeoutMs: durationMs(message.delayedCloseTimeout) ?? DEFAULT_DELAYED_CLOSE_MS,
    bufferLimitBytes: deps.bufferLimitBytes,
  }
}

type HeaderSettings = Pick<
  HcmConfig,
  | 'serverName'
  | 'serverHeader'
  | 'via'
  | 'addUserAgent'
  | 'useRemoteAddress'
  | 'xffNumTrustedHops'
  | 'skipXffAppend'
  | 'appendXForwardedPort'
  | 'isInternalAddress'
  | 'forwardClientCert'
  | 'clientCertDetails'
  | 'schemeOverwrite'
>

function compileHeaderSettings(message: HttpConnectionManager, problems: Problems): HeaderSettings {
  const details = message.setCurrentClientCertDetails
  const scheme = message.schemeHeaderTransformation?.transformation
  return {
    serverName: message.serverName === '' ? 'envoy' : message.serverName,
    serverHeader: serverHeader(message.serverHeaderTransformation),
    via: message.via,
    addUserAgent: message.addUserAgent ?? false,
    useRemoteAddress: message.useRemoteAddress ?? false,
    xffNumTrustedHops: message.xffNumTrustedHops,
    skipXffAppend: message.skipXffAppend,
    appendXForwardedPort: message.appendXForwardedPort,
    isInternalAddress: compileCidrRanges(
      message.internalAddressConfig?.cidrRanges ?? [],
      problems.at('internal_address_config').at('cidr_ranges'),
    ),
    forwardClientCert: forwardClientCert(message.forwardClientCertDetails),
    clientCertDetails: {
      cert: details?.cert ?? false,
      chain: details?.chain ?? false,
      subject: details?.subject ?? false,
      uri: details?.uri ?? false,
      dns: details?.dns ?? false,
    },
    schemeOverwrite: scheme?.case === 'schemeToOverwrite' ? scheme.value : '',
  }
}

interface Installed {
  readonly installed: InstalledFilter[]
  readonly factories: (HttpFilterFactory | undefined)[]
  readonly router: Pick<HcmConfig, 'suppressEnvoyHeaders' | 'strictChecks' | 'respectExpectedTimeout'> | undefined
}

/** The router ends the chain and is no filter of the pipeline. */
function installFilters(
  message: HttpConnectionManager,
  deps: HcmCompileDeps,
  filterDeps: FilterDeps,
  problems: Problems,
): Installed {
  const installed: InstalledFilter[] = []
  const factories: HttpFilterFactory[] = []
  let router: Installed['router']
  message.httpFilters.forEach((entry, index) => {
    const at = problems.at(index)
    const any = entry.configType.case === 'typedConfig' ? entry.configType.value : undefined
    if (any === undefined) {
      at.add(`the filter ${entry.name} needs a typed_config`)
      return
    }
    const routerConfig = anyUnpack(any, RouterSchema)
    if (routerConfig !== undefined) {
      const strictAt = at.at('typed_config').at('strict_check_headers')
      router = {
        suppressEnvoyHeaders: routerConfig.suppressEnvoyHeaders,
        strictChecks: compileStrictChecks(routerConfig.strictCheckHeaders, strictAt),
        respectExpectedTimeout: routerConfig.respectExpectedRqTimeout,
      }
      return
    }
    const typeName = typeNameOf(any.typeUrl)
    const factory = deps.filters.find((one) => one.config.typeName === typeName)
    const config = factory === undefined ? undefined : anyUnpack(any, factory.config)
    if (factory === undefined || config === undefined) {
      if (!entry.isOptional) at.at('typed_config').add(`the HTTP filter ${typeName} is not supported`)
      return
    }
    const filter = factory.compile(config, filterDeps, at.at('typed_config'))
    installed.push({ name: entry.name, filter, disabledByDefault: entry.disabled })
    factories.push(factory)
  })
  if (router === undefined) problems.add('the last HTTP filter must be envoy.filters.http.router')
  return { installed, factories, router }
}

function routeConfigOf(message: HttpConnectionManager, deps: HcmCompileDeps, problems: Problems): RouteConfiguration {
  const specifier = message.routeSpecifier
  if (specifier.case === 'routeConfig') return specifier.value
  const name = specifier.case === 'rds' ? specifier.value.routeConfigName : ''
  const found = deps.routeConfig(name)
  if (found === undefined) problems.add('a route_config is required')
  return found ?? create(RouteConfigurationSchema, { name })
}

function http1Limits(message: HttpConnectionManager): Http1Options {
  const common = message.commonHttpProtocolOptions
  return {
    ...DEFAULT_HTTP1_OPTIONS,
    maxHeaderBytes: (message.maxRequestHeadersKb ?? DEFAULT_MAX_HEADERS_KB) * 1024,
    maxHeaderCount: common?.maxHeadersCount ?? DEFAULT_HTTP1_OPTIONS.maxHeaderCount,
    headersWithUnderscores: underscores(common?.headersWithUnderscoresAction),
  }
}

function http2Limits(message: HttpConnectionManager, surroundings: Http2Surroundings): Http2Options {
  const common = message.commonHttpProtocolOptions
  return {
    ...DEFAULT_HTTP2_OPTIONS,
    ...surroundings,
    maxHeaderBytes: (message.maxRequestHeadersKb ?? DEFAULT_MAX_HEADERS_KB) * 1024,
    maxHeaderCount: common?.maxHeadersCount ?? DEFAULT_HTTP2_OPTIONS.maxHeaderCount,
    headersWithUnderscores: underscores(common?.headersWithUnderscoresAction),
  }
}

function underscores(action: Underscores | undefined): Http1Options['headersWithUnderscores'] {
  if (action === Underscores.REJECT_REQUEST) return 'reject'
  return action === Underscores.DROP_HEADER ? 'drop' : 'allow'
}

function codecType(type: CodecType): HcmConfig['codec'] {
  if (type === CodecType.HTTP1) return 'http1'
  return type === CodecType.HTTP2 ? 'http2' : 'auto'
}

function serverHeader(transformation: ServerHeader): HcmConfig['serverHeader'] {
  if (transformation === ServerHeader.APPEND_IF_ABSENT) return 'appendIfAbsent'
  return transformation === ServerHeader.PASS_THROUGH ? 'passThrough' : 'overwrite'
}

function escapedSlashes(action: EscapedSlashes): HcmConfig['escapedSlashes'] {
  switch (action) {
    case EscapedSlashes.REJECT_REQUEST:
      return 'reject'
    case EscapedSlashes.UNESCAPE_AND_REDIRECT:
      return 'redirect'
    case EscapedSlashes.UNESCAPE_AND_FORWARD:
      return 'forward'
    default:
      return 'keep'
  }
}

function stripPort(message: HttpConnectionManager): HcmConfig['stripPort'] {
  if (message.stripPortMode.case === 'stripAnyHostPort' && message.stripPortMode.value) return 'any'
  return message.stripMatchingHostPort ? 'matching' : 'none'
}

function forwardClientCert(details: ForwardClientCertDetails): ForwardClientCert {
  switch (details) {
    case ForwardClientCertDetails.FORWARD_ONLY:
      return 'forwardOnly'
    case ForwardClientCertDetails.APPEND_FORWARD:
      return 'appendForward'
    case ForwardClientCertDetails.SANITIZE_SET:
      return 'sanitizeSet'
    case ForwardClientCertDetails.ALWAYS_FORWARD_ONLY:
      return 'alwaysForwardOnly'
    default:
      return 'sanitize'
  }
}
