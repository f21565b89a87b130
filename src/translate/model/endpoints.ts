// The endpoints of a service's port, and how each is reached.

import type { ResourceReader } from '../../resources/resource-store.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import type { TranslationReport } from '../report.ts'
import type { EndpointModel } from './endpoint-model.ts'
import type { ServiceModel, ServicePortModel } from './service-model.ts'
import { reportSlices, sliceEndpoints } from './slice-endpoints.ts'
import { entryEndpoints, reportEntryEndpoints, selectedWorkloadEntries } from './workload-endpoints.ts'

export function endpointsOf(
  reader: ResourceReader,
  settings: MeshSettings,
  service: ServiceModel,
  port: ServicePortModel,
): EndpointModel[] {
  const { object } = service
  if (object.kind === 'ServiceEntry') return entryEndpoints(reader, settings, service, object, port)
  const slices = reader.endpointSlicesOf(service.namespace, service.name)
  return [
    ...sliceEndpoints(reader, settings, service, slices, port),
    ...selectedWorkloadEntries(reader, settings, service.namespace, object.spec.selector, port),
  ]
}

/** Says what about a service's endpoints the user may not expect. */
export function reportEndpoints(reader: ResourceReader, service: ServiceModel, report: TranslationReport): void {
  const { object } = service
  if (object.kind === 'ServiceEntry') reportEntryEndpoints(service, object, report)
  else reportSlices(reader, service, object, report)
}
