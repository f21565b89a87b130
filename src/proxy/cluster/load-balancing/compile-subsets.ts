// lb_subset_config, and the Subset policy that is its spelling as an extension.

import {
  Cluster_LbSubsetConfig_LbSubsetFallbackPolicy as FallbackPolicy,
  Cluster_LbSubsetConfig_LbSubsetSelector_LbSubsetSelectorFallbackPolicy as SelectorFallback,
} from '../../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { Cluster_LbSubsetConfig as LbSubsetConfig } from '../../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { Subset } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/subset/v3/subset_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import { asStruct } from '../../stream/config-values.ts'
import type { SubsetConfig, SubsetFallback, SubsetSelector } from './load-balancing-config.ts'
import { criteriaOf } from './metadata-match.ts'

/** Undefined without selectors: there are no subsets then. Enums of both messages have the same numbers. */
export function compileSubsets(message: LbSubsetConfig | Subset, problems: Problems): SubsetConfig | undefined {
  if (message.subsetSelectors.length === 0) return undefined
  return {
    selectors: message.subsetSelectors.map((selector, index) =>
      compileSelector(selector, problems.at('subset_selectors').at(index)),
    ),
    fallback: fallbackOf(FallbackPolicy[message.fallbackPolicy]),
    defaultSubset: criteriaOf(asStruct(message.defaultSubset ?? {})),
    listAsAny: message.listAsAny,
    panicsToAny: message.panicModeAny,
    weighsLocalities: message.localityWeightAware,
    allowsRedundantKeys: 'allowRedundantKeys' in message && message.allowRedundantKeys,
  }
}

function fallbackOf(policy: string): SubsetFallback {
  if (policy === 'ANY_ENDPOINT') return 'any'
  return policy === 'DEFAULT_SUBSET' ? 'default' : 'none'
}

function compileSelector(
  message: LbSubsetConfig['subsetSelectors'][number] | Subset['subsetSelectors'][number],
  problems: Problems,
): SubsetSelector {
  const keys = [...new Set(message.keys)].sort()
  const fallback = selectorFallback(SelectorFallback[message.fallbackPolicy])
  const fallbackKeys = message.fallbackKeysSubset
  const isPart = fallbackKeys.every((key) => keys.includes(key)) && new Set(fallbackKeys).size < keys.length
  if (fallback === 'keys' && (fallbackKeys.length === 0 || !isPart)) {
    problems.at('fallback_keys_subset').add('some of the keys, and not all of them, are required')
  }
  return { keys, fallback, fallbackKeys, isSingleHost: message.singleHostPerSubset }
}

function selectorFallback(policy: string): SubsetSelector['fallback'] {
  switch (policy) {
    case 'NO_FALLBACK':
      return 'none'
    case 'ANY_ENDPOINT':
      return 'any'
    case 'DEFAULT_SUBSET':
      return 'default'
    case 'KEYS_SUBSET':
      return 'keys'
    default:
      return undefined
  }
}
