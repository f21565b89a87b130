import { toJson } from '@bufbuild/protobuf'
import { describe, expect, test } from '@jest/globals'
import { objectsFrom } from '../../test/support/resources.ts'
import { registry } from '../envoy/generated/descriptors.js'
import { ClusterLoadAssignmentSchema } from '../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { ListenerSchema } from '../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { formatDiagnostic } from '../resources/diagnostic.ts'
import { ResourceStore } from '../resources/resource-store.ts'
import { Translator, translate } from './translate.ts'
import type { Translation } from './translation.ts'

const options = { waypoint: { namespace: 'demo', name: 'waypoint' }, now: Date.UTC(2026, 0, 2, 3, 4, 5, 678) }

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
const service = (name: string, ip: string, ports = '[{name: http, port: 80}]', metadata = '') => `---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: demo${metadata}}
spec: {clusterIP: ${ip}, ports: ${ports}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${name}-1, namespace: demo, labels: {kubernetes.io/service-name: ${name}}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [10.1.0.1]}]
`
const route = (rule: string, spec = 'parentRefs: [{group: "", kind: Service, name: a}]', name = 'r') => `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: ${name}, namespace: demo}
spec:
  ${spec}
  rules:
  - ${rule}
`

function translated(yaml: string): Translation {
  return translate(ResourceStore.of(objectsFrom(base + yaml)), options)
}

function chainOf(translation: Translation, service: string, port = 80): any {
  const main = translation.listeners.find(({ name }) => name === 'main_internal')!
  const json: any = toJson(ListenerSchema, main, { registry, useProtoFieldName: true })
  return json.filter_chains.find(
    ({ name }: { name: string }) => name === `inbound-vip|${port}|http|${service}.demo.svc.cluster.local`,
  )
}

function routesOf(translation: Translation, service = 'a', port = 80): any[] {
  const { filters } = chainOf(translation, service, port)
  return filters[0].typed_config.route_config.virtual_hosts[0].routes
}

function messages({ diagnostics }: Translation): string[] {
  return diagnostics.map(formatDiagnostic)
}

describe('a rule that asks for what is not carried out', () => {
  test('answers 500 and is named; the other rules work', () => {
    const yaml = route(`filters: [{type: ExtensionRef, extensionRef: {group: x.io, kind: Thing, name: z}}]
    matches: [{path: {value: /ext}}]
  - backendRefs: [{name: a, port: 80}]`)
    const translation = translated(service('a', '10.0.0.1') + yaml)
    expect(routesOf(translation)).toMatchObject([
      { match: { path_separated_prefix: '/ext' }, direct_response: { status: 500 } },
      { match: { prefix: '/' }, route: { cluster: 'inbound-vip|80|http|a.demo.svc.cluster.local' } },
    ])
    expect(messages(translation)).toEqual([
      'test.yaml:29: error: HTTPRoute demo/r: spec.rules[0].filters[0]: filter ExtensionRef is not carried out; remove it; until then the rule answers 500',
    ])
  })

  test('has no effect besides: no headers are changed for its 500', () => {
    const yaml = route(`filters:
    - {type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: x, value: v}]}}
    - {type: ExtensionRef, extensionRef: {group: example.com, kind: Foo, name: x}}
    backendRefs: [{name: a, port: 80}]`)
    expect(routesOf(translated(service('a', '10.0.0.1') + yaml))[0]).not.toHaveProperty('response_headers_to_add')
  })

  test('loses the match that cannot be read, and says so', () => {
    const yaml = route(`matches: [{path: {type: RegularExpression, value: "/(?<=a)b"}}, {path: {value: /ok}}]
    backendRefs: [{name: a, port: 80}]`)
    const translation = translated(service('a', '10.0.0.1') + yaml)
    expect(routesOf(translation).map(({ match }) => match.path_separated_prefix)).toEqual(['/ok'])
    expect(messages(translation)[0]).toMatch(/spec\.rules\[0\]\.matches\[0\]\.path\.value/)
  })
})

describe('an invalid backend', () => {
  test.each([
    ['a Service that does not exist', '{name: x, port: 80}', /Service demo\/x does not exist/, 'BackendNotFound'],
    ['a port that does not exist', '{name: a, port: 81}', /has no port 81, .*; write one of 80, 90/, 'BackendNotFound'],
    ['a port that carries no HTTP', '{name: a, port: 90}', /port 90 .* carries TCP, not HTTP/, 'UnsupportedProtocol'],
    ['another kind', '{group: x.io, kind: Thing, name: a, port: 80}', /kind Thing/, 'InvalidKind'],
  ])('%s keeps its share, which gets 500', (_, ref, message, reason) => {
    const yaml = route(`backendRefs: [{name: a, port: 80, weight: 9}, ${ref}]`)
    const ports = '[{name: http, port: 80}, {name: tcp, port: 90}]'
    const translation = translated(service('a', '10.0.0.1', ports) + yaml)
    const [{ route: action }] = routesOf(translation)
    expect(action.cluster_not_found_response_code).toBe('INTERNAL_SERVER_ERROR')
    const weights = action.weighted_clusters.clusters.map((one: any) => one.weight)
    expect(weights).toEqual([9, 1])
    const known = translation.clusters.map(({ name }) => name)
    expect(known).not.toContain(action.weighted_clusters.clusters[1].name)
    expect(messages(translation).join('\n')).toMatch(message)
    const status: any = translation.statuses.find(({ kind }) => kind === 'HTTPRoute')!.status
    expect(status.parents[0].conditions).toMatchObject([
      { type: 'Accepted', status: 'True', lastTransitionTime: '2026-01-02T03:04:05Z' },
      { type: 'ResolvedRefs', status: 'False', reason },
    ])
  })
})

