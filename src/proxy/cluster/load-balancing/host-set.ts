// The hosts of one priority, by health.

import type { Host } from '../host.ts'

export interface HostSet {
  readonly all: readonly Host[]
  readonly healthy: readonly Host[]
  readonly degraded: readonly Host[]
}

/** By priority and without holes: a priority may have no hosts. There is always the first. */
export function hostSetsByPriority(hosts: Iterable<Host>): readonly HostSet[] {
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
