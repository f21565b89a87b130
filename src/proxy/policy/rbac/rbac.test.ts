import { fromJson } from '@bufbuild/protobuf'
import type { JsonObject } from '@bufbuild/protobuf'
import { describe, expect, test } from '@jest/globals'
import { testConnection, testRequest, testStream, testTls } from '../../../../test/support/streams.ts'
import { registry } from '../../../envoy/generated/descriptors.js'
import { RBACSchema } from '../../../envoy/generated/envoy/config/rbac/v3/rbac_pb.js'
import { MatcherSchema } from '../../../envoy/generated/xds/type/matcher/v3/matcher_pb.js'
import { Problems } from '../../../lib/problems.ts'
import { MatchTrace } from '../../matching/match-trace.ts'
import { socketAddress } from '../../stream/address.ts'
import type { StreamInfo } from '../../stream/stream-info.ts'
import type { RbacLayer } from './compile-rule.ts'
import { compileRbac, compileRbacMatcher } from './compile-rbac.ts'
import type { RbacEngine, Verdict } from './rbac-engine.ts'

const ANY = [{ any: true }]

function engine(json: JsonObject, layer: RbacLayer = 'http'): RbacEngine {
  const problems = new Problems('rules')
  const compiled = compileRbac(fromJson(RBACSchema, json, { registry }), layer, problems)
  expect(problems.text()).toBe('')
  return compiled
}

function permits(permission: JsonObject, info: StreamInfo): boolean {
  return engine({ policies: { p: { permissions: [permission], principals: ANY } } }).decide(info).allowed
}

function admits(principal: JsonObject, info: StreamInfo): boolean {
  return engine({ policies: { p: { permissions: ANY, principals: [principal] } } }).decide(info).allowed
}

const peer = { uriSans: ['spiffe://td/ns/a/sa/b'], dnsSans: ['a.example'], subject: 'CN=a' }

function subject(): StreamInfo {
  const info = testRequest(
    {
      method: 'POST',
      path: '/admin/x?y',
      authority: 'a.example.com',
      headers: [
        ['x-token', 'admin'],
        ['x-token', 'guest'],
      ],
    },
    testConnection('10.96.3.4:80', '10.1.0.2:4000', testTls(peer)),
  )
  info.downstreamRemoteAddress = socketAddress('203.0.113.9', 0)
  info.dynamicMetadata.merge('envoy.filters.http.jwt_authn', { payload: { iss: 'issuer', groups: ['g1', 'g2'] } })
  info.route = { name: 'r', metadata: new Map([['app', { team: 'blue' }]]) }
  const principal = { key: 'io.istio.peer_principal', value: 'spiffe://td/ns/a/sa/b' }
  info.connection.filterState.set({ ...principal, lifeSpan: 'connection', sharing: 'none', readOnly: true })
  return info
}

describe('a permission', () => {
  const header = { name: 'x-token', stringMatch: { exact: 'guest' } }
  const template = {
    name: 'uri-template',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',
      pathTemplate: '/admin/*',
    },
  }
  const jwt = { filter: 'envoy.filters.http.jwt_authn', path: [{ key: 'payload' }, { key: 'iss' }] }
  const team = { filter: 'app', path: [{ key: 'team' }], value: { stringMatch: { exact: 'blue' } } }
  test.each<[JsonObject, boolean]>([
    [{ any: true }, true],
    [{ header }, true],
    [{ header: { ...header, invertMatch: true } }, false],
    [{ header: { name: ':method', stringMatch: { exact: 'POST' } } }, true],
    [{ header: { name: ':authority', stringMatch: { exact: 'A.EXAMPLE.com', ignoreCase: true } } }, true],
    [{ urlPath: { path: { exact: '/admin/x' } } }, true],
    [{ urlPath: { path: { exact: '/admin/x?y' } } }, false],
    [{ urlPath: { path: { safeRegex: { regex: '.+' } } } }, true],
    [{ uriTemplate: template }, true],
    [{ destinationIp: { addressPrefix: '10.96.0.0', prefixLen: 16 } }, true],
    [{ destinationIp: { addressPrefix: '10.97.0.0', prefixLen: 16 } }, false],
    [{ destinationPort: 80 }, true],
    [{ destinationPort: 81 }, false],
    [{ destinationPortRange: { start: 80, end: 81 } }, true],
    [{ destinationPortRange: { start: 70, end: 80 } }, false],
    [{ requestedServerName: { exact: 'sni.example.com' } }, true],
    [{ metadata: { ...jwt, value: { stringMatch: { exact: 'issuer' } } } }, true],
    [{ metadata: { ...jwt, value: { stringMatch: { exact: 'issuer' } }, invert: true } }, false],
    [{ sourcedMetadata: { metadataMatcher: team, metadataSource: 'ROUTE' } }, true],
    [{ sourcedMetadata: { metadataMatcher: team, metadataSource: 'DYNAMIC' } }, false],
    [{ notRule: { destinationPort: 80 } }, false],
    [{ andRules: { rules: [{ any: true }, { destinationPort: 80 }] } }, true],
    [{ andRules: { rules: [{ any: true }, { destinationPort: 81 }] } }, false],
    [{ orRules: { rules: [{ destinationPort: 81 }, { destinationPort: 80 }] } }, true],
    [{ orRules: { rules: [{ destinationPort: 81 }, { destinationPort: 82 }] } }, false],
  ])('%j: %j', (permission, expected) => {
    expect(permits(permission, subject())).toBe(expected)
  })
})

