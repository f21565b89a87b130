// Which host takes the next request. A balancer sees the hosts that may be used now and nothing of connections.

import { EdfScheduler } from '../../lib/edf-scheduler.ts'
import type { RequestHeaderMap } from '../../codec/header-map.ts'
import type { Random } from '../../lib/random.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import type { Host } from './host.ts'

/** What a choice may depend on. */
export interface LoadBalancerContext {
  readonly downstreamConnection: ConnectionFacts
  readonly requestHeaders: RequestHeaderMap | undefined
  /** Hosts that earlier attempts of the same request used; undefined for the first. */
  readonly attemptedHosts: readonly Host[] | undefined
}

export interface LoadBalancer {
  /** The hosts that may be chosen from now on. */
  update(hosts: readonly Host[]): void
  chooseHost(context: LoadBalancerContext): Host | undefined
}

export type LoadBalancerPolicy = 'roundRobin' | 'leastRequest' | 'random'

export function createLoadBalancer(policy: LoadBalancerPolicy, random: Random): LoadBalancer {
  if (policy === 'random') return new RandomBalancer(random)
  return policy === 'roundRobin' ? new RoundRobinBalancer(random) : new LeastRequestBalancer(random)
}

function haveEqualWeights(hosts: readonly Host[]): boolean {
  return hosts.every((host) => host.description.weight === hosts[0].description.weight)
}

class RandomBalancer implements LoadBalancer {
  private readonly random: Random
  private hosts: readonly Host[] = []

  constructor(random: Random) {
    this.random = random
  }

  update(hosts: readonly Host[]): void {
    this.hosts = hosts
  }

  chooseHost(): Host | undefined {
    return this.hosts[this.random.below(this.hosts.length)]
  }
}

/** Equal weights: in turn, from a random start. Unequal: earliest deadline first with period 1/weight, as in Envoy. */
class RoundRobinBalancer implements LoadBalancer {
  private readonly random: Random
  private hosts: readonly Host[] = []
  private next = 0
  private scheduler: EdfScheduler<Host> | undefined = undefined

  constructor(random: Random) {
    this.random = random
  }

  update(hosts: readonly Host[]): void {
    this.hosts = hosts
    this.next = this.random.below(Math.max(1, hosts.length))
    this.scheduler = haveEqualWeights(hosts) ? undefined : new EdfScheduler(hosts, configuredWeight)
  }

  chooseHost(): Host | undefined {
    if (this.scheduler !== undefined) return this.scheduler.next(configuredWeight)
    if (this.hosts.length === 0) return undefined
    this.next = (this.next + 1) % this.hosts.length
    return this.hosts[this.next]
  }
}

/** Equal weights: the less busy of two random hosts. Unequal: earliest deadline first with weight / (active + 1). */
class LeastRequestBalancer implements LoadBalancer {
  private readonly random: Random
  private hosts: readonly Host[] = []
  private scheduler: EdfScheduler<Host> | undefined = undefined

  constructor(random: Random) {
    this.random = random
  }

  update(hosts: readonly Host[]): void {
    this.hosts = hosts
    this.scheduler = haveEqualWeights(hosts) ? undefined : new EdfScheduler(hosts, currentWeight)
  }

  chooseHost(): Host | undefined {
    if (this.scheduler !== undefined) return this.scheduler.next(currentWeight)
    const count = this.hosts.length
    if (count < 2) return this.hosts[0]
    const first = this.hosts[this.random.below(count)]
    const second = this.hosts[this.random.below(count)]
    return second.activeRequests < first.activeRequests ? second : first
  }
}

function configuredWeight(host: Host): number {
  return host.description.weight
}

function currentWeight(host: Host): number {
  return host.description.weight / (host.activeRequests + 1)
}
