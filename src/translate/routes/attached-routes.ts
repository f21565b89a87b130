// The routes that name a Service as a parent, the ports for which they count, and for whose requests.

import type { ParentReference, Route } from '../../resources/gateway-api.ts'
import type { RouteKind } from '../../resources/kinds.ts'
import { describeObject } from '../../resources/object-meta.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import { isTls } from '../model/port-protocol.ts'
import type { ServiceModel, ServicePortModel } from '../model/service-model.ts'
import type { WaypointName } from '../model/waypoint.ts'
import type { TranslationReport } from '../report.ts'
import { RouteParentOutcome, type Rejection } from '../status/route-parent.ts'

export interface Attachment {
  readonly route: Route
  readonly parentRef: ParentReference
  readonly outcome: RouteParentOutcome
  /** Of a consumer route: the namespace whose clients it is for. Undefined: it is for everyone. */
  readonly clientNamespace: string | undefined
  /** Numbers of the ports for which it counts. */
  readonly ports: ReadonlySet<number>
}

/** A port follows one kind of route: the first of these that names it (GEP-1294). */
const kindOrder: readonly RouteKind[] = ['GRPCRoute', 'HTTPRoute', 'TLSRoute', 'TCPRoute']

interface KindTraits {
  readonly carries: string
  readonly fits: (port: ServicePortModel) => boolean
}

const http: KindTraits = { carries: 'HTTP', fits: ({ handling }) => handling === 'http' || handling === 'detect' }
const traits: Readonly<Record<RouteKind, KindTraits>> = {
  GRPCRoute: http,
  HTTPRoute: http,
  TLSRoute: { carries: 'TLS', fits: ({ protocol }) => isTls(protocol) },
  TCPRoute: { carries: 'TCP as such', fits: ({ handling }) => handling === 'tcp' || handling === 'detect' },
}

/** In the order of precedence: kind by kind, and of each the oldest first. */
export function attachedRoutes(
  reader: ResourceReader,
  model: ServiceModel,
  waypoint: WaypointName,
  report: TranslationReport,
): Attachment[] {
  const owners = new PortOwners()
  const { kind: parentKind, metadata } = model.object
  const parent = { kind: parentKind, namespace: metadata.namespace, name: metadata.name }
  const routes = kindOrder.flatMap((kind): readonly Route[] => reader.routesOf(kind, parent))
  return routes.flatMap((route) =>
    [...(route.spec.parentRefs ?? []).entries()].flatMap(([index, parentRef]): Attachment[] => {
      if (!namesService(parentRef, route, model)) return []
      const { namespace } = route.metadata
      const isForEveryone = namespace === model.namespace || namespace === waypoint.namespace
      const clientNamespace = isForEveryone ? undefined : namespace
      const outcome = new RouteParentOutcome(route, parentRef)
      const { ports, problem } = portsOf(route, parentRef, model, clientNamespace, owners)
      const path = ['spec', 'parentRefs', index]
      if (problem !== undefined && ports.size > 0) report.warning(route, path, problem.message, problem.remedy)
      else if (problem !== undefined) {
        outcome.rejection = problem
        report.error(route, path, problem.message, problem.remedy)
      }
      return [{ route, parentRef, outcome, clientNamespace, ports }]
    }),
  )
}

/** Which kind of route each port follows, apart for each namespace of clients. */
class PortOwners {
  private readonly owners = new Map<string, RouteKind>()

  /** The first that asks has it. */
  ownerOf(clientNamespace: string | undefined, port: number, asking: RouteKind): RouteKind {
    const key = `${clientNamespace ?? ''} ${port}`
    const owner = this.owners.get(key) ?? asking
    this.owners.set(key, owner)
    return owner
  }
}

interface Ports {
  readonly ports: ReadonlySet<number>
  /** Why there are none, or not all that the route names. */
  readonly problem?: Rejection & { readonly remedy: string }
}

function portsOf(
  route: Route,
  parentRef: ParentReference,
  model: ServiceModel,
  clientNamespace: string | undefined,
  owners: PortOwners,
): Ports {
  const { kind } = route
  const service = describeObject(model.object)
  const named = model.ports.filter((port) => namesPort(parentRef, port))
  if (named.length === 0) return none('NoMatchingParent', `${service} has no such port`, 'correct port or sectionName')
  const fitting = named.filter(traits[kind].fits)
  if (fitting.length === 0) {
    const message = `${service} has no such port that carries ${traits[kind].carries}`
    return none('NotAllowedByListeners', message, 'set appProtocol, or use another kind of route')
  }
  if (clientNamespace !== undefined && traits[kind] !== http) {
    const message = `a ${kind} of another namespace than its Service (a consumer route) has no effect`
    return none('NotAllowedByListeners', message, `move the route to namespace ${model.namespace}`)
  }
  const ports = new Set<number>()
  let problem: Ports['problem']
  for (const { port } of fitting) {
    const owner = owners.ownerOf(clientNamespace, port, kind)
    if (owner === kind) ports.add(port)
    else {
      const message = `port ${port} of ${service} follows a ${owner} already`
      problem = { reason: 'Conflicted', message, remedy: 'name other ports, or remove one of the two routes' }
    }
  }
  return { ports, ...(problem === undefined ? {} : { problem }) }
}

function none(reason: Rejection['reason'], message: string, remedy: string): Ports {
  return { ports: new Set(), problem: { reason, message, remedy } }
}

function namesService(ref: ParentReference, route: Route, model: ServiceModel): boolean {
  const namespace = ref.namespace ?? route.metadata.namespace
  const { kind, metadata } = model.object
  const group = kind === 'Service' ? '' : 'networking.istio.io'
  const isKind = ref.kind === kind && (ref.group ?? '') === group
  return isKind && ref.name === metadata.name && namespace === metadata.namespace
}

function namesPort(ref: ParentReference, port: ServicePortModel): boolean {
  if (ref.port !== undefined && ref.port !== port.port) return false
  return ref.sectionName === undefined || ref.sectionName === port.name
}