describe('which Services belong to the waypoint', () => {
  const other = (labels: string) => service('b', '10.0.0.2', undefined, `, labels: {${labels}}`)
  test.each([
    ['one without a label follows its namespace', '', true],
    ['one that opts out does not', 'istio.io/use-waypoint: none', false],
    ['one that names another waypoint does not', 'istio.io/use-waypoint: elsewhere', false],
    ['a gateway itself does not', 'gateway.istio.io/managed: istio.io-mesh-controller', false],
  ])('%s', (_, labels, expected) => {
    expect(chainOf(translated(other(labels)), 'b') !== undefined).toBe(expected)
  })

  test('one of another namespace only if the Gateway admits it', () => {
    const foreign = `---
apiVersion: v1
kind: Namespace
metadata: {name: app, labels: {team: x, istio.io/use-waypoint: waypoint, istio.io/use-waypoint-namespace: demo}}
---
apiVersion: v1
kind: Service
metadata: {name: b, namespace: app}
spec: {clusterIP: 10.0.0.2, ports: [{port: 80}]}
`
    const served = (namespaces: string) => {
      const gateway = base.replace('protocol: HBONE', `protocol: HBONE, allowedRoutes: {namespaces: ${namespaces}}`)
      const { clusters, statuses } = translate(ResourceStore.of(objectsFrom(gateway + foreign)), options)
      const bound: any = statuses.find(({ kind }) => kind === 'Service')!.status['conditions']
      return [clusters.some(({ name }) => name.endsWith('|b.app.svc.cluster.local')), bound[0].reason]
    }
    expect(served('{from: Same}')).toEqual([false, 'AttachmentDenied'])
    expect(served('{from: All}')).toEqual([true, 'WaypointAccepted'])
    expect(served('{from: Selector, selector: {matchLabels: {team: x}}}')).toEqual([true, 'WaypointAccepted'])
    expect(served('{from: Selector, selector: {matchExpressions: [{key: team, operator: NotIn, values: [x]}]}}')).toEqual([false, 'AttachmentDenied'])
  }) // prettier-ignore

  test('none without the Gateway, which is an error that names the choices', () => {
    const store = ResourceStore.of(objectsFrom(base))
    const translation = translate(store, { ...options, waypoint: { namespace: 'demo', name: 'x' } })
    expect(messages(translation)).toEqual([
      'error: Gateway demo/x: is to be the waypoint and does not exist; choose one of demo/waypoint',
    ])
  })
})

describe('endpoints', () => {
  const pod = (annotations: string) => `---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: demo, labels: {app: a, version: v9}, annotations: {${annotations}}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: a-2, namespace: demo, labels: {kubernetes.io/service-name: a}}
addressType: IPv4
ports: [{name: http, port: 18081, protocol: TCP}]
endpoints:
- {addresses: [127.0.0.1], targetRef: {kind: Pod, name: p}}
- {addresses: [127.0.0.2], conditions: {ready: false}}
`
  function endpointsOf(yaml: string): any[] {
    const translation = translated(service('a', '10.0.0.1') + yaml)
    const found = translation.endpoints.find(({ clusterName }) => clusterName.includes('|a.'))!
    const json: any = toJson(ClusterLoadAssignmentSchema, found, { registry, useProtoFieldName: true })
    return json.endpoints[0].lb_endpoints
  }

  test('are dialled plainly when their Pod is not in the mesh, and through a tunnel when it is; unready ones not at all', () => {
    expect(endpointsOf(pod('')).map(({ endpoint }) => endpoint.address)).toEqual([
      { socket_address: { address: '10.1.0.1', port_value: 8080 } },
      { socket_address: { address: '127.0.0.1', port_value: 18081 } },
    ])
    expect(endpointsOf(pod('ambient.istio.io/redirection: enabled'))[1]).toMatchObject({
      endpoint: {
        address: {
          envoy_internal_address: { server_listener_name: 'connect_originate', endpoint_id: '127.0.0.1:18081' },
        },
      },
      metadata: {
        filter_metadata: {
          'envoy.filters.listener.original_dst': { local: '127.0.0.1:18081' },
          istio: { workload: 'p;demo;a;v9;Kubernetes' },
        },
      },
    })
  })

  test('with an HBONE port of their own have a listener and a cluster for it', () => {
    const yaml = service('a', '10.0.0.1') + pod('ambient.istio.io/redirection: enabled, cairn.dev/hbone-port: "15108"')
    const { listeners, clusters } = translated(yaml)
    expect(listeners.map(({ name }) => name)).toEqual([
      'connect_terminate',
      'main_internal',
      'connect_originate',
      'connect_originate_15108',
    ])
    const cluster = clusters.find(({ name }) => name === 'connect_originate_15108')!
    expect(cluster.lbConfig).toMatchObject({ case: 'originalDstLbConfig', value: { upstreamPortOverride: 15108 } })
  })
})

