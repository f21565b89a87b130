// The service that a backendRef means: a Service by name, or any host of the mesh by Istio's kind Hostname.

import type { BackendRef, Route } from '../../resources/gateway-api.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import { hostnameOf, serviceEntryModels, serviceModel, type ServiceModel } from '../model/service-model.ts'
import { isVisibleTo } from '../model/visibility.ts'

export interface ReferencedService {
  /** As messages call it. */
  readonly label: string
  readonly hostname: string
  /** Undefined: there is none. */
  readonly model: ServiceModel | undefined
}

/** Undefined for kinds that no backend of the mesh can have. */
export function referencedService(
  ref: BackendRef,
  route: Route,
  reader: ResourceReader,
  settings: MeshSettings,
): ReferencedService | undefined {
  const { group = '', kind = 'Service', name } = ref
  if (group === '' && kind === 'Service') {
    const namespace = ref.namespace ?? route.metadata.namespace
    const service = reader.get('Service', namespace, name)
    return {
      label: `Service ${namespace}/${name}`,
      hostname: hostnameOf(namespace, name, settings),
      model: service && serviceModel(service, settings),
    }
  }
  if (group !== 'networking.istio.io' || kind !== 'Hostname') return undefined
  return {
    label: `Host ${name}`,
    hostname: name,
    model: hostService(name, route.metadata.namespace, reader, settings),
  }
}

/** The Service or ServiceEntry of a full host name, as objects of the namespace see it. */
export function hostService(
  host: string,
  namespace: string,
  reader: ResourceReader,
  settings: MeshSettings,
): ServiceModel | undefined {
  return serviceOfHost(host, reader, settings) ?? entryOfHost(host, namespace, reader)
}

function serviceOfHost(host: string, reader: ResourceReader, settings: MeshSettings): ServiceModel | undefined {
  const [name, namespace = ''] = host.split('.', 2)
  if (host !== hostnameOf(namespace, name, settings)) return undefined
  const service = reader.get('Service', namespace, name)
  return service && serviceModel(service, settings)
}

/** Of several the one of the route's own namespace, else the oldest. */
function entryOfHost(host: string, namespace: string, reader: ResourceReader): ServiceModel | undefined {
  const visible = reader
    .serviceEntriesOf(host)
    .filter(({ metadata, spec }) => isVisibleTo(namespace, spec.exportTo, metadata.namespace))
  const entry = visible.find(({ metadata }) => metadata.namespace === namespace) ?? visible.at(0)
  return entry && serviceEntryModels(entry).find(({ hostname }) => hostname === host)
}
