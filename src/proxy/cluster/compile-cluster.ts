// envoy.config.cluster.v3.Cluster as a ClusterConfig. What is not supported was refused by the support table before.

import { anyUnpack } from '@bufbuild/protobuf/wkt'
import { DEFAULT_HTTP1_CLIENT_OPTIONS } from '../../codec/http1/http1-options.ts'
import { DEFAULT_HTTP2_OPTIONS } from '../../codec/http2/options.ts'
import type { Http2Options } from '../../codec/http2/options.ts'
import type { Http1Options } from '../../codec/http1/http1-options.ts'
import {
  Cluster_DiscoveryType as DiscoveryType,
  Cluster_DnsLookupFamily as DnsLookupFamily,
} from '../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { Cluster } from '../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { CircuitBreakers } from '../../envoy/generated/envoy/config/cluster/v3/circuit_breaker_pb.js'
import { RoutingPriority } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import type { HttpProtocolOptions as CommonHttpOptions } from '../../envoy/generated/envoy/config/core/v3/protocol_pb.js'
import type {
  Http1ProtocolOptions,
  Http2ProtocolOptions,
} from '../../envoy/generated/envoy/config/core/v3/protocol_pb.js'
import { HttpProtocolOptionsSchema } from '../../envoy/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js'
import type { HttpProtocolOptions } from '../../envoy/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { durationMs, metadataOf } from '../stream/config-values.ts'
import type { CircuitBreakerLimits } from './circuit-breakers.ts'
import type { ClusterConfig, Discovery, OriginalDstConfig, UpstreamProtocol } from './cluster-config.ts'
import { compileEndpoints } from './compile-endpoints.ts'
import { compileHttp1Options, compileHttp2Options } from './compile-http-options.ts'
import { compileTransport } from './compile-transport.ts'
import { compileLoadBalancing } from './load-balancing/compile-load-balancing.ts'
import type { Secrets } from './secret-set.ts'

const DEFAULT_CONNECT_TIMEOUT_MS = 5000
const DEFAULT_IDLE_TIMEOUT_MS = 3_600_000
const DEFAULT_DNS_REFRESH_MS = 5000
const DEFAULT_CLEANUP_MS = 5000

/** What codecs take from their surroundings: the run queue and the worker's memory budget. */
export type Http2Surroundings = Pick<Http2Options, 'defer' | 'receiveBudget'>

export function compileCluster(
  message: Cluster,
  secrets: Secrets,
  surroundings: Http2Surroundings,
  problems: Problems,
): ClusterConfig {
  const options = httpProtocolOptions(message)
  const common = options?.commonHttpProtocolOptions ?? message.commonHttpProtocolOptions
  const { protocol, http1, http2 } = protocols(message, options)
  const keepalive = http2?.connectionKeepalive
  return {
    name: message.name,
    observabilityName: message.altStatName === '' ? message.name : message.altStatName,
    metadata: metadataOf(message.metadata),
    discovery: compileDiscovery(message, problems),
    loadBalancing: compileLoadBalancing(message, problems),
    connectTimeoutMs: durationMs(message.connectTimeout) ?? DEFAULT_CONNECT_TIMEOUT_MS,
    idleTimeoutMs: durationMs(common?.idleTimeout) ?? DEFAULT_IDLE_TIMEOUT_MS,
    maxStreamDurationMs: durationMs(common?.maxStreamDuration) ?? 0,
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? message.maxRequestsPerConnection ?? 0,
    protocol,
    http1: compileHttp1Options(http1, upstreamHttp1Limits(common)),
    http2: compileHttp2Options(http2, { ...DEFAULT_HTTP2_OPTIONS, ...surroundings, ...upstreamHttp2Limits(common) }),
    breakers: {
      default: compileLimits(message.circuitBreakers, RoutingPriority.DEFAULT),
      high: compileLimits(message.circuitBreakers, RoutingPriority.HIGH),
    },
    transport: compileTransport(message.transportSocket, secrets, problems.at('transport_socket')),
    keepaliveIntervalMs: durationMs(keepalive?.interval) ?? 0,
    keepaliveTimeoutMs: durationMs(keepalive?.timeout) ?? 0,
  }
}

function httpProtocolOptions(message: Cluster): HttpProtocolOptions | undefined {
  const any = message.typedExtensionProtocolOptions['envoy.extensions.upstreams.http.v3.HttpProtocolOptions']
  return any === undefined ? undefined : anyUnpack(any, HttpProtocolOptionsSchema)
}

interface Protocols {
  readonly protocol: UpstreamProtocol
  readonly http1: Http1ProtocolOptions | undefined
  readonly http2: Http2ProtocolOptions | undefined
}

