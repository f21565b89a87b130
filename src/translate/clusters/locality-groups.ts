// Endpoints in groups of one locality each, with the weights and priorities that locality load balancing gives them, seen from
// where the waypoint runs.

import type { LocalityLbSetting } from '../../resources/destination-rule.ts'
import type { EndpointModel } from '../model/endpoint-model.ts'
import { localityText, matchesLocality, networkLabel, type Locality } from '../model/locality.ts'
import type { WaypointClient } from '../model/waypoint-client.ts'

export interface LocalityGroup {
  readonly locality: Locality
  readonly endpoints: readonly EndpointModel[]
  readonly weight: number
  /** 0 is the first choice. */
  readonly priority: number
}

/** How a cluster treats localities. */
export interface LocalityPlan {
  readonly setting: LocalityLbSetting
  /** Whether requests go elsewhere when nearer hosts fail. Without outlier detection nobody notices that they do. */
  readonly failsOver: boolean
}

/** In the order of the localities' names. */
export function localityGroups(
  endpoints: readonly EndpointModel[],
  plan: LocalityPlan | undefined,
  client: WaypointClient,
): LocalityGroup[] {
  const byLocality = new Map<string, EndpointModel[]>()
  for (const endpoint of endpoints) {
    const key = localityText(endpoint.locality)
    const group = byLocality.get(key)
    if (group === undefined) byLocality.set(key, [endpoint])
    else group.push(endpoint)
  }
  const groups = [...byLocality]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, members]) => groupOf(members[0].locality, members, 0))
  if (plan === undefined) return groups
  const { distribute, failover = [], failoverPriority = [] } = plan.setting
  if (distribute !== undefined) return distributed(groups, distribute, client.locality)
  if (!plan.failsOver) return groups
  const byLabels = failoverPriority.length === 0 ? groups : byFailoverPriority(groups, failoverPriority, client)
  const both = failoverPriority.length === 0 || failover.length > 0
  return both ? byDistance(byLabels, failover, client.locality) : byLabels
}

function groupOf(locality: Locality, endpoints: readonly EndpointModel[], priority: number): LocalityGroup {
  const weight = endpoints.reduce((sum, endpoint) => sum + endpoint.weight, 0)
  return { locality, endpoints, weight, priority }
}

/** A locality that is not named gets nothing. */
function distributed(
  groups: readonly LocalityGroup[],
  distribute: NonNullable<LocalityLbSetting['distribute']>,
  own: Locality,
): LocalityGroup[] {
  const rule = distribute.find(({ from = '' }) => matchesLocality(own, from))
  if (rule === undefined) return [...groups]
  const weights = new Map<LocalityGroup, number>()
  for (const [pattern, weight] of Object.entries(rule.to ?? {})) {
    const matching = groups.filter((group) => !weights.has(group) && matchesLocality(group.locality, pattern))
    const total = matching.reduce((sum, group) => sum + group.weight, 0)
    for (const group of matching) weights.set(group, Math.ceil((group.weight * weight) / total))
  }
  return groups.map((group) => {
    const weight = weights.get(group)
    return weight === undefined ? { ...group, endpoints: [] } : { ...group, weight }
  })
}

/** The more of the labels agree, in their order, the nearer. A locality may fall apart into several groups. */
function byFailoverPriority(
  groups: readonly LocalityGroup[],
  labels: readonly string[],
  client: WaypointClient,
): LocalityGroup[] {
  const split = groups.flatMap((group) => {
    const byPriority = new Map<number, EndpointModel[]>()
    for (const endpoint of group.endpoints) {
      const priority = labelPriority(endpoint, labels, client)
      const members = byPriority.get(priority)
      if (members === undefined) byPriority.set(priority, [endpoint])
      else members.push(endpoint)
    }
    return [...byPriority]
      .sort(([a], [b]) => a - b)
      .map(([priority, members]) => groupOf(group.locality, members, priority))
  })
  return withoutGaps(split)
}

function labelPriority(endpoint: EndpointModel, labels: readonly string[], client: WaypointClient): number {
  let otherNetwork = 0
  for (const [index, entry] of labels.entries()) {
    const equals = entry.indexOf('=')
    const label = equals < 0 ? entry : entry.slice(0, equals)
    const wanted = equals < 0 ? client.labels[label] : entry.slice(equals + 1)
    if (wanted === endpoint.labels[label]) continue
    if (index > 0 || label !== networkLabel) return labels.length - index + otherNetwork
    // Another network is farther than anything within the own one.
    otherNetwork = labels.length
  }
  return otherNetwork
}

/** Another priority for each step away; a region that failover names comes before the other regions. */
function byDistance(
  groups: readonly LocalityGroup[],
  failover: NonNullable<LocalityLbSetting['failover']>,
  own: Locality,
): LocalityGroup[] {
  const target = failover.find(({ from }) => from === own.region)?.to
  const distances = 5
  return withoutGaps(
    groups.map((group) => {
      const steps = distance(own, group.locality)
      const unnamed = steps === 3 && target !== undefined && group.locality.region !== target
      return { ...group, priority: group.priority * distances + (unnamed ? 4 : steps) }
    }),
  )
}

function distance(a: Locality, b: Locality): number {
  if (a.region !== b.region) return 3
  if (a.zone !== b.zone) return 2
  return a.subZone === b.subZone ? 0 : 1
}

/** Envoy wants priorities from 0 on without one missing. */
function withoutGaps(groups: readonly LocalityGroup[]): LocalityGroup[] {
  const used = [...new Set(groups.map(({ priority }) => priority))].sort((a, b) => a - b)
  return groups.map((group) => ({ ...group, priority: used.indexOf(group.priority) }))
}
