// One Service of the waypoint -> its filter chains, clusters and endpoints. Depends on nothing but what it reads through the
// reader, so the result holds until one of those reads would be answered differently.

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import {
  FilterChainSchema,
  type FilterChain,
} from '../envoy/generated/envoy/config/listener/v3/listener_components_pb.js'
import type { RouteSchema } from '../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { Cluster } from '../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { ClusterLoadAssignment } from '../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import type { Secret } from '../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import type { DestinationRule } from '../resources/destination-rule.ts'
import type { Diagnostic } from '../resources/diagnostic.ts'
import type { Route } from '../resources/gateway-api.ts'
import type { AuthorizationPolicy } from '../resources/istio-security.ts'
import type { ReadKey, RecordingReader } from '../resources/resource-store.ts'
import { authenticationFilters } from './authentication/authentication-filters.ts'
import { servicePolicies, type PolicyScope } from './authorization/attached-policies.ts'
import { httpAuthorization, tcpAuthorization } from './authorization/authorization-filters.ts'
import { reportRulesWithoutHttp } from './authorization/policy-report.ts'
import { dnsCache } from './clusters/discovery.ts'
import { tcpProxySettings } from './destination/tcp-proxy-settings.ts'
import { DestinationClusters } from './clusters/destination-clusters.ts'
import { sourceMetadata } from './envoy-message.ts'
import { httpFilterChain, type HttpChainSettings } from './listeners/http-chain.ts'
import type { ServerNameChain } from './listeners/server-names.ts'
import { tcpFilterChain } from './listeners/tcp-chain.ts'
import { reportEndpoints } from './model/endpoints.ts'
import { isHttp2 } from './model/port-protocol.ts'
import type { ServiceModel, ServicePortModel } from './model/service-model.ts'
import type { WaypointClient } from './model/waypoint-client.ts'
import type { WaypointName } from './model/waypoint.ts'
import { inboundName } from './names.ts'
import { TranslationReport } from './report.ts'
import { attachedRoutes, type Attachment } from './routes/attached-routes.ts'
import type { BackendContext, TcpBackend } from './routes/backends.ts'
import { routeCandidates, type RouteCandidate } from './routes/http-route.ts'
import { defaultRoute, mergeRoutes, routeConfiguration } from './routes/service-routes.ts'
import { tcpRouteClusters } from './routes/tcp-route.ts'
import type { RouteParentOutcome } from './status/route-parent.ts'
import { attachedVirtualServices, reportLayer4Routes } from './virtual-services/attached.ts'
import { virtualRoutes } from './virtual-services/virtual-route.ts'

type RouteInit = MessageInitShape<typeof RouteSchema>

