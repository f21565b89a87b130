// ROUND_ROBIN. Equal weights: in turn, from a random start. Unequal: earliest deadline first with period 1/weight.

import type { EdfScheduler } from '../../../lib/edf-scheduler.ts'
import type { Random } from '../../../lib/random.ts'
import type { Host } from '../host.ts'
import type { LoadBalancer } from '../load-balancer.ts'
import { scheduleByWeight } from './weights.ts'

export class RoundRobin implements LoadBalancer {
  private readonly hosts: readonly Host[]
  private readonly scheduler: EdfScheduler<Host> | undefined
  private next: number

  constructor(hosts: readonly Host[], random: Random) {
    this.hosts = hosts
    this.scheduler = scheduleByWeight(hosts, configuredWeight, random)
    this.next = random.below(hosts.length)
  }

  chooseHost(): Host | undefined {
    if (this.scheduler !== undefined) return this.scheduler.next(configuredWeight)
    if (this.hosts.length === 0) return undefined
    this.next = (this.next + 1) % this.hosts.length
    return this.hosts[this.next]
  }
}

function configuredWeight(host: Host): number {
  return host.description.weight
}
