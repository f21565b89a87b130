import { toJson } from '@bufbuild/protobuf'
import { describe, expect, test } from '@jest/globals'
import { objectsFrom } from '../../../test/support/resources.ts'
import { registry } from '../../envoy/generated/descriptors.js'
import { ListenerSchema } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { formatDiagnostic } from '../../resources/diagnostic.ts'
import { ResourceStore } from '../../resources/resource-store.ts'
import { translate } from '../translate.ts'

const base = `
apiVersion: v1
kind: Namespace
metadata: {name: demo, labels: {istio.io/use-waypoint: waypoint}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: waypoint, namespace: demo}
spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
`
const ports = '[{name: http, port: 80}, {name: auto, port: 81}, {name: tcp, port: 90}, {name: tls, port: 443}]'
const services = ['a', 'b'].map((name, index) => `---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: demo}
spec: {clusterIP: 10.0.0.${index + 1}, ports: ${ports}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${name}-1, namespace: demo, labels: {kubernetes.io/service-name: ${name}}}
addressType: IPv4
endpoints: []
`) // prettier-ignore

interface RouteText {
  readonly kind: string
  readonly name?: string
  readonly namespace?: string
  /** Of the parent. */
  readonly port?: number
  readonly rule: string
  readonly hostname?: string
}

