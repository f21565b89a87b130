// The factory of envoy.filters.network.tcp_proxy: its message as a TcpProxyConfig.

import { RequestHeaderMap } from '../../codec/header-map.ts'
import { TcpProxySchema } from '../../envoy/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js'
import type {
  TcpProxy as TcpProxyMessage,
  TcpProxy_TunnelingConfig as TunnelingMessage,
} from '../../envoy/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js'
import type { Problems } from '../../lib/problems.ts'
import type { Random } from '../../lib/random.ts'
import { compileFormat } from '../format/compile-format.ts'
import { compileHeaderMutation } from '../format/header-mutation.ts'
import type { FormatEnvironment } from '../format/operator.ts'
import { durationMs } from '../stream/config-values.ts'
import type { NetworkFilterDeps, NetworkFilterFactory } from './network-filter.ts'
import { TcpProxy } from './tcp-proxy.ts'
import { tcpProxyStats } from './tcp-proxy-config.ts'
import type { TcpProxyConfig, Tunneling } from './tcp-proxy-config.ts'

const DEFAULT_IDLE_TIMEOUT_MS = 3_600_000

export const tcpProxy: NetworkFilterFactory<typeof TcpProxySchema> = {
  name: 'envoy.filters.network.tcp_proxy',
  config: TcpProxySchema,
  compile(message, deps, problems) {
    const config = compileTcpProxy(message, deps, problems)
    return {
      kind: 'terminal',
      accessLoggers: config.accessLoggers,
      accept: (connection, info, drainGroup) => {
        new TcpProxy(connection, info, config, deps, drainGroup).start()
      },
    }
  },
}

function compileTcpProxy(message: TcpProxyMessage, deps: NetworkFilterDeps, problems: Problems): TcpProxyConfig {
  const tunneling = message.tunnelingConfig
  return {
    chooseCluster: compileChoice(message, problems),
    tunneling:
      tunneling === undefined
        ? undefined
        : compileTunneling(tunneling, deps.http.formats, problems.at('tunneling_config')),
    idleTimeoutMs: durationMs(message.idleTimeout) ?? DEFAULT_IDLE_TIMEOUT_MS,
    maxDurationMs: durationMs(message.maxDownstreamConnectionDuration) ?? 0,
    maxConnectAttempts: message.maxConnectAttempts ?? 1,
    accessLoggers: deps.http.compileAccessLoggers(message.accessLog, problems.at('access_log')),
    stats: tcpProxyStats(deps.stats, message.statPrefix),
  }
}

function compileChoice(message: TcpProxyMessage, problems: Problems): (random: Random) => string {
  const specifier = message.clusterSpecifier
  if (specifier.case === 'cluster') {
    const name = specifier.value
    return () => name
  }
  if (specifier.case !== 'weightedClusters') {
    problems.add('one of cluster and weighted_clusters is required')
    return () => ''
  }
  const { clusters } = specifier.value
  const total = clusters.reduce((sum, entry) => sum + entry.weight, 0)
  return (random) => {
    let point = random.below(total)
    for (const entry of clusters) {
      if (point < entry.weight) return entry.name
      point -= entry.weight
    }
    return clusters[clusters.length - 1].name
  }
}

function compileTunneling(message: TunnelingMessage, formats: FormatEnvironment, problems: Problems): Tunneling {
  const hostname = compileFormat(message.hostname, formats, problems.at('hostname'))
  const mutation = compileHeaderMutation(message.headersToAdd, [], 'request', formats, {
    add: problems.at('headers_to_add'),
    remove: problems,
  })
  const path = message.postPath === '' ? '/' : message.postPath
  return {
    requestHeaders(info) {
      const headers = new RequestHeaderMap()
      headers.method = message.usePost ? 'POST' : 'CONNECT'
      headers.authority = hostname(info)
      if (message.usePost) {
        headers.path = path
        headers.scheme = 'https'
      }
      mutation.apply(headers, info)
      return headers
    },
  }
}
