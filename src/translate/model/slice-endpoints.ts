// Endpoints from EndpointSlices: addresses, target ports and readiness, and how each is reached from its Pod.

import { ipFamily } from '../../lib/ip.ts'
import type { Endpoint, EndpointSlice, Service } from '../../resources/core.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import type { TranslationReport } from '../report.ts'
import type { EndpointModel } from './endpoint-model.ts'
import { localityOfNode, nowhere, topologyLabels, type Locality } from './locality.ts'
import type { ServiceModel, ServicePortModel } from './service-model.ts'
import { anonymousIdentity, workloadOf } from './workload.ts'

export function sliceEndpoints(
  reader: ResourceReader,
  settings: MeshSettings,
  service: ServiceModel,
  slices: readonly EndpointSlice[],
  port: ServicePortModel,
): EndpointModel[] {
  const found = new Map<string, EndpointModel>()
  for (const slice of inOrderOfFamilies(slices, service)) {
    if (slice.addressType === 'FQDN') continue
    const target = slice.ports?.find((candidate) => matchesPort(candidate, port))?.port
    if (target === undefined) continue
    for (const endpoint of slice.endpoints ?? []) {
      if (!isReady(endpoint)) continue
      for (const address of endpoint.addresses) {
        const pod = podOf(slice, endpoint)
        // A Pod stands in a slice of each family, and, while Kubernetes moves it, in two of one.
        const key = `${pod === undefined ? address : `${pod.namespace}/${pod.name}`} ${target}`
        if (!found.has(key)) found.set(key, endpointModel(reader, settings, slice, endpoint, address, target))
      }
    }
  }
  return [...found.values()]
}

export function reportSlices(
  reader: ResourceReader,
  service: ServiceModel,
  object: Service,
  report: TranslationReport,
): void {
  const slices = reader.endpointSlicesOf(service.namespace, service.name)
  const others = object.spec.selector === undefined ? [] : reader.list('WorkloadEntry', service.namespace)
  if (slices.length === 0 && others.length === 0) {
    const remedy = `add an EndpointSlice with the label kubernetes.io/service-name: ${service.name}`
    report.warning(object, [], 'has no EndpointSlice, so requests to its endpoints get 503', remedy)
  }
  for (const slice of slices) {
    if (slice.addressType === 'FQDN') report.warning(slice, ['addressType'], 'FQDN endpoints are left out')
    for (const [index, endpoint] of (slice.endpoints ?? []).entries()) {
      const pod = podOf(slice, endpoint)
      if (pod === undefined || reader.get('Pod', pod.namespace, pod.name) !== undefined) continue
      const message = `names Pod ${pod.namespace}/${pod.name}, which does not exist, so it is reached without HBONE`
      report.warning(slice, ['endpoints', index, 'targetRef'], message, 'add the Pod')
    }
  }
}

/** The Service's own family first, which is that of its first address. */
function inOrderOfFamilies(slices: readonly EndpointSlice[], { addresses }: ServiceModel): readonly EndpointSlice[] {
  const preferred = ipFamily(addresses[0] ?? '') === 6 ? 'IPv6' : 'IPv4'
  const rank = (slice: EndpointSlice) => (slice.addressType === preferred ? 0 : 1)
  return slices.toSorted((a, b) => rank(a) - rank(b))
}

function matchesPort(candidate: { name?: string; protocol?: string }, port: ServicePortModel): boolean {
  return (candidate.name ?? '') === port.name && (candidate.protocol ?? 'TCP') === 'TCP'
}

/** An absent condition means true; Kubernetes itself keeps `ready` for Services that publish unready addresses. */
function isReady(endpoint: Endpoint): boolean {
  return endpoint.conditions?.ready ?? true
}

function podOf(slice: EndpointSlice, { targetRef }: Endpoint): { namespace: string; name: string } | undefined {
  if (targetRef?.kind !== 'Pod' || targetRef.name === undefined) return undefined
  return { namespace: targetRef.namespace ?? slice.metadata.namespace, name: targetRef.name }
}

function endpointModel(
  reader: ResourceReader,
  settings: MeshSettings,
  slice: EndpointSlice,
  endpoint: Endpoint,
  address: string,
  port: number,
): EndpointModel {
  const name = podOf(slice, endpoint)
  const pod = name === undefined ? undefined : reader.get('Pod', name.namespace, name.name)
  const workload = pod === undefined ? undefined : workloadOf(pod, settings)
  const nodeName = endpoint.nodeName ?? workload?.nodeName
  const locality = localityOf(reader, nodeName, endpoint.zone)
  return {
    address,
    port,
    hbonePort: workload?.hbonePort,
    identity: workload?.identity ?? anonymousIdentity(settings),
    locality,
    weight: 1,
    isChecked: true,
    labels: { ...pod?.metadata.labels, ...topologyLabels(locality, nodeName) },
  }
}

function localityOf(reader: ResourceReader, nodeName: string | undefined, zone: string | undefined): Locality {
  const known = nodeName === undefined ? undefined : localityOfNode(reader, nodeName)
  return known ?? (zone === undefined ? nowhere : { region: '', zone, subZone: '' })
}
