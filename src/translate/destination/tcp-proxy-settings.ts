// What a Service's DestinationRules say about connections that are passed on as bytes. There is one such proxy per port, so
// neither ports nor subsets have settings of their own here, as in Istio.

import type { TrafficPolicy } from '../../resources/destination-rule.ts'
import { optionalDuration } from '../envoy-message.ts'
import type { TcpProxySettings } from '../listeners/tcp-chain.ts'

export function tcpProxySettings(policy: TrafficPolicy | undefined): TcpProxySettings {
  const { idleTimeout, maxConnectionDuration } = policy?.connectionPool?.tcp ?? {}
  return {
    idleTimeout: optionalDuration(idleTimeout),
    maxDownstreamConnectionDuration: optionalDuration(maxConnectionDuration),
    ...(policy?.loadBalancer?.consistentHash?.useSourceIp === true && {
      hashPolicy: [{ policySpecifier: { case: 'sourceIp', value: {} } }],
    }),
  }
}
