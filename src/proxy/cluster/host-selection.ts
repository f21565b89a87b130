// The members of a cluster: keeps them in step with discovery, and asks the balancer that was built of them.

import type { ClusterStats } from './cluster-stats.ts'
import { Host, hostKey } from './host.ts'
import type { Endpoints, HostDescription } from './host.ts'
import type { LoadBalancer, LoadBalancerContext } from './load-balancer.ts'
import type { BalancingSurroundings } from './load-balancing/balance-by-priority.ts'
import { buildBalancer } from './load-balancing/build-balancer.ts'
import type { LoadBalancingConfig } from './load-balancing/load-balancing-config.ts'

export interface HostSelection {
  chooseHost(context: LoadBalancerContext): Host | undefined
  readonly hosts: Iterable<Host>
}

const NO_HOSTS: LoadBalancer = { chooseHost: () => undefined }

/** Members given by configuration, EDS or DNS. */
export class BalancedHosts implements HostSelection {
  private readonly byKey = new Map<string, Host>()
  private readonly config: LoadBalancingConfig
  private readonly surroundings: BalancingSurroundings & { readonly stats: ClusterStats }
  private balancer: LoadBalancer

  constructor(config: LoadBalancingConfig, surroundings: BalancingSurroundings & { readonly stats: ClusterStats }) {
    this.config = config
    this.surroundings = surroundings
    this.balancer = NO_HOSTS
  }

  get hosts(): Iterable<Host> {
    return this.byKey.values()
  }

  /** Hosts that stay keep their pools and numbers; those that went drain theirs. Of two that are the same, the first counts. */
  update(endpoints: Endpoints): void {
    const gone = new Map(this.byKey)
    const members = new Map<string, HostDescription>()
    for (const description of endpoints.hosts) {
      const key = hostKey(description)
      if (!members.has(key)) members.set(key, description)
    }
    let hasChanged = false
    for (const [key, description] of members) {
      const known = gone.get(key)
      if (known === undefined) this.byKey.set(key, new Host(description))
      hasChanged ||= known === undefined || known.description.health !== description.health
      if (known !== undefined) known.description = description
      gone.delete(key)
    }
    for (const [key, host] of gone) {
      this.byKey.delete(key)
      host.drainPools()
      hasChanged = true
    }
    this.balancer = buildBalancer([...this.byKey.values()], endpoints, this.config, this.surroundings)
    const { stats } = this.surroundings
    stats.membershipTotal.set(this.byKey.size)
    stats.membershipHealthy.set([...this.byKey.values()].filter((host) => host.isHealthy).length)
    if (hasChanged) stats.membershipChange.add(1)
  }

  chooseHost(context: LoadBalancerContext): Host | undefined {
    return this.balancer.chooseHost(context)
  }
}