const mtls = (config: JsonObject): JsonObject => ({
  name: 'mtls',
  typedConfig: {
    '@type': 'type.googleapis.com/envoy.extensions.rbac.principals.mtls_authenticated.v3.Config',
    ...config,
  },
})

describe('a principal', () => {
  const groups = { filter: 'envoy.filters.http.jwt_authn', path: [{ key: 'payload' }, { key: 'groups' }] }
  test.each<[JsonObject, boolean]>([
    [{ any: true }, true],
    [{ authenticated: {} }, true],
    [{ authenticated: { principalName: { exact: 'spiffe://td/ns/a/sa/b' } } }, true],
    [{ authenticated: { principalName: { exact: 'a.example' } } }, true],
    [{ authenticated: { principalName: { exact: 'CN=a' } } }, true],
    [{ authenticated: { principalName: { exact: 'CN=b' } } }, false],
    [{ custom: mtls({ anyValidatedClientCertificate: true }) }, true],
    [{ custom: mtls({ sanMatcher: { sanType: 'URI', matcher: { prefix: 'spiffe://td/' } } }) }, true],
    [{ custom: mtls({ sanMatcher: { sanType: 'DNS', matcher: { exact: 'b.example' } } }) }, false],
    [{ sourceIp: { addressPrefix: '10.1.0.0', prefixLen: 16 } }, true],
    [{ directRemoteIp: { addressPrefix: '10.1.0.0', prefixLen: 16 } }, true],
    [{ remoteIp: { addressPrefix: '203.0.113.0', prefixLen: 24 } }, true],
    [{ remoteIp: { addressPrefix: '10.1.0.0', prefixLen: 16 } }, false],
    [{ header: { name: 'x-token', presentMatch: true } }, true],
    [{ urlPath: { path: { prefix: '/admin' } } }, true],
    [{ metadata: { ...groups, value: { listMatch: { oneOf: { stringMatch: { exact: 'g2' } } } } } }, true],
    [{ filterState: { key: 'io.istio.peer_principal', stringMatch: { safeRegex: { regex: '.*/ns/a/.*' } } } }, true],
    [{ filterState: { key: 'io.istio.peer_principal', stringMatch: { prefix: 'spiffe://other' } } }, false],
    [{ notId: { authenticated: {} } }, false],
    [{ andIds: { ids: [{ any: true }, { authenticated: {} }] } }, true],
    [{ orIds: { ids: [{ notId: { any: true } }, { authenticated: {} }] } }, true],
  ])('%j: %j', (principal, expected) => {
    expect(admits(principal, subject())).toBe(expected)
  })

  test('is not authenticated without TLS', () => {
    expect(admits({ authenticated: {} }, testStream())).toBe(false)
  })

  test('with no client certificate is authenticated only as nobody in particular', () => {
    const info = testStream(testConnection(undefined, undefined, testTls(undefined)))
    expect(admits({ authenticated: {} }, info)).toBe(true)
    expect(admits({ authenticated: { principalName: { exact: 'a' } } }, info)).toBe(false)
    expect(admits({ custom: mtls({ anyValidatedClientCertificate: true }) }, info)).toBe(false)
  })

  test('with a certificate that nobody verified has a name, but not by mTLS', () => {
    const tls = { ...testTls(peer), isPeerVerified: false }
    const info = testStream(testConnection(undefined, undefined, tls))
    expect(admits({ authenticated: { principalName: { exact: 'a.example' } } }, info)).toBe(true)
    const dns = { sanMatcher: { sanType: 'DNS', matcher: { exact: 'a.example' } } }
    for (const config of [{ anyValidatedClientCertificate: true }, dns]) {
      expect(admits({ custom: mtls(config) }, info)).toBe(false)
    }
  })
})

