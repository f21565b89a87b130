// A Pod as translation sees it: how it is reached, and under which names telemetry knows it.

import type { Pod } from '../../resources/core.ts'
import type { MeshSettings } from '../mesh-settings.ts'

/** The port on which ztunnels accept HBONE. */
export const HBONE_PORT = 15008

/**
 * On a Pod: the port on which its HBONE end listens, where that is not 15008. For demos and tests that run several Pods on
 * one address; a mesh never needs it.
 */
export const HBONE_PORT_ANNOTATION = 'cairn.dev/hbone-port'

export interface Workload {
  /** Undefined for a Pod that is not in the mesh: it is dialled plainly. */
  readonly hbonePort: number | undefined
  /** `name;namespace;canonical service;revision;cluster`, as Istio writes it into endpoint metadata. */
  readonly identity: string
  readonly nodeName: string | undefined
  readonly addresses: readonly string[]
}

export function workloadOf(pod: Pod, settings: MeshSettings): Workload {
  const { namespace, annotations = {}, labels = {} } = pod.metadata
  const workload = workloadName(pod)
  const service =
    labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? labels['app'] ?? workload
  const revision =
    labels['service.istio.io/canonical-revision'] ??
    labels['app.kubernetes.io/version'] ??
    labels['version'] ??
    'latest'
  const addresses = pod.status?.podIPs?.map(({ ip }) => ip) ?? (pod.status?.podIP ? [pod.status.podIP] : [])
  const inMesh =
    annotations['ambient.istio.io/redirection'] === 'enabled' || labels['networking.istio.io/tunnel'] === 'http'
  return {
    hbonePort: inMesh ? Number(annotations[HBONE_PORT_ANNOTATION] ?? HBONE_PORT) : undefined,
    identity: [workload, namespace, service, revision, settings.clusterId].join(';'),
    nodeName: pod.spec?.nodeName,
    addresses,
  }
}

/** The identity of an endpoint that is no Pod. */
export function anonymousIdentity(settings: MeshSettings): string {
  return `;;;;${settings.clusterId}`
}

/** The Deployment, StatefulSet, ... that made the Pod; the Pod itself if nobody did. */
function workloadName(pod: Pod): string {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (owner === undefined) return pod.metadata.name
  const hash = pod.metadata.labels?.['pod-template-hash']
  if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)) {
    return owner.name.slice(0, -hash.length - 1)
  }
  // A CronJob names its Jobs after itself and the minute, as a number.
  if (owner.kind === 'Job') return owner.name.replace(/-\d{8,11}$/, '')
  return owner.name
}
