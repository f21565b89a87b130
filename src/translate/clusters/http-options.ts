// How a cluster speaks HTTP: the version, how long connections live, and what TLS takes from requests.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Http2ProtocolOptionsSchema } from '../../envoy/generated/envoy/config/core/v3/protocol_pb.js'
import type { HttpProtocolOptionsSchema } from '../../envoy/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js'
import type { ConnectionPoolSettings } from '../../resources/destination-rule.ts'
import { optionalDuration } from '../envoy-message.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import { isHttp2 } from '../model/port-protocol.ts'
import type { ServicePortModel } from '../model/service-model.ts'
import { explicitHttp2, useDownstreamProtocol } from './cluster-parts.ts'

type Options = MessageInitShape<typeof HttpProtocolOptionsSchema>
type Http2Options = MessageInitShape<typeof Http2ProtocolOptionsSchema>

export interface HttpOptions {
  /** Undefined: Envoy's defaults. */
  readonly options: Options | undefined
  /** HTTP/2 whatever the client speaks. */
  readonly http2: boolean
}

/** What TLS to the hosts takes from each request. */
export type TlsFromRequest = Options['upstreamHttpProtocolOptions']

export function httpOptions(
  port: ServicePortModel,
  pool: ConnectionPoolSettings | undefined,
  tls: TlsFromRequest,
  settings: MeshSettings,
): HttpOptions {
  const version = httpVersion(port, pool, settings)
  const common = connectionLife(pool)
  const http2 = version?.case === 'explicitHttpConfig'
  if (version === undefined && common === undefined && tls === undefined) return { options: undefined, http2 }
  return {
    http2,
    options: {
      ...(common && { commonHttpProtocolOptions: common }),
      ...(tls && { upstreamHttpProtocolOptions: tls }),
      upstreamProtocolOptions: version ?? http1,
    },
  }
}

const http1: Options['upstreamProtocolOptions'] = {
  case: 'explicitHttpConfig',
  value: { protocolConfig: { case: 'httpProtocolOptions', value: {} } },
}

/** Undefined: nothing says so, which is HTTP/1.1. */
function httpVersion(
  port: ServicePortModel,
  pool: ConnectionPoolSettings | undefined,
  settings: MeshSettings,
): Options['upstreamProtocolOptions'] {
  const { useClientProtocol = false, h2UpgradePolicy = 'DEFAULT' } = pool?.http ?? {}
  if (useClientProtocol) return useDownstreamProtocol
  if (isHttp2(port.protocol)) return explicitHttp2(http2Options(pool))
  if (port.handling === 'detect') return useDownstreamProtocol
  const meshUpgrades = h2UpgradePolicy === 'DEFAULT' && settings.h2Upgrade && port.handling === 'http'
  return h2UpgradePolicy === 'UPGRADE' || meshUpgrades ? explicitHttp2({}) : undefined
}

/** Istio reads these only where the port itself says HTTP/2, not where a connection is upgraded to it. */
function http2Options(pool: ConnectionPoolSettings | undefined): Http2Options {
  const { maxConcurrentStreams, http2KeepAlive } = pool?.http ?? {}
  return {
    ...(maxConcurrentStreams && { maxConcurrentStreams }),
    ...(http2KeepAlive && {
      connectionKeepalive: {
        interval: optionalDuration(http2KeepAlive.interval),
        timeout: optionalDuration(http2KeepAlive.timeout),
      },
    }),
  }
}

function connectionLife(pool: ConnectionPoolSettings | undefined): Options['commonHttpProtocolOptions'] {
  const idleTimeout = optionalDuration(pool?.http?.idleTimeout ?? pool?.tcp?.idleTimeout)
  const maxConnectionDuration = optionalDuration(pool?.tcp?.maxConnectionDuration)
  const { maxRequestsPerConnection, maxConcurrentStreams, http2KeepAlive } = pool?.http ?? {}
  const says = [idleTimeout, maxConnectionDuration, maxRequestsPerConnection, maxConcurrentStreams, http2KeepAlive]
  if (!says.some(Boolean)) return undefined
  return { idleTimeout, maxConnectionDuration, ...(maxRequestsPerConnection && { maxRequestsPerConnection }) }
}
