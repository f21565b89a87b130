// What is to be said about DestinationRules: fields that a waypoint does not carry out, and rules without effect.

import type { DestinationRule, PortTrafficPolicy, TrafficPolicy } from '../../resources/destination-rule.ts'
import type { FieldPath } from '../../resources/field-path.ts'
import { describeObject } from '../../resources/object-meta.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { WaypointName } from '../model/waypoint.ts'
import type { TranslationReport } from '../report.ts'

/** `used` are those that name a host of this waypoint. */
export function reportDestinationRules(
  reader: ResourceReader,
  used: ReadonlySet<DestinationRule>,
  waypoint: WaypointName,
  report: TranslationReport,
): void {
  for (const rule of used) reportRule(rule, report)
  reportShadowed(used, report)
  for (const rule of reader.list('DestinationRule', waypoint.namespace)) {
    if (used.has(rule)) continue
    const message = `${rule.spec.host} is no Service of this waypoint, so the rule has no effect here`
    report.warning(rule, ['spec', 'host'], message, 'correct the name, or label the Service with istio.io/use-waypoint')
  }
}

function reportRule(rule: DestinationRule, report: TranslationReport): void {
  const { trafficPolicy, subsets = [], workloadSelector } = rule.spec
  if (workloadSelector !== undefined) {
    const message = 'a waypoint heeds it for hash policies, TCP connections and Services of others only'
    report.warning(rule, ['spec', 'workloadSelector'], message, 'remove it to apply the rule to all requests')
  }
  if (trafficPolicy !== undefined) reportPolicy(rule, trafficPolicy, ['spec', 'trafficPolicy'], report)
  for (const [index, { trafficPolicy: own }] of subsets.entries()) {
    if (own !== undefined) reportPolicy(rule, own, ['spec', 'subsets', index, 'trafficPolicy'], report)
  }
}

function reportPolicy(rule: DestinationRule, policy: TrafficPolicy, path: FieldPath, report: TranslationReport): void {
  if (policy.tunnel !== undefined) {
    const message = 'is not carried out: connections go to the Service itself'
    report.error(rule, [...path, 'tunnel'], message, 'remove it')
  }
  reportPortPolicy(rule, policy, path, report)
  for (const [index, setting] of (policy.portLevelSettings ?? []).entries()) {
    reportPortPolicy(rule, setting, [...path, 'portLevelSettings', index], report)
  }
}

function reportPortPolicy(
  rule: DestinationRule,
  { tls, loadBalancer, outlierDetection }: PortTrafficPolicy,
  path: FieldPath,
  report: TranslationReport,
): void {
  if (tls?.mode === 'ISTIO_MUTUAL') {
    const message = 'has no effect: tunnels to Pods of the mesh have the TLS of the mesh, and others have none'
    report.warning(rule, [...path, 'tls', 'mode'], message, 'remove it')
  }
  if (loadBalancer?.zoneAwareLbSetting !== undefined) {
    const message = 'is not carried out by waypoints, by those of Istio neither'
    report.warning(rule, [...path, 'loadBalancer', 'zoneAwareLbSetting'], message, 'write localityLbSetting')
  }
  for (const field of ['outlierDetectionHttpErrorCodes', 'consecutiveErrors'] as const) {
    if (outlierDetection?.[field] === undefined) continue
    const message = 'is not carried out by waypoints, by those of Istio neither'
    const remedy = 'write consecutive5xxErrors or consecutiveGatewayErrors'
    report.warning(rule, [...path, 'outlierDetection', field], message, remedy)
  }
}

/** Of several traffic policies for one host, only the oldest counts. */
function reportShadowed(used: ReadonlySet<DestinationRule>, report: TranslationReport): void {
  const first = new Map<string, DestinationRule>()
  for (const rule of used) {
    const { host, trafficPolicy, workloadSelector } = rule.spec
    if (trafficPolicy === undefined || workloadSelector !== undefined) continue
    const key = `${rule.metadata.namespace}/${host}`
    const older = first.get(key)
    if (older === undefined) first.set(key, rule)
    else {
      const message = `has no effect: that of ${describeObject(older)} counts, which names the same host`
      report.warning(rule, ['spec', 'trafficPolicy'], message, 'merge the two rules')
    }
  }
}
