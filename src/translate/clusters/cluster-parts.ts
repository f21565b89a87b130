// What the clusters of a waypoint share.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Any } from '@bufbuild/protobuf/wkt'
import type { CircuitBreakersSchema } from '../../envoy/generated/envoy/config/cluster/v3/circuit_breaker_pb.js'
import type { Http2ProtocolOptionsSchema } from '../../envoy/generated/envoy/config/core/v3/protocol_pb.js'
import type { TransportSocketSchema } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import { InternalUpstreamTransportSchema } from '../../envoy/generated/envoy/extensions/transport_sockets/internal_upstream/v3/internal_upstream_pb.js'
import { RawBufferSchema } from '../../envoy/generated/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js'
import { HttpProtocolOptionsSchema } from '../../envoy/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js'
import { any } from '../envoy-message.ts'
import { thresholds } from './connection-limits.ts'

type TransportSocketInit = MessageInitShape<typeof TransportSocketSchema>
type HttpProtocolOptionsInit = MessageInitShape<typeof HttpProtocolOptionsSchema>

export function unlimitedCircuitBreakers(): MessageInitShape<typeof CircuitBreakersSchema> {
  return { thresholds: [thresholds()] }
}

export function httpProtocolOptions(options: HttpProtocolOptionsInit): Record<string, Any> {
  return { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': any(HttpProtocolOptionsSchema, options) }
}

/** Speak what the downstream connection speaks. */
export const useDownstreamProtocol: HttpProtocolOptionsInit['upstreamProtocolOptions'] = {
  case: 'useDownstreamProtocolConfig',
  value: { httpProtocolOptions: {}, http2ProtocolOptions: {} },
}

/** Speak HTTP/2. */
export function explicitHttp2(
  options: MessageInitShape<typeof Http2ProtocolOptionsSchema>,
): HttpProtocolOptionsInit['upstreamProtocolOptions'] {
  return {
    case: 'explicitHttpConfig',
    value: { protocolConfig: { case: 'http2ProtocolOptions', value: options } },
  }
}

/** Into another listener of this process, with the named metadata of the endpoint, and `inner` spoken through it. */
export function internalUpstream(
  endpointMetadata: readonly string[],
  inner: TransportSocketInit = rawBuffer(),
): TransportSocketInit {
  const passthroughMetadata = endpointMetadata.map((name) => ({
    name,
    kind: { kind: { case: 'host' as const, value: {} } },
  }))
  const config = any(InternalUpstreamTransportSchema, { passthroughMetadata, transportSocket: inner })
  return { name: 'internal_upstream', configType: { case: 'typedConfig', value: config } }
}

export function rawBuffer(): TransportSocketInit {
  return { name: 'raw_buffer', configType: { case: 'typedConfig', value: any(RawBufferSchema) } }
}
