// Status as the controller would write it: conditions with the reasons that Gateway API and Istio specify.

import type { RouteKind } from '../../resources/kinds.ts'

/** metav1.Condition. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
  readonly observedGeneration?: number
  /** RFC 3339. Whoever writes it keeps the old time while `status` is the same. */
  readonly lastTransitionTime: string
}

export interface ObjectStatus {
  readonly kind:
    | RouteKind
    | 'Service'
    | 'ServiceEntry'
    | 'Gateway'
    | 'AuthorizationPolicy'
    | 'BackendTLSPolicy'
    | 'XBackendTrafficPolicy'
  readonly namespace: string
  readonly name: string
  readonly status: Readonly<Record<string, unknown>>
}

/** Makes the conditions of one object at one moment. */
export class Conditions {
  private readonly list: Condition[] = []
  private readonly stamp: Pick<Condition, 'lastTransitionTime' | 'observedGeneration'>

  constructor(nowMs: number, generation?: number) {
    const lastTransitionTime = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z')
    this.stamp = { ...(generation === undefined ? {} : { observedGeneration: generation }), lastTransitionTime }
  }

  add(type: string, status: boolean, reason: string, message: string): void {
    this.list.push({ type, status: status ? 'True' : 'False', reason, message, ...this.stamp })
  }

  get all(): readonly Condition[] {
    return this.list
  }
}
