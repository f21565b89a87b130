// Istio's ServiceEntry and WorkloadEntry: services that Kubernetes does not know, and workloads that are no Pods. The fields are
// Istio's own (networking.istio.io/v1).

import type { KubernetesObject } from './object-meta.ts'

export interface ServiceEntry extends KubernetesObject {
  readonly kind: 'ServiceEntry'
  readonly spec: ServiceEntrySpec
  readonly status?: {
    /** What istiod allocated for hosts without addresses. */
    readonly addresses?: readonly { readonly host?: string; readonly value: string }[]
  }
}

export interface ServiceEntrySpec {
  readonly hosts: readonly string[]
  /** IP addresses, or with NONE and STATIC also blocks of them. */
  readonly addresses?: readonly string[]
  readonly ports?: readonly ServiceEntryPort[]
  readonly location?: 'MESH_EXTERNAL' | 'MESH_INTERNAL'
  readonly resolution?: ServiceEntryResolution
  readonly endpoints?: readonly WorkloadEntrySpec[]
  readonly workloadSelector?: { readonly labels?: Readonly<Record<string, string>> }
  readonly exportTo?: readonly string[]
  readonly subjectAltNames?: readonly string[]
}

/** Absent: NONE, the address that the client dialled. */
export type ServiceEntryResolution = 'NONE' | 'STATIC' | 'DNS' | 'DNS_ROUND_ROBIN' | 'DYNAMIC_DNS'

export interface ServiceEntryPort {
  readonly number: number
  readonly name: string
  readonly protocol?: string
  readonly targetPort?: number
}

export interface WorkloadEntry extends KubernetesObject {
  readonly kind: 'WorkloadEntry'
  readonly spec: WorkloadEntrySpec
}

export interface WorkloadEntrySpec {
  /** An IP address, a name where names are resolved, or `unix://` and a path. */
  readonly address?: string
  /** By the name of the service's port. */
  readonly ports?: Readonly<Record<string, number>>
  readonly labels?: Readonly<Record<string, string>>
  readonly network?: string
  /** `region/zone/subzone`. */
  readonly locality?: string
  readonly weight?: number
  readonly serviceAccount?: string
}
