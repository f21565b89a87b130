// The balancer of one policy over one list of hosts. A new policy is a line here.

import type { Random } from '../../../lib/random.ts'
import type { Host } from '../host.ts'
import type { LoadBalancer } from '../load-balancer.ts'
import { LeastRequest } from './least-request.ts'
import type { PolicyConfig } from './load-balancing-config.ts'
import { RandomChoice } from './random-choice.ts'
import { RoundRobin } from './round-robin.ts'

export function createPolicy(config: PolicyConfig, hosts: readonly Host[], random: Random): LoadBalancer {
  switch (config.kind) {
    case 'roundRobin':
      return new RoundRobin(hosts, random)
    case 'leastRequest':
      return new LeastRequest(hosts, config, random)
    case 'random':
      return new RandomChoice(hosts, random)
  }
}
