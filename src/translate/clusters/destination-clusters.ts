// Collects the clusters that a Service's translation needs, its own and those of other Services, each once, with what belongs
// to them: endpoints, secrets, tunnel ports.

import type { Cluster } from '../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { ClusterLoadAssignment } from '../../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import type { Secret } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import type { DestinationRule, Subset, TrafficPolicy } from '../../resources/destination-rule.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import {
  destinationPolicy,
  policyOfPort,
  policyOfSubset,
  type DestinationContext,
  type DestinationPolicy,
  type MergedRule,
} from '../destination/destination-policy.ts'
import { localityPlan } from '../destination/locality-plan.ts'
import { placeOf } from '../destination/place-of.ts'
import type { EndpointModel } from '../model/endpoint-model.ts'
import { endpointsOf } from '../model/endpoints.ts'
import { hostnameLabel } from '../model/locality.ts'
import type { ServiceModel, ServicePortModel } from '../model/service-model.ts'
import { clusterSubset, inboundName, outboundName, type PortSubset } from '../names.ts'
import type { TranslationReport } from '../report.ts'
import { hashPolicy, type HashPolicy } from '../routes/hash-policy.ts'
import { loadAssignment } from './load-assignment.ts'
import { localityGroups } from './locality-groups.ts'
import { hostSource } from './discovery.ts'
import { serviceCluster } from './service-cluster.ts'
import { upstreamTls } from './upstream-tls.ts'

interface ClusterName {
  readonly name: string
  /** As telemetry knows it. */
  readonly subset: string | undefined
}

export class DestinationClusters {
  readonly clusters: Cluster[] = []
  readonly endpoints: ClusterLoadAssignment[] = []
  readonly secrets: Secret[] = []
  readonly hbonePorts = new Set<number>()
  /** The DestinationRules that were read. */
  readonly rules = new Set<DestinationRule>()
  private readonly reader: ResourceReader
  private readonly context: DestinationContext
  private readonly report: TranslationReport
  private readonly names = new Set<string>()
  private readonly policies = new Map<string, DestinationPolicy>()

  constructor(reader: ResourceReader, context: DestinationContext, report: TranslationReport) {
    this.reader = reader
    this.context = context
    this.report = report
  }

  /** Of a Service of this waypoint: the port's cluster and one for each subset. */
  addOwn(service: ServiceModel, port: ServicePortModel, portSubset: PortSubset): void {
    this.addAll(service, port, this.policyOf(service).server, (subset) => ({
      name: inboundName(port.port, portSubset, service.hostname, subset),
      subset: clusterSubset(portSubset, subset),
    }))
  }

  /** Of a Service that only a route names. */
  addOutbound(service: ServiceModel, port: ServicePortModel): void {
    this.addAll(service, port, this.policyOf(service).client, (subset) => ({
      name: outboundName(port.port, service.hostname, subset),
      subset: subset === '' ? undefined : subset,
    }))
  }

  policyOf(service: ServiceModel): DestinationPolicy {
    const known = this.policies.get(service.hostname)
    if (known !== undefined) return known
    const policy = destinationPolicy(this.reader, service, this.context)
    this.policies.set(service.hostname, policy)
    for (const rule of policy.rules) this.rules.add(rule)
    return policy
  }

  /** What of a request chooses its host, if a rule says so. */
  hashPolicyOf(service: ServiceModel, port: ServicePortModel): HashPolicy | undefined {
    const policy = policyOfPort(this.policyOf(service).client.trafficPolicy, port.port)
    return hashPolicy(policy?.loadBalancer?.consistentHash)
  }

  private addAll(
    service: ServiceModel,
    port: ServicePortModel,
    rule: MergedRule,
    nameOf: (subset: string) => ClusterName,
  ): void {
    const whole = nameOf('')
    if (this.names.has(whole.name)) return
    this.names.add(whole.name)
    const endpoints = this.reachable(service, port)
    this.add(whole, service, port, policyOfPort(rule.trafficPolicy, port.port), endpoints)
    for (const subset of rule.subsets) {
      const own = policyOfSubset(rule.trafficPolicy, subset, port.port)
      this.add(
        nameOf(subset.name),
        service,
        port,
        own,
        endpoints.filter((endpoint) => isIn(subset, endpoint)),
      )
    }
  }

  private add(
    { name, subset }: ClusterName,
    service: ServiceModel,
    port: ServicePortModel,
    policy: TrafficPolicy | undefined,
    endpoints: readonly EndpointModel[],
  ): void {
    const { mesh, waypoint, client } = this.context
    const tls = upstreamTls(policy?.tls, this.reader, waypoint.namespace)
    if (tls !== undefined && 'problem' in tls) {
      const { rules, origins } = this.policyOf(service)
      const place = placeOf(rules, policy?.tls) ?? origins.get(policy?.tls)
      const message = `${tls.problem}, so requests to ${name} get 503`
      if (place !== undefined)
        this.report.error(place.object, place.path, message, 'add it to the waypoint’s namespace')
      return
    }
    const plan = localityPlan(this.reader, service, policy, mesh)
    const source = hostSource(service, policy)
    const isListed = source === 'sent' || source === 'resolved'
    const assignment = isListed ? loadAssignment(name, localityGroups(endpoints, plan, client)) : undefined
    const spec = { name, subset, service, port, policy, tls, localityPlan: plan, source, assignment }
    this.clusters.push(serviceCluster(spec, mesh))
    if (tls !== undefined) this.secrets.push(...tls.secrets)
    if (assignment === undefined) return
    for (const { hbonePort } of endpoints) if (hbonePort !== undefined) this.hbonePorts.add(hbonePort)
    if (source === 'sent') this.endpoints.push(assignment)
  }

  /** internalTrafficPolicy Local: none but those of the waypoint's own node. */
  private reachable(service: ServiceModel, port: ServicePortModel): readonly EndpointModel[] {
    const { mesh, client } = this.context
    const endpoints = endpointsOf(this.reader, mesh, service, port)
    const { object } = service
    const isLocal = object.kind === 'Service' && object.spec.internalTrafficPolicy === 'Local'
    return isLocal && client.nodeName !== undefined
      ? endpoints.filter(({ labels }) => labels[hostnameLabel] === client.nodeName)
      : endpoints
  }
}

function isIn({ labels = {} }: Subset, endpoint: EndpointModel): boolean {
  return Object.entries(labels).every(([name, value]) => endpoint.labels[name] === value)
}
