import { toJson } from '@bufbuild/protobuf'
import { describe, expect, test } from '@jest/globals'
import { objectsFrom } from '../../../test/support/resources.ts'
import { registry } from '../../envoy/generated/descriptors.js'
import { ListenerSchema } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { formatDiagnostic } from '../../resources/diagnostic.ts'
import { ResourceStore } from '../../resources/resource-store.ts'
import { translate } from '../translate.ts'
import type { Translation } from '../translation.ts'

const base = `
apiVersion: v1
kind: Namespace
metadata: {name: demo, labels: {istio.io/use-waypoint: waypoint}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: waypoint, namespace: demo}
spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
---
apiVersion: v1
kind: Service
metadata: {name: a, namespace: demo}
spec: {clusterIP: 10.0.0.1, ports: [{name: http, port: 80}, {name: http-2, port: 81}]}
---
apiVersion: v1
kind: Service
metadata: {name: b, namespace: demo}
spec: {clusterIP: 10.0.0.2, ports: [{name: http, port: 8000}, {name: tcp, port: 9000}]}
---
apiVersion: v1
kind: Service
metadata: {name: c, namespace: elsewhere}
spec: {clusterIP: 10.0.0.3, ports: [{name: http, port: 90}]}
`
const virtualService = (http: string, more = 'hosts: [a]', name = 'v', namespace = 'demo') => `---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: ${namespace}}
spec: {${more}, http: ${http}}
`

function translated(yaml: string): Translation {
  return translate(ResourceStore.of(objectsFrom(base + yaml)), {
    waypoint: { namespace: 'demo', name: 'waypoint' },
    now: 0,
  })
}

function routesOf(translation: Translation, port = 80): any[] {
  const main = translation.listeners.find(({ name }) => name === 'main_internal')!
  const json: any = toJson(ListenerSchema, main, { registry, useProtoFieldName: true })
  const chain = json.filter_chains.find((one: any) => one.name === `inbound-vip|${port}|http|a.demo.svc.cluster.local`)
  return chain.filters[0].typed_config.route_config.virtual_hosts[0].routes
}

function routes(http: string): any[] {
  return routesOf(translated(virtualService(http)))
}

function messages({ diagnostics }: Translation): string[] {
  return diagnostics.map(formatDiagnostic).filter((message) => message.includes('VirtualService'))
}

const own = 'inbound-vip|80|http|a.demo.svc.cluster.local'
const toA = 'route: [{destination: {host: a, port: {number: 80}}}]'

describe('a VirtualService', () => {
  test.each([
    ['by its name', 'hosts: [a]', 'demo'],
    ['by its full name', 'hosts: [a.demo.svc.cluster.local]', 'demo'],
    ['by the end of it', 'hosts: ["*.cluster.local"]', 'demo'],
    ['as any', 'hosts: ["*"], gateways: [mesh, other]', 'demo'],
  ])('names a host %s', (_, spec, namespace) => {
    const translation = translated(virtualService('[{directResponse: {status: 204}}]', spec, 'v', namespace))
    expect(routesOf(translation)).toMatchObject([{ direct_response: { status: 204 } }])
  })

  test.each([
    ['of another namespace', 'hosts: [a.demo.svc.cluster.local]', 'elsewhere'],
    ['of gateways only', 'hosts: [a], gateways: [other]', 'demo'],
    ['that is kept from the waypoint', 'hosts: [a], exportTo: [elsewhere]', 'demo'],
    ['of another host', 'hosts: [b]', 'demo'],
  ])('%s does not count', (_, spec, namespace) => {
    const translation = translated(virtualService('[{directResponse: {status: 204}}]', spec, 'v', namespace))
    expect(routesOf(translation)).toMatchObject([{ name: 'default' }])
  })

  test('keeps the order of its routes, and others follow', () => {
    const first = virtualService(`[{match: [{uri: {prefix: /}}], ${toA}}, {match: [{uri: {exact: /x}}], ${toA}}]`)
    const second = virtualService(`[{${toA}}]`, 'hosts: [a]', 'w')
    const matches = routesOf(translated(second + first)).map((route) => route.match)
    expect(matches).toMatchObject([{ prefix: '/' }, { path: '/x' }, { prefix: '/' }])
  })

  test('gives way to HTTPRoutes, and is told so', () => {
    const route = `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: demo}
spec: {parentRefs: [{group: "", kind: Service, name: a}], rules: [{backendRefs: [{name: a, port: 80}]}]}
`
    const translation = translated(virtualService('[{directResponse: {status: 204}}]') + route)
    expect(routesOf(translation)).toMatchObject([{ route: { cluster: own } }])
    expect(messages(translation).join()).toContain('have no effect for a.demo.svc.cluster.local:80')
  })
})

