// A service as translation sees it, be it a Service or a host of a ServiceEntry: a host name, addresses that clients dial, ports
// with protocols, and where its endpoints come from.

import { parseCidrText } from '../../lib/cidr.ts'
import type { Service } from '../../resources/core.ts'
import type { ServiceEntry, ServiceEntryResolution } from '../../resources/service-entry.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import { namedProtocol, portHandling, portProtocol, type PortHandling, type PortProtocol } from './port-protocol.ts'

export interface ServiceModel {
  readonly namespace: string
  /** The name that telemetry knows: of a ServiceEntry the host. */
  readonly name: string
  /** `echo.demo.svc.cluster.local` */
  readonly hostname: string
  /** The addresses that clients dial, or blocks of them; none for a headless Service. */
  readonly addresses: readonly string[]
  readonly ports: readonly ServicePortModel[]
  /** Of a Service STATIC: its endpoints are known. */
  readonly resolution: ServiceEntryResolution
  /** Not a part of the mesh. */
  readonly isExternal: boolean
  readonly object: Service | ServiceEntry
}

export interface ServicePortModel {
  /** May be empty. */
  readonly name: string
  readonly port: number
  readonly protocol: PortProtocol
  readonly handling: PortHandling
  /** Where endpoints listen, unless they say so themselves: a number, or the name of a port of theirs. */
  readonly targetPort: number | string | undefined
}

export function serviceModel(service: Service, settings: MeshSettings): ServiceModel {
  const { namespace, name } = service.metadata
  const { clusterIP, clusterIPs, ports = [] } = service.spec
  return {
    namespace,
    name,
    hostname: hostnameOf(namespace, name, settings),
    addresses: dialledAddresses(clusterIPs ?? [clusterIP ?? '']),
    ports: ports.map((port) => {
      const protocol = portProtocol(port)
      const { name = '', targetPort } = port
      return { name, port: port.port, protocol, handling: portHandling(protocol), targetPort }
    }),
    resolution: 'STATIC',
    isExternal: false,
    object: service,
  }
}

/** One for each host. */
export function serviceEntryModels(entry: ServiceEntry): ServiceModel[] {
  const { hosts, ports = [], resolution = 'NONE', location } = entry.spec
  return hosts.map((hostname) => ({
    namespace: entry.metadata.namespace,
    name: hostname,
    hostname,
    addresses: dialledAddresses(entry.spec.addresses ?? allocatedAddresses(entry, hostname)),
    ports: ports.map(({ name, number, protocol: written = '', targetPort }) => {
      const protocol = namedProtocol(written)
      const handling = resolution === 'DYNAMIC_DNS' ? dynamicHandling(protocol) : portHandling(protocol)
      return { name, port: number, protocol, handling, targetPort }
    }),
    resolution,
    isExternal: location !== 'MESH_INTERNAL',
    object: entry,
  }))
}

export function hostnameOf(namespace: string, name: string, settings: MeshSettings): string {
  return `${name}.${namespace}.svc.${settings.domainSuffix}`
}

/** What istiod chose, unless that is switched off. An address has no meaning where the dialled one is the destination. */
function allocatedAddresses({ metadata, spec, status }: ServiceEntry, hostname: string): string[] {
  const off = metadata.labels?.['networking.istio.io/enable-autoallocate-ip']?.toLowerCase() === 'false'
  if (off || (spec.resolution ?? 'NONE') === 'NONE') return []
  return (status?.addresses ?? []).filter(({ host }) => host === hostname).map(({ value }) => value)
}

/** In the one spelling of each; what is no address (`None`) is left out. */
function dialledAddresses(texts: readonly string[]): string[] {
  return texts.flatMap((text) => {
    const range = parseCidrText(text)
    if (range === undefined) return []
    const isOne = range.prefixLength === (range.family === 6 ? 128 : 32)
    return [isOne ? range.toString().replace(/\/\d+$/, '') : range.toString()]
  })
}

/** A name that is resolved per request must be in the request; Istio serves plain HTTP only. */
function dynamicHandling(protocol: PortProtocol): PortHandling {
  return protocol === 'HTTP' ? 'http' : 'none'
}