describe('an engine', () => {
  const onPort = (port: number): JsonObject => ({ permissions: [{ destinationPort: port }], principals: ANY })
  const eighty = testStream(testConnection('10.0.0.1:80'))

  test.each<[string, boolean, string, string, boolean | undefined]>([
    ['ALLOW', true, 'b', 'rbac_access_denied_matched_policy[b]', undefined],
    ['DENY', false, 'b', 'rbac_access_denied_matched_policy[b]', undefined],
    ['LOG', true, 'b', 'rbac_access_denied_matched_policy[b]', true],
  ])('with action %s on a match', (action, allowed, policyName, details, accessLogHint) => {
    const verdict = engine({ action, policies: { b: onPort(80), a: onPort(81) } }).decide(eighty)
    expect(verdict).toEqual({ allowed, policyName, details, accessLogHint })
  })

  test.each<[string, boolean, boolean | undefined]>([
    ['ALLOW', false, undefined],
    ['DENY', true, undefined],
    ['LOG', true, false],
  ])('with action %s without a match', (action, allowed, accessLogHint) => {
    const verdict = engine({ action, policies: { a: onPort(81) } }).decide(eighty)
    expect(verdict).toEqual({
      allowed,
      policyName: '',
      details: 'rbac_access_denied_matched_policy[none]',
      accessLogHint,
    })
  })

  test('without any policy denies under ALLOW and allows under DENY', () => {
    expect(engine({}).decide(eighty).allowed).toBe(false)
    expect(engine({ action: 'DENY' }).decide(eighty).allowed).toBe(true)
  })

  test('names the first matching policy in the order of names, white space replaced in the details', () => {
    const verdict = engine({ action: 'DENY', policies: { 'z z': onPort(80), 'a\tb c': onPort(80) } }).decide(eighty)
    expect(verdict.policyName).toBe('a\tb c')
    expect(verdict.details).toBe('rbac_access_denied_matched_policy[a_b_c]')
  })

  test('needs a permission and a principal', () => {
    const half = { policies: { p: { permissions: ANY, principals: [{ notId: { any: true } }] } } }
    expect(engine(half).decide(eighty).allowed).toBe(false)
    expect(engine({ policies: { p: { permissions: ANY } } }).decide(eighty).allowed).toBe(false)
  })

  test('decides the same about connections, which have no path', () => {
    const rules: JsonObject = {
      policies: {
        p: { permissions: [{ urlPath: { path: { prefix: '' } } }, { destinationPort: 80 }], principals: ANY },
      },
    }
    expect(engine(rules, 'network').decide(eighty).allowed).toBe(true)
    expect(engine(rules, 'network').decide(testStream(testConnection('10.0.0.1:81'))).allowed).toBe(false)
  })

  test('tells, when asked, why each policy lost', () => {
    const trace = new MatchTrace()
    const rules: JsonObject = {
      policies: {
        a: onPort(81),
        b: {
          permissions: [{ destinationPort: 80 }],
          principals: [{ authenticated: {} }, { filterState: { key: 'k', stringMatch: { exact: 'v' } } }],
        },
        c: onPort(80),
      },
    }
    engine(rules).decide(eighty, trace)
    expect(trace.steps).toEqual([
      { tried: 'policy "a"', outcome: 'no: no permission of destination port 81' },
      { tried: 'policy "b"', outcome: 'no: no principal of authenticated or filter state k exact "v"' },
      { tried: 'policy "c"', outcome: 'matched' },
    ])
  })

  test('of a matcher tree follows the action it leads to, and denies without one', () => {
    const action = (name: string, what: string): JsonObject => ({
      action: { name, typedConfig: { '@type': 'type.googleapis.com/envoy.config.rbac.v3.Action', name, action: what } },
    })
    const matcher = {
      matcherTree: {
        input: {
          name: 'port',
          typedConfig: {
            '@type': 'type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput',
          },
        },
        exactMatchMap: {
          map: { '80': action('allow me', 'ALLOW'), '81': action('deny', 'DENY'), '82': action('log', 'LOG') },
        },
      },
    }
    const problems = new Problems()
    const compiled = compileRbacMatcher(fromJson(MatcherSchema, matcher, { registry }), 'network', problems)
    expect(problems.text()).toBe('')
    const ask = (port: number): Verdict => compiled.decide(testStream(testConnection(`10.0.0.1:${port}`)))
    expect(ask(80)).toMatchObject({ allowed: true, policyName: 'allow me' })
    expect(ask(81)).toMatchObject({ allowed: false, details: 'rbac_access_denied_matched_policy[deny]' })
    expect(ask(82)).toMatchObject({ allowed: true, accessLogHint: true })
    expect(ask(83)).toMatchObject({
      allowed: false,
      policyName: '',
      details: 'rbac_access_denied_matched_policy[none]',
    })
  })

  test('that cannot be compiled is refused with every place', () => {
    const problems = new Problems('rules')
    const rules: JsonObject = {
      auditLoggingOptions: {},
      policies: {
        p: {
          permissions: [{ matcher: { name: 'm' } }, { notRule: { destinationIp: { addressPrefix: 'x' } } }, {}],
          principals: [{ custom: { name: 'c' } }, { header: { name: 'h', presentMatch: true } }, {}],
          condition: {},
        },
      },
    }
    compileRbac(fromJson(RBACSchema, rules, { registry }), 'network', problems)
    expect(problems.list.map((problem) => problem.path)).toEqual([
      'rules.audit_logging_options',
      'rules.policies["p"].condition',
      'rules.policies["p"].permissions[0].matcher',
      'rules.policies["p"].permissions[1].not_rule.destination_ip.address_prefix',
      'rules.policies["p"].permissions[2]',
      'rules.policies["p"].principals[0].custom',
      'rules.policies["p"].principals[1].header',
      'rules.policies["p"].principals[2]',
    ])
  })
})
