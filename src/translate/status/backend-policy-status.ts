// The conditions of backend policies, one entry for each target that this waypoint serves (GEP-713, GEP-1897), and what is said
// about those that are not carried out.

import type { BackendTarget, BackendTlsPolicy, XBackendTrafficPolicy } from '../../resources/backend-policy.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import { backendTlsProblem } from '../destination/backend-tls.ts'
import type { TranslationReport } from '../report.ts'
import { Conditions, type ObjectStatus } from './condition.ts'
import { CONTROLLER_NAME } from './statuses.ts'

export interface BackendPolicyScope {
  /** `Service demo/echo` of everything that the waypoint serves. */
  readonly served: ReadonlySet<string>
  /** Milliseconds since 1970. */
  readonly now: number
  readonly report: TranslationReport
}

export function backendPolicyStatuses(reader: ResourceReader, scope: BackendPolicyScope): ObjectStatus[] {
  return [
    ...reader.list('BackendTLSPolicy').flatMap((policy) => tlsStatus(reader, policy, scope)),
    ...reader.list('XBackendTrafficPolicy').flatMap((policy) => trafficStatus(policy, scope)),
  ]
}

function tlsStatus(reader: ResourceReader, policy: BackendTlsPolicy, scope: BackendPolicyScope): ObjectStatus[] {
  const { namespace, name, generation } = policy.metadata
  const ancestors = policy.spec.targetRefs.flatMap((target, index) => {
    if (!isServed(namespace, target, scope)) return []
    const problem = backendTlsProblem(reader, policy, target)
    const conditions = new Conditions(scope.now, generation)
    const valid = 'Configuration is valid'
    conditions.add('Accepted', problem === undefined, problem?.accepted ?? 'Accepted', problem?.message ?? valid)
    if (problem?.resolvedRefs === undefined) conditions.add('ResolvedRefs', true, 'ResolvedRefs', valid)
    else conditions.add('ResolvedRefs', false, problem.resolvedRefs, problem.message)
    if (problem !== undefined) scope.report.error(policy, ['spec', 'targetRefs', index], problem.message, 'correct it')
    return [{ ancestorRef: target, controllerName: CONTROLLER_NAME, conditions: conditions.all }]
  })
  if (ancestors.length === 0) return []
  const { caCertificateRefs = [] } = policy.spec.validation
  if (caCertificateRefs.length > 1) {
    const path = ['spec', 'validation', 'caCertificateRefs', 1]
    scope.report.warning(policy, path, 'has no effect: only the first is used', 'put all roots into one ConfigMap')
  }
  if (Object.keys(policy.spec.options ?? {}).length > 0) {
    scope.report.warning(policy, ['spec', 'options'], 'has no effect: no option is known', 'remove it')
  }
  return [{ kind: 'BackendTLSPolicy', namespace, name, status: { ancestors } }]
}

function trafficStatus(policy: XBackendTrafficPolicy, scope: BackendPolicyScope): ObjectStatus[] {
  const { namespace, name, generation } = policy.metadata
  const ancestors = policy.spec.targetRefs.flatMap((target) => {
    if (!isServed(namespace, target, scope)) return []
    const conditions = new Conditions(scope.now, generation)
    const isService = target.kind === 'Service'
    const message = isService ? 'Configuration is valid' : `targets of kind ${target.kind} are not carried out`
    conditions.add('Accepted', isService, isService ? 'Accepted' : 'TargetNotFound', message)
    return [{ ancestorRef: target, controllerName: CONTROLLER_NAME, conditions: conditions.all }]
  })
  if (ancestors.length === 0) return []
  if (policy.spec.sessionPersistence !== undefined) {
    const remedy = 'write a DestinationRule with consistentHash'
    const message = 'is not carried out: each request chooses its endpoint anew'
    scope.report.error(policy, ['spec', 'sessionPersistence'], message, remedy)
  }
  return [{ kind: 'XBackendTrafficPolicy', namespace, name, status: { ancestors } }]
}

function isServed(namespace: string, { kind, name }: BackendTarget, { served }: BackendPolicyScope): boolean {
  return served.has(`${kind} ${namespace}/${name}`)
}
