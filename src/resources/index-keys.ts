// By what an object is found besides its own name: the Service of an EndpointSlice, the parents of a route, the targets of a
// policy, the hosts of Istio's kinds. Kinds that are missing here have no index.

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
        const { kind = '', group = '', name } = parent
        const isEntry = kind === 'ServiceEntry' && group === 'networking.istio.io'
        if (!isEntry && (kind !== 'Service' || group !== '')) continue
        services.add(
          parentKey({ kind: isEntry ? 'ServiceEntry' : 'Service', namespace: parent.namespace ?? namespace, name }),
        )
      }
      return [...services]
    }
    case 'AuthorizationPolicy':
    case 'RequestAuthentication':
      return [...new Set(policyTargets(object.spec).map((target) => targetKey(namespace, target)))]
    case 'BackendTLSPolicy':
    case 'XBackendTrafficPolicy':
      return [...new Set(object.spec.targetRefs.map((target) => targetKey(namespace, target)))]
    case 'VirtualService':
      return [...new Set(object.spec.hosts ?? [])].map((host) => `${namespace}/${host}`)
    case 'DestinationRule':
      return [`${namespace}/${object.spec.host}`]
    case 'ServiceEntry':
      return [...new Set(object.spec.hosts)]
    default:
      return []
  }
}

/** What a route of the mesh can have as a parent. */
export interface ParentName {
  readonly kind: 'Service' | 'ServiceEntry'
  readonly namespace: string
  readonly name: string
}

/** `Service demo/echo` */
export function parentKey({ kind, namespace, name }: ParentName): string {
  return `${kind} ${namespace}/${name}`
}

/** `Service demo/echo`; a target that is not known is of no kind. */
export function targetKey(namespace: string, { kind, name }: PolicyTarget = { kind: '', name: '' }): string {
  return `${kind} ${namespace}/${name}`
}
