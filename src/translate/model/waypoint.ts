// The waypoint for which configuration is made, and which Services and Pods belong to it (istio.io/use-waypoint).

import type { Pod, Service } from '../../resources/core.ts'
import type { Gateway, LabelSelector } from '../../resources/gateway-api.ts'
import type { ObjectMeta } from '../../resources/object-meta.ts'
import type { ServiceEntry } from '../../resources/service-entry.ts'
import { isVisibleTo } from './visibility.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'

export interface WaypointName {
  readonly namespace: string
  readonly name: string
}

export type WaypointFor = 'service' | 'workload' | 'all' | 'none'

const useWaypoint = 'istio.io/use-waypoint'
const useWaypointNamespace = 'istio.io/use-waypoint-namespace'
const waypointFor = 'istio.io/waypoint-for'

/** Services that are waypoints or gateways themselves never have one. */
const managedByMesh = new Set(['istio.io-mesh-controller', 'istio.io-eastwest-controller'])

/** Whether an object is bound to a waypoint: to this one, to another one or to none; or why its wish is not granted. */
export type Binding =
  | { readonly kind: 'unbound' }
  | { readonly kind: 'elsewhere'; readonly waypoint: WaypointName }
  | { readonly kind: 'bound' }
  | { readonly kind: 'refused'; readonly reason: BindingRefusal; readonly message: string }

/** The reasons of Istio's condition `istio.io/WaypointBound`. */
export type BindingRefusal =
  'WaypointIsNotReady' | 'AttachmentDenied' | 'UnsupportedTrafficType' | 'CrossNamespaceWaypointForbidden'

/** The Gateways that can be waypoints: those with a listener of protocol HBONE. */
export function waypointsIn(reader: ResourceReader): WaypointName[] {
  return reader
    .list('Gateway')
    .filter(({ spec }) => spec.listeners.some(({ protocol }) => protocol === 'HBONE'))
    .map(({ metadata: { namespace, name } }) => ({ namespace, name }))
}

export function serviceBinding(
  reader: ResourceReader,
  waypoint: WaypointName,
  service: Service | ServiceEntry,
): Binding {
  if (managedByMesh.has(service.metadata.labels?.['gateway.istio.io/managed'] ?? '')) return { kind: 'unbound' }
  const result = binding(reader, waypoint, service, ['service', 'all'])
  if (result.kind !== 'bound' || service.kind === 'Service') return result
  const { namespace } = service.metadata
  if (isVisibleTo(waypoint.namespace, service.spec.exportTo, namespace)) return result
  const message = `namespace ${namespace} keeps it to itself (exportTo), and the waypoint is in ${waypoint.namespace}`
  return { kind: 'refused', reason: 'CrossNamespaceWaypointForbidden', message }
}

export function podBinding(reader: ResourceReader, waypoint: WaypointName, pod: Pod): Binding {
  const result = binding(reader, waypoint, pod, ['workload', 'all'])
  // A Pod that only inherits its namespace's label has not asked for a waypoint for Pods.
  const inherited = pod.metadata.labels?.[useWaypoint] === undefined
  if (result.kind === 'refused' && inherited && result.reason === 'UnsupportedTrafficType') return { kind: 'unbound' }
  return result
}

/** The traffic for which a waypoint is meant: its own label, else its class's, else `service`. */
export function trafficOf(reader: ResourceReader, gateway: Gateway): WaypointFor {
  const own = gateway.metadata.labels?.[waypointFor]
  const inherited = reader.get('GatewayClass', '', gateway.spec.gatewayClassName)?.metadata.labels?.[waypointFor]
  const value = own ?? inherited
  return value === 'workload' || value === 'all' || value === 'none' ? value : 'service'
}

function binding(
  reader: ResourceReader,
  waypoint: WaypointName,
  object: { readonly metadata: ObjectMeta },
  traffic: readonly WaypointFor[],
): Binding {
  const wanted = wantedWaypoint(reader, object.metadata)
  if (wanted === undefined) return { kind: 'unbound' }
  const gateway = reader.get('Gateway', wanted.namespace, wanted.name)
  const label = `${wanted.namespace}/${wanted.name}`
  if (gateway === undefined) {
    return { kind: 'refused', reason: 'WaypointIsNotReady', message: `waypoint ${label} does not exist` }
  }
  if (!admits(reader, gateway, object.metadata.namespace)) {
    const message = `waypoint ${label} does not admit namespace ${object.metadata.namespace}`
    return { kind: 'refused', reason: 'AttachmentDenied', message }
  }
  const offered = trafficOf(reader, gateway)
  if (!traffic.includes(offered)) {
    const message = `waypoint ${label} is for ${offered} traffic (${waypointFor})`
    return { kind: 'refused', reason: 'UnsupportedTrafficType', message }
  }
  const here = wanted.namespace === waypoint.namespace && wanted.name === waypoint.name
  return here ? { kind: 'bound' } : { kind: 'elsewhere', waypoint: wanted }
}

/** The object's own label counts; without one its namespace's. */
function wantedWaypoint(reader: ResourceReader, metadata: ObjectMeta): WaypointName | undefined {
  let labels = metadata.labels
  if (labels?.[useWaypoint] === undefined) labels = reader.get('Namespace', '', metadata.namespace)?.metadata.labels
  const name = labels?.[useWaypoint]
  if (name === undefined || name === '' || name === 'none') return undefined
  return { name, namespace: labels?.[useWaypointNamespace] ?? metadata.namespace }
}

function admits(reader: ResourceReader, gateway: Gateway, namespace: string): boolean {
  return gateway.spec.listeners.some((listener) => {
    const { from = 'Same', selector } = listener.allowedRoutes?.namespaces ?? {}
    if (from === 'All') return true
    if (from === 'Same') return namespace === gateway.metadata.namespace
    if (from !== 'Selector' || selector === undefined) return false
    return selects(selector, reader.get('Namespace', '', namespace)?.metadata.labels ?? {})
  })
}

function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (labels[key] !== value) return false
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const has = Object.hasOwn(labels, key)
    if (operator === 'Exists') return has
    if (operator === 'DoesNotExist') return !has
    if (operator === 'In') return has && values.includes(labels[key])
    return operator === 'NotIn' && !(has && values.includes(labels[key]))
  })
}
