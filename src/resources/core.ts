// The Kubernetes core kinds, as far as translation reads them. The fields are Kubernetes' own.

import type { KubernetesObject } from './object-meta.ts'

export interface Namespace extends KubernetesObject {
  readonly kind: 'Namespace'
}

export interface Node extends KubernetesObject {
  readonly kind: 'Node'
}

export interface ServiceAccount extends KubernetesObject {
  readonly kind: 'ServiceAccount'
}

export interface ConfigMap extends KubernetesObject {
  readonly kind: 'ConfigMap'
  readonly data?: Readonly<Record<string, string>>
}

export interface Secret extends KubernetesObject {
  readonly kind: 'Secret'
  /** In base64. */
  readonly data?: Readonly<Record<string, string>>
  readonly stringData?: Readonly<Record<string, string>>
}

export interface Service extends KubernetesObject {
  readonly kind: 'Service'
  readonly spec: ServiceSpec
}

export interface ServiceSpec {
  readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'
  /** An address, `None` for a headless service, or empty. */
  readonly clusterIP?: string
  readonly clusterIPs?: readonly string[]
  readonly externalName?: string
  readonly ports?: readonly ServicePort[]
  readonly selector?: Readonly<Record<string, string>>
  readonly sessionAffinity?: string
  readonly internalTrafficPolicy?: string
  readonly trafficDistribution?: string
  readonly publishNotReadyAddresses?: boolean
}

export interface ServicePort {
  /** May be absent when the Service has one port. */
  readonly name?: string
  readonly port: number
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP'
  readonly appProtocol?: string
  readonly targetPort?: number | string
}

export interface EndpointSlice extends KubernetesObject {
  readonly kind: 'EndpointSlice'
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN'
  readonly endpoints?: readonly Endpoint[]
  readonly ports?: readonly EndpointPort[]
}

export interface Endpoint {
  /** One address in practice; the field is a list for reasons of history. */
  readonly addresses: readonly string[]
  /** An absent `ready` means ready. */
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean }
  readonly nodeName?: string
  readonly zone?: string
  readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string }
}

export interface EndpointPort {
  readonly name?: string
  readonly port?: number
  readonly protocol?: string
}

export interface Pod extends KubernetesObject {
  readonly kind: 'Pod'
  readonly spec?: { readonly serviceAccountName?: string; readonly nodeName?: string; readonly hostNetwork?: boolean }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly podIPs?: readonly { readonly ip: string }[]
  }
}
