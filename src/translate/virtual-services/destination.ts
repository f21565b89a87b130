// From a destination of a VirtualService to the cluster of its host, port and subset.

import type { FieldPath } from '../../resources/field-path.ts'
import type { Destination, VirtualService } from '../../resources/virtual-service.ts'
import { hostnameOf, type ServiceModel, type ServicePortModel } from '../model/service-model.ts'
import { serviceBinding } from '../model/waypoint.ts'
import { inboundName, outboundName } from '../names.ts'
import type { HashPolicy } from '../routes/hash-policy.ts'
import { hostService } from '../routes/referenced-service.ts'
import type { VirtualRouteContext } from './virtual-route.ts'

export interface Target {
  readonly cluster: string
  readonly hashPolicy: HashPolicy | undefined
}

/** A host that does not exist becomes a cluster that does not exist: its share of requests gets 503, as in Istio. */
export function targetOf(
  owner: VirtualService,
  destination: Destination,
  path: FieldPath,
  context: VirtualRouteContext,
): Target {
  const { reader, settings, report, waypoint } = context
  const { namespace } = owner.metadata
  // Short names are of the VirtualService's namespace.
  const hostname = destination.host.includes('.') ? destination.host : hostnameOf(namespace, destination.host, settings)
  const model = hostService(hostname, namespace, reader, settings)
  if (model === undefined) {
    const message = `no service has the host ${destination.host}, so what goes there gets 503`
    report.error(owner, [...path, 'host'], message, 'write SERVICE.NAMESPACE.svc and the domain of the cluster')
    return { cluster: inboundName(portOf(destination, undefined, context), 'http', hostname), hashPolicy: undefined }
  }
  const port = portOf(destination, model, context)
  const subset = destination.subset ?? ''
  const found = model.ports.find((candidate) => candidate.port === port && candidate.handling !== 'none')
  const isOwn = serviceBinding(reader, waypoint, model.object).kind === 'bound'
  const cluster = isOwn ? inboundName(port, 'http', model.hostname, subset) : outboundName(port, model.hostname, subset)
  if (found === undefined || found.handling === 'tcp') {
    const what = found === undefined ? 'has no such port' : `carries ${found.protocol} there, not HTTP`
    report.error(owner, path, `${model.hostname}:${port} ${what}, so what goes there gets 503`, 'correct the port')
    return { cluster, hashPolicy: undefined }
  }
  if (!isOwn) context.requireOutbound(model, found)
  return { cluster, hashPolicy: context.hashPolicyOf(model, found) }
}

/** The port that is named, or the only one of the Service, or that which the client dialled. */
function portOf(destination: Destination, model: ServiceModel | undefined, context: VirtualRouteContext): number {
  const ports: readonly ServicePortModel[] = model?.ports ?? []
  return destination.port?.number ?? (ports.length === 1 ? ports[0].port : context.port.port)
}
