// Which DestinationRules say how a Service is reached, and what they say together for a port or a subset of it.

import type { DestinationRule, Subset, TrafficPolicy } from '../../resources/destination-rule.ts'
import { byAgeThenName, type ResourceReader } from '../../resources/resource-store.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import type { ServiceModel } from '../model/service-model.ts'
import { backendPolicies, beneath, type BackendPolicies } from './backend-policies.ts'
import { isVisibleTo } from '../model/visibility.ts'
import type { WaypointClient } from '../model/waypoint-client.ts'
import type { WaypointName } from '../model/waypoint.ts'

export interface MergedRule {
  readonly trafficPolicy: TrafficPolicy | undefined
  readonly subsets: readonly Subset[]
}

export interface DestinationPolicy {
  /** The rules that name the host, whether or not they have a part in it. */
  readonly rules: readonly DestinationRule[]
  /** For the clusters of the waypoint's own Services: rules with a selector do not count. */
  readonly server: MergedRule
  /** For hash policies, connections passed on as bytes and other Services: a rule that selects the waypoint comes first. */
  readonly client: MergedRule
  /** Where settings come from that no rule has. */
  readonly origins: BackendPolicies['origins']
}

export interface DestinationContext {
  readonly mesh: MeshSettings
  readonly waypoint: WaypointName
  readonly client: WaypointClient
}

/**
 * Rules of the waypoint's namespace come first, then those that the Service's namespace exports, then those of the root
 * namespace; the first that names the host, and of their hosts the most specific one, counts.
 */
export function destinationPolicy(
  reader: ResourceReader,
  service: ServiceModel,
  { waypoint, client, mesh }: DestinationContext,
): DestinationPolicy {
  const own = rulesFor(reader, service, waypoint.namespace).filter(({ metadata, spec }) =>
    isVisibleTo(waypoint.namespace, spec.exportTo, metadata.namespace),
  )
  const backend = backendPolicies(reader, service)
  const none = { trafficPolicy: undefined, origins: backend.origins }
  // Backend policies stand in the Service's namespace, and so do not count where rules of another one do.
  const backendOf = (namespace: string) => (namespace === service.namespace ? backend : none)
  if (own.length > 0) return policyOf(own, client.labels, backendOf(waypoint.namespace))
  for (const namespace of new Set([service.namespace, mesh.rootNamespace])) {
    if (namespace === waypoint.namespace) continue
    const exported = rulesFor(reader, service, namespace).filter(
      ({ metadata, spec }) =>
        spec.workloadSelector === undefined && isVisibleTo(waypoint.namespace, spec.exportTo, metadata.namespace),
    )
    if (exported.length > 0) return policyOf(exported, client.labels, backendOf(namespace))
  }
  return policyOf([], client.labels, backend)
}

/** Per the documentation, the settings of a port replace all others: nothing is inherited. */
export function policyOfPort(policy: TrafficPolicy | undefined, port: number): TrafficPolicy | undefined {
  const setting = policy?.portLevelSettings?.find((candidate) => candidate.port?.number === port)
  if (setting === undefined) return policy
  const { loadBalancer, connectionPool, outlierDetection, tls } = setting
  return { loadBalancer, connectionPool, outlierDetection, tls }
}

/** A subset's settings replace those of the host, kind by kind; those of its port replace them all. */
export function policyOfSubset(
  policy: TrafficPolicy | undefined,
  subset: Subset,
  port: number,
): TrafficPolicy | undefined {
  const whole = policyOfPort(policy, port)
  const own = policyOfPort(subset.trafficPolicy, port)
  if (whole === undefined || own === undefined) return own ?? whole
  const replacesAll = own !== subset.trafficPolicy
  const { tunnel = whole.tunnel, proxyProtocol = whole.proxyProtocol, retryBudget = whole.retryBudget } = own
  const base: TrafficPolicy = replacesAll ? {} : whole
  return {
    connectionPool: own.connectionPool ?? base.connectionPool,
    outlierDetection: own.outlierDetection ?? base.outlierDetection,
    loadBalancer: own.loadBalancer ?? base.loadBalancer,
    tls: own.tls ?? base.tls,
    tunnel,
    proxyProtocol,
    retryBudget,
  }
}

/** The rules of a namespace for the most specific host that any of them names. */
function rulesFor(reader: ResourceReader, service: ServiceModel, namespace: string): readonly DestinationRule[] {
  const { hostname } = service
  const names = [hostname]
  if (service.object.kind === 'Service' && namespace === service.namespace) names.push(service.name)
  const found = names.flatMap((name) => reader.destinationRulesOf(namespace, name))
  if (found.length > 0) return found.sort(byAgeThenName)
  for (let dot = hostname.indexOf('.'); dot >= 0; dot = hostname.indexOf('.', dot + 1)) {
    const rules = reader.destinationRulesOf(namespace, `*${hostname.slice(dot)}`)
    if (rules.length > 0) return rules
  }
  return reader.destinationRulesOf(namespace, '*')
}

function policyOf(
  rules: readonly DestinationRule[],
  labels: Readonly<Record<string, string>>,
  backend: BackendPolicies,
): DestinationPolicy {
  const over = (rule: MergedRule) => ({ ...rule, trafficPolicy: beneath(rule.trafficPolicy, backend.trafficPolicy) })
  const server = over(merged(rules.filter(({ spec }) => spec.workloadSelector === undefined)))
  const selecting = rules.filter(
    ({ spec }) => spec.workloadSelector !== undefined && selects(spec.workloadSelector, labels),
  )
  return { rules, server, client: selecting.length === 0 ? server : over(merged(selecting)), origins: backend.origins }
}

function selects(
  { matchLabels = {} }: NonNullable<DestinationRule['spec']['workloadSelector']>,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(matchLabels).every(([name, value]) => labels[name] === value)
}

/** The oldest traffic policy counts, and of subsets with one name the oldest. */
function merged(rules: readonly DestinationRule[]): MergedRule {
  const subsets = new Map<string, Subset>()
  for (const { spec } of rules) {
    for (const subset of spec.subsets ?? []) if (!subsets.has(subset.name)) subsets.set(subset.name, subset)
  }
  const trafficPolicy = rules.find(({ spec }) => spec.trafficPolicy !== undefined)?.spec.trafficPolicy
  return { trafficPolicy, subsets: [...subsets.values()] }
}
