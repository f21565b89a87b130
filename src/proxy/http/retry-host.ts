// The host of a retry: the balancer picks again while a host predicate of the policy refuses its pick (Envoy: retry_host_predicate,
// host_selection_retry_max_attempts).

import type { Cluster } from '../cluster/cluster.ts'
import type { Host } from '../cluster/host.ts'
import type { LoadBalancerContext } from '../cluster/load-balancer.ts'
import type { RetryPolicy } from './retry-policy.ts'

/** Balancers that hash go on to another host by the number of picks that were refused. */
export interface RetryContext extends LoadBalancerContext {
  refusedChoices: number
}

/** The last pick counts, refused or not. */
export function chooseRetryHost(
  cluster: Cluster,
  context: RetryContext,
  policy: RetryPolicy,
  used: readonly Host[],
): Host | undefined {
  context.refusedChoices = 0
  let host = cluster.chooseHost(context)
  for (let i = 0; i < policy.hostSelectionMaxAttempts && host !== undefined && isRefused(host, policy, used); i++) {
    context.refusedChoices++
    host = cluster.chooseHost(context)
  }
  return host
}

function isRefused(host: Host, policy: RetryPolicy, used: readonly Host[]): boolean {
  return (policy.avoidPreviousHosts && used.includes(host)) || (policy.avoidCanaryHosts && isCanary(host))
}

function isCanary(host: Host): boolean {
  return host.description.metadata.get('envoy.lb')?.['canary'] === true
}
