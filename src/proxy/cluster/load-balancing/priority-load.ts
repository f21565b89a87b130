// How much of the load each priority takes, and which of them ignore health (Envoy: "priority levels", "panic threshold").

import type { Endpoints, Host } from '../host.ts'
import type { HostSet } from './host-set.ts'

/** How health becomes capacity. */
export type HealthPolicy = Pick<Endpoints, 'overprovisioningPercent' | 'weighsHealth'>

/** By priority. The percents of both lists together are 100. */
export interface PriorityLoad {
  readonly healthy: readonly number[]
  readonly degraded: readonly number[]
  /** Those that take all hosts for want of healthy ones. */
  readonly isInPanic: readonly boolean[]
}

/** First the healthy hosts of all priorities, then the degraded ones, as far as the healthy cannot carry the load. */
export function priorityLoad(
  sets: readonly HostSet[],
  panicThresholdPercent: number,
  policy: HealthPolicy,
): PriorityLoad {
  const healthy = sets.map((set) => capacityPercent(set.healthy, set, policy))
  const degraded = sets.map((set) => capacityPercent(set.degraded, set, policy))
  const total = Math.min(100, sum(healthy) + sum(degraded))
  const isInPanic = sets.map((set) => total < 100 && usablePercent(set) < panicThresholdPercent)
  const none = sets.map(() => 0)
  if (isInPanic.every((panic) => panic)) {
    const sizes = sets.map((set) => set.all.length)
    return { healthy: shares(sizes, Math.max(1, sum(sizes))), degraded: none, isInPanic }
  }
  // Nobody is there, and nobody is better than a sick host: the first priority takes it all.
  if (total === 0) return { healthy: sets.map((_, priority) => (priority === 0 ? 100 : 0)), degraded: none, isInPanic }
  const loads = shares([...healthy, ...degraded], total)
  return { healthy: loads.slice(0, sets.length), degraded: loads.slice(sets.length), isInPanic }
}

/** The priority that takes the `point`-th of 100 parts of the load, counted from 0; the degraded ones follow the others. */
export function priorityAt(load: PriorityLoad, point: number): number {
  const { healthy, degraded } = load
  let left = point
  for (let priority = 0; priority < healthy.length; priority++) {
    if (left < healthy[priority]) return priority
    left -= healthy[priority]
  }
  for (let priority = 0; priority < degraded.length; priority++) {
    if (left < degraded[priority]) return priority
    left -= degraded[priority]
  }
  return 0
}

function capacityPercent(usable: readonly Host[], { all }: HostSet, policy: HealthPolicy): number {
  if (all.length === 0) return 0
  const part = policy.weighsHealth ? weightOf(usable) : usable.length
  const whole = policy.weighsHealth ? weightOf(all) : all.length
  return Math.min(100, Math.floor((policy.overprovisioningPercent * part) / whole))
}

function weightOf(hosts: readonly Host[]): number {
  return sum(hosts.map((host) => host.description.weight))
}

function usablePercent({ all, healthy, degraded }: HostSet): number {
  return all.length === 0 ? 0 : ((healthy.length + degraded.length) * 100) / all.length
}

/** Of 100, each takes `amount / total` in turn while there is any; the first that has some takes what rounding leaves. */
function shares(amounts: readonly number[], total: number): number[] {
  let left = 100
  const loads = amounts.map((amount) => {
    const load = Math.min(left, Math.floor((amount * 100) / total))
    left -= load
    return load
  })
  loads[
    Math.max(
      0,
      amounts.findIndex((amount) => amount > 0),
    )
  ] += left
  return loads
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
