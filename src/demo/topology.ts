// Reads from a folder of Kubernetes objects what the demo has to start around the waypoint: the pods, the services that are
// dialled, and the waypoint's name. It takes the objects as they are; the product is what validates them.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

export interface DemoPod {
  readonly namespace: string
  readonly name: string
  readonly app: string
  readonly version: string
  readonly serviceAccount: string
  readonly host: string
  readonly port: number
  /** Undefined for a pod that is not in the mesh. */
  readonly hbonePort: number | undefined
}

export interface DemoService {
  readonly namespace: string
  readonly name: string
  /** `address:port`: what clients in the mesh dial. */
  readonly authority: string
}

export interface Topology {
  readonly waypoint: { readonly namespace: string; readonly name: string }
  readonly pods: readonly DemoPod[]
  readonly services: readonly DemoService[]
}

/** As much of an object as is read here. */
interface KubernetesObject {
  kind?: string
  metadata?: {
    name?: string
    namespace?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
  }
  spec?: {
    gatewayClassName?: string
    clusterIP?: string
    /** `number` is a ServiceEntry's. */
    ports?: { port?: number; number?: number }[]
    hosts?: string[]
    addresses?: string[]
    serviceAccountName?: string
    containers?: { ports?: { containerPort: number }[] }[]
  }
  status?: { podIP?: string; podIPs?: { ip: string }[] }
}

/** Throws with what is missing; a folder without a waypoint is no demo. */
export function readTopology(folder: string): Topology {
  const objects = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.ya?ml$/.test(file))
    .sort()
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8'), { version: '1.1' }))
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null)
  const waypoint = objects.find(({ kind, spec }) => kind === 'Gateway' && spec?.gatewayClassName?.includes('waypoint'))
  if (waypoint === undefined) throw new Error(`${folder} has no Gateway whose gatewayClassName is istio-waypoint`)
  return {
    waypoint: { namespace: namespaceOf(waypoint), name: nameOf(waypoint) },
    pods: objects.filter(({ kind }) => kind === 'Pod').map(podOf),
    services: objects.flatMap((object) =>
      object.kind === 'Service' ? serviceOf(object) : object.kind === 'ServiceEntry' ? hostsOf(object) : [],
    ),
  }
}

function podOf(pod: KubernetesObject): DemoPod {
  const { labels = {}, annotations = {} } = pod.metadata ?? {}
  const name = nameOf(pod)
  const host = pod.status?.podIP ?? pod.status?.podIPs?.[0]?.ip
  const port = pod.spec?.containers?.[0]?.ports?.[0]?.containerPort
  if (host === undefined || port === undefined) throw new Error(`Pod ${name} has no status.podIP or no containerPort`)
  const inMesh = annotations['ambient.istio.io/redirection'] === 'enabled'
  return {
    namespace: namespaceOf(pod),
    name,
    app: labels['app'] ?? name,
    version: labels['version'] ?? '',
    serviceAccount: pod.spec?.serviceAccountName ?? 'default',
    host,
    port,
    hbonePort: inMesh ? Number(annotations['cairn.dev/hbone-port'] ?? 15008) : undefined,
  }
}

function serviceOf(service: KubernetesObject): DemoService[] {
  const { clusterIP, ports = [] } = service.spec ?? {}
  if (clusterIP === undefined || clusterIP === 'None' || ports.length === 0) return []
  return [{ namespace: namespaceOf(service), name: nameOf(service), authority: `${clusterIP}:${ports[0].port}` }]
}

/** The hosts of a ServiceEntry are services by their own names. */
function hostsOf(entry: KubernetesObject): DemoService[] {
  const { hosts = [], addresses = [], ports = [] } = entry.spec ?? {}
  if (addresses.length === 0 || ports.length === 0) return []
  const authority = `${addresses[0]}:${ports[0].number}`
  return hosts.map((name) => ({ namespace: namespaceOf(entry), name, authority }))
}

function nameOf(object: KubernetesObject): string {
  return object.metadata?.name ?? ''
}

function namespaceOf(object: KubernetesObject): string {
  return object.metadata?.namespace ?? 'default'
}
