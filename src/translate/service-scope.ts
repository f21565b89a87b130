// Which Services and ServiceEntries a waypoint serves, and what is said about those that ask for it in vain.

import type { Service } from '../resources/core.ts'
import { describeObject } from '../resources/object-meta.ts'
import type { ResourceReader } from '../resources/resource-store.ts'
import type { ServiceEntry } from '../resources/service-entry.ts'
import type { MeshSettings } from './mesh-settings.ts'
import { serviceEntryModels, serviceModel, type ServiceModel } from './model/service-model.ts'
import { serviceBinding, type WaypointName } from './model/waypoint.ts'
import type { TranslationReport } from './report.ts'
import type { ObjectStatus } from './status/condition.ts'
import { serviceStatus } from './status/statuses.ts'

export interface ServedService {
  /** Unique; of a ServiceEntry there is one for each host. */
  readonly key: string
  /** Reads it, so that what is made of it depends on it. */
  readonly readModel: (reader: ResourceReader) => ServiceModel
}

export interface ServiceScope {
  readonly waypoint: WaypointName
  readonly mesh: MeshSettings
  /** Milliseconds since 1970. */
  readonly now: number
  readonly report: TranslationReport
  readonly statuses: ObjectStatus[]
}

export function servedServices(reader: ResourceReader, scope: ServiceScope): ServedService[] {
  const served: ServedService[] = []
  for (const service of reader.list('Service'))
    if (isServed(reader, service, scope)) served.push(ofService(service, scope))
  for (const entry of reader.list('ServiceEntry')) if (isServed(reader, entry, scope)) served.push(...ofEntry(entry))
  return served
}

function ofService(service: Service, { mesh }: ServiceScope): ServedService {
  const { namespace, name } = service.metadata
  return {
    key: describeObject(service),
    readModel: (reader) => serviceModel(reader.get('Service', namespace, name)!, mesh),
  }
}

function ofEntry(entry: ServiceEntry): ServedService[] {
  const { namespace, name } = entry.metadata
  return entry.spec.hosts.map((host, index) => ({
    key: `${describeObject(entry)} ${host}`,
    readModel: (reader) => serviceEntryModels(reader.get('ServiceEntry', namespace, name)!)[index],
  }))
}

function isServed(reader: ResourceReader, service: Service | ServiceEntry, scope: ServiceScope): boolean {
  const { waypoint, now, report, statuses } = scope
  const binding = serviceBinding(reader, waypoint, service)
  statuses.push(...serviceStatus(service, binding, waypoint, now))
  if (binding.kind === 'refused') {
    const message = `${binding.message}, so requests to this ${service.kind} bypass every waypoint`
    const remedy = 'correct istio.io/use-waypoint, here or on the namespace'
    report.warning(service, ['metadata', 'labels'], message, remedy)
  }
  if (binding.kind !== 'bound') return false
  return service.kind === 'Service' ? isServable(service, report) : isServableEntry(service, report)
}

function isServable(service: Service, report: TranslationReport): boolean {
  if (service.spec.type !== 'ExternalName') return true
  const remedy = 'write a ServiceEntry with resolution DNS'
  report.warning(service, ['spec', 'type'], 'ExternalName Services are not served by a waypoint', remedy)
  return false
}

function isServableEntry(entry: ServiceEntry, report: TranslationReport): boolean {
  const { resolution, location, addresses = [], ports = [] } = entry.spec
  if (resolution === 'DYNAMIC_DNS' && location === 'MESH_INTERNAL') {
    const message = 'is not served by a waypoint with resolution DYNAMIC_DNS'
    report.error(entry, ['spec', 'location'], message, 'write MESH_EXTERNAL')
    return false
  }
  if (addresses.length === 0 && (entry.status?.addresses ?? []).length === 0) {
    const message = 'has no addresses, so nobody can dial it'
    report.warning(entry, ['spec', 'addresses'], message, 'add them, or let istiod allocate some (status.addresses)')
  }
  for (const [index, { name, protocol = '' }] of ports.entries()) {
    if (resolution !== 'DYNAMIC_DNS' || protocol.toUpperCase() === 'HTTP') continue
    const message = `port ${name} is not served: only plain HTTP says which host it means`
    report.error(entry, ['spec', 'ports', index, 'protocol'], message, 'write HTTP, or a host without wildcard')
  }
  return true
}
