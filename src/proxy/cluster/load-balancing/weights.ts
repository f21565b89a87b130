// Weights of hosts: whether they matter, and in which order they make hosts come up.

import { EdfScheduler } from '../../../lib/edf-scheduler.ts'
import type { Random } from '../../../lib/random.ts'
import type { Host } from '../host.ts'

export type HostWeight = (host: Host) => number

/** Hosts that differ in weight come up by earliest deadline first; undefined for those that do not. */
export function scheduleByWeight(
  hosts: readonly Host[],
  weightOf: HostWeight,
  random: Random,
): EdfScheduler<Host> | undefined {
  if (hosts.every((host) => host.description.weight === hosts[0].description.weight)) return undefined
  const scheduler = new EdfScheduler(hosts, weightOf)
  // Many workers and proxies learn of hosts at the same time, and are not all to begin with the heaviest.
  for (let skipped = random.below(hosts.length); skipped > 0; skipped--) scheduler.next(weightOf)
  return scheduler
}