function protocols(message: Cluster, options: HttpProtocolOptions | undefined): Protocols {
  const choice = options?.upstreamProtocolOptions
  switch (choice?.case) {
    case 'explicitHttpConfig': {
      const config = choice.value.protocolConfig
      if (config.case === 'http2ProtocolOptions') return { protocol: 'http2', http1: undefined, http2: config.value }
      const http1 = config.case === 'httpProtocolOptions' ? config.value : undefined
      return { protocol: 'http1', http1, http2: undefined }
    }
    case 'useDownstreamProtocolConfig': {
      const { httpProtocolOptions: http1, http2ProtocolOptions: http2 } = choice.value
      return { protocol: http2 === undefined ? 'http1' : 'downstream', http1, http2 }
    }
    default:
      return message.http2ProtocolOptions === undefined
        ? { protocol: 'http1', http1: message.httpProtocolOptions, http2: undefined }
        : { protocol: 'http2', http1: undefined, http2: message.http2ProtocolOptions }
  }
}

function upstreamHttp1Limits(common: CommonHttpOptions | undefined): Http1Options {
  return {
    ...DEFAULT_HTTP1_CLIENT_OPTIONS,
    maxHeaderCount: common?.maxHeadersCount ?? DEFAULT_HTTP1_CLIENT_OPTIONS.maxHeaderCount,
    maxHeaderBytes: responseHeaderBytes(common) ?? DEFAULT_HTTP1_CLIENT_OPTIONS.maxHeaderBytes,
  }
}

function upstreamHttp2Limits(common: CommonHttpOptions | undefined): Partial<Http2Options> {
  return {
    maxHeaderCount: common?.maxHeadersCount ?? DEFAULT_HTTP2_OPTIONS.maxHeaderCount,
    maxHeaderBytes: responseHeaderBytes(common) ?? DEFAULT_HTTP2_OPTIONS.maxHeaderBytes,
  }
}

function responseHeaderBytes(common: CommonHttpOptions | undefined): number | undefined {
  return common?.maxResponseHeadersKb === undefined ? undefined : common.maxResponseHeadersKb * 1024
}

function compileDiscovery(message: Cluster, problems: Problems): Discovery {
  const type = message.clusterDiscoveryType.case === 'type' ? message.clusterDiscoveryType.value : DiscoveryType.STATIC
  if (type === DiscoveryType.EDS) {
    return { kind: 'eds', serviceName: message.edsClusterConfig?.serviceName || message.name }
  }
  if (type === DiscoveryType.ORIGINAL_DST) return { kind: 'originalDst', config: compileOriginalDst(message) }
  const endpoints = compileEndpoints(message.loadAssignment, problems.at('load_assignment'))
  if (type === DiscoveryType.STATIC) return { kind: 'static', endpoints }
  return {
    kind: type === DiscoveryType.STRICT_DNS ? 'strictDns' : 'logicalDns',
    endpoints: { ...endpoints, hosts: [] },
    targets: endpoints.hosts.flatMap((template) =>
      template.target.kind === 'socket' ? [{ hostname: template.target.ip, port: template.target.port, template }] : [],
    ),
    refreshMs: durationMs(message.dnsRefreshRate) ?? DEFAULT_DNS_REFRESH_MS,
    family: dnsFamily(message.dnsLookupFamily),
  }
}

function dnsFamily(family: DnsLookupFamily): 'auto' | 'v4' | 'v6' | 'all' {
  switch (family) {
    case DnsLookupFamily.V4_ONLY:
      return 'v4'
    case DnsLookupFamily.V6_ONLY:
      return 'v6'
    case DnsLookupFamily.ALL:
      return 'all'
    default:
      return 'auto'
  }
}

function compileOriginalDst(message: Cluster): OriginalDstConfig {
  const config = message.lbConfig.case === 'originalDstLbConfig' ? message.lbConfig.value : undefined
  const path = config?.metadataKey?.path ?? []
  return {
    portOverride: config?.upstreamPortOverride ?? 0,
    metadataNamespace: config?.metadataKey?.key ?? '',
    metadataPath: path.flatMap((segment) => (segment.segment.case === 'key' ? [segment.segment.value] : [])),
    headerName:
      config?.useHttpHeader === true ? (config.httpHeaderName || 'x-envoy-original-dst-host').toLowerCase() : '',
    cleanupIntervalMs: durationMs(message.cleanupInterval) ?? DEFAULT_CLEANUP_MS,
  }
}

function compileLimits(breakers: CircuitBreakers | undefined, priority: RoutingPriority): CircuitBreakerLimits {
  const thresholds = breakers?.thresholds.find((one) => one.priority === priority)
  const budget = thresholds?.retryBudget
  return {
    maxConnections: thresholds?.maxConnections ?? 1024,
    maxPendingRequests: thresholds?.maxPendingRequests ?? 1024,
    maxRequests: thresholds?.maxRequests ?? 1024,
    maxRetries: thresholds?.maxRetries ?? 3,
    retryBudget: budget && {
      percent: budget.budgetPercent?.value ?? 20,
      minConcurrency: budget.minRetryConcurrency ?? 3,
    },
  }
}
