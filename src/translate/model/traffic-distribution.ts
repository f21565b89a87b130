// Whether a Service prefers endpoints near the client: its field, or an annotation on it or on its namespace.

import type { Service } from '../../resources/core.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { ServiceEntry } from '../../resources/service-entry.ts'

export type TrafficDistribution = 'PreferSameZone' | 'PreferSameNode'

const annotation = 'networking.istio.io/traffic-distribution'

/** Undefined: all endpoints alike. */
export function trafficDistribution(
  reader: ResourceReader,
  object: Service | ServiceEntry,
): TrafficDistribution | undefined {
  const { metadata } = object
  const field = object.kind === 'Service' ? object.spec.trafficDistribution : undefined
  const own = metadata.annotations?.[annotation]
  const inherited = reader.get('Namespace', '', metadata.namespace)?.metadata.annotations?.[annotation]
  return byName.get((field ?? own ?? inherited ?? '').toLowerCase())
}

/** PreferClose is the older name of PreferSameZone (KEP-3015). */
const byName = new Map<string, TrafficDistribution>([
  ['preferclose', 'PreferSameZone'],
  ['prefersamezone', 'PreferSameZone'],
  ['prefersamenode', 'PreferSameNode'],
])
