// Resources -> the Envoy configuration of one waypoint, in the shape that istiod gives it. Pure. A Translator remembers what
// it made of each Service, and makes it again only when something that it read has changed.

import type { Cluster } from '../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { Gateway } from '../resources/gateway-api.ts'
import { RecordingReader, ResourceStore, type ReadKey } from '../resources/resource-store.ts'
import { reportAuthentications } from './authentication/authentication-report.ts'
import { waypointPolicies, type PolicyScope } from './authorization/attached-policies.ts'
import { reportPolicies } from './authorization/policy-report.ts'
import { connectOriginateCluster, encapCluster, mainInternalCluster } from './clusters/plumbing-clusters.ts'
import { reportDestinationRules } from './destination/destination-report.ts'
import { connectOriginateListener } from './listeners/connect-originate.ts'
import { connectTerminateListener } from './listeners/connect-terminate.ts'
import { directChains } from './listeners/direct-chains.ts'
import type { HttpChainSettings } from './listeners/http-chain.ts'
import { mainInternalListener } from './listeners/main-internal.ts'
import { meshSettings } from './mesh-config.ts'
import type { MeshSettings } from './mesh-settings.ts'
import { waypointClient } from './model/waypoint-client.ts'
import { podBinding, waypointsIn, type WaypointName } from './model/waypoint.ts'
import { HBONE_PORT, workloadOf } from './model/workload.ts'
import { TranslationReport } from './report.ts'
import { reportGateway, reportSharedAddresses, reportUnusedRoutes } from './scope-report.ts'
import { servedServices } from './service-scope.ts'
import { translateService, type ServiceContext, type ServiceTranslation } from './service-translation.ts'
import type { ObjectStatus } from './status/condition.ts'
import { describeObject } from '../resources/object-meta.ts'
import { backendPolicyStatuses } from './status/backend-policy-status.ts'
import { gatewayParentOutcomes } from './status/gateway-parents.ts'
import { policyStatuses } from './status/policy-status.ts'
import { routeStatuses, waypointStatus } from './status/statuses.ts'
import type { Translation, TranslationOptions } from './translation.ts'

const defaultListen = [{ address: '0.0.0.0', port: HBONE_PORT }]

/** One translation, without a memory. */
export function translate(store: ResourceStore, options: TranslationOptions): Translation {
  return new Translator().translate(store, options)
}

export class Translator {
  private store = ResourceStore.empty
  private settings = ''
  private services = new Map<string, ServiceTranslation>()

  translate(store: ResourceStore, options: TranslationOptions): Translation {
    const gateway = store.get('Gateway', options.waypoint.namespace, options.waypoint.name)
    if (gateway === undefined) return withoutWaypoint(store, options.waypoint)
    const report = new TranslationReport()
    const mesh = meshSettings(store, options.mesh, report)
    const chain: HttpChainSettings = { mesh, clientIdentityHeader: wantsClientIdentityHeader(gateway) }
    reportGateway(gateway, report)
    const statuses: ObjectStatus[] = [waypointStatus(gateway, options.now)]
    const policies: PolicyScope = {
      waypoint: options.waypoint,
      waypointClass: gateway.spec.gatewayClassName,
      rootNamespace: mesh.rootNamespace,
    }
    const client = waypointClient(store, gateway, options.node)
    const context = { waypoint: options.waypoint, chain, client, policies }
    const services = this.translateServices(store, options, context, report, statuses)
    const pods = podAddresses(store, options.waypoint, mesh)
    reportSharedAddresses(services, report)
    reportUnusedRoutes(store, services, report)
    reportDestinationRules(store, new Set(services.flatMap(({ rules }) => [...rules])), options.waypoint, report)
    const served = new Set([
      options.waypoint.namespace,
      mesh.rootNamespace,
      ...services.map(({ model }) => model.namespace),
    ])
    reportPolicies(store, policies, served, report)
    reportAuthentications(store, policies, served, report)
    statuses.push(
      ...backendPolicyStatuses(store, {
        served: new Set(services.map(({ model }) => describeObject(model.object))),
        now: options.now,
        report,
      }),
      ...policyStatuses(store, policies, served, options.now),
      ...routeStatuses(
        [...services.flatMap(({ outcomes }) => outcomes), ...gatewayParentOutcomes(store, options.waypoint)],
        options.now,
      ),
    )
    const direct = directChains(
      chain,
      waypointPolicies((...key) => store.authorizationPoliciesOf(...key), policies),
      waypointPolicies((...key) => store.requestAuthenticationsOf(...key), policies),
    )
    return {
      ...assemble(services, pods, options, direct, chain.mesh),
      diagnostics: [...report.diagnostics, ...services.flatMap(({ diagnostics }) => diagnostics)],
      statuses,
    }
  }

