// How a cluster chooses among its hosts, as plain runtime values.

import type { Criterion } from './metadata-match.ts'

export type PolicyConfig = RoundRobinConfig | LeastRequestConfig | RandomConfig
export type HashPolicyConfig = RingHashConfig | MaglevConfig

export interface RoundRobinConfig {
  readonly kind: 'roundRobin'
}

export interface LeastRequestConfig {
  readonly kind: 'leastRequest'
  /** How many hosts are drawn, of which the least busy is taken. */
  readonly choiceCount: number
  /** Look at all hosts instead of drawing some. */
  readonly isFullScan: boolean
  /** Exponent of the active requests by which a weight is divided. */
  readonly activeRequestBias: number
}

export interface RandomConfig {
  readonly kind: 'random'
}

/** What policies have in common that take the same hash to the same host. */
interface ConsistentHashing {
  /** A host is known by its hostname instead of its address. */
  readonly usesHostname: boolean
  /** Percent of the average load at which a host takes no more; 0: never. */
  readonly balanceFactor: number
}

export interface RingHashConfig extends ConsistentHashing {
  readonly kind: 'ringHash'
  readonly hashFunction: 'xxHash64' | 'murmurHash2'
  readonly minimumRingSize: number
  readonly maximumRingSize: number
}

export interface MaglevConfig extends ConsistentHashing {
  readonly kind: 'maglev'
  /** A prime. */
  readonly tableSize: number
}

export type SubsetFallback = 'none' | 'any' | 'default'

/** Every set of values that hosts have for these keys is a subset. */
export interface SubsetSelector {
  /** In ascending order. */
  readonly keys: readonly string[]
  readonly isSingleHost: boolean
  /** For requests that want these keys with values that no host has; undefined: as for all others. */
  readonly fallback: SubsetFallback | 'keys' | undefined
  /** Of the fallback `keys`: those that still count. */
  readonly fallbackKeys: readonly string[]
}

export interface SubsetConfig {
  readonly selectors: readonly SubsetSelector[]
  readonly fallback: SubsetFallback
  readonly defaultSubset: readonly Criterion[]
  /** A list in a host's metadata stands for any of its values. */
  readonly listAsAny: boolean
  /** When the fallback has no host, take any. */
  readonly panicsToAny: boolean
  readonly weighsLocalities: boolean
  /** A request may want more than a selector has keys. */
  readonly allowsRedundantKeys: boolean
}

export interface LoadBalancingConfig {
  readonly policy: PolicyConfig | HashPolicyConfig
  /** Percent of healthy hosts below which health is ignored; 0: never. */
  readonly panicThresholdPercent: number
  /** In panic there is no host instead of all of them. */
  readonly failsInPanic: boolean
  /** Undefined: all hosts are one set. */
  readonly subsets: SubsetConfig | undefined
  /** Within a priority, localities take traffic by their weights. */
  readonly weighsLocalities: boolean
}
