// By what an object is found besides its own name: the Service of an EndpointSlice, the parents of a route, the targets of a
// policy, the host of a DestinationRule. Kinds that are missing here have no index.

import { policyTargets, type PolicyTargetReference } from './istio-security.ts'
import type { AnyObject } from './kinds.ts'

export type PolicyTarget = Pick<PolicyTargetReference, 'kind' | 'name'>

export function indexKeysOf(object: AnyObject): string[] {
  const { namespace, labels } = object.metadata
  switch (object.kind) {
    case 'EndpointSlice': {
      const service = labels?.['kubernetes.io/service-name']
      return service === undefined ? [] : [`${namespace}/${service}`]
    }
    case 'HTTPRoute':
    case 'GRPCRoute':
    case 'TLSRoute':
    case 'TCPRoute': {
      const services = new Set<string>()
      for (const parent of object.spec.parentRefs ?? []) {
        if (parent.kind === 'Service' && (parent.group ?? '') === '') {
          services.add(`${parent.namespace ?? namespace}/${parent.name}`)
        }
      }
      return [...services]
    }
    case 'AuthorizationPolicy':
      return [...new Set(policyTargets(object.spec).map((target) => targetKey(namespace, target)))]
    case 'DestinationRule':
      return [`${namespace}/${object.spec.host}`]
    default:
      return []
  }
}

/** `Service demo/echo`; a target that is not known is of no kind. */
export function targetKey(namespace: string, { kind, name }: PolicyTarget = { kind: '', name: '' }): string {
  return `${kind} ${namespace}/${name}`
}