describe('a match', () => {
  test('holds on its port alone', () => {
    const translation = translated(virtualService(`[{match: [{port: 81}], ${toA}}]`))
    expect(routesOf(translation, 81)).toHaveLength(1)
    expect(routesOf(translation, 80)).toMatchObject([{ name: 'default' }])
  })

  test.each(['{sourceLabels: {app: x}}', '{sourceNamespace: x}'])(
    'on the client, %s, never holds and is reported',
    (match) => {
      const translation = translated(virtualService(`[{match: [${match}], directResponse: {status: 204}}, {${toA}}]`))
      expect(routesOf(translation)).toHaveLength(1)
      expect(messages(translation).join()).toContain('never holds: a waypoint serves all clients')
    },
  )

  test('excludes headers, of which a missing one is none', () => {
    const [route] = routes(`[{match: [{withoutHeaders: {x: {exact: "1"}, x-y: {}}}], ${toA}}]`)
    expect(route.match.headers).toEqual([
      { name: 'x', string_match: { exact: '1' }, invert_match: true, treat_missing_header_as_empty: true },
      { name: 'x-y', present_match: true, invert_match: true },
    ])
  })

  test('that cannot be read is left out and reported', () => {
    const http = `[{match: [{uri: {regex: "("}}, {headers: {"@request.auth.claims.sub": {exact: x}}}, {uri: {exact: /ok}}], ${toA}}]`
    const translation = translated(virtualService(http))
    expect(routesOf(translation).map((route) => route.match.path)).toEqual(['/ok'])
    expect(messages(translation)).toHaveLength(2)
  })
})

describe('a destination', () => {
  const clusterOf = (destination: string) => routes(`[{route: [{destination: ${destination}}]}]`)[0].route.cluster

  test.each([
    ['{host: a}', own],
    ['{host: a, subset: v1}', 'inbound-vip|80|http/v1|a.demo.svc.cluster.local'],
    ['{host: b.demo.svc.cluster.local, port: {number: 8000}}', 'inbound-vip|8000|http|b.demo.svc.cluster.local'],
    ['{host: c.elsewhere.svc.cluster.local}', 'outbound|90||c.elsewhere.svc.cluster.local'],
    ['{host: c.elsewhere.svc.cluster.local, subset: v}', 'outbound|90|v|c.elsewhere.svc.cluster.local'],
    ['{host: nosuch}', 'inbound-vip|80|http|nosuch.demo.svc.cluster.local'],
  ])('%s is the cluster %s', (destination, cluster) => {
    expect(clusterOf(destination)).toBe(cluster)
  })

  test.each([
    ['{host: nosuch}', 'no service has the host nosuch'],
    ['{host: b, port: {number: 1}}', 'b.demo.svc.cluster.local:1 has no such port'],
    ['{host: b, port: {number: 9000}}', 'carries TCP there, not HTTP'],
  ])('%s is reported: %s', (destination, message) => {
    expect(messages(translated(virtualService(`[{route: [{destination: ${destination}}]}]`))).join()).toContain(message)
  })

  test('of weight 0 gets nothing', () => {
    const [route] = routes(
      '[{route: [{destination: {host: a}, weight: 100}, {destination: {host: nosuch}, weight: 0}]}]',
    )
    expect(route.route.cluster).toBe(own)
  })

  test('that is the only one has its headers on the route, and its Host as a rewrite', () => {
    const headers = '{request: {set: {":authority": new.test, x: "1"}}}'
    const [route] = routes(`[{route: [{destination: {host: a}, headers: ${headers}}]}]`)
    expect(route.request_headers_to_add).toMatchObject([{ header: { key: 'x', value: '1' } }])
    expect(route.route.host_rewrite_literal).toBe('new.test')
  })
})

describe('retries', () => {
  const policyOf = (retries: string) => routes(`[{${toA}, retries: ${retries}}]`)[0].route.retry_policy

  test('are off with no attempts', () => {
    expect(policyOf('{attempts: 0}')).toBeUndefined()
  })

  test('tell statuses from conditions', () => {
    expect(policyOf('{attempts: 3, retryOn: "gateway-error, 503,429"}')).toMatchObject({
      num_retries: 3,
      retry_on: 'gateway-error,retriable-status-codes',
      retriable_status_codes: [503, 429],
    })
  })

  test('may try the same host again', () => {
    expect(policyOf('{retryIgnorePreviousHosts: false}').retry_host_predicate).toBeUndefined()
  })
})

