// The routes of VirtualServices for one port of a Service, in the order in which they are written: the first that matches counts.
// A route that asks for something that is not carried out keeps its matches and answers 500.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { RouteSchema } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import { CorsPolicySchema } from '../../envoy/generated/envoy/extensions/filters/http/cors/v3/cors_pb.js'
import { HTTPFaultSchema } from '../../envoy/generated/envoy/extensions/filters/http/fault/v3/fault_pb.js'
import type { FieldPath } from '../../resources/field-path.ts'
import { formatFieldPath } from '../../resources/field-path.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { VirtualHttpMatch, VirtualHttpRoute, VirtualService } from '../../resources/virtual-service.ts'
import { any, sourceMetadata } from '../envoy-message.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import type { ServiceModel, ServicePortModel } from '../model/service-model.ts'
import type { WaypointName } from '../model/waypoint.ts'
import type { TranslationReport } from '../report.ts'
import { corsFilterName, virtualCorsPolicy } from '../routes/cors-policy.ts'
import type { HashPolicy } from '../routes/hash-policy.ts'
import type { Refuse } from '../routes/header-modifier.ts'
import { noHeaderChanges, type HeaderChanges } from '../routes/route-draft.ts'
import { namesMesh } from './attached.ts'
import { delegatedRoutes, type WrittenRoute } from './delegates.ts'
import { faultFilterName, faultInjection } from './fault-injection.ts'
import { addHeaderChanges } from './header-operations.ts'
import { virtualAction, type ActionInit } from './virtual-action.ts'
import { pathText, virtualMatch } from './virtual-match.ts'

type RouteInit = MessageInitShape<typeof RouteSchema>

export interface VirtualRouteContext {
  readonly reader: ResourceReader
  readonly settings: MeshSettings
  readonly waypoint: WaypointName
  readonly service: ServiceModel
  readonly port: ServicePortModel
  readonly report: TranslationReport
  readonly requireOutbound: (service: ServiceModel, port: ServicePortModel) => void
  readonly hashPolicyOf: (service: ServiceModel, port: ServicePortModel) => HashPolicy | undefined
}

export function virtualRoutes(objects: readonly VirtualService[], context: VirtualRouteContext): RouteInit[] {
  return objects.flatMap((object) => delegatedRoutes(object, context).flatMap((written) => routesOf(written, context)))
}

function routesOf(written: WrittenRoute, context: VirtualRouteContext): RouteInit[] {
  const { object, route, path, problem } = written
  let refused = problem !== undefined
  const refuse: Refuse = (at, message, remedy) => {
    refused = true
    context.report.error(object, at, `${message}, so its requests get 500`, remedy)
  }
  if (problem !== undefined) refuse([...path, 'delegate'], problem, 'name a VirtualService without hosts')
  const matches = applicableMatches(written, context)
  if (matches.length === 0) return []
  const changes = noHeaderChanges()
  const action = virtualAction(object, route, path, context, refuse)
  const perFilter = perFilterConfig(route, path, refuse)
  addHeaderChanges(route.headers, changes)
  if (route.route?.length === 1) addHeaderChanges(route.route[0].headers, changes)
  return matches.flatMap(([match, at]): RouteInit[] => {
    let readable = true
    const envoyMatch = virtualMatch(match, at, (where, message, remedy) => {
      readable = false
      context.report.error(object, where, message, remedy)
    })
    if (!readable) return []
    const answer: ActionInit = refused ? { case: 'directResponse', value: { status: 500 } } : action
    return [
      {
        ...namesOf(route, match),
        match: envoyMatch,
        action: answer,
        ...(refused ? {} : { ...headerFields(changes, answer), typedPerFilterConfig: perFilter }),
        metadata: { filterMetadata: sourceMetadata(object, formatFieldPath(path)) },
        decorator: { operation: operationOf(object, answer, match, context) },
      },
    ]
  })
}

/** Answers of the proxy's own change no request. */
function headerFields(changes: HeaderChanges, action: ActionInit): Partial<HeaderChanges> {
  if (action.case === 'route') return changes
  const { responseHeadersToAdd, responseHeadersToRemove } = changes
  return { responseHeadersToAdd, responseHeadersToRemove }
}

/** The matches that can hold at this port of a waypoint. A route without matches has one, of everything. */
function applicableMatches(
  { object, route, path }: WrittenRoute,
  { port, report }: VirtualRouteContext,
): [VirtualHttpMatch | undefined, FieldPath][] {
  const matches = route.match ?? []
  if (matches.length === 0) return [[undefined, path]]
  return [...matches.entries()].flatMap(([index, match]): [VirtualHttpMatch, FieldPath][] => {
    const at = [...path, 'match', index]
    for (const field of ['sourceLabels', 'sourceNamespace'] as const) {
      const value = match[field]
      if (value === undefined || Object.keys(value).length === 0) continue
      report.warning(
        object,
        [...at, field],
        'never holds: a waypoint serves all clients',
        'match on a header, or remove it',
      )
      return []
    }
    if (!namesMesh(match.gateways) || (match.port !== undefined && match.port !== port.port)) return []
    return [[match, at]]
  })
}

function namesOf(route: VirtualHttpRoute, match: VirtualHttpMatch | undefined): Pick<RouteInit, 'name' | 'statPrefix'> {
  const { name = '' } = route
  return {
    name: match?.name === undefined ? name : `${name}.${match.name}`,
    statPrefix: match?.statPrefix ?? '',
  }
}

function perFilterConfig(
  { fault, corsPolicy }: VirtualHttpRoute,
  path: FieldPath,
  refuse: Refuse,
): NonNullable<RouteInit['typedPerFilterConfig']> {
  const fields = fault && faultInjection(fault, [...path, 'fault'], refuse)
  return {
    ...(fields === undefined ? {} : { [faultFilterName]: any(HTTPFaultSchema, fields) }),
    ...(corsPolicy === undefined ? {} : { [corsFilterName]: any(CorsPolicySchema, virtualCorsPolicy(corsPolicy)) }),
  }
}

/** The name of a span: the one destination or the VirtualService, and the path. */
function operationOf(
  object: VirtualService,
  action: ActionInit,
  match: VirtualHttpMatch | undefined,
  { port }: VirtualRouteContext,
): string {
  const path = pathText(match?.uri)
  if (action.case === 'route' && action.value.clusterSpecifier?.case === 'cluster') {
    const [, backendPort, , host] = action.value.clusterSpecifier.value.split('|')
    return `${host}:${backendPort}${path}`
  }
  return `${object.metadata.name}:${port.port}${path}`
}
