// One Service of the waypoint -> its filter chains, clusters and endpoints. Depends on nothing but what it reads through the
// reader, so the result holds until one of those reads would be answered differently.

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import {
  FilterChainSchema,
  type FilterChain,
} from '../envoy/generated/envoy/config/listener/v3/listener_components_pb.js'
import type { Cluster } from '../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { ClusterLoadAssignment } from '../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import type { Secret } from '../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import type { DestinationRule } from '../resources/destination-rule.ts'
import type { Diagnostic } from '../resources/diagnostic.ts'
import type { HttpRoute, ParentReference } from '../resources/gateway-api.ts'
import type { AuthorizationPolicy } from '../resources/istio-security.ts'
import type { ReadKey, RecordingReader, ResourceReader } from '../resources/resource-store.ts'
import { servicePolicies, type PolicyScope } from './authorization/attached-policies.ts'
import { httpAuthorization, tcpAuthorization } from './authorization/authorization-filters.ts'
import { reportRulesWithoutHttp } from './authorization/policy-report.ts'
import { tcpProxySettings } from './destination/tcp-proxy-settings.ts'
import { DestinationClusters } from './clusters/destination-clusters.ts'
import { sourceMetadata } from './envoy-message.ts'
import { httpFilterChain, type HttpChainSettings } from './listeners/http-chain.ts'
import { tcpFilterChain } from './listeners/tcp-chain.ts'
import { reportEndpoints } from './model/endpoints.ts'
import { isHttp2 } from './model/port-protocol.ts'
import type { ServiceModel, ServicePortModel } from './model/service-model.ts'
import type { WaypointClient } from './model/waypoint-client.ts'
import type { WaypointName } from './model/waypoint.ts'
import { inboundName } from './names.ts'
import { TranslationReport } from './report.ts'
import { httpRouteCandidates, type RouteCandidate } from './routes/http-route.ts'
import { defaultRoute, orderRoutes, routeConfiguration } from './routes/service-routes.ts'
import { RouteParentOutcome } from './status/route-parent.ts'

export interface ServiceTranslation {
  readonly model: ServiceModel
  readonly chains: FilterChain[]
  readonly clusters: Cluster[]
  readonly endpoints: ClusterLoadAssignment[]
  /** Certificates that clusters name. */
  readonly secrets: Secret[]
  /** Ports other than 15008 on which HBONE ends of the endpoints listen. */
  readonly hbonePorts: ReadonlySet<number>
  /** The DestinationRules that have a part in it. */
  readonly rules: ReadonlySet<DestinationRule>
  readonly outcomes: readonly RouteParentOutcome[]
  readonly diagnostics: readonly Diagnostic[]
  readonly reads: ReadonlySet<ReadKey>
}

export interface ServiceContext {
  readonly waypoint: WaypointName
  readonly chain: HttpChainSettings
  readonly client: WaypointClient
  readonly policies: PolicyScope
}

export function translateService(
  reader: RecordingReader,
  model: ServiceModel,
  context: ServiceContext,
): ServiceTranslation {
  const report = new TranslationReport()
  const clusters = new DestinationClusters(reader, { ...context, mesh: context.chain.mesh }, report)
  const parts: ServiceParts = { reader, clusters, chains: [] }
  const attachments = attachedRoutes(reader, model, context.waypoint, report)
  reportEndpoints(reader, model, report)
  reportService(model, context, report)
  const policies = servicePolicies(reader, model.object, context.policies)
  for (const port of model.ports) {
    if (port.handling === 'none') continue
    if (port.handling !== 'tcp') addHttp(parts, model, port, attachments, policies, report, context)
    if (port.handling !== 'http') addTcp(parts, model, port, policies, context)
    if (port.handling === 'tcp') reportRulesWithoutHttp(policies, model, port, report)
  }
  const outcomes = attachments.map(({ outcome }) => outcome)
  return {
    model,
    chains: parts.chains.map((chain) => create(FilterChainSchema, chain)),
    clusters: clusters.clusters,
    endpoints: clusters.endpoints,
    secrets: clusters.secrets,
    hbonePorts: clusters.hbonePorts,
    rules: clusters.rules,
    outcomes,
    diagnostics: report.diagnostics,
    reads: reader.reads,
  }
}

/** What each port adds. */
interface ServiceParts {
  readonly reader: RecordingReader
  readonly clusters: DestinationClusters
  readonly chains: MessageInitShape<typeof FilterChainSchema>[]
}

function addTcp(
  parts: ServiceParts,
  model: ServiceModel,
  port: ServicePortModel,
  policies: readonly AuthorizationPolicy[],
  context: ServiceContext,
): void {
  const name = inboundName(port.port, 'tcp', model.hostname)
  parts.clusters.addOwn(model, port, 'tcp')
  if (model.addresses.length === 0) return
  const tcpSettings = tcpProxySettings(parts.clusters.policyOf(model).client.trafficPolicy)
  const authorization = tcpAuthorization(policies, context.chain.mesh)
  parts.chains.push(tcpFilterChain(name, name, authorization, chainMetadata(model, port), tcpSettings))
}

