import { toJson } from '@bufbuild/protobuf'
import { describe, expect, test } from '@jest/globals'
import { objectsFrom } from '../../test/support/resources.ts'
import { registry } from '../envoy/generated/descriptors.js'
import { ClusterSchema } from '../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { ClusterLoadAssignmentSchema } from '../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { formatDiagnostic } from '../resources/diagnostic.ts'
import { ResourceStore } from '../resources/resource-store.ts'
import { Translator, translate } from './translate.ts'
import type { Translation } from './translation.ts'

const options = { waypoint: { namespace: 'demo', name: 'waypoint' }, now: 0 }
const mesh = `apiVersion: v1
kind: Namespace
metadata: {name: demo, labels: {istio.io/use-waypoint: waypoint}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: waypoint, namespace: demo}
spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
`
const entry = (spec: string, name = 'e', metadata = '') => `---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: demo${metadata}}
spec: ${spec}
`
const workload = (name: string, spec: string) => `---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: ${name}, namespace: demo}
spec: ${spec}
`
const http = 'ports: [{number: 80, name: http, protocol: HTTP}]'

function translated(yaml: string): Translation {
  return translate(ResourceStore.of(objectsFrom(mesh + yaml)), options)
}

/** `address:port` of each endpoint, by HBONE with an arrow. */
function endpointsOf(translation: Translation, cluster: string): string[] {
  const found = translation.endpoints.find(({ clusterName }) => clusterName === cluster)
  const json: any = found && toJson(ClusterLoadAssignmentSchema, found, { registry, useProtoFieldName: true })
  return (json?.endpoints ?? []).flatMap(({ lb_endpoints }: any) =>
    lb_endpoints.map(({ endpoint: { address } }: any) => {
      const { socket_address: socket, envoy_internal_address: internal } = address
      return socket === undefined ? `=> ${internal.endpoint_id}` : `${socket.address}:${socket.port_value}`
    }),
  )
}

function clusterOf(translation: Translation, name: string): any {
  const found = translation.clusters.find((cluster) => cluster.name === name)
  return found && toJson(ClusterSchema, found, { registry, useProtoFieldName: true })
}

const e = 'inbound-vip|80|http|e.example.com'

describe('the endpoints of a ServiceEntry', () => {
  test('are those that it lists, on the ports that each of them says', () => {
    const endpoints = '[{address: 192.0.2.1, ports: {http: 8080}}, {address: "2001:db8::1"}, {address: "unix:///s"}]'
    const translation = translated(entry(`{hosts: [e.example.com], addresses: [192.0.2.9], resolution: STATIC, ${http}, endpoints: ${endpoints}}`))
    expect(endpointsOf(translation, e)).toEqual(['192.0.2.1:8080', '2001:db8::1:80'])
    expect(translation.diagnostics.map(formatDiagnostic)).toEqual([
      expect.stringMatching(/endpoints\[2\]\.address: is left out: a waypoint dials addresses only/),
    ])
  }) // prettier-ignore

  test('are the Pods and WorkloadEntries that it selects', () => {
    const pod = `---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: demo, labels: {app: a}, annotations: {ambient.istio.io/redirection: enabled}}
status: {podIP: 10.0.0.1, phase: Running}
`
    const translation = translated(
      entry(`{hosts: [e.example.com], addresses: [192.0.2.9], resolution: STATIC, ${http}, workloadSelector: {labels: {app: a}}}`) +
        pod +
        pod.replace('name: p', 'name: done').replace('Running', 'Succeeded') +
        workload('w', '{address: 192.0.2.1, labels: {app: a, networking.istio.io/tunnel: http}, ports: {http: 81}}') +
        workload('x', '{address: 192.0.2.2, labels: {app: b}}'),
    )
    expect(endpointsOf(translation, e)).toEqual(['=> 192.0.2.1:81', '=> 10.0.0.1:80'].sort())
  }) // prettier-ignore

  test('are the addresses of its name, without any', () => {
    const { load_assignment: assignment, type } = clusterOf(
      translated(entry('{hosts: [e.example.com], addresses: [192.0.2.9], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]}')),
      e,
    )
    expect(type).toBe('STRICT_DNS')
    expect(assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address).toEqual({ address: 'e.example.com', port_value: 8080 })
  }) // prettier-ignore

  test('is what the client dialled with resolution NONE, on the target port', () => {
    const spec = '{hosts: [e.example.com], addresses: [192.0.2.0/24], ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]}'
    expect(clusterOf(translated(entry(spec)), e)).toMatchObject({
      type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', original_dst_lb_config: { upstream_port_override: 8080 },
    })
  }) // prettier-ignore
})