function route({ kind, name = 'r', namespace = 'demo', port, rule, hostname }: RouteText): string {
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: {name: ${name}, namespace: ${namespace}, generation: 7}
spec:
  parentRefs: [{group: "", kind: Service, name: a, namespace: demo${port === undefined ? '' : `, port: ${port}`}}]
  ${hostname === undefined ? '' : `hostnames: [${hostname}]`}
  rules: [${rule}]
`
}

const toB = (port: number) => `{backendRefs: [{name: b, namespace: demo, port: ${port}}]}`

function translated(...routes: RouteText[]) {
  const yaml = base + services.join('') + routes.map(route).join('')
  const options = { waypoint: { namespace: 'demo', name: 'waypoint' }, now: 0 }
  const { listeners, statuses, diagnostics } = translate(ResourceStore.of(objectsFrom(yaml)), options)
  const main: any = toJson(
    ListenerSchema,
    listeners.find(({ name }) => name === 'main_internal')!,
    {
      registry,
      useProtoFieldName: true,
    },
  )
  const filter = (port: number, subset: string): any =>
    main.filter_chains.find(({ name }: any) => name === `inbound-vip|${port}|${subset}|a.demo.svc.cluster.local`)
      .filters[0].typed_config
  const conditions = (kind: string, name = 'r') => {
    const status: any = statuses.find((one) => one.kind === kind && one.name === name)?.status
    return status.parents[0].conditions.map((one: any) => `${one.type} ${one.status} ${one.reason}`)
  }
  const [range] = main.filter_chain_matcher.matcher_tree.custom_match.typed_config.range_matchers
  const onPort = range.on_match.matcher.matcher_tree.exact_match_map.map['443']
  const serverNames = (onPort.matcher?.matcher_list.matchers ?? []).map((one: any) => [
    one.predicate.single_predicate.value_match,
    one.on_match.action.name,
  ])
  return {
    serverNames,
    routes: (port = 80): any[] => filter(port, 'http').route_config.virtual_hosts[0].routes,
    filter,
    statuses,
    conditions,
    messages: diagnostics.filter(({ object }) => object.includes('Route')).map(formatDiagnostic),
  }
}

const accepted = ['Accepted True Accepted', 'ResolvedRefs True ResolvedRefs']

describe('a consumer route', () => {
  const consumer = { kind: 'HTTPRoute', namespace: 'client', name: 'c', rule: toB(80) }

  test('is for the clients of its namespace, and for them in place of the routes of the Service', () => {
    const { routes, conditions, messages } = translated(
      { kind: 'HTTPRoute', name: 'p', rule: `{matches: [{path: {value: /p}}], backendRefs: [{name: a, port: 80}]}` },
      { ...consumer, rule: `{matches: [{path: {value: /c}}], backendRefs: [{name: b, namespace: demo, port: 80}]}` },
    )
    const fromClient = [
      { key: 'io.istio.peer_principal', string_match: { safe_regex: { regex: 'spiffe://[^/]+/ns/client/.*' } } },
    ]
    expect(routes()).toMatchObject([
      { name: 'client.c.0', match: { path_separated_prefix: '/c', filter_state: fromClient } },
      { match: { prefix: '/', filter_state: fromClient }, direct_response: { status: 404 } },
      { name: 'demo.p.0', match: { path_separated_prefix: '/p' } },
    ])
    expect(routes()[2].match).not.toHaveProperty('filter_state')
    expect(conditions('HTTPRoute', 'c')).toEqual(accepted)
    expect(messages).toEqual([])
  })

  test('leaves everyone else the Service as it is', () => {
    const { routes } = translated(consumer)
    expect(routes().at(-1)).toMatchObject({ name: 'default', match: { prefix: '/' } })
    expect(routes(81).at(-1)).toMatchObject({ name: 'default' })
  })

  test('that is no HTTP has no effect, and says so', () => {
    const { conditions, filter } = translated({ ...consumer, kind: 'TCPRoute', rule: toB(90) })
    expect(conditions('TCPRoute', 'c')).toEqual(['Accepted False NotAllowedByListeners', accepted[1]])
    expect(filter(90, 'tcp').cluster).toBe('inbound-vip|90|tcp|a.demo.svc.cluster.local')
  })
})

describe('several routes on a port', () => {
  test('merge if they are of one kind', () => {
    const one = (name: string, path: string) => ({
      kind: 'HTTPRoute',
      name,
      rule: `{matches: [{path: {value: ${path}}}], backendRefs: [{name: b, port: 80}]}`,
    })
    const { routes } = translated(one('r1', '/a'), one('r2', '/a/long'))
    expect(routes().map(({ name }) => name)).toEqual(['demo.r2.0', 'demo.r1.0'])
  })

  test('of two kinds follow the more specific kind; the other is in conflict', () => {
    const { routes, conditions, messages } = translated(
      { kind: 'HTTPRoute', port: 80, rule: toB(80) },
      {
        kind: 'GRPCRoute',
        name: 'g',
        rule: '{matches: [{method: {service: a.B}}], backendRefs: [{name: b, port: 80}]}',
      },
    )
    expect(routes().map(({ name }) => name)).toEqual(['demo.g.0'])
    expect(conditions('GRPCRoute', 'g')).toEqual(accepted)
    expect(conditions('HTTPRoute')).toEqual(['Accepted False Conflicted', accepted[1]])
    expect(messages.join()).toMatch(/HTTPRoute demo\/r: spec\.parentRefs\[0\]: port 80 .* follows a GRPCRoute already/)
  })

  test('share the ports that only one of them names', () => {
    const { routes, conditions } = translated(
      { kind: 'HTTPRoute', rule: toB(80) },
      { kind: 'GRPCRoute', name: 'g', port: 81, rule: toB(80) },
    )
    expect([routes(80)[0].name, routes(81)[0].name]).toEqual(['demo.r.0', 'demo.g.0'])
    expect(conditions('HTTPRoute')).toEqual(accepted)
  })
})

describe('a GRPCRoute', () => {
  test('answers UNAVAILABLE, which is 503, where an HTTPRoute answers 500', () => {
    const { routes, conditions } = translated({
      kind: 'GRPCRoute',
      rule: `{matches: [{method: {service: x.Y}}], backendRefs: [{name: nobody, port: 80}]}, {}`,
    })
    const [missing, empty] = routes()
    // The default of the field.
    expect(missing.route).not.toHaveProperty('cluster_not_found_response_code')
    expect(missing.route.cluster).toBe('inbound-vip|80|http|nobody.demo.svc.cluster.local')
    expect(empty.direct_response).toEqual({ status: 503 })
    expect(conditions('GRPCRoute')).toEqual([accepted[0], 'ResolvedRefs False BackendNotFound'])
  })
})

describe('a TCPRoute', () => {
  test('shares the connections of a port, and reports the generation it was read at', () => {
    const rule = '{backendRefs: [{name: b, port: 90, weight: 3}, {name: x, port: 90}, {name: a, port: 90, weight: 0}]}'
    const { filter, conditions, statuses } = translated({ kind: 'TCPRoute', port: 90, rule })
    expect(filter(90, 'tcp').weighted_clusters.clusters).toEqual([
      { name: 'inbound-vip|90|tcp|b.demo.svc.cluster.local', weight: 3 },
      { name: 'inbound-vip|90|tcp|x.demo.svc.cluster.local', weight: 1 },
    ])
    expect(conditions('TCPRoute')).toEqual([accepted[0], 'ResolvedRefs False BackendNotFound'])
    expect(JSON.stringify(statuses)).toMatch(/"observedGeneration":7/)
  })

  test('takes what looks like HTTP too, and may send it where HTTP is known', () => {
    const { filter } = translated({ kind: 'TCPRoute', port: 81, rule: toB(80) })
    const cluster = 'inbound-vip|80|http|b.demo.svc.cluster.local'
    expect([filter(81, 'tcp').cluster, filter(81, 'http').cluster]).toEqual([cluster, cluster])
  })

  test('is accepted but idle beside an older one', () => {
    const { filter, conditions } = translated(
      { kind: 'TCPRoute', name: 'r2', port: 90, rule: toB(80) },
      { kind: 'TCPRoute', name: 'r1', port: 90, rule: toB(90) },
    )
    expect(filter(90, 'tcp').cluster).toBe('inbound-vip|90|tcp|b.demo.svc.cluster.local')
    expect(conditions('TCPRoute', 'r2')).toEqual(accepted)
  })

  test('without a backend of any weight closes every connection', () => {
    const { filter } = translated({
      kind: 'TCPRoute',
      port: 90,
      rule: '{backendRefs: [{name: b, port: 90, weight: 0}]}',
    })
    expect(filter(90, 'tcp').cluster).toBe('no-backend')
  })

  test('does not fit a port that carries HTTP, or one that is not there', () => {
    expect(translated({ kind: 'TCPRoute', port: 80, rule: toB(90) }).conditions('TCPRoute')).toEqual([
      'Accepted False NotAllowedByListeners',
      accepted[1],
    ])
    expect(translated({ kind: 'TCPRoute', port: 9, rule: toB(90) }).conditions('TCPRoute')[0]).toMatch(
      /NoMatchingParent/,
    )
  })
})

test('a route whose parent is the Gateway of the waypoint is told to name a Service', () => {
  const parent = 'parentRefs: [{name: waypoint}, {group: "", kind: Service, name: a}]'
  const yaml = route({ kind: 'HTTPRoute', rule: toB(80) }).replace(/parentRefs: .*/, parent)
  const options = { waypoint: { namespace: 'demo', name: 'waypoint' }, now: 0 }
  const { statuses } = translate(ResourceStore.of(objectsFrom(base + services.join('') + yaml)), options)
  const { parents }: any = statuses.find(({ kind }) => kind === 'HTTPRoute')!.status
  const reasons = parents.map((one: any) => [one.parentRef.name, one.conditions[0].reason])
  expect(reasons).toEqual([
    ['waypoint', 'NotAllowedByListeners'],
    ['a', 'Accepted'],
  ])
})

describe('a TLSRoute', () => {
  const tls = (name: string, hostname: string, port: number) => ({ kind: 'TLSRoute', name, hostname, rule: toB(port) })
  const clusterFor = (subset: string, ...routes: RouteText[]) => translated(...routes).filter(443, subset).cluster

  test("for the Service's own name alone takes every connection of the port", () => {
    const whole = tls('r', 'a.demo.svc.cluster.local', 443)
    expect(clusterFor('tcp', whole)).toBe('inbound-vip|443|tcp|b.demo.svc.cluster.local')
    expect(translated(whole).serverNames).toEqual([])
  })

  test('takes the connections whose server name it names: exact names first, then the longest wildcard', () => {
    const routes = [tls('r1', '"*.example.com"', 443), tls('r2', '"*.a.example.com", x.example.com', 90)]
    const first = 'inbound-vip|443|tcp|a.demo.svc.cluster.local'
    expect(translated(...routes).serverNames).toEqual([
      [{ exact: 'x.example.com' }, `${first}|1`],
      [{ suffix: '.a.example.com' }, `${first}|1`],
      [{ suffix: '.example.com' }, first],
    ])
    expect(clusterFor('tcp', ...routes)).toBe('inbound-vip|443|tcp|b.demo.svc.cluster.local')
  })

  test('does not fit a port that is not known to carry TLS', () => {
    const { conditions } = translated({ ...tls('r', 'x.example.com', 90), port: 90 })
    expect(conditions('TLSRoute')[0]).toBe('Accepted False NotAllowedByListeners')
  })
})
