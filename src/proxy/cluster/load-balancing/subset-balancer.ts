// Subsets of a cluster by the `envoy.lb` metadata of its hosts (lb_subset_config): a route's metadata_match names one of them.

import { metadataAt } from '../../stream/metadata.ts'
import type { MetadataValue } from '../../stream/metadata.ts'
import type { Host } from '../host.ts'
import type { LoadBalancer, LoadBalancerContext } from '../load-balancer.ts'
import type { SubsetConfig, SubsetFallback, SubsetSelector } from './load-balancing-config.ts'
import { namesKey, subsetKey, valueKey } from './metadata-match.ts'
import type { Criterion, MetadataMatch } from './metadata-match.ts'

type Balance = (hosts: readonly Host[]) => LoadBalancer
type Criteria = readonly Criterion[]

export class SubsetBalancer implements LoadBalancer {
  private readonly config: SubsetConfig
  private readonly subsets: ReadonlyMap<string, LoadBalancer>
  /** Selectors with a fallback of their own, by their keys. */
  private readonly selectors = new Map<string, SubsetSelector>()
  private readonly any: LoadBalancer
  private readonly defaultSubset: LoadBalancer

  /** `balance` makes the balancer of each subset. */
  constructor(hosts: readonly Host[], config: SubsetConfig, balance: Balance) {
    this.config = config
    this.subsets = buildSubsets(hosts, config, balance)
    this.any = balance(hosts)
    this.defaultSubset = balance(hosts.filter((host) => isIn(host, config.defaultSubset, config.listAsAny)))
    config.selectors.forEach((selector, index) => {
      // As in Envoy, one whose keys begin another's, which stands before it, has no fallback of its own.
      const isHidden = config.selectors.slice(0, index).some((other) => beginsWith(other.keys, selector.keys))
      if (!isHidden && selector.fallback !== undefined) this.selectors.set(namesKey(selector.keys), selector)
    })
  }

  chooseHost(context: LoadBalancerContext): Host | undefined {
    return this.choose(context.metadataMatch, context)
  }

  private choose(wanted: MetadataMatch | undefined, context: LoadBalancerContext): Host | undefined {
    const match = this.config.allowsRedundantKeys ? this.withoutRedundantKeys(wanted) : wanted
    if (match !== undefined) {
      const subset = this.subsets.get(match.key)
      // Its answer counts, be it none.
      if (subset !== undefined) return subset.chooseHost(context)
      const selector = this.selectors.get(match.namesKey)
      if (selector !== undefined) return this.chooseBySelector(selector, match, context)
    }
    const { fallback, panicsToAny } = this.config
    if (fallback === 'none') return undefined
    const host = this.balancerOf(fallback).chooseHost(context)
    return host === undefined && panicsToAny ? this.any.chooseHost(context) : host
  }

  private chooseBySelector(
    { fallback, fallbackKeys }: SubsetSelector,
    match: MetadataMatch,
    context: LoadBalancerContext,
  ): Host | undefined {
    if (fallback === undefined || fallback === 'none') return undefined
    if (fallback === 'keys') return this.choose(match.only(fallbackKeys), context)
    return this.balancerOf(fallback).chooseHost(context)
  }

  private balancerOf(fallback: Exclude<SubsetFallback, 'none'>): LoadBalancer {
    return fallback === 'any' ? this.any : this.defaultSubset
  }

  /** The criteria of the first selector that has all its keys among them. */
  private withoutRedundantKeys(match: MetadataMatch | undefined): MetadataMatch | undefined {
    if (match === undefined) return undefined
    for (const { keys } of this.config.selectors) {
      const part = match.only(keys)
      if (part.criteria.length === keys.length) return part
    }
    return match
  }
}

function buildSubsets(
  hosts: readonly Host[],
  config: SubsetConfig,
  balance: Balance,
): ReadonlyMap<string, LoadBalancer> {
  const members = new Map<string, { readonly hosts: Set<Host>; readonly isSingle: boolean }>()
  for (const host of hosts) {
    for (const { keys, isSingleHost } of config.selectors) {
      for (const criteria of criteriaOf(host, keys, config.listAsAny)) {
        const key = subsetKey(criteria)
        const known = members.get(key)
        if (known === undefined) members.set(key, { hosts: new Set([host]), isSingle: isSingleHost })
        else known.hosts.add(host)
      }
    }
  }
  const subsets = new Map<string, LoadBalancer>()
  for (const [key, subset] of members) {
    subsets.set(key, subset.isSingle ? single(subset.hosts) : balance([...subset.hosts]))
  }
  return subsets
}

/** The first host of the highest priority, whatever its health, as in Envoy. */
function single(hosts: Iterable<Host>): LoadBalancer {
  const [host] = [...hosts].sort((a, b) => a.description.priority - b.description.priority)
  return { chooseHost: () => host }
}

/** A list of values puts a host into the subset of each of them, where it counts as any of them. */
function criteriaOf(host: Host, keys: readonly string[], listAsAny: boolean): readonly Criteria[] {
  let found: Criteria[] = [[]]
  for (const key of keys) {
    const value = labelOf(host, key)
    if (value === undefined) return []
    const alternatives = listAsAny && Array.isArray(value) ? value : [value]
    found = found.flatMap((criteria) => alternatives.map((one): Criteria => [...criteria, [key, one]]))
  }
  return found
}

function isIn(host: Host, wanted: Criteria, listAsAny: boolean): boolean {
  return wanted.every(([name, value]) => {
    const label = labelOf(host, name)
    if (label === undefined) return false
    const key = valueKey(value)
    if (listAsAny && Array.isArray(label)) return label.some((one) => valueKey(one) === key)
    return valueKey(label) === key
  })
}

function labelOf(host: Host, name: string): MetadataValue | undefined {
  return metadataAt(host.description.metadata.get('envoy.lb'), [name])
}

function beginsWith(keys: readonly string[], start: readonly string[]): boolean {
  return start.every((key, index) => keys[index] === key)
}
