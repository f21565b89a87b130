// Where a rule sends requests or connections: backendRefs -> clusters with weights. An invalid backend keeps its share and
// fails for it, by naming a cluster that does not exist (HTTPBackendRef; `cluster_not_found_response_code`).

import type { FieldPath } from '../../resources/field-path.ts'
import type { BackendRef, HttpBackendRef, Route } from '../../resources/gateway-api.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import type { ServiceModel, ServicePortModel } from '../model/service-model.ts'
import { serviceBinding, type WaypointName } from '../model/waypoint.ts'
import { inboundName, outboundName, type PortSubset } from '../names.ts'
import type { HashPolicy } from './hash-policy.ts'
import type { Refuse } from './header-modifier.ts'
import { applyBackendFilters } from './http-route-filters.ts'
import { referencedService } from './referenced-service.ts'
import { noHeaderChanges, type HeaderChanges } from './route-draft.ts'

/** The reasons of the condition ResolvedRefs that a mesh backend can have. */
export type ReferenceProblem = 'InvalidKind' | 'BackendNotFound' | 'UnsupportedProtocol'

export interface BackendContext {
  readonly reader: ResourceReader
  readonly settings: MeshSettings
  readonly waypoint: WaypointName
  /** A Service of somebody else is needed as a cluster. */
  readonly requireOutbound: (service: ServiceModel, port: ServicePortModel) => void
  /** What of a request chooses its endpoint, if its DestinationRules say so. */
  readonly hashPolicyOf: (service: ServiceModel, port: ServicePortModel) => HashPolicy | undefined
  readonly unresolved: (
    reason: ReferenceProblem,
    path: FieldPath,
    message: string,
    remedy: string,
    /** By default, that a share of what is sent fails. */
    consequence?: string,
  ) => void
}

export interface WeightedCluster {
  readonly cluster: string
  readonly weight: number
}

export interface TcpBackend extends WeightedCluster {
  readonly service: ServiceModel | undefined
}

export interface Backend extends WeightedCluster {
  readonly headers: HeaderChanges
  readonly hashPolicy: HashPolicy | undefined
}

/** The backends of HTTP requests that get a share. None: every request fails. */
export function backendsOf(
  route: Route,
  refs: readonly HttpBackendRef[],
  rulePath: FieldPath,
  context: BackendContext,
  refuse: Refuse,
): Backend[] {
  const backends: Backend[] = []
  for (const [index, ref] of refs.entries()) {
    const path = [...rulePath, 'backendRefs', index]
    const { cluster, hashPolicy } = targetOf(route, ref, path, context, 'http')
    const headers = noHeaderChanges()
    applyBackendFilters(ref.filters ?? [], headers, path, refuse)
    const weight = ref.weight ?? 1
    if (weight > 0) backends.push({ cluster, weight, headers, hashPolicy })
  }
  return backends
}

/** The cluster that gets the copies. */
export function mirrorTargetOf(route: Route, ref: BackendRef, path: FieldPath, context: BackendContext): string {
  const unresolved: BackendContext['unresolved'] = (reason, at, message, remedy) =>
    context.unresolved(reason, at, message, remedy, 'nothing is mirrored to it')
  return targetOf(route, ref, path, { ...context, unresolved }, 'http').cluster
}

/** The backends of connections that get a share. */
export function tcpBackendsOf(
  route: Route,
  refs: readonly BackendRef[],
  rulePath: FieldPath,
  context: BackendContext,
): TcpBackend[] {
  const backends = refs.map((ref, index) => {
    const { cluster, service } = targetOf(route, ref, [...rulePath, 'backendRefs', index], context, 'tcp')
    return { cluster, service, weight: ref.weight ?? 1 }
  })
  return backends.filter(({ weight }) => weight > 0)
}

interface Target {
  readonly cluster: string
  /** Undefined where the cluster does not exist. */
  readonly service: ServiceModel | undefined
  readonly hashPolicy: HashPolicy | undefined
}

function targetOf(route: Route, ref: BackendRef, path: FieldPath, context: BackendContext, wanted: PortSubset): Target {
  const { reader, settings, unresolved } = context
  const port = ref.port ?? 0
  const referenced = referencedService(ref, route, reader, settings)
  if (referenced === undefined) {
    unresolved('InvalidKind', path, `backends of kind ${ref.kind ?? 'Service'} are not carried out`, 'name a Service')
    return noTarget(`invalid-backend|${port}||${ref.name}.${ref.namespace ?? route.metadata.namespace}`)
  }
  const { label, hostname, model } = referenced
  const found = model?.ports.find((candidate) => candidate.port === port && candidate.handling !== 'none')
  if (model === undefined) {
    unresolved('BackendNotFound', path, `${label} does not exist`, 'correct the name, or add it')
  } else if (model.object.kind === 'Service' && model.object.spec.type === 'ExternalName') {
    unresolved('InvalidKind', path, `${label} is of type ExternalName`, 'name a Service with endpoints')
  } else if (found === undefined) {
    const ports = model.ports.map((candidate) => candidate.port).join(', ')
    unresolved('BackendNotFound', path, `${label} has no port ${port}`, `write one of ${ports}`)
  } else if (found.handling === 'tcp' && wanted === 'http') {
    const message = `port ${port} of ${label} carries ${found.protocol}, not HTTP`
    unresolved('UnsupportedProtocol', path, message, 'set appProtocol: http if it does carry HTTP')
  } else {
    const isOwn = serviceBinding(reader, context.waypoint, model.object).kind === 'bound'
    if (!isOwn) context.requireOutbound(model, found)
    // A port that is known to carry HTTP has no cluster for bytes; the one that it has carries them as well.
    const subset = found.handling === 'http' ? 'http' : wanted
    const cluster = isOwn ? inboundName(port, subset, hostname) : outboundName(port, hostname)
    return { cluster, service: model, hashPolicy: context.hashPolicyOf(model, found) }
  }
  return noTarget(inboundName(port, wanted, hostname))
}

/** A cluster that does not exist. */
function noTarget(cluster: string): Target {
  return { cluster, service: undefined, hashPolicy: undefined }
}
