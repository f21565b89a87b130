// Gateway API's policies for backends: TLS to them (BackendTLSPolicy, v1) and how often to retry (XBackendTrafficPolicy,
// experimental). The fields are the specification's own, after the defaults of the CRDs have been filled in.

import type { KubernetesObject } from './object-meta.ts'

export interface BackendTarget {
  readonly group: string
  readonly kind: string
  readonly name: string
  /** The name of a port; none means all ports. */
  readonly sectionName?: string
}

export interface BackendTlsPolicy extends KubernetesObject {
  readonly kind: 'BackendTLSPolicy'
  readonly spec: {
    readonly targetRefs: readonly BackendTarget[]
    readonly validation: BackendTlsValidation
    readonly options?: Readonly<Record<string, string>>
  }
}

export interface BackendTlsValidation {
  /** The name to ask for, and the one that the certificate must have unless others are named. */
  readonly hostname: string
  readonly caCertificateRefs?: readonly { readonly group: string; readonly kind: string; readonly name: string }[]
  readonly wellKnownCACertificates?: string
  readonly subjectAltNames?: readonly BackendSubjectAltName[]
}

export interface BackendSubjectAltName {
  readonly type: 'Hostname' | 'URI'
  readonly hostname?: string
  readonly uri?: string
}

export interface XBackendTrafficPolicy extends KubernetesObject {
  readonly kind: 'XBackendTrafficPolicy'
  readonly spec: {
    readonly targetRefs: readonly BackendTarget[]
    readonly retryConstraint?: RetryConstraint
    readonly sessionPersistence?: unknown
  }
}

export interface RetryConstraint {
  readonly budget?: { readonly percent?: number; readonly interval?: string }
  readonly minRetryRate?: { readonly count?: number; readonly interval?: string }
}
