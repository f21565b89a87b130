// A Service as translation sees it: a host name, addresses that clients dial, ports with protocols.

import { canonicalIp } from '../../lib/ip.ts'
import type { Service } from '../../resources/core.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import { portHandling, portProtocol, type PortHandling, type PortProtocol } from './port-protocol.ts'

export interface ServiceModel {
  readonly namespace: string
  readonly name: string
  /** `echo.demo.svc.cluster.local` */
  readonly hostname: string
  /** The addresses that clients dial; none for a headless Service. */
  readonly addresses: readonly string[]
  readonly ports: readonly ServicePortModel[]
  readonly object: Service
}

export interface ServicePortModel {
  /** May be empty. */
  readonly name: string
  readonly port: number
  readonly protocol: PortProtocol
  readonly handling: PortHandling
}

export function serviceModel(service: Service, settings: MeshSettings): ServiceModel {
  const { namespace, name } = service.metadata
  const { clusterIP, clusterIPs } = service.spec
  const addresses = (clusterIPs ?? [clusterIP ?? ''])
    .map((address) => canonicalIp(address))
    .filter((address) => address !== undefined)
  const ports = (service.spec.ports ?? []).map((port) => {
    const protocol = portProtocol(port)
    return { name: port.name ?? '', port: port.port, protocol, handling: portHandling(protocol) }
  })
  return { namespace, name, hostname: hostnameOf(namespace, name, settings), addresses, ports, object: service }
}

export function hostnameOf(namespace: string, name: string, settings: MeshSettings): string {
  return `${name}.${namespace}.svc.${settings.domainSuffix}`
}
