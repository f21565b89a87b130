// The pieces of Envoy configuration that every part of the bootstrap uses.

import type { JsonObject } from './case.ts'

/** The transport socket of clusters whose hosts are internal listeners. */
export function internalUpstream(passthrough: readonly string[]): JsonObject {
  return {
    name: 'internal_upstream',
    typed_config: typed('envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport', {
      passthrough_metadata: passthrough.map((name) => ({ kind: { host: {} }, name })),
      transport_socket: {
        name: 'raw_buffer',
        typed_config: typed('envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer'),
      },
    }),
  }
}

export function httpProtocolOptions(options: JsonObject): JsonObject {
  return {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      options,
    ),
  }
}

export function fileLog(path: string, format: JsonObject): JsonObject {
  return {
    name: 'envoy.access_loggers.file',
    typed_config: typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', {
      path,
      log_format: { json_format: format },
    }),
  }
}

export function router(): JsonObject {
  return { name: 'envoy.filters.http.router', typed_config: typed('envoy.extensions.filters.http.router.v3.Router') }
}

/** A message of Envoy's API inside an Any. */
export function typed(type: string, fields: JsonObject = {}): JsonObject {
  return { '@type': `type.googleapis.com/${type}`, ...fields }
}

export function socketAddress(address: string, port: number): JsonObject {
  return { socket_address: { address, port_value: port } }
}
