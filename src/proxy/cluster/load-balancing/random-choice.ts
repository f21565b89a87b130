// RANDOM: every host is as likely as the others; weights do not count, as in Envoy.

import type { Random } from '../../../lib/random.ts'
import type { Host } from '../host.ts'
import type { LoadBalancer } from '../load-balancer.ts'

export class RandomChoice implements LoadBalancer {
  private readonly hosts: readonly Host[]
  private readonly random: Random

  constructor(hosts: readonly Host[], random: Random) {
    this.hosts = hosts
    this.random = random
  }

  chooseHost(): Host | undefined {
    return this.hosts[this.random.below(this.hosts.length)]
  }
}