describe('a Translator', () => {
  const yaml = base + service('a', '10.0.0.1') + service('b', '10.0.0.2')
  const withRoute = yaml + route('backendRefs: [{name: b, port: 80}]')

  test('makes anew only what a change touches', () => {
    const translator = new Translator()
    const objects = objectsFrom(withRoute)
    const store = ResourceStore.of(objects)
    const before = translator.translate(store, options)
    const otherSlice = objectsFrom(service('b', '10.0.0.2').replace('10.1.0.1', '10.1.0.9')).find((one) => one.kind === 'EndpointSlice')! // prettier-ignore
    const kept = objects.filter((one) => !(one.kind === 'EndpointSlice' && one.metadata.name === 'b-1'))
    const after = translator.translate(store.replace([...kept, otherSlice]), options)
    const same = (name: string) => {
      const find = ({ endpoints }: Translation) => endpoints.find(({ clusterName }) => clusterName.includes(name))
      return find(before) === find(after)
    }
    expect(same('|a.')).toBe(true)
    expect(same('|b.')).toBe(false)
  })

  test('gives after any series of changes what a fresh translation gives', () => {
    const variants = [yaml, withRoute, yaml.replace('name: demo, labels', 'name: demo, annotations'), withRoute + service('c', '10.0.0.3'), withRoute.replace('port: 80}]', 'port: 81}]'), base] // prettier-ignore
    const translator = new Translator()
    let store = ResourceStore.empty
    for (const index of [0, 1, 2, 3, 1, 4, 5, 3, 0]) {
      store = store.replace(objectsFrom(variants[index]))
      expect(translator.translate(store, options)).toEqual(translate(store, options))
    }
  })

  test('makes all anew when the settings change', () => {
    const translator = new Translator()
    const store = ResourceStore.of(objectsFrom(yaml))
    translator.translate(store, options)
    const { clusters } = translator.translate(store, { ...options, mesh: { domainSuffix: 'example.org' } })
    expect(clusters.map(({ name }) => name)).toContain('inbound-vip|80|http|a.demo.svc.example.org')
  })
})

describe('what is suspicious is a warning', () => {
  test('a match behind a match of everything', () => {
    const yaml = route(`backendRefs: [{name: a, port: 80}]
  - backendRefs: [{name: a, port: 80}]
    matches: [{path: {type: RegularExpression, value: "/x.*"}}]`)
    const translation = translated(service('a', '10.0.0.1') + yaml)
    expect(routesOf(translation)).toHaveLength(1)
    expect(messages(translation)).toEqual([expect.stringMatching(/rules\[1\]\.matches\[0\]: can never match, because spec\.rules\[0\]/)])
  }) // prettier-ignore

  test('a route whose Service is not served here', () => {
    const yaml = route('{}', 'parentRefs: [{group: "", kind: Service, name: b}]')
    const off = service('b', '10.0.0.2', undefined, ', labels: {istio.io/use-waypoint: none}')
    expect(messages(translated(off + yaml))).toEqual([expect.stringMatching(/warning: .*does not use this waypoint/)])
    expect(messages(translated(yaml))).toEqual([expect.stringMatching(/error: .*Service demo\/b does not exist/)])
  })

  test('a Service without endpoints, and one whose address another one has', () => {
    const bare = service('b', '10.0.0.1').split('---')[1]
    const translation = translated(`${service('a', '10.0.0.1')}---${bare}`)
    expect(messages(translation)).toEqual([
      expect.stringMatching(/Service demo\/b: spec\.clusterIP: address 10\.0\.0\.1 belongs to a\.demo/),
      expect.stringMatching(/Service demo\/b: has no EndpointSlice/),
    ])
  })
})

test('a route that names a port applies to that port only, and by name too', () => {
  const ports = '[{name: http, port: 80}, {name: http-alt, port: 8080}]'
  const by = (ref: string) => translated(service('a', '10.0.0.1', ports) + route('backendRefs: [{name: a, port: 80}]', `parentRefs: [{group: "", kind: Service, name: a, ${ref}}]`)) // prettier-ignore
  for (const ref of ['port: 8080', 'sectionName: http-alt', 'port: 8080, sectionName: http-alt']) {
    expect(routesOf(by(ref), 'a', 80)[0].name).toBe('default')
    expect(routesOf(by(ref), 'a', 8080)[0].name).toBe('demo.r.0')
  }
  expect(messages(by('port: 8080, sectionName: http'))[0]).toMatch(/has no such port/)
})
