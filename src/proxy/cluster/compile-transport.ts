// A cluster's transport socket: raw, TLS, or the passage into an internal listener.

import { anyUnpack } from '@bufbuild/protobuf/wkt'
import type { TransportSocket } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import { InternalUpstreamTransportSchema } from '../../envoy/generated/envoy/extensions/transport_sockets/internal_upstream/v3/internal_upstream_pb.js'
import { RawBufferSchema } from '../../envoy/generated/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js'
import { UpstreamTlsContextSchema } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { compileUpstreamTls } from './compile-tls.ts'
import type { UpstreamTransport } from './dialer.ts'
import type { Secrets } from './secret-set.ts'

const RAW: UpstreamTransport = { tls: undefined, passthroughHostMetadata: [], passthroughClusterMetadata: [] }

export function compileTransport(
  socket: TransportSocket | undefined,
  secrets: Secrets,
  problems: Problems,
): UpstreamTransport {
  if (socket?.configType.case !== 'typedConfig') return RAW
  const config = socket.configType.value
  if (anyUnpack(config, RawBufferSchema) !== undefined) return RAW
  const tls = anyUnpack(config, UpstreamTlsContextSchema)
  if (tls !== undefined) return { ...RAW, tls: compileUpstreamTls(tls, secrets, problems.at('typed_config')) }
  const internal = anyUnpack(config, InternalUpstreamTransportSchema)
  if (internal === undefined) {
    problems.at('typed_config').add(`the transport socket ${config.typeUrl} is not supported`)
    return RAW
  }
  const inner = compileTransport(internal.transportSocket, secrets, problems.at('typed_config').at('transport_socket'))
  const passthrough = (kind: 'host' | 'cluster'): string[] =>
    internal.passthroughMetadata.filter((entry) => entry.kind?.kind.case === kind).map((entry) => entry.name)
  return {
    tls: inner.tls,
    passthroughHostMetadata: passthrough('host'),
    passthroughClusterMetadata: passthrough('cluster'),
  }
}
