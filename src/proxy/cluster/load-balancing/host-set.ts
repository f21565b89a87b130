// The hosts of one priority, by health and by locality.

import type { Host } from '../host.ts'

export interface HostSet {
  readonly all: readonly Host[]
  readonly healthy: readonly Host[]
  readonly degraded: readonly Host[]
}

/** By priority and without holes: a priority may have no hosts. There is always the first. */
export function hostSetsByPriority(hosts: readonly Host[]): readonly HostSet[] {
  const byPriority: Host[][] = [[]]
  for (const host of hosts) {
    while (byPriority.length <= host.description.priority) byPriority.push([])
    byPriority[host.description.priority].push(host)
  }
  return byPriority.map((all) => ({
    all,
    healthy: all.filter((host) => host.isHealthy),
    degraded: all.filter((host) => host.isDegraded),
  }))
}

/** Hosts of one priority that are in the same place, and the weight of that place. */
export interface Locality {
  readonly all: readonly Host[]
  /** Those of the hosts that were asked for. */
  readonly usable: readonly Host[]
  readonly weight: number
}

/** In the order of their names: region, zone, sub-zone. */
export function localitiesOf(all: readonly Host[], usable: readonly Host[]): readonly Locality[] {
  const byName = new Map<string, Host[]>()
  for (const host of all) {
    const name = localityName(host)
    const known = byName.get(name)
    if (known === undefined) byName.set(name, [host])
    else known.push(host)
  }
  const usableHosts = new Set(usable)
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, hosts]) => ({
      all: hosts,
      usable: hosts.filter((host) => usableHosts.has(host)),
      weight: hosts[0].description.localityWeight,
    }))
}

function localityName({ description }: Host): string {
  return `${description.region}\0${description.zone}\0${description.subZone}`
}
