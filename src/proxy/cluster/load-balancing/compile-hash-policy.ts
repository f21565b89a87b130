// RING_HASH and MAGLEV, by name and as extensions.

import {
  Cluster_DiscoveryType as DiscoveryType,
  Cluster_LbPolicy as LbPolicy,
  Cluster_RingHashLbConfig_HashFunction as LegacyHashFunction,
} from '../../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { Cluster } from '../../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { ConsistentHashingLbConfig } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/common/v3/common_pb.js'
import type { Maglev } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/maglev/v3/maglev_pb.js'
import { RingHash_HashFunction as HashFunction } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash_pb.js'
import type { RingHash } from '../../../envoy/generated/envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import type { HashPolicyConfig, MaglevConfig, RingHashConfig } from './load-balancing-config.ts'

const DEFAULT_MINIMUM_RING_SIZE = 1024
const DEFAULT_MAXIMUM_RING_SIZE = 8 * 1024 * 1024
const DEFAULT_TABLE_SIZE = 65537

/** The fields that the messages of both spellings have. */
type HashingOptions = Pick<ConsistentHashingLbConfig, 'useHostnameForHashing' | 'hashBalanceFactor'>
type RingOptions = Pick<RingHash, 'minimumRingSize' | 'maximumRingSize'>

export function hashPolicyByName(message: Cluster, problems: Problems): HashPolicyConfig {
  const { lbConfig, commonLbConfig } = message
  const hashing = commonLbConfig?.consistentHashingLbConfig
  if (hashing?.useHostnameForHashing === true && message.clusterDiscoveryType.value !== DiscoveryType.STRICT_DNS) {
    const at = problems.at('common_lb_config').at('consistent_hashing_lb_config').at('use_hostname_for_hashing')
    at.add('only clusters of type STRICT_DNS have hostnames to hash')
  }
  if (message.lbPolicy === LbPolicy.MAGLEV) {
    const maglev = lbConfig.case === 'maglevLbConfig' ? lbConfig.value : undefined
    return maglevConfig(maglev?.tableSize, hashing, problems.at('maglev_lb_config'))
  }
  const ring = lbConfig.case === 'ringHashLbConfig' ? lbConfig.value : undefined
  const usesMurmur = ring?.hashFunction === LegacyHashFunction.MURMUR_HASH_2
  return ringConfig(ring, usesMurmur, hashing, problems.at('ring_hash_lb_config'))
}

export function compileRingHash(message: RingHash, problems: Problems): RingHashConfig {
  const usesMurmur = message.hashFunction === HashFunction.MURMUR_HASH_2
  return ringConfig(message, usesMurmur, message.consistentHashingLbConfig ?? message, problems)
}

export function compileMaglev(message: Maglev, problems: Problems): MaglevConfig {
  return maglevConfig(message.tableSize, message.consistentHashingLbConfig, problems)
}

function ringConfig(
  ring: RingOptions | undefined,
  usesMurmur: boolean,
  hashing: HashingOptions | undefined,
  problems: Problems,
): RingHashConfig {
  const minimumRingSize = Number(ring?.minimumRingSize ?? DEFAULT_MINIMUM_RING_SIZE)
  const maximumRingSize = Number(ring?.maximumRingSize ?? DEFAULT_MAXIMUM_RING_SIZE)
  if (minimumRingSize > maximumRingSize) {
    problems.at('minimum_ring_size').add(`it must not be larger than maximum_ring_size (${maximumRingSize})`)
  }
  const hashFunction = usesMurmur ? 'murmurHash2' : 'xxHash64'
  return { kind: 'ringHash', hashFunction, minimumRingSize, maximumRingSize, ...hashingConfig(hashing) }
}

function maglevConfig(
  tableSize: bigint | undefined,
  hashing: HashingOptions | undefined,
  problems: Problems,
): MaglevConfig {
  const size = Number(tableSize ?? DEFAULT_TABLE_SIZE)
  if (!isPrime(size)) problems.at('table_size').add(`it must be a prime number, and ${size} is none`)
  return { kind: 'maglev', tableSize: size, ...hashingConfig(hashing) }
}

function hashingConfig(message: HashingOptions | undefined) {
  return {
    usesHostname: message?.useHostnameForHashing ?? false,
    balanceFactor: message?.hashBalanceFactor ?? 0,
  }
}

function isPrime(value: number): boolean {
  if (value < 2) return false
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false
  return true
}
