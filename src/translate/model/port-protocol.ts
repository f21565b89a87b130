// Which protocol a Service port carries, as Istio decides it from appProtocol, the port's name and its number.

import type { ServicePort } from '../../resources/core.ts'

export type PortProtocol =
  | 'HTTP' | 'HTTP_PROXY' | 'HTTP2' | 'gRPC' | 'gRPC-Web' | 'HTTPS' | 'TLS' | 'TCP' | 'Mongo' | 'Redis' | 'MySQL' | 'UDP' | 'SCTP' | 'unknown' // prettier-ignore

/** What appProtocol, or the first part of a port's name, may say. */
const byName: Readonly<Record<string, PortProtocol>> = {
  tcp: 'TCP',
  udp: 'UDP',
  grpc: 'gRPC',
  'grpc-web': 'gRPC-Web',
  http: 'HTTP',
  http_proxy: 'HTTP_PROXY',
  http2: 'HTTP2',
  https: 'HTTPS',
  tls: 'TLS',
  mongo: 'Mongo',
  redis: 'Redis',
  mysql: 'MySQL',
}

/** Names that Kubernetes itself defines, valid in appProtocol only (KEP-3726). */
const byKubernetesName: Readonly<Record<string, PortProtocol>> = {
  'kubernetes.io/h2c': 'HTTP2',
  'kubernetes.io/ws': 'HTTP',
  'kubernetes.io/wss': 'HTTPS',
}

/** SMTP, DNS, MySQL, MongoDB: the server speaks first, so looking at the client's first bytes would wait for ever. */
export const serverFirstPorts: ReadonlySet<number> = new Set([25, 53, 3306, 27_017])

export function portProtocol(port: ServicePort): PortProtocol {
  if (port.protocol === 'UDP' || port.protocol === 'SCTP') return port.protocol
  if (port.appProtocol !== undefined && Object.hasOwn(byKubernetesName, port.appProtocol)) {
    return byKubernetesName[port.appProtocol]
  }
  const name = (port.appProtocol ?? port.name ?? '').toLowerCase()
  if (name.startsWith('grpc-web')) return 'gRPC-Web'
  const first = name.split('-', 1)[0]
  if (Object.hasOwn(byName, first)) return byName[first]
  return serverFirstPorts.has(port.port) ? 'TCP' : 'unknown'
}

/** What a ServiceEntry's port says; its name and number say nothing. */
export function namedProtocol(text: string): PortProtocol {
  const name = text.toLowerCase()
  return Object.hasOwn(byName, name) ? byName[name] : 'unknown'
}

/** `http`: parsed. `tcp`: passed on. `detect`: either, by the first bytes. `none`: not TCP, so not served. */
export type PortHandling = 'http' | 'tcp' | 'detect' | 'none'

export function portHandling(protocol: PortProtocol): PortHandling {
  switch (protocol) {
    case 'HTTP':
    case 'HTTP_PROXY':
    case 'HTTP2':
    case 'gRPC':
    case 'gRPC-Web':
      return 'http'
    case 'unknown':
      return 'detect'
    case 'UDP':
    case 'SCTP':
      return 'none'
    default:
      return 'tcp'
  }
}

/** Whether servers on the port speak HTTP/2 without being asked. */
export function isHttp2(protocol: PortProtocol): boolean {
  return protocol === 'HTTP2' || protocol === 'gRPC' || protocol === 'gRPC-Web'
}

export function isTls(protocol: PortProtocol): boolean {
  return protocol === 'TLS' || protocol === 'HTTPS'
}
