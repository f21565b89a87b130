// What Cairn does with the fields of load balancing policies: envoy.extensions.load_balancing_policies.*.
import { implemented, noEffect, refused, skippable, values, type SupportTables } from '../status.ts'

const withoutLocalCluster = noEffect('without a local cluster (local_cluster_name) there is no routing by zone')

export const loadBalancingPoliciesSupport: SupportTables = {
  'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin': {
    slow_start_config: skippable('slow start'),
    locality_lb_config: implemented,
  },
  'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest': {
    choice_count: implemented,
    active_request_bias: implemented,
    slow_start_config: skippable('slow start'),
    locality_lb_config: implemented,
    enable_full_scan: noEffect('Envoy reads selection_method instead'),
    selection_method: values('N_CHOICES FULL_SCAN'),
  },
  'envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash': {
    hash_function: values('DEFAULT_HASH XX_HASH MURMUR_HASH_2'),
    minimum_ring_size: implemented,
    maximum_ring_size: implemented,
    use_hostname_for_hashing: implemented,
    hash_balance_factor: implemented,
    consistent_hashing_lb_config: implemented,
    locality_weighted_lb_config: implemented,
  },
  'envoy.extensions.load_balancing_policies.maglev.v3.Maglev': {
    table_size: implemented,
    consistent_hashing_lb_config: implemented,
    locality_weighted_lb_config: implemented,
  },
  'envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig': {
    zone_aware_lb_config: implemented,
    locality_weighted_lb_config: implemented,
  },
  'envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.LocalityWeightedLbConfig': {},
  'envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig.ZoneAwareLbConfig': {
    routing_enabled: withoutLocalCluster,
    min_cluster_size: withoutLocalCluster,
    fail_traffic_on_panic: implemented,
    force_locality_direct_routing: withoutLocalCluster,
    force_local_zone: withoutLocalCluster,
    locality_basis: withoutLocalCluster,
  },
  'envoy.extensions.load_balancing_policies.common.v3.ConsistentHashingLbConfig': {
    use_hostname_for_hashing: implemented,
    hash_balance_factor: implemented,
    hash_policy: skippable('hash policies of clusters (those of routes instead)'),
  },
  'envoy.extensions.load_balancing_policies.subset.v3.Subset': {
    fallback_policy: values('NO_FALLBACK ANY_ENDPOINT DEFAULT_SUBSET'),
    default_subset: implemented,
    subset_selectors: implemented,
    allow_redundant_keys: implemented,
    locality_weight_aware: implemented,
    scale_locality_weight: skippable('weights of localities by the size of a subset'),
    panic_mode_any: implemented,
    list_as_any: implemented,
    metadata_fallback_policy: values('METADATA_NO_FALLBACK', {
      FALLBACK_LIST: refused('a list of fallbacks in metadata_match'),
    }),
    subset_lb_policy: implemented,
  },
  'envoy.extensions.load_balancing_policies.subset.v3.Subset.LbSubsetSelector': {
    keys: implemented,
    single_host_per_subset: implemented,
    fallback_policy: values('NOT_DEFINED NO_FALLBACK ANY_ENDPOINT DEFAULT_SUBSET KEYS_SUBSET'),
    fallback_keys_subset: implemented,
  },
  'envoy.extensions.load_balancing_policies.random.v3.Random': {
    locality_lb_config: implemented,
  },
}
