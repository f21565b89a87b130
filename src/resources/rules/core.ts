// What the API server demands of the core kinds beyond their structure.

import { ipFamily } from '../../lib/ip.ts'
import type { EndpointSlice, Pod, Service, ServicePort } from '../core.ts'
import type { FieldPath } from '../field-path.ts'
import type { Report } from '../schema.ts'

const serviceTypes = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']
const protocols = ['TCP', 'UDP', 'SCTP']
const addressTypes = ['IPv4', 'IPv6', 'FQDN']
const portName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/

export function checkService(service: Service, report: Report): void {
  const { type, clusterIP, clusterIPs, externalName, ports } = service.spec
  oneOf(type, serviceTypes, ['spec', 'type'], report)
  const external = type === 'ExternalName'
  if (external && !externalName) report(['spec', 'externalName'], 'is required for type ExternalName', 'add it')
  if (!external && (ports ?? []).length === 0 && clusterIP !== 'None') {
    report(['spec', 'ports'], 'is required', 'list the ports of the Service')
  }
  if (clusterIP) checkClusterIp(clusterIP, ['spec', 'clusterIP'], report)
  for (const [index, ip] of (clusterIPs ?? []).entries()) checkClusterIp(ip, ['spec', 'clusterIPs', index], report)
  if (clusterIP && clusterIPs !== undefined && clusterIPs[0] !== clusterIP) {
    report(['spec', 'clusterIPs'], `must begin with clusterIP (${clusterIP})`, 'remove one of the two fields')
  }
  const names = new Set<string>()
  for (const [index, port] of (ports ?? []).entries()) {
    const path = ['spec', 'ports', index]
    checkServicePort(port, path, report)
    if (port.name === undefined && ports!.length > 1) {
      report([...path, 'name'], 'is required when a Service has several ports', 'name each port')
    } else if (port.name !== undefined) {
      if (names.has(port.name)) report([...path, 'name'], `${JSON.stringify(port.name)} is used twice`, 'rename one')
      names.add(port.name)
    }
  }
}

function checkServicePort(port: ServicePort, path: FieldPath, report: Report): void {
  checkPort(port.port, [...path, 'port'], report)
  oneOf(port.protocol, protocols, [...path, 'protocol'], report)
  if (typeof port.targetPort === 'number') checkPort(port.targetPort, [...path, 'targetPort'], report)
  if (port.name !== undefined && (port.name.length > 63 || !portName.test(port.name))) {
    report(
      [...path, 'name'],
      `${JSON.stringify(port.name)} is not a port name`,
      'use lower-case letters, digits and "-"',
    )
  }
}

export function checkEndpointSlice(slice: EndpointSlice, report: Report): void {
  if (slice.addressType === undefined) report(['addressType'], 'is required', 'write IPv4, IPv6 or FQDN')
  oneOf(slice.addressType, addressTypes, ['addressType'], report)
  const family = slice.addressType === 'IPv4' ? 4 : slice.addressType === 'IPv6' ? 6 : 0
  for (const [index, endpoint] of (slice.endpoints ?? []).entries()) {
    const path = ['endpoints', index, 'addresses']
    if ((endpoint.addresses ?? []).length === 0) report(path, 'is required', 'add one address')
    for (const [at, address] of (endpoint.addresses ?? []).entries()) {
      if (family !== 0 && ipFamily(address) !== family) {
        report([...path, at], `${JSON.stringify(address)} is not an ${slice.addressType} address`)
      }
    }
  }
  for (const [index, port] of (slice.ports ?? []).entries()) {
    if (port.port !== undefined) checkPort(port.port, ['ports', index, 'port'], report)
    oneOf(port.protocol, protocols, ['ports', index, 'protocol'], report)
  }
}

export function checkPod(pod: Pod, report: Report): void {
  for (const [index, { ip }] of (pod.status?.podIPs ?? []).entries()) {
    if (ipFamily(ip) === 0) report(['status', 'podIPs', index, 'ip'], `${JSON.stringify(ip)} is not an IP address`)
  }
  const hbonePort = pod.metadata.annotations?.['cairn.dev/hbone-port']
  if (hbonePort !== undefined && !isPort(Number(hbonePort))) {
    report(
      ['metadata', 'annotations', 'cairn.dev/hbone-port'],
      `${JSON.stringify(hbonePort)} is not a port`,
      'write a number from 1 to 65535',
    )
  }
}

function checkClusterIp(ip: string, path: FieldPath, report: Report): void {
  if (ip !== 'None' && ipFamily(ip) === 0)
    report(path, `${JSON.stringify(ip)} is not an IP address`, 'write an address or None')
}

function checkPort(port: number | undefined, path: FieldPath, report: Report): void {
  if (port === undefined) report(path, 'is required', 'add it')
  else if (!isPort(port)) report(path, `${port} is not a port`, 'write a number from 1 to 65535')
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535
}

function oneOf(value: string | undefined, allowed: readonly string[], path: FieldPath, report: Report): void {
  if (value !== undefined && !allowed.includes(value)) {
    report(path, `must be one of ${allowed.join(', ')}, is ${JSON.stringify(value)}`)
  }
}
