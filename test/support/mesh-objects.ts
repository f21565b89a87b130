// Kubernetes objects of a small mesh, as a cluster would give them to a waypoint: one namespace, its waypoint, and services with
// their pods. Objects come out as plain values; JSON is YAML enough for whoever reads them.

export interface MeshPod {
  readonly name: string
  readonly address: string
  /** Where the application listens. */
  readonly port: number
  /** Where the pod's HBONE end listens; a pod without one is not in the mesh. */
  readonly hbonePort?: number
}

export interface MeshService {
  readonly name: string
  readonly clusterIP: string
  readonly port: number
  /** What the name of the Service's port says of its protocol. */
  readonly protocol: 'http' | 'http2' | 'tcp' | 'auto'
  readonly pods: readonly MeshPod[]
}

export const MESH_NAMESPACE = 'mesh'
export const MESH_WAYPOINT = `${MESH_NAMESPACE}/waypoint`

/** The service account of every pod. */
export const POD_ACCOUNT = 'app'

/** The objects of the mesh, `more` (routes, policies) after them. */
export function meshObjects(services: readonly MeshService[], more: readonly object[] = []): object[] {
  const pods = new Map(services.flatMap((service) => service.pods.map((pod) => [pod.name, pod] as const)))
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: MESH_NAMESPACE,
        labels: { 'istio.io/dataplane-mode': 'ambient', 'istio.io/use-waypoint': 'waypoint' },
      },
    },
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'waypoint', namespace: MESH_NAMESPACE },
      spec: { gatewayClassName: 'istio-waypoint', listeners: [{ name: 'mesh', port: 15008, protocol: 'HBONE' }] },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: POD_ACCOUNT, namespace: MESH_NAMESPACE } },
    ...[...pods.values()].map(podObject),
    ...services.flatMap(serviceObjects),
    ...more,
  ]
}

function podObject({ name, address, port, hbonePort }: MeshPod): object {
  const inMesh = { 'ambient.istio.io/redirection': 'enabled', 'cairn.dev/hbone-port': String(hbonePort) }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: MESH_NAMESPACE, annotations: hbonePort === undefined ? {} : inMesh },
    spec: {
      serviceAccountName: POD_ACCOUNT,
      containers: [{ name: 'app', image: 'none', ports: [{ containerPort: port }] }],
    },
    status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
  }
}

function serviceObjects({ name, clusterIP, port, protocol, pods }: MeshService): object[] {
  const portName = protocol === 'auto' ? 'unnamed' : protocol
  const metadata = { name, namespace: MESH_NAMESPACE }
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        clusterIP,
        clusterIPs: [clusterIP],
        selector: { app: name },
        ports: [{ name: portName, port, targetPort: pods[0].port, protocol: 'TCP' }],
      },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: portName, port: pods[0].port, protocol: 'TCP' }],
      endpoints: pods.map((pod) => ({
        addresses: [pod.address],
        conditions: { ready: true, serving: true, terminating: false },
        targetRef: { kind: 'Pod', name: pod.name, namespace: MESH_NAMESPACE },
      })),
    },
  ]
}
