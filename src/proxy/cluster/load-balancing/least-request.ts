// LEAST_REQUEST. Equal weights: the least busy of some hosts drawn at random, or of all. Unequal: earliest deadline first, each
// weight divided by the host's requests.

import type { EdfScheduler } from '../../../lib/edf-scheduler.ts'
import type { Random } from '../../../lib/random.ts'
import type { Host } from '../host.ts'
import type { LoadBalancer } from '../load-balancer.ts'
import type { LeastRequestConfig } from './load-balancing-config.ts'
import { scheduleByWeight } from './weights.ts'
import type { HostWeight } from './weights.ts'

export class LeastRequest implements LoadBalancer {
  private readonly hosts: readonly Host[]
  private readonly config: LeastRequestConfig
  private readonly random: Random
  private readonly weightOf: HostWeight
  private readonly scheduler: EdfScheduler<Host> | undefined

  constructor(hosts: readonly Host[], config: LeastRequestConfig, random: Random) {
    this.hosts = hosts
    this.config = config
    this.random = random
    this.weightOf = currentWeight(config.activeRequestBias)
    this.scheduler = scheduleByWeight(hosts, this.weightOf, random)
  }

  chooseHost(): Host | undefined {
    if (this.scheduler !== undefined) return this.scheduler.next(this.weightOf)
    if (this.hosts.length < 2) return this.hosts[0]
    return this.config.isFullScan ? this.leastBusy() : this.leastBusyOfSome()
  }

  /** Draws with replacement, as Envoy does: with one draw more than hosts, the busiest may still be all of them. */
  private leastBusyOfSome(): Host {
    const { hosts, random } = this
    let best = hosts[random.below(hosts.length)]
    for (let drawn = 1; drawn < this.config.choiceCount; drawn++) {
      const host = hosts[random.below(hosts.length)]
      if (host.activeRequests < best.activeRequests) best = host
    }
    return best
  }

  /** Each of those that tie is as likely as the others: the n-th replaces the one before with a chance of 1/n. */
  private leastBusy(): Host {
    const { hosts, random } = this
    let best = hosts[0]
    let ties = 1
    for (let i = 1; i < hosts.length; i++) {
      const host = hosts[i]
      if (host.activeRequests > best.activeRequests) continue
      if (host.activeRequests < best.activeRequests) ties = 0
      ties++
      if (ties === 1 || random.below(ties) === 0) best = host
    }
    return best
  }
}

/** weight / (active requests + 1) ^ bias. */
function currentWeight(bias: number): HostWeight {
  if (bias === 1) return (host) => host.description.weight / (host.activeRequests + 1)
  return (host) => host.description.weight / (host.activeRequests + 1) ** bias
}