test('a redirect goes to the port of the request where it is asked for', () => {
  const http = '[{redirect: {authority: x.test, derivePort: FROM_REQUEST_PORT, redirectCode: 308}}]'
  const translation = translated(virtualService(http))
  expect(routesOf(translation, 81)[0].redirect).toMatchObject({
    port_redirect: 81,
    response_code: 'PERMANENT_REDIRECT',
  })
  expect(routesOf(translation, 80)[0].redirect.port_redirect).toBeUndefined()
})

test('mirrors have shares, and a share of nothing is no mirror', () => {
  const mirrors = '[{destination: {host: a}}, {destination: {host: a}, percentage: {value: 0}}, {destination: {host: a}, percentage: {value: 0.5}}]' // prettier-ignore
  const [route] = routes(`[{${toA}, mirrors: ${mirrors}}]`)
  expect(route.route.request_mirror_policies.map((one: any) => one.runtime_fraction.default_value)).toEqual([
    { numerator: 100 },
    { numerator: 5000, denominator: 'MILLION' },
  ])
})

test('faults are injected by name of their status, for no request without a percentage', () => {
  const [route] = routes(`[{${toA}, fault: {abort: {grpcStatus: UNAVAILABLE}, delay: {fixedDelay: 1s, percent: 10}}}]`)
  expect(route.typed_per_filter_config['envoy.filters.http.fault']).toMatchObject({
    abort: { grpc_status: 14 },
    delay: { fixed_delay: '1s', percentage: { numerator: 10 } },
  })
  expect(route.typed_per_filter_config['envoy.filters.http.fault'].abort.percentage).toBeUndefined()
})

test('what is not carried out answers 500', () => {
  const http = '[{redirect: {redirectCode: 300}}, {fault: {abort: {grpcStatus: NONE}}, directResponse: {status: 200}}]'
  const translation = translated(virtualService(http))
  const statuses = routesOf(translation).map((route) => route.direct_response.status)
  expect(statuses).toEqual([500, 500])
  expect(messages(translation)).toHaveLength(2)
})

describe('a delegate', () => {
  const outer = (match: string, name = 'd') => virtualService(`[{${match}delegate: {name: ${name}}, timeout: 5s}]`)
  const inner = (http: string) => virtualService(http, 'hosts: []', 'd')

  test('routes what is left to it, within the match, with what it does not say taken over', () => {
    const delegate = inner(`[{match: [{uri: {prefix: /a/b}}], ${toA}}, {timeout: 1s, ${toA}}]`)
    const found = routesOf(translated(outer('match: [{uri: {prefix: /a}, method: {exact: GET}}], ') + delegate))
    expect(found.map((route) => [route.match.prefix, route.route.timeout])).toEqual([
      ['/a/b', '5s'],
      ['/a', '1s'],
    ])
    expect(found[0].match.headers).toMatchObject([{ name: ':method' }])
  })

  test.each([
    ['{uri: {prefix: /b}}', '{uri: {prefix: /a}}'],
    ['{uri: {regex: /a.*}}', '{uri: {prefix: /a}}'],
    ['{headers: {x: {exact: "1"}}}', '{headers: {x: {exact: "2"}}}'],
  ])('with a match %s never serves %s, and is told so', (innerMatch, outerMatch) => {
    const delegate = inner(`[{match: [${innerMatch}], ${toA}}, {directResponse: {status: 204}}]`)
    const translation = translated(outer(`match: [${outerMatch}], `) + delegate)
    expect(routesOf(translation)).toMatchObject([{ direct_response: { status: 204 } }])
    expect(messages(translation).join()).toContain('never matches')
  })

  test.each([
    ['that does not exist', ''],
    ['that has hosts', virtualService(`[{${toA}}]`, 'hosts: [b]', 'd')],
    ['that delegates further', inner('[{delegate: {name: d}}]')],
  ])('%s is refused with 500', (_, delegate) => {
    const translation = translated(outer('') + delegate)
    expect(routesOf(translation)).toMatchObject([{ direct_response: { status: 500 } }])
    expect(messages(translation).join()).toContain('so its requests get 500')
  })
})

test('routes below HTTP are refused with their place', () => {
  const { diagnostics } = translated(
    virtualService('[{route: [{destination: {host: b}}]}]', 'hosts: [a], tcp: [{route: [{destination: {host: b}}]}]'),
  )
  expect(diagnostics.map(formatDiagnostic).join()).toContain(
    'VirtualService demo/v: spec.tcp: is not carried out by this waypoint; write a TCPRoute of the Gateway API',
  )
})
