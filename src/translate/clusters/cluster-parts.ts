// What the clusters of a waypoint share.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Any } from '@bufbuild/protobuf/wkt'
import type { CircuitBreakersSchema } from '../../envoy/generated/envoy/config/cluster/v3/circuit_breaker_pb.js'
import type { TransportSocketSchema } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import { InternalUpstreamTransportSchema } from '../../envoy/generated/envoy/extensions/transport_sockets/internal_upstream/v3/internal_upstream_pb.js'
import { RawBufferSchema } from '../../envoy/generated/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js'
import { HttpProtocolOptionsSchema } from '../../envoy/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js'
import { any } from '../envoy-message.ts'

type TransportSocketInit = MessageInitShape<typeof TransportSocketSchema>
type HttpProtocolOptionsInit = MessageInitShape<typeof HttpProtocolOptionsSchema>

const unlimited = 0xffff_ffff

/** Istio sets no limits unless a DestinationRule asks for them. */
export function unlimitedCircuitBreakers(): MessageInitShape<typeof CircuitBreakersSchema> {
  const all = {
    maxConnections: unlimited,
    maxPendingRequests: unlimited,
    maxRequests: unlimited,
    maxRetries: unlimited,
  }
  return { thresholds: [all] }
}

export function httpProtocolOptions(options: HttpProtocolOptionsInit): Record<string, Any> {
  return { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': any(HttpProtocolOptionsSchema, options) }
}

/** Speak what the downstream connection speaks. */
export const useDownstreamProtocol: HttpProtocolOptionsInit['upstreamProtocolOptions'] = {
  case: 'useDownstreamProtocolConfig',
  value: { httpProtocolOptions: {}, http2ProtocolOptions: {} },
}

/** Speak HTTP/2; with `allowConnect` also through CONNECT. */
export function explicitHttp2(allowConnect: boolean): HttpProtocolOptionsInit['upstreamProtocolOptions'] {
  const http2ProtocolOptions = allowConnect ? { allowConnect: true } : {}
  return {
    case: 'explicitHttpConfig',
    value: { protocolConfig: { case: 'http2ProtocolOptions', value: http2ProtocolOptions } },
  }
}

/** Into another listener of this process, with the named metadata of the endpoint. */
export function internalUpstream(endpointMetadata: readonly string[]): TransportSocketInit {
  const passthroughMetadata = endpointMetadata.map((name) => ({
    name,
    kind: { kind: { case: 'host' as const, value: {} } },
  }))
  const config = any(InternalUpstreamTransportSchema, { passthroughMetadata, transportSocket: rawBuffer() })
  return { name: 'internal_upstream', configType: { case: 'typedConfig', value: config } }
}

function rawBuffer(): TransportSocketInit {
  return { name: 'raw_buffer', configType: { case: 'typedConfig', value: any(RawBufferSchema) } }
}