export interface ServiceTranslation {
  readonly model: ServiceModel
  readonly chains: FilterChain[]
  /** Of ports whose chain the server name of a hello chooses. */
  readonly serverNames: ReadonlyMap<number, readonly ServerNameChain[]>
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
  const parts: ServiceParts = { reader, clusters, chains: [], serverNames: new Map() }
  const attachments = attachedRoutes(reader, model, context.waypoint, report)
  reportLayer4Routes(attachedVirtualServices(reader, model, context.waypoint), report)
  reportEndpoints(reader, model, report)
  reportService(model, context, report)
  const policies = servicePolicies((...key) => reader.authorizationPoliciesOf(...key), model.object, context.policies)
  for (const port of model.ports) {
    if (port.handling === 'none') continue
    const attached = attachments.filter(({ ports }) => ports.has(port.port))
    if (port.handling !== 'tcp') addHttp(parts, model, port, attached, policies, report, context)
    if (port.handling !== 'http') addTcp(parts, model, port, attached, policies, report, context)
    if (port.handling === 'tcp') reportRulesWithoutHttp(policies, model, port, report)
  }
  const outcomes = attachments.map(({ outcome }) => outcome)
  return {
    model,
    chains: parts.chains.map((chain) => create(FilterChainSchema, chain)),
    serverNames: parts.serverNames,
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

type FilterChainInit = MessageInitShape<typeof FilterChainSchema>

/** What each port adds. */
interface ServiceParts {
  readonly reader: RecordingReader
  readonly clusters: DestinationClusters
  readonly chains: FilterChainInit[]
  readonly serverNames: Map<number, readonly ServerNameChain[]>
}

function addTcp(
  parts: ServiceParts,
  model: ServiceModel,
  port: ServicePortModel,
  attachments: readonly Attachment[],
  policies: readonly AuthorizationPolicy[],
  report: TranslationReport,
  context: ServiceContext,
): void {
  const name = inboundName(port.port, 'tcp', model.hostname)
  parts.clusters.addOwn(model, port, 'tcp')
  if (model.addresses.length === 0) return
  if (!toldApartByServerName(attachments, model)) {
    const clusters = tcpClusters(attachments, parts, report, context)
    parts.chains.push(tcpChain(name, clusters, parts, model, port, policies, context))
    return
  }
  const serverNames = attachments.flatMap((attachment, index) => {
    const chain = index === 0 ? name : `${name}|${index}`
    const clusters = tcpClusters([attachment], parts, report, context)
    parts.chains.push(tcpChain(chain, clusters, parts, model, port, policies, context))
    const { route } = attachment
    return route.kind === 'TLSRoute' ? route.spec.hostnames.map((serverName) => ({ serverName, chain })) : []
  })
  parts.serverNames.set(port.port, serverNames)
}

/** A single TLSRoute for the Service's own name is for all connections, as Istio has it: clients may use a shorter name. */
function toldApartByServerName(attachments: readonly Attachment[], model: ServiceModel): boolean {
  const names = attachments.flatMap(({ route }) => (route.kind === 'TLSRoute' ? route.spec.hostnames : []))
  return names.length > 0 && names.join() !== model.hostname
}

function tcpChain(
  name: string,
  clusters: readonly TcpBackend[] | undefined,
  parts: ServiceParts,
  model: ServiceModel,
  port: ServicePortModel,
  policies: readonly AuthorizationPolicy[],
  context: ServiceContext,
): FilterChainInit {
  const destination = clusters?.[0].service ?? model
  const settings = tcpProxySettings(parts.clusters.policyOf(destination).client.trafficPolicy)
  const authorization = tcpAuthorization(policies, context.chain.mesh)
  return tcpFilterChain(name, name, authorization, chainMetadata(model, port), settings, clusters)
}

/** Of several routes of connections the oldest counts; undefined without any. */
function tcpClusters(
  attachments: readonly Attachment[],
  parts: ServiceParts,
  report: TranslationReport,
  context: ServiceContext,
): TcpBackend[] | undefined {
  for (const attachment of attachments) {
    const { route } = attachment
    if (route.kind !== 'TCPRoute' && route.kind !== 'TLSRoute') continue
    return tcpRouteClusters(route, backendContext(attachment, parts, report, context))
  }
  return undefined
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
  const clusters = tcpClusters(attachments, parts, report, context)
  if (clusters !== undefined) {
    // A TCPRoute sends every connection on, what looks like HTTP too.
    parts.chains.push(tcpChain(name, clusters, parts, model, port, policies, context))
    return
  }
  const candidates = attachments.flatMap((one) => candidatesOf(one, parts, model, port, report, context))
  const isReplaced = attachments.some(({ clientNamespace }) => clientNamespace === undefined)
  const virtual = virtualRoutesOf(parts, model, port, isReplaced, report, context)
  const hashPolicy = parts.clusters.hashPolicyOf(model, port)
  const isDynamic = model.resolution === 'DYNAMIC_DNS'
  const own = defaultRoute(name, `${model.hostname}:${port.port}/*`, model.object, hashPolicy)
  const fallback = virtual.length > 0 ? virtual : [own]
  const chain = {
    name,
    port: port.port,
    http2: isHttp2(port.protocol),
    grpcWeb: port.protocol === 'gRPC-Web',
    // A name that is resolved must be one of those that the ServiceEntry admits.
    routes: routeConfiguration(
      name,
      port.port,
      mergeRoutes(candidates, attachments, fallback, report),
      isDynamic ? [model.hostname] : ['*'],
    ),
    dnsCache: isDynamic ? dnsCache(model) : undefined,
    authorization: httpAuthorization(policies, context.chain.mesh),
    authentication: authenticationFilters(
      servicePolicies((...key) => parts.reader.requestAuthenticationsOf(...key), model.object, context.policies),
    ),
    before: [],
    metadata: chainMetadata(model, port),
  }
  parts.chains.push(httpFilterChain(chain, context.chain))
}

function candidatesOf(
  attachment: Attachment,
  parts: ServiceParts,
  model: ServiceModel,
  port: ServicePortModel,
  report: TranslationReport,
  context: ServiceContext,
): RouteCandidate[] {
  const { route, parentRef, outcome, clientNamespace } = attachment
  if (route.kind !== 'HTTPRoute' && route.kind !== 'GRPCRoute') return []
  return routeCandidates(route, {
    ...backendContext(attachment, parts, report, context),
    service: model,
    port,
    clientNamespace,
    parentNamesPort: parentRef.port !== undefined,
    refuseRule: (rule, path, message, remedy) => {
      outcome.refuseRule(rule, message)
      report.error(route, path, message, remedy)
    },
  })
}

/** Routes for everyone take the place of all VirtualServices of their Service, as in Istio. */
function virtualRoutesOf(
  { reader, clusters }: ServiceParts,
  service: ServiceModel,
  port: ServicePortModel,
  isReplaced: boolean,
  report: TranslationReport,
  { waypoint, chain }: ServiceContext,
): RouteInit[] {
  const objects = attachedVirtualServices(reader, service, waypoint)
  if (isReplaced) {
    for (const object of objects) {
      const message = `have no effect for ${service.hostname}:${port.port}, which has routes of the Gateway API`
      report.warning(object, ['spec', 'http'], message, 'move these routes there, or remove those')
    }
    return []
  }
  return virtualRoutes(objects, {
    reader,
    settings: chain.mesh,
    waypoint,
    service,
    port,
    report,
    requireOutbound: (other, otherPort) => clusters.addOutbound(other, otherPort),
    hashPolicyOf: (other, otherPort) => clusters.hashPolicyOf(other, otherPort),
  })
}

function backendContext(
  { route, outcome }: Attachment,
  parts: ServiceParts,
  report: TranslationReport,
  context: ServiceContext,
): BackendContext {
  return {
    reader: parts.reader,
    settings: context.chain.mesh,
    waypoint: context.waypoint,
    hashPolicyOf: (service, servicePort) => parts.clusters.hashPolicyOf(service, servicePort),
    requireOutbound: (service, servicePort) => parts.clusters.addOutbound(service, servicePort),
    unresolved: (reason, path, message, remedy, consequence = `its share of ${shareThatFails[route.kind]}`) => {
      outcome.unresolved(reason, message)
      report.error(route, path, `${message}, so ${consequence}`, remedy)
    },
  }
}

const shareThatFails: Readonly<Record<Route['kind'], string>> = {
  HTTPRoute: 'requests gets 500',
  GRPCRoute: 'calls gets UNAVAILABLE',
  TLSRoute: 'connections is closed',
  TCPRoute: 'connections is closed',
}

/** Fields of a Service that change where requests go and that are not carried out, or not fully. */
function reportService({ object }: ServiceModel, { client }: ServiceContext, report: TranslationReport): void {
  if (object.kind !== 'Service') return
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
