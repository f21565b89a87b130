// Which VirtualServices route requests to a Service of the waypoint.

import type { ResourceReader } from '../../resources/resource-store.ts'
import { byAgeThenName } from '../../resources/resource-store.ts'
import type { VirtualService } from '../../resources/virtual-service.ts'
import type { ServiceModel } from '../model/service-model.ts'
import { isVisibleTo } from '../model/visibility.ts'
import type { WaypointName } from '../model/waypoint.ts'
import type { TranslationReport } from '../report.ts'

/** The gateway that stands for proxies inside the mesh. */
const mesh = 'mesh'

/**
 * Those of the Service's namespace and of the waypoint's that have its host, oldest first. All of them count, one behind the
 * other: a waypoint has no more specific host.
 */
export function attachedVirtualServices(
  reader: ResourceReader,
  service: ServiceModel,
  waypoint: WaypointName,
): VirtualService[] {
  const found = new Set<VirtualService>()
  for (const namespace of new Set([service.namespace, waypoint.namespace])) {
    for (const host of hostsOf(service, namespace)) {
      for (const object of reader.virtualServicesOf(namespace, host)) found.add(object)
    }
  }
  return [...found]
    .filter(({ metadata, spec }) => isVisibleTo(waypoint.namespace, spec.exportTo, metadata.namespace))
    .filter(({ spec }) => namesMesh(spec.gateways))
    .sort(byAgeThenName)
}

/** Routes below HTTP are not carried out: bytes go to the Service that was dialled. */
export function reportLayer4Routes(objects: readonly VirtualService[], report: TranslationReport): void {
  for (const object of objects) {
    for (const field of ['tcp', 'tls'] as const) {
      if ((object.spec[field] ?? []).length === 0) continue
      const kind = field === 'tcp' ? 'TCPRoute' : 'TLSRoute'
      report.error(object, ['spec', field], 'is not carried out by this waypoint', `write a ${kind} of the Gateway API`)
    }
  }
}

export function namesMesh(gateways: readonly string[] | undefined): boolean {
  return gateways === undefined || gateways.length === 0 || gateways.includes(mesh)
}

/** The spellings of the Service's host in objects of the namespace. */
function hostsOf({ hostname, name, namespace: own, object }: ServiceModel, namespace: string): string[] {
  const hosts = [hostname, '*']
  if (object.kind === 'Service' && namespace === own) hosts.push(name)
  for (let dot = hostname.indexOf('.'); dot >= 0; dot = hostname.indexOf('.', dot + 1)) {
    hosts.push(`*${hostname.slice(dot)}`)
  }
  return hosts
}
