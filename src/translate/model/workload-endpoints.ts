// Endpoints that no EndpointSlice has: those written in a ServiceEntry, WorkloadEntries and Pods that a selector chooses, and
// hosts whose names are resolved.

import type { Pod } from '../../resources/core.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { ServiceEntry, WorkloadEntrySpec } from '../../resources/service-entry.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import type { TranslationReport } from '../report.ts'
import type { EndpointModel } from './endpoint-model.ts'
import { localityOfNode, nowhere, parseLocality, topologyLabels } from './locality.ts'
import type { ServiceModel, ServicePortModel } from './service-model.ts'
import { HBONE_PORT, workloadOf } from './workload.ts'

type Labels = Readonly<Record<string, string>>

export function entryEndpoints(
  reader: ResourceReader,
  settings: MeshSettings,
  service: ServiceModel,
  { metadata, spec }: ServiceEntry,
  port: ServicePortModel,
): EndpointModel[] {
  const { namespace, name } = metadata
  if (spec.workloadSelector !== undefined) {
    const { labels } = spec.workloadSelector
    return [
      ...selectedPods(reader, settings, namespace, labels, port),
      ...selectedWorkloadEntries(reader, settings, namespace, labels, port),
    ]
  }
  const { endpoints = [] } = spec
  if (endpoints.length > 0) {
    return endpoints.flatMap((endpoint, index) =>
      workloadEndpoint(endpoint, `${name}-${index}`, namespace, settings, port),
    )
  }
  if (!resolvesNames(service)) return []
  return workloadEndpoint({ address: service.hostname }, name, namespace, settings, port)
}

/** Whether the addresses of endpoints may be names. */
export function resolvesNames({ resolution }: ServiceModel): boolean {
  return resolution === 'DNS' || resolution === 'DNS_ROUND_ROBIN'
}

/** The WorkloadEntries of a namespace that a Service or ServiceEntry selects. */
export function selectedWorkloadEntries(
  reader: ResourceReader,
  settings: MeshSettings,
  namespace: string,
  selector: Labels | undefined,
  port: ServicePortModel,
): EndpointModel[] {
  if (selector === undefined) return []
  return reader.list('WorkloadEntry', namespace).flatMap(({ metadata, spec }) => {
    const labels = { ...metadata.labels, ...spec.labels }
    return selects(selector, labels)
      ? workloadEndpoint({ ...spec, labels }, metadata.name, namespace, settings, port)
      : []
  })
}

export function reportEntryEndpoints(service: ServiceModel, entry: ServiceEntry, report: TranslationReport): void {
  const { endpoints = [], workloadSelector } = entry.spec
  for (const [index, { address = '' }] of endpoints.entries()) {
    const path = ['spec', 'endpoints', index, 'address']
    if (address.startsWith('unix://')) report.error(entry, path, 'is left out: a waypoint dials addresses only')
    else if (address === '') report.error(entry, path, 'is left out: another network can only be reached by address')
  }
  if (service.resolution === 'STATIC' && endpoints.length === 0 && workloadSelector === undefined) {
    const message = 'has no endpoints, so requests to it get 503'
    report.warning(entry, ['spec', 'resolution'], message, 'add endpoints or a workloadSelector, or write DNS')
  }
}

function workloadEndpoint(
  workload: WorkloadEntrySpec,
  name: string,
  namespace: string,
  settings: MeshSettings,
  port: ServicePortModel,
): EndpointModel[] {
  const { address = '', labels = {}, weight, locality: place = '' } = workload
  if (address === '' || address.startsWith('unix://')) return []
  const service = labels['service.istio.io/canonical-name'] ?? name
  const revision = labels['service.istio.io/canonical-revision'] ?? ''
  const locality = parseLocality(place)
  return [
    {
      address,
      port: targetPort(workload, port),
      hbonePort: labels['networking.istio.io/tunnel'] === 'http' ? HBONE_PORT : undefined,
      identity: [name, namespace, service, revision, settings.clusterId].join(';'),
      locality,
      weight: weight || 1,
      isChecked: false,
      labels: { ...labels, ...topologyLabels(locality) },
    },
  ]
}

/** What the workload says of the port, by the port's name or that of its target. */
function targetPort({ ports = {} }: WorkloadEntrySpec, port: ServicePortModel): number {
  const { name, targetPort: target } = port
  if (Object.hasOwn(ports, name)) return ports[name]
  if (typeof target === 'string') return Object.hasOwn(ports, target) ? ports[target] : port.port
  return target ?? port.port
}

function selectedPods(
  reader: ResourceReader,
  settings: MeshSettings,
  namespace: string,
  selector: Labels | undefined,
  port: ServicePortModel,
): EndpointModel[] {
  return reader.list('Pod', namespace).flatMap((pod) => {
    const { labels } = pod.metadata
    const { addresses, identity, hbonePort, nodeName } = workloadOf(pod, settings)
    if (addresses.length === 0 || hasEnded(pod) || !selects(selector, labels ?? {})) return []
    const locality = (nodeName === undefined ? undefined : localityOfNode(reader, nodeName)) ?? nowhere
    return [
      {
        address: addresses[0],
        port: typeof port.targetPort === 'number' ? port.targetPort : port.port,
        hbonePort,
        identity,
        locality,
        weight: 1,
        isChecked: true,
        labels: { ...labels, ...topologyLabels(locality, nodeName) },
      },
    ]
  })
}

function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

function selects(selector: Labels = {}, labels: Labels): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value)
}
