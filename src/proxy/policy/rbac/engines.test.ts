import { fromJson } from '@bufbuild/protobuf'
import type { JsonObject } from '@bufbuild/protobuf'
import { describe, expect, test } from '@jest/globals'
import { CountingStats } from '../../../../test/support/counting-stats.ts'
import { testRequest } from '../../../../test/support/streams.ts'
import { registry } from '../../../envoy/generated/descriptors.js'
import { RBACSchema } from '../../../envoy/generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.js'
import { Problems } from '../../../lib/problems.ts'
import type { RbacLayer } from './compile-rule.ts'
import { compileEngines, decide } from './engines.ts'

const onPath = (path: string, action: string): JsonObject => ({
  action,
  policies: { p: { permissions: [{ urlPath: { path: { exact: path } } }], principals: [{ any: true }] } },
})

/** What is known after the decision about a request for `/a`. */
function decided(config: JsonObject, layer: RbacLayer = 'http') {
  const stats = new CountingStats()
  const problems = new Problems()
  const names = { store: stats, prefix: 'x.', rulesPrefix: '' }
  const engines = compileEngines(fromJson(RBACSchema, config, { registry }), layer, names, problems)
  expect(problems.text()).toBe('')
  const info = testRequest({ path: '/a' })
  const verdict = decide(engines, info)
  decide(engines, testRequest({ path: '/b' }))
  return { allowed: verdict?.allowed, metadata: Object.fromEntries(info.dynamicMetadata.all ?? []), stats }
}

describe('a decision', () => {
  test('of shadow rules changes nothing, and is told and counted under its prefix', () => {
    const { allowed, metadata, stats } = decided({ shadowRules: onPath('/a', 'DENY'), shadowRulesStatPrefix: 'dry_' })
    expect(allowed).toBeUndefined()
    const told = { dry_shadow_engine_result: 'denied', dry_shadow_effective_policy_id: 'p' }
    expect(metadata).toEqual({ 'envoy.filters.http.rbac': told })
    expect(stats.of('x.')).toEqual({ dry_shadow_denied: 1, dry_shadow_allowed: 1 })
  })

  test('that counts is told of requests, not of connections', () => {
    expect(decided({ rules: onPath('/b', 'DENY') }).metadata).toEqual({
      'envoy.filters.http.rbac': { enforced_engine_result: 'allowed' },
    })
    expect(decided({ rules: onPath('/a', 'DENY') }, 'network')).toMatchObject({ allowed: false, metadata: {} })
    const shadow = decided({ shadowRules: onPath('/a', 'ALLOW') }, 'network')
    expect(shadow.metadata).toMatchObject({ 'envoy.filters.network.rbac': { shadow_engine_result: 'allowed' } })
  })

  test('of LOG rules lets everything pass, and tells loggers what to log', () => {
    expect(decided({ rules: onPath('/a', 'LOG') })).toMatchObject({
      allowed: true,
      metadata: { 'envoy.common': { access_log_hint: true } },
    })
    expect(decided({ rules: onPath('/b', 'LOG') })).toMatchObject({
      allowed: true,
      metadata: { 'envoy.common': { access_log_hint: false } },
    })
  })
})
