// The filter chain that parses HTTP: connection manager, HTTP filters in Istio's order, routes.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type {
  FilterChainSchema,
  FilterSchema,
} from '../../envoy/generated/envoy/config/listener/v3/listener_components_pb.js'
import { HeaderValueOption_HeaderAppendAction as Append } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import type { RouteConfigurationSchema } from '../../envoy/generated/envoy/config/route/v3/route_pb.js'
import type { DnsCacheConfigSchema } from '../../envoy/generated/envoy/extensions/common/dynamic_forward_proxy/v3/dns_cache_pb.js'
import { FilterConfigSchema as DynamicForwardProxySchema } from '../../envoy/generated/envoy/extensions/filters/http/dynamic_forward_proxy/v3/dynamic_forward_proxy_pb.js'
import { CorsSchema } from '../../envoy/generated/envoy/extensions/filters/http/cors/v3/cors_pb.js'
import { HTTPFaultSchema } from '../../envoy/generated/envoy/extensions/filters/http/fault/v3/fault_pb.js'
import { GrpcWebSchema } from '../../envoy/generated/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.js'
import { HeaderMutationSchema } from '../../envoy/generated/envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb.js'
import { RouterSchema } from '../../envoy/generated/envoy/extensions/filters/http/router/v3/router_pb.js'
import {
  HttpConnectionManager_ForwardClientCertDetails as ForwardClientCert,
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  HttpConnectionManagerSchema,
  type HttpFilterSchema,
} from '../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import { UuidRequestIdConfigSchema } from '../../envoy/generated/envoy/extensions/request_id/uuid/v3/uuid_pb.js'
import { any, duration } from '../envoy-message.ts'
import type { HttpAuthorization } from '../authorization/authorization-filters.ts'
import { corsFilterName } from '../routes/cors-policy.ts'
import { faultFilterName } from '../virtual-services/fault-injection.ts'
import type { MeshSettings, PathNormalization } from '../mesh-settings.ts'

type FilterChainInit = MessageInitShape<typeof FilterChainSchema>
type HttpFilterInit = MessageInitShape<typeof HttpFilterSchema>

export interface HttpChain {
  readonly name: string
  /** 0 for Pods, which are reached on any port. */
  readonly port: number
  readonly http2: boolean
  readonly grpcWeb: boolean
  readonly routes: MessageInitShape<typeof RouteConfigurationSchema>
  readonly authorization: HttpAuthorization
  /** Verifies tokens. */
  readonly authentication: readonly HttpFilterInit[]
  /** For requests that go to the name that they carry. */
  readonly dnsCache?: MessageInitShape<typeof DnsCacheConfigSchema> | undefined
  /** Network filters before the connection manager. */
  readonly before: MessageInitShape<typeof FilterSchema>[]
  readonly metadata?: FilterChainInit['metadata']
}

export interface HttpChainSettings {
  readonly mesh: MeshSettings
  /** The Gateway asks for `x-forwarded-client-cert` with the identities of the tunnel. */
  readonly clientIdentityHeader: boolean
}

export function httpFilterChain(chain: HttpChain, settings: HttpChainSettings): FilterChainInit {
  const manager = any(HttpConnectionManagerSchema, {
    statPrefix: `inbound_0.0.0.0_${chain.port};`,
    serverName: 'istio-envoy',
    useRemoteAddress: false,
    ...(settings.clientIdentityHeader ? { forwardClientCertDetails: ForwardClientCert.ALWAYS_FORWARD_ONLY } : {}),
    ...pathNormalization(settings.mesh.pathNormalization),
    ...(chain.http2 ? { http2ProtocolOptions: {} } : {}),
    proxy100Continue: true,
    requestIdExtension: { typedConfig: any(UuidRequestIdConfigSchema, { useRequestIdForTraceSampling: true }) },
    streamIdleTimeout: duration(0),
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    httpFilters: httpFilters(chain, settings),
    routeSpecifier: { case: 'routeConfig', value: chain.routes },
  })
  const filter = {
    name: 'envoy.filters.network.http_connection_manager',
    configType: { case: 'typedConfig' as const, value: manager },
  }
  return { name: chain.name, filters: [...chain.before, filter], metadata: chain.metadata }
}

function pathNormalization(mode: PathNormalization) {
  const pathWithEscapedSlashesAction =
    mode === 'DECODE_AND_MERGE_SLASHES' ? EscapedSlashes.UNESCAPE_AND_FORWARD : EscapedSlashes.KEEP_UNCHANGED
  return {
    normalizePath: mode !== 'NONE',
    mergeSlashes: mode === 'MERGE_SLASHES' || mode === 'DECODE_AND_MERGE_SLASHES',
    pathWithEscapedSlashesAction,
  }
}

/** One place per filter; a filter that would do nothing is left out. */
function httpFilters(chain: HttpChain, settings: HttpChainSettings): HttpFilterInit[] {
  return [
    settings.clientIdentityHeader ? clientIdentityHeader() : undefined,
    ...chain.authorization.custom,
    ...chain.authentication,
    ...chain.authorization.local,
    chain.grpcWeb ? httpFilter('envoy.filters.http.grpc_web', any(GrpcWebSchema)) : undefined,
    configures(chain, faultFilterName) ? httpFilter(faultFilterName, any(HTTPFaultSchema)) : undefined,
    configures(chain, corsFilterName) ? httpFilter(corsFilterName, any(CorsSchema)) : undefined,
    chain.dnsCache && dynamicForwardProxy(chain.dnsCache),
    httpFilter('envoy.filters.http.router', any(RouterSchema)),
  ].filter((filter) => filter !== undefined)
}

/** Whether some route has something to say to the filter. */
function configures({ routes }: HttpChain, name: string): boolean {
  const hosts = routes.virtualHosts ?? []
  return hosts.some((host) => host.routes?.some((route) => route.typedPerFilterConfig?.[name] !== undefined))
}

function httpFilter(name: string, value: ReturnType<typeof any>): HttpFilterInit {
  return { name, configType: { case: 'typedConfig', value } }
}

function dynamicForwardProxy(dnsCacheConfig: NonNullable<HttpChain['dnsCache']>): HttpFilterInit {
  const implementationSpecifier = { case: 'dnsCacheConfig' as const, value: dnsCacheConfig }
  return httpFilter(
    'envoy.filters.http.dynamic_forward_proxy',
    any(DynamicForwardProxySchema, { implementationSpecifier }),
  )
}

/** Overwrites what a client sent, so that the backend can trust it. */
function clientIdentityHeader(): HttpFilterInit {
  const value = 'By=%FILTER_STATE(io.istio.local_principal:PLAIN)%;URI=%FILTER_STATE(io.istio.peer_principal:PLAIN)%'
  const append = {
    header: { key: 'x-forwarded-client-cert', value },
    appendAction: Append.OVERWRITE_IF_EXISTS_OR_ADD,
  }
  const config = any(HeaderMutationSchema, {
    mutations: { requestMutations: [{ action: { case: 'append', value: append } }] },
  })
  return httpFilter('istio.waypoint.xfcc_client_identity', config)
}
