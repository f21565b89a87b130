// The rules that the CRD of Gateway states in CEL.

import type { Gateway } from '../gateway-api.ts'
import type { Report } from '../schema.ts'

const uniquePortRemedy = 'remove one, or change its port or hostname'

export function checkGateway(gateway: Gateway, report: Report): void {
  const seen = new Map<string, number>()
  for (const [index, listener] of (gateway.spec.listeners ?? []).entries()) {
    const { port, protocol, hostname, tls } = listener
    const path = ['spec', 'listeners', index]
    if (tls !== undefined && ['HTTP', 'TCP', 'UDP'].includes(protocol)) {
      report([...path, 'tls'], `must not be set for protocol ${protocol}`, 'remove it')
    }
    if (protocol === 'HTTPS' && tls?.mode !== undefined && tls.mode !== 'Terminate') {
      report([...path, 'tls', 'mode'], 'must be Terminate for protocol HTTPS')
    }
    if (protocol === 'TLS' && !tls?.mode) report([...path, 'tls', 'mode'], 'is required for protocol TLS', 'add it')
    if ((protocol === 'TCP' || protocol === 'UDP') && hostname) {
      report([...path, 'hostname'], `must not be set for protocol ${protocol}`, 'remove it')
    }
    const key = JSON.stringify([port, protocol, hostname])
    const first = seen.get(key)
    if (first === undefined) seen.set(key, index)
    else report(path, `has the port, protocol and hostname of spec.listeners[${first}]`, uniquePortRemedy)
  }
}
