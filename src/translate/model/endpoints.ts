// The endpoints of a Service's port: addresses and target ports from EndpointSlices, and how each is reached from its Pod.

import type { Endpoint, EndpointSlice } from '../../resources/core.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import type { TranslationReport } from '../report.ts'
import { localityOfNode, nowhere, topologyLabels, type Locality } from './locality.ts'
import type { ServiceModel, ServicePortModel } from './service-model.ts'
import { anonymousIdentity, workloadOf } from './workload.ts'

export interface EndpointModel {
  readonly address: string
  readonly port: number
  /** Where its HBONE end listens, or undefined if it is dialled plainly. */
  readonly hbonePort: number | undefined
  readonly identity: string
  readonly locality: Locality
  readonly weight: number
  /** Kubernetes says that it is ready; of other endpoints nobody knows. */
  readonly isChecked: boolean
  /** Those of the Pod, and those of its place. */
  readonly labels: Readonly<Record<string, string>>
}

export function endpointsOf(
  reader: ResourceReader,
  settings: MeshSettings,
  service: ServiceModel,
  port: ServicePortModel,
): EndpointModel[] {
  const found = new Map<string, EndpointModel>()
  for (const slice of reader.endpointSlicesOf(service.namespace, service.name)) {
    if (slice.addressType === 'FQDN') continue
    const target = slice.ports?.find((candidate) => matchesPort(candidate, port))?.port
    if (target === undefined) continue
    for (const endpoint of slice.endpoints ?? []) {
      if (!isReady(endpoint)) continue
      for (const address of endpoint.addresses) {
        const key = `${address} ${target}`
        // While Kubernetes moves an endpoint from one slice to another it stands in both.
        if (!found.has(key)) found.set(key, endpointModel(reader, settings, slice, endpoint, address, target))
      }
    }
  }
  return [...found.values()]
}

/** Says what about a Service's endpoints the user may not expect. */
export function reportEndpoints(reader: ResourceReader, service: ServiceModel, report: TranslationReport): void {
  const slices = reader.endpointSlicesOf(service.namespace, service.name)
  if (slices.length === 0) {
    const remedy = `add an EndpointSlice with the label kubernetes.io/service-name: ${service.name}`
    report.warning(service.object, [], 'has no EndpointSlice, so requests to its endpoints get 503', remedy)
  }
  for (const slice of slices) {
    if (slice.addressType === 'FQDN') report.warning(slice, ['addressType'], 'FQDN endpoints are left out')
    for (const [index, { targetRef }] of (slice.endpoints ?? []).entries()) {
      if (targetRef?.kind !== 'Pod' || targetRef.name === undefined) continue
      const namespace = targetRef.namespace ?? slice.metadata.namespace
      if (reader.get('Pod', namespace, targetRef.name) !== undefined) continue
      const message = `names Pod ${namespace}/${targetRef.name}, which does not exist, so it is reached without HBONE`
      report.warning(slice, ['endpoints', index, 'targetRef'], message, 'add the Pod')
    }
  }
}

function matchesPort(candidate: { name?: string; protocol?: string }, port: ServicePortModel): boolean {
  return (candidate.name ?? '') === port.name && (candidate.protocol ?? 'TCP') === 'TCP'
}

/** An absent condition means true; Kubernetes itself keeps `ready` for Services that publish unready addresses. */
function isReady(endpoint: Endpoint): boolean {
  return endpoint.conditions?.ready ?? true
}

function endpointModel(
  reader: ResourceReader,
  settings: MeshSettings,
  slice: EndpointSlice,
  endpoint: Endpoint,
  address: string,
  port: number,
): EndpointModel {
  const { targetRef } = endpoint
  const isPod = targetRef?.kind === 'Pod' && targetRef.name !== undefined
  const pod = isPod ? reader.get('Pod', targetRef.namespace ?? slice.metadata.namespace, targetRef.name) : undefined
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
