// What stands for an AuthorizationPolicy that cannot be read: a policy that denies whatever it is attached to. Where even that
// cannot be read it denies its whole namespace, since it may have meant any part of it; without a readable namespace, everything.

import type { AuthorizationPolicy, PolicyTargetReference } from '../istio-security.ts'
import type { KubernetesObject } from '../object-meta.ts'
import type { Plain, PlainObject } from '../schema.ts'
import { isPolicyTarget } from './policy-target.ts'

const knownFields = new Set(['selector', 'targetRef', 'targetRefs', 'action', 'provider', 'rules'])

/** A target that is not known: of no kind. */
const anything: PolicyTargetReference = { kind: '', name: '' }

export function denyingPolicy(value: PlainObject, problem: string): PlainObject {
  const { apiVersion, kind, metadata } = value
  const targetRefs = targetsOf(value['spec'])
  const spec = { action: 'DENY', rules: [{}], ...(targetRefs.length === 0 ? {} : { targetRefs }) }
  return { apiVersion, kind, metadata, spec: spec as unknown as PlainObject, unreadable: problem }
}

export function isStandIn(object: KubernetesObject): boolean {
  return object.kind === 'AuthorizationPolicy' && (object as AuthorizationPolicy).unreadable !== undefined
}

/** Whether a policy may have meant anything in its namespace. */
export function meansAnything(target: PolicyTargetReference): boolean {
  return target.kind === ''
}

/** None: a policy for workloads, which has no effect at a waypoint. */
function targetsOf(spec: Plain | undefined): readonly PolicyTargetReference[] {
  if (!isMapping(spec)) return [anything]
  const { targetRef = null, targetRefs = [] } = spec
  // A misspelt field may have been the one that says where the policy belongs.
  if (Object.keys(spec).some((field) => !knownFields.has(field)) || !Array.isArray(targetRefs)) return [anything]
  return [...(targetRef === null ? [] : [targetRef]), ...targetRefs].map(readTarget)
}

function readTarget(target: Plain): PolicyTargetReference {
  if (!isMapping(target)) return anything
  const { group = '', kind, name } = target
  if (typeof group !== 'string' || typeof kind !== 'string' || typeof name !== 'string') return anything
  return isPolicyTarget({ group, kind, name }) ? { group, kind, name } : anything
}

function isMapping(value: Plain | undefined): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
