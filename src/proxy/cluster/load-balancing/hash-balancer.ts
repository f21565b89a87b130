// Policies of consistent hashing: the hash of a request decides about its priority and its host.

import type { Random } from '../../../lib/random.ts'
import { UInt64 } from '../../../lib/uint64.ts'
import type { Host } from '../host.ts'
import type { LoadBalancer, LoadBalancerContext } from '../load-balancer.ts'
import type { BalancingSurroundings } from './balance-by-priority.ts'
import { BoundedLoad } from './bounded-load.ts'
import type { HashTable } from './hash-table.ts'
import type { HostSet } from './host-set.ts'
import type { HashPolicyConfig, LoadBalancingConfig } from './load-balancing-config.ts'
import { MaglevTable } from './maglev-table.ts'
import { priorityAt } from './priority-load.ts'
import type { PriorityLoad } from './priority-load.ts'
import { Ring } from './ring.ts'
import { weighHosts, weighLocalities } from './weighted-hosts.ts'
import type { WeightedHost } from './weighted-hosts.ts'

/** A table for each priority. Degraded hosts are in none, as in Envoy, though a priority may owe them its load. */
export function balanceByHash(
  sets: readonly HostSet[],
  load: PriorityLoad,
  policy: HashPolicyConfig,
  { weighsLocalities }: Pick<LoadBalancingConfig, 'weighsLocalities'>,
  surroundings: BalancingSurroundings,
): LoadBalancer {
  const tables = sets.map((set, priority) => {
    const usable = load.isInPanic[priority] ? set.all : set.healthy
    const hosts = weighsLocalities
      ? weighLocalities(set.all, usable, policy.usesHostname)
      : weighHosts(usable, policy.usesHostname)
    const table = createTable(policy, hosts)
    if (policy.balanceFactor === 0) return table
    return new BoundedLoad(table, hosts, policy.balanceFactor, surroundings.requests)
  })
  return new HashBalancer(tables, load, surroundings)
}

function createTable(policy: HashPolicyConfig, hosts: readonly WeightedHost[]): HashTable {
  return policy.kind === 'ringHash' ? new Ring(hosts, policy) : new MaglevTable(hosts, policy)
}

class HashBalancer implements LoadBalancer {
  private readonly tables: readonly HashTable[]
  private readonly load: PriorityLoad
  private readonly random: Random
  private readonly stats: BalancingSurroundings['stats']
  /** For requests that have no hash. */
  private readonly chance = new UInt64()

  constructor(tables: readonly HashTable[], load: PriorityLoad, { random, stats }: BalancingSurroundings) {
    this.tables = tables
    this.load = load
    this.random = random
    this.stats = stats
  }

  chooseHost(context: LoadBalancerContext): Host | undefined {
    const hash = context.hash ?? this.anyHash()
    const priority = priorityAt(this.load, hash.remainder(100))
    if (this.load.isInPanic[priority]) this.stats.lbHealthyPanic.add(1)
    return this.tables[priority].chooseHost(hash, context.refusedChoices)
  }

  private anyHash(): UInt64 {
    const { chance, random } = this
    chance.set(random.below(0x1_0000_0000), random.below(0x1_0000_0000))
    return chance
  }
}