  private translateServices(
    store: ResourceStore,
    { waypoint, now }: TranslationOptions,
    context: ServiceContext,
    report: TranslationReport,
    statuses: ObjectStatus[],
  ): ServiceTranslation[] {
    const settings = JSON.stringify(context)
    const changed = settings === this.settings ? ResourceStore.changes(this.store, store) : undefined
    const services = new Map<string, ServiceTranslation>()
    const scope = { waypoint, mesh: context.chain.mesh, now, report, statuses }
    for (const { key, readModel } of servedServices(store, scope)) {
      const known = changed === undefined ? undefined : this.services.get(key)
      const stands = known !== undefined && changed !== undefined && !intersects(known.reads, changed)
      if (stands) services.set(key, known)
      else {
        const reader = new RecordingReader(store)
        services.set(key, translateService(reader, readModel(reader), context))
      }
    }
    this.store = store
    this.settings = settings
    this.services = services
    return [...services.values()]
  }
}

function intersects(reads: ReadonlySet<ReadKey>, changed: ReadonlySet<ReadKey>): boolean {
  const [few, many] = reads.size < changed.size ? [reads, changed] : [changed, reads]
  for (const key of few) if (many.has(key)) return true
  return false
}

function withoutWaypoint(store: ResourceStore, { namespace, name }: WaypointName): Translation {
  const known = waypointsIn(store).map((one) => `${one.namespace}/${one.name}`)
  const remedy =
    known.length === 0 ? 'add a Gateway with a listener of protocol HBONE' : `choose one of ${known.join(', ')}`
  const message = 'is to be the waypoint and does not exist'
  const diagnostic = {
    severity: 'error',
    file: '',
    line: 0,
    object: `Gateway ${namespace}/${name}`,
    field: '',
  } as const
  return {
    listeners: [],
    clusters: [],
    endpoints: [],
    secrets: [],
    diagnostics: [{ ...diagnostic, message, remedy }],
    statuses: [],
  }
}

/** The annotation counts on the Gateway itself and among those that its infrastructure gets. */
function wantsClientIdentityHeader(gateway: Gateway): boolean {
  const annotation = 'ambient.istio.io/xfcc-include-client-identity'
  const annotations = { ...gateway.spec.infrastructure?.annotations, ...gateway.metadata.annotations }
  return annotations[annotation] === 'true'
}

function podAddresses(store: ResourceStore, waypoint: WaypointName, settings: MeshSettings): string[] {
  return store.list('Pod').flatMap((pod) => {
    const { addresses } = workloadOf(pod, settings)
    const isGateway = pod.metadata.labels?.['gateway.networking.k8s.io/gateway-name'] !== undefined
    return addresses.length > 0 && !isGateway && podBinding(store, waypoint, pod).kind === 'bound' ? addresses : []
  })
}

function assemble(
  services: readonly ServiceTranslation[],
  podIps: readonly string[],
  options: TranslationOptions,
  direct: ReturnType<typeof directChains>,
  mesh: MeshSettings,
): Pick<Translation, 'listeners' | 'clusters' | 'endpoints' | 'secrets'> {
  const chains = [...services.flatMap((service) => service.chains), ...direct]
  const hbonePorts = new Set([HBONE_PORT, ...services.flatMap((service) => [...service.hbonePorts])])
  const listeners = [
    connectTerminateListener(options.listen ?? defaultListen, mesh),
    mainInternalListener(services, podIps, chains),
    ...[...hbonePorts].map(connectOriginateListener),
  ]
  const plumbing = [
    mainInternalCluster(),
    encapCluster(),
    ...[...hbonePorts].map((port) => connectOriginateCluster(port, options.waypoint.namespace, mesh)),
  ]
  // Several Services may route to the same foreign one; each brings its cluster, all alike.
  const clusters = new Map<string, Cluster>(
    [...plumbing, ...services.flatMap((one) => one.clusters)].map((c) => [c.name, c]),
  )
  const endpoints = new Map(services.flatMap((one) => one.endpoints).map((e) => [e.clusterName, e]))
  const secrets = new Map(services.flatMap((one) => one.secrets).map((secret) => [secret.name, secret]))
  return {
    listeners,
    clusters: [...clusters.values()],
    endpoints: [...endpoints.values()],
    secrets: [...secrets.values()],
  }
}
