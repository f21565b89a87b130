import { expect, test } from '@jest/globals'
import { fromJson } from '@bufbuild/protobuf'
import type { JsonObject } from '@bufbuild/protobuf'
import { registry } from '../../../envoy/generated/descriptors.js'
import { ClusterSchema } from '../../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { Problems } from '../../../lib/problems.ts'
import { compileLoadBalancing } from './compile-load-balancing.ts'

function compile(cluster: JsonObject) {
  const problems = new Problems()
  const config = compileLoadBalancing(fromJson(ClusterSchema, cluster, { registry }), problems)
  return { config, problems: problems.text() }
}

/** `load_balancing_policy` with these policies, by the last part of their type. */
function byExtension(...policies: [type: string, config: JsonObject][]): JsonObject {
  return {
    lb_policy: 'LOAD_BALANCING_POLICY_CONFIG',
    load_balancing_policy: {
      policies: policies.map(([type, config]) => ({
        typed_extension_config: {
          name: type,
          typed_config: { '@type': `type.googleapis.com/envoy.extensions.load_balancing_policies.${type}`, ...config },
        },
      })),
    },
  }
}

test('a cluster that says nothing takes hosts in turn, and panics below half of them', () => {
  expect(compile({}).config).toMatchObject({ policy: { kind: 'roundRobin' }, panicThresholdPercent: 50 })
})

test('least request is the same by name and by extension', () => {
  const options = { choice_count: 5, active_request_bias: { default_value: 0.5, runtime_key: 'bias' } }
  const policy = { kind: 'leastRequest', choiceCount: 5, activeRequestBias: 0.5, isFullScan: false }
  expect(compile({ lb_policy: 'LEAST_REQUEST', least_request_lb_config: options }).config.policy).toMatchObject(policy)
  expect(compile(byExtension(['least_request.v3.LeastRequest', options])).config.policy).toMatchObject(policy)
  expect(compile({ lb_policy: 'LEAST_REQUEST' }).config.policy).toMatchObject({ choiceCount: 2, activeRequestBias: 1 })
})

test('the first policy by extension counts, whatever lb_policy says', () => {
  const first = byExtension(
    ['least_request.v3.LeastRequest', { selection_method: 'FULL_SCAN' }],
    ['random.v3.Random', {}],
  )
  expect(compile({ ...first, lb_policy: 'RANDOM' }).config.policy).toMatchObject({ isFullScan: true })
  expect(compile(byExtension(['random.v3.Random', {}])).config.policy).toEqual({ kind: 'random' })
  expect(compile(byExtension(['round_robin.v3.RoundRobin', {}])).config.policy).toMatchObject({ kind: 'roundRobin' })
})

test('a ring is the same by name and by extension', () => {
  const sizes = { minimum_ring_size: '2', maximum_ring_size: '3', hash_function: 'MURMUR_HASH_2' }
  const policy = {
    kind: 'ringHash',
    hashFunction: 'murmurHash2',
    minimumRingSize: 2,
    maximumRingSize: 3,
    usesHostname: true,
    balanceFactor: 120,
  }
  const hashing = { use_hostname_for_hashing: true, hash_balance_factor: 120 }
  const byName = { lb_policy: 'RING_HASH', ring_hash_lb_config: sizes, type: 'STRICT_DNS' }
  const common = { common_lb_config: { consistent_hashing_lb_config: hashing } }
  expect(compile({ ...byName, ...common })).toEqual({ config: expect.objectContaining({ policy }), problems: '' })
  const ring = 'ring_hash.v3.RingHash'
  const nested = byExtension([ring, { ...sizes, consistent_hashing_lb_config: hashing }])
  expect(compile(nested).config.policy).toEqual(policy)
  expect(compile(byExtension([ring, { ...sizes, ...hashing }])).config.policy).toEqual(policy)
})

test('mistakes about tables have their places', () => {
  const ring = { lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: '9', maximum_ring_size: '8' } }
  expect(compile(ring).problems).toBe(
    'ring_hash_lb_config.minimum_ring_size: it must not be larger than maximum_ring_size (8)',
  )
  const maglev = 'it must be a prime number, and 100 is none'
  expect(compile({ lb_policy: 'MAGLEV', maglev_lb_config: { table_size: '100' } }).problems).toBe(
    `maglev_lb_config.table_size: ${maglev}`,
  )
  expect(compile(byExtension(['maglev.v3.Maglev', { table_size: '100' }])).problems).toBe(
    `load_balancing_policy.policies[0].typed_extension_config.typed_config.table_size: ${maglev}`,
  )
  const named = { common_lb_config: { consistent_hashing_lb_config: { use_hostname_for_hashing: true } } }
  expect(compile({ ...named, lb_policy: 'MAGLEV' }).problems).toMatch(/use_hostname_for_hashing: only clusters of type/)
})

test('localities weigh and panics fail where they are told to', () => {
  const both = (localities: JsonObject) => [
    compile({ common_lb_config: localities }).config,
    compile(byExtension(['round_robin.v3.RoundRobin', { locality_lb_config: localities }])).config,
    compile(byExtension(['random.v3.Random', { locality_lb_config: localities }])).config,
    compile(byExtension(['least_request.v3.LeastRequest', { locality_lb_config: localities }])).config,
  ]
  for (const config of both({ locality_weighted_lb_config: {} })) {
    expect(config).toMatchObject({ weighsLocalities: true, failsInPanic: false })
  }
  for (const config of both({ zone_aware_lb_config: { fail_traffic_on_panic: true } })) {
    expect(config).toMatchObject({ weighsLocalities: false, failsInPanic: true })
  }
  const ring = byExtension(['ring_hash.v3.RingHash', { locality_weighted_lb_config: {} }])
  expect(compile(ring).config.weighsLocalities).toBe(true)
})

test('a panic threshold has no fractions', () => {
  const config = compile({ common_lb_config: { healthy_panic_threshold: { value: 40.9 } } }).config
  expect(config.panicThresholdPercent).toBe(40)
})

test('a policy by extension does not go with the old fields for localities', () => {
  const old = { common_lb_config: { locality_weighted_lb_config: {} } }
  expect(compile({ ...byExtension(['random.v3.Random', {}]), ...old }).problems).toMatch(/^common_lb_config: with/)
})

test('no policy by extension is a mistake', () => {
  expect(compile(byExtension()).problems).toBe('load_balancing_policy.policies: a load balancing policy is required')
})