function addHttp(
  parts: ServiceParts,
  model: ServiceModel,
  port: ServicePortModel,
  attachments: readonly Attachment[],
  policies: readonly AuthorizationPolicy[],
  report: TranslationReport,
  context: ServiceContext,
): void {
  const name = inboundName(port.port, 'http', model.hostname)
  parts.clusters.addOwn(model, port, 'http')
  // Nobody can dial a headless Service as such: its clients dial Pods.
  if (model.addresses.length === 0) return
  const routing = attachments.filter((attachment) => attachment.appliesTo(port))
  const candidates = routing.flatMap((attachment) => candidatesOf(attachment, parts, model, port, report, context))
  const routes =
    routing.length === 0
      ? [defaultRoute(name, `${model.hostname}:${port.port}/*`, model.object, parts.clusters.hashPolicyOf(model, port))]
      : orderRoutes(candidates, report)
  const chain = {
    name,
    port: port.port,
    http2: isHttp2(port.protocol),
    grpcWeb: port.protocol === 'gRPC-Web',
    routes: routeConfiguration(name, port.port, routes),
    authorization: httpAuthorization(policies, context.chain.mesh),
    before: [],
    metadata: chainMetadata(model, port),
  }
  parts.chains.push(httpFilterChain(chain, context.chain))
}

function candidatesOf(
  { route, parentRef, outcome }: Attachment,
  parts: ServiceParts,
  model: ServiceModel,
  port: ServicePortModel,
  report: TranslationReport,
  context: ServiceContext,
): RouteCandidate[] {
  return httpRouteCandidates(route, {
    reader: parts.reader,
    settings: context.chain.mesh,
    waypoint: context.waypoint,
    service: model,
    port,
    parentNamesPort: parentRef.port !== undefined,
    hashPolicyOf: (service, servicePort) => parts.clusters.hashPolicyOf(service, servicePort),
    requireOutbound: (service, servicePort) => parts.clusters.addOutbound(service, servicePort),
    unresolved: (reason, path, message, remedy) => {
      outcome.unresolved(reason, message)
      report.error(route, path, `${message}, so its share of requests gets 500`, remedy)
    },
    refuseRule: (rule, path, message, remedy) => {
      outcome.refuseRule(rule, message)
      report.error(route, path, message, remedy)
    },
  })
}

/** An HTTPRoute that names the Service as a parent. */
interface Attachment {
  readonly route: HttpRoute
  readonly parentRef: ParentReference
  readonly outcome: RouteParentOutcome
  readonly appliesTo: (port: ServicePortModel) => boolean
}

function attachedRoutes(
  reader: ResourceReader,
  model: ServiceModel,
  waypoint: WaypointName,
  report: TranslationReport,
): Attachment[] {
  return reader.httpRoutesOf(model.namespace, model.name).flatMap((route) =>
    [...(route.spec.parentRefs ?? []).entries()].flatMap(([index, parentRef]): Attachment[] => {
      if (!namesService(parentRef, route, model)) return []
      const outcome = new RouteParentOutcome(route, parentRef)
      const path = ['spec', 'parentRefs', index]
      const appliesTo = (port: ServicePortModel) =>
        outcome.rejection === undefined &&
        (parentRef.port === undefined || parentRef.port === port.port) &&
        (parentRef.sectionName === undefined || parentRef.sectionName === port.name)
      const { namespace } = route.metadata
      if (namespace !== model.namespace && namespace !== waypoint.namespace) {
        const message = `a route of another namespace than its Service (a consumer route) has no effect`
        outcome.rejection = { reason: 'NotAllowedByListeners', message }
        report.error(route, path, message, `move the route to namespace ${model.namespace}`)
      } else if (!model.ports.some(appliesTo)) {
        const message = `Service ${model.namespace}/${model.name} has no such port`
        outcome.rejection = { reason: 'NoMatchingParent', message }
        report.error(route, path, message, 'correct port or sectionName')
      }
      return [{ route, parentRef, outcome, appliesTo }]
    }),
  )
}

function namesService(ref: ParentReference, route: HttpRoute, model: ServiceModel): boolean {
  const namespace = ref.namespace ?? route.metadata.namespace
  return ref.kind === 'Service' && (ref.group ?? '') === '' && ref.name === model.name && namespace === model.namespace
}

/** Fields of a Service that change where requests go and that are not carried out, or not fully. */
function reportService({ object }: ServiceModel, { client }: ServiceContext, report: TranslationReport): void {
  const { sessionAffinity, internalTrafficPolicy } = object.spec
  if (sessionAffinity === 'ClientIP') {
    const remedy = 'write a DestinationRule with consistentHash'
    const message = 'is not carried out: each request chooses its endpoint anew'
    report.warning(object, ['spec', 'sessionAffinity'], message, remedy)
  }
  if (internalTrafficPolicy === 'Local' && client.nodeName === undefined) {
    const message = "has no effect: the waypoint's node is not known, so endpoints of all nodes are used"
    report.warning(object, ['spec', 'internalTrafficPolicy'], message, "add the waypoint's Pod")
  }
}

function chainMetadata(model: ServiceModel, port: ServicePortModel) {
  return { filterMetadata: sourceMetadata(model.object, `port ${port.port}`) }
}
