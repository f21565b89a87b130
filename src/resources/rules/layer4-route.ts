// The rules that the CRDs of TCPRoute and TLSRoute state in CEL, each with what to write instead.

import { canonicalIp } from '../../lib/ip.ts'
import type { TcpRoute, TlsRoute } from '../gateway-api.ts'
import type { Report } from '../schema.ts'
import { checkBackendPort, checkParentRefs } from './route.ts'

export function checkLayer4Route(route: TcpRoute | TlsRoute, report: Report): void {
  checkParentRefs(route.spec.parentRefs ?? [], report)
  for (const [index, rule] of route.spec.rules.entries()) {
    for (const [at, backend] of rule.backendRefs.entries()) {
      checkBackendPort(backend, ['spec', 'rules', index, 'backendRefs', at], report)
    }
  }
  if (route.kind !== 'TLSRoute') return
  for (const [index, hostname] of route.spec.hostnames.entries()) {
    if (canonicalIp(hostname) === undefined) continue
    report(['spec', 'hostnames', index], 'is an address, which no client sends as a server name')
  }
}
