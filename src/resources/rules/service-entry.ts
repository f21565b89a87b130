// What Istio's CRDs and webhook demand of ServiceEntries and WorkloadEntries beyond their structure.

import { parseCidrText } from '../../lib/cidr.ts'
import { ipFamily } from '../../lib/ip.ts'
import type { FieldPath } from '../field-path.ts'
import type { Report } from '../schema.ts'
import type { ServiceEntry, ServiceEntryPort, WorkloadEntry, WorkloadEntrySpec } from '../service-entry.ts'
import { isDomainName, isWildcardDomain } from './domain-name.ts'
import { checkExportTo } from './export-to.ts'

const dynamicProtocols = ['HTTP', 'TLS', 'GRPC', 'HTTP2']
const protocols = new Set([
  'tcp', 'udp', 'grpc', 'grpc-web', 'http', 'http_proxy', 'http2', 'https', 'tls', 'mongo', 'redis', 'mysql',
]) // prettier-ignore

export function checkServiceEntry({ spec }: ServiceEntry, report: Report): void {
  const { hosts, addresses = [], endpoints, workloadSelector, resolution = 'NONE' } = spec
  if (hosts.length === 0) report(['spec', 'hosts'], 'needs a host', 'add it')
  for (const [index, host] of hosts.entries()) {
    const path = ['spec', 'hosts', index]
    if (host === '*' || !isWildcardDomain(host)) report(path, `${JSON.stringify(host)} is not a host name`)
  }
  for (const [index, address] of addresses.entries()) checkAddress(address, ['spec', 'addresses', index], report)
  if (endpoints !== undefined && workloadSelector !== undefined) {
    report(['spec', 'workloadSelector'], 'must not stand beside endpoints', 'remove one of the two')
  }
  checkPorts(spec.ports ?? [], report)
  checkResolution(spec, resolution, report)
  const names = new Set((spec.ports ?? []).map(({ name }) => name))
  for (const [index, endpoint] of (endpoints ?? []).entries()) {
    const path = ['spec', 'endpoints', index]
    checkWorkload(endpoint, path, resolution !== 'STATIC', report)
    for (const name of Object.keys(endpoint.ports ?? {})) {
      if (!names.has(name)) report([...path, 'ports', name], 'is not a port of this ServiceEntry', 'correct the name')
    }
  }
  checkExportTo(spec.exportTo, ['spec', 'exportTo'], report)
}

export function checkWorkloadEntry({ spec }: WorkloadEntry, report: Report): void {
  checkWorkload(spec, ['spec'], true, report)
}

function checkAddress(address: string, path: FieldPath, report: Report): void {
  if (ipFamily(address) !== 0 || parseCidrText(address) !== undefined) return
  report(path, `${JSON.stringify(address)} is neither an IP address nor a block of them`)
}

function checkPorts(ports: readonly ServiceEntryPort[], report: Report): void {
  const numbers = new Set<number>()
  for (const [index, { number, protocol, targetPort }] of ports.entries()) {
    const path = ['spec', 'ports', index]
    if (!isPort(number)) report([...path, 'number'], `${number} is not a port`, 'write a number from 1 to 65535')
    if (targetPort !== undefined && !isPort(targetPort)) report([...path, 'targetPort'], `${targetPort} is not a port`)
    if (protocol !== undefined && protocol !== '' && !protocols.has(protocol.toLowerCase())) {
      report([...path, 'protocol'], `${JSON.stringify(protocol)} is not known`, 'write HTTP, HTTP2, GRPC, TLS or TCP')
    }
    if (numbers.has(number)) report([...path, 'number'], `${number} is used twice`, 'remove one')
    numbers.add(number)
  }
}

function checkResolution(spec: ServiceEntry['spec'], resolution: string, report: Report): void {
  const { hosts, addresses = [], endpoints = [], ports = [] } = spec
  const block = addresses.findIndex((address) => address.includes('/'))
  if (block >= 0 && resolution !== 'NONE' && resolution !== 'STATIC') {
    report(['spec', 'addresses', block], `must be one address with resolution ${resolution}`, 'write STATIC or NONE')
  }
  const wild = hosts.findIndex((host) => host.startsWith('*'))
  switch (resolution) {
    case 'NONE':
      if (endpoints.length > 0) report(['spec', 'endpoints'], 'must not be set with resolution NONE', 'write STATIC')
      return
    case 'DNS':
    case 'DNS_ROUND_ROBIN':
      if (endpoints.length === 0 && wild >= 0) {
        report(['spec', 'hosts', wild], 'cannot be resolved', 'write DYNAMIC_DNS, or add endpoints')
      }
      if (resolution === 'DNS_ROUND_ROBIN' && endpoints.length > 1) {
        report(['spec', 'endpoints'], 'must be one at most with DNS_ROUND_ROBIN', 'write DNS')
      }
      return
    case 'DYNAMIC_DNS':
      if (addresses.length > 0) report(['spec', 'addresses'], 'must not be set with DYNAMIC_DNS', 'remove it')
      if (endpoints.length > 0) report(['spec', 'endpoints'], 'must not be set with DYNAMIC_DNS', 'remove it')
      for (const [index, host] of hosts.entries()) {
        if (!host.startsWith('*')) report(['spec', 'hosts', index], 'needs no DYNAMIC_DNS', 'write DNS')
      }
      for (const [index, { protocol = '' }] of ports.entries()) {
        if (dynamicProtocols.includes(protocol.toUpperCase())) continue
        report(['spec', 'ports', index, 'protocol'], `must be one of ${dynamicProtocols.join(', ')} with DYNAMIC_DNS`)
      }
  }
}

function checkWorkload(workload: WorkloadEntrySpec, path: FieldPath, resolves: boolean, report: Report): void {
  const { address = '', network = '', ports = {} } = workload
  const at = [...path, 'address']
  if (address.startsWith('unix://')) {
    if (!/^unix:\/\/[/@].*[^/]$/.test(address)) report(at, 'is not a path', 'write unix:///path, or unix://@name')
    if (workload.ports !== undefined) report([...path, 'ports'], 'must not stand beside a path', 'remove it')
  } else if (address === '') {
    if (network === '') report(at, 'is required', 'add it')
  } else if (ipFamily(address) === 0 && !(resolves && isDomainName(address))) {
    report(at, `${JSON.stringify(address)} is not an IP address`, resolves ? '' : 'write resolution DNS to use a name')
  }
  for (const [name, port] of Object.entries(ports)) {
    if (!isPort(port)) report([...path, 'ports', name], `${port} is not a port`, 'write a number from 1 to 65535')
  }
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535
}
