// The clusters of one worker by name: what routes and tcp_proxy look up per request, and configuration changes.

import type { Cluster } from './cluster.ts'

export class ClusterSet {
  private readonly byName = new Map<string, Cluster>()

  get(name: string): Cluster | undefined {
    return this.byName.get(name)
  }

  get all(): Iterable<Cluster> {
    return this.byName.values()
  }

  /** Adds or replaces; the replaced cluster drains. */
  put(cluster: Cluster): void {
    const before = this.byName.get(cluster.name)
    this.byName.set(cluster.name, cluster)
    before?.drain()
  }

  remove(name: string): void {
    const cluster = this.byName.get(name)
    if (cluster === undefined) return
    this.byName.delete(name)
    cluster.drain()
    cluster.stats.membershipTotal.set(0)
    cluster.stats.membershipHealthy.set(0)
  }
}