test('WorkloadEntries that a Service selects are endpoints of it', () => {
  const service = `---
apiVersion: v1
kind: Service
metadata: {name: s, namespace: demo}
spec: {clusterIP: 10.0.0.9, selector: {app: a}, ports: [{name: http, port: 80, targetPort: 8080}]}
`
  const translation = translated(service + workload('w', '{address: 192.0.2.1, labels: {app: a}}'))
  expect(endpointsOf(translation, 'inbound-vip|80|http|s.demo.svc.cluster.local')).toEqual(['192.0.2.1:8080'])
})

describe('a ServiceEntry', () => {
  test('without an address is named, for nobody can dial it', () => {
    const { diagnostics } = translated(entry(`{hosts: [e.example.com], resolution: DNS, ${http}}`))
    expect(diagnostics.map(formatDiagnostic)).toEqual([expect.stringMatching(/spec\.addresses: has no addresses/)])
  })

  test('with several hosts has a cluster for each, and its route is one parent', () => {
    const route = `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: demo}
spec:
  parentRefs: [{group: networking.istio.io, kind: ServiceEntry, name: e}]
  rules: [{backendRefs: [{group: networking.istio.io, kind: Hostname, name: f.example.com, port: 80}]}]
`
    const { clusters, statuses } = translated(
      entry(`{hosts: [e.example.com, f.example.com], resolution: DNS, ${http}}`, 'e', ', labels: {a: b}') + route,
    )
    expect(clusters.map(({ name }) => name).filter((name) => name.includes('example'))).toEqual([e, e.replace('|e.', '|f.')])
    const { status } = statuses.find(({ kind }) => kind === 'HTTPRoute')!
    expect(status['parents']).toHaveLength(1)
  }) // prettier-ignore

  test('that keeps to its namespace has no waypoint elsewhere', () => {
    const elsewhere = entry(`{hosts: [e.example.com], exportTo: ["."], ${http}}`, 'e', ', labels: {istio.io/use-waypoint: waypoint, istio.io/use-waypoint-namespace: demo}')
      .replace('namespace: demo', 'namespace: other')
    const open = mesh.replace('protocol: HBONE', 'protocol: HBONE, allowedRoutes: {namespaces: {from: All}}')
    const { statuses } = translate(ResourceStore.of(objectsFrom(open + elsewhere)), options)
    expect(JSON.stringify(statuses)).toContain('CrossNamespaceWaypointForbidden')
  }) // prettier-ignore

  test('is translated again when a workload comes that it selects', () => {
    const translator = new Translator()
    const spec = `{hosts: [e.example.com], addresses: [192.0.2.9], resolution: STATIC, ${http}, workloadSelector: {labels: {app: a}}}`
    const before = objectsFrom(mesh + entry(spec))
    const store = ResourceStore.of(before)
    translator.translate(store, options)
    const after = store.replace([
      ...before,
      ...objectsFrom(workload('w', '{address: 192.0.2.1, labels: {app: a}}').slice(4)),
    ])
    expect(endpointsOf(translator.translate(after, options), e)).toEqual(['192.0.2.1:80'])
  })
})
