// The objects that the suite's mesh tests start from: two versions of one application, a Service for each and one for both,
// and a client in a namespace of its own.

import { CONSUMER, MESH } from './conformance-case.ts'

export interface EchoPod {
  readonly name: string
  readonly version: 'v1' | 'v2'
  readonly address: string
}

/** Names as a Deployment gives them. */
export const pods: readonly EchoPod[] = [
  { name: 'echo-v1-6c9f7d8b5-abcde', version: 'v1', address: '127.92.1.1' },
  { name: 'echo-v2-7d4b9c6f8-fghij', version: 'v2', address: '127.92.1.2' },
]

export const virtualAddresses: Readonly<Record<string, string>> = {
  echo: '10.96.92.1',
  'echo-v1': '10.96.92.2',
  'echo-v2': '10.96.92.3',
}

/** Service port -> port of the pod. */
const ports = [
  { name: 'http', port: 80, targetPort: 8080, appProtocol: 'http' },
  { name: 'http-alt', port: 8080, targetPort: 8080, appProtocol: 'http' },
  { name: 'https', port: 443, targetPort: 8443, appProtocol: 'https' },
  { name: 'tcp', port: 9090, targetPort: 9090 },
  { name: 'grpc', port: 7070, targetPort: 7070, appProtocol: 'grpc' },
]

export const podPorts = { http: [8080], grpc: 7070 }

/** `hbonePort` is that of every pod. */
export function meshObjects(hbonePort: number): object[] {
  return [
    namespace(MESH, { 'istio.io/dataplane-mode': 'ambient', 'istio.io/use-waypoint': 'waypoint' }),
    namespace(CONSUMER, { 'istio.io/dataplane-mode': 'ambient' }),
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'waypoint', namespace: MESH },
      spec: { gatewayClassName: 'istio-waypoint', listeners: [{ name: 'mesh', port: 15008, protocol: 'HBONE' }] },
    },
    ...pods.map((pod) => podObject(pod, hbonePort)),
    ...service('echo', pods),
    ...pods.flatMap((pod) => service(`echo-${pod.version}`, [pod])),
  ]
}

function namespace(name: string, labels: Record<string, string>): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }
}

function podObject({ name, version, address }: EchoPod, hbonePort: number): object {
  const annotations = { 'ambient.istio.io/redirection': 'enabled', 'cairn.dev/hbone-port': String(hbonePort) }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: MESH, labels: { app: 'echo', version }, annotations },
    spec: { serviceAccountName: 'default', containers: [{ name: 'echo', image: 'none' }] },
    status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
  }
}

function service(name: string, backends: readonly EchoPod[]): object[] {
  const metadata = { name, namespace: MESH }
  const clusterIP = virtualAddresses[name]
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP, clusterIPs: [clusterIP], ports } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: ports.map((port) => ({ name: port.name, port: port.targetPort, protocol: 'TCP' })),
      endpoints: backends.map(({ name: pod, address }) => ({
        addresses: [address],
        conditions: { ready: true },
        targetRef: { kind: 'Pod', name: pod, namespace: MESH },
      })),
    },
  ]
}
