// Where a rule sends requests: backendRefs -> clusters with weights. An invalid backend keeps its share and answers 500 for
// it, by naming a cluster that does not exist (HTTPBackendRef; `cluster_not_found_response_code`).

import type { FieldPath } from '../../resources/field-path.ts'
import type { HttpBackendRef, HttpRoute, HttpRouteRule } from '../../resources/gateway-api.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import { hostnameOf, serviceModel, type ServiceModel, type ServicePortModel } from '../model/service-model.ts'
import { serviceBinding, type WaypointName } from '../model/waypoint.ts'
import { inboundName, outboundName } from '../names.ts'
import type { HashPolicy } from './hash-policy.ts'
import type { Refuse } from './header-modifier.ts'
import { applyBackendFilters } from './http-route-filters.ts'
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
  readonly unresolved: (reason: ReferenceProblem, path: FieldPath, message: string, remedy: string) => void
  readonly refuse: Refuse
}

export interface Backend {
  readonly cluster: string
  readonly weight: number
  readonly headers: HeaderChanges
  readonly hashPolicy: HashPolicy | undefined
}

/** The backends that get a share. None: the rule answers 500. */
export function backendsOf(
  route: HttpRoute,
  rule: HttpRouteRule,
  rulePath: FieldPath,
  context: BackendContext,
): Backend[] {
  const backends: Backend[] = []
  for (const [index, ref] of (rule.backendRefs ?? []).entries()) {
    const path = [...rulePath, 'backendRefs', index]
    const { cluster, hashPolicy } = targetOf(route, ref, path, context)
    const headers = noHeaderChanges()
    applyBackendFilters(ref.filters ?? [], headers, path, context.refuse)
    const weight = ref.weight ?? 1
    if (weight > 0) backends.push({ cluster, weight, headers, hashPolicy })
  }
  return backends
}

function targetOf(
  route: HttpRoute,
  ref: HttpBackendRef,
  path: FieldPath,
  context: BackendContext,
): Pick<Backend, 'cluster' | 'hashPolicy'> {
  const { reader, settings, unresolved } = context
  const namespace = ref.namespace ?? route.metadata.namespace
  const port = ref.port ?? 0
  if ((ref.group ?? '') !== '' || (ref.kind ?? 'Service') !== 'Service') {
    unresolved('InvalidKind', path, `backends of kind ${ref.kind ?? 'Service'} are not carried out`, 'name a Service')
    return noTarget(`invalid-backend|${port}||${ref.name}.${namespace}`)
  }
  const hostname = hostnameOf(namespace, ref.name, settings)
  const service = reader.get('Service', namespace, ref.name)
  if (service === undefined) {
    unresolved(
      'BackendNotFound',
      path,
      `Service ${namespace}/${ref.name} does not exist`,
      'correct the name, or add it',
    )
    return noTarget(inboundName(port, 'http', hostname))
  }
  const model = serviceModel(service, settings)
  const found = model.ports.find((candidate) => candidate.port === port && candidate.handling !== 'none')
  if (service.spec.type === 'ExternalName') {
    unresolved(
      'InvalidKind',
      path,
      `Service ${namespace}/${ref.name} is of type ExternalName`,
      'name a Service with endpoints',
    )
  } else if (found === undefined) {
    const ports = model.ports.map((candidate) => candidate.port).join(', ')
    unresolved('BackendNotFound', path, `Service ${namespace}/${ref.name} has no port ${port}`, `write one of ${ports}`)
  } else if (found.handling === 'tcp') {
    const message = `port ${port} of Service ${namespace}/${ref.name} carries ${found.protocol}, not HTTP`
    unresolved('UnsupportedProtocol', path, message, 'set appProtocol: http if it does carry HTTP')
  } else {
    const isOwn = serviceBinding(reader, context.waypoint, service).kind === 'bound'
    if (!isOwn) context.requireOutbound(model, found)
    const cluster = isOwn ? inboundName(port, 'http', hostname) : outboundName(port, hostname)
    return { cluster, hashPolicy: context.hashPolicyOf(model, found) }
  }
  return noTarget(inboundName(port, 'http', hostname))
}

/** A cluster that does not exist. */
function noTarget(cluster: string): Pick<Backend, 'cluster' | 'hashPolicy'> {
  return { cluster, hashPolicy: undefined }
}
