// What stands for an AuthorizationPolicy or a RequestAuthentication that cannot be read: a policy that denies whatever it is attached to. Where even that
// cannot be read it denies its whole namespace, since it may have meant any part of it; without a readable namespace, everything.

import type { AuthorizationPolicy, PolicyTargetReference, RequestAuthentication } from '../istio-security.ts'
import type { KubernetesObject } from '../object-meta.ts'
import type { Plain, PlainObject } from '../schema.ts'
import { isPolicyTarget } from './policy-target.ts'

const policyFields = new Set(['selector', 'targetRef', 'targetRefs', 'action', 'provider', 'rules'])
const authenticationFields = new Set(['selector', 'targetRef', 'targetRefs', 'jwtRules'])

/** A target that is not known: of no kind. */
const anything: PolicyTargetReference = { kind: '', name: '' }

export function denyingPolicy(value: PlainObject, problem: string): PlainObject {
  return standIn(value, problem, { action: 'DENY', rules: [{}] }, policyFields)
}

/** It has no rules by which a token could be good. */
export function denyingAuthentication(value: PlainObject, problem: string): PlainObject {
  return standIn(value, problem, {}, authenticationFields)
}

export function isStandIn(object: KubernetesObject): boolean {
  return (object as AuthorizationPolicy | RequestAuthentication).unreadable !== undefined
}

function standIn(value: PlainObject, problem: string, fields: object, known: ReadonlySet<string>): PlainObject {
  const { apiVersion, kind, metadata } = value
  const targetRefs = targetsOf(value['spec'], known)
  const spec = { ...fields, ...(targetRefs.length === 0 ? {} : { targetRefs }) }
  return { apiVersion, kind, metadata, spec: spec as unknown as PlainObject, unreadable: problem }
}

/** Whether a policy may have meant anything in its namespace. */
export function meansAnything(target: PolicyTargetReference): boolean {
  return target.kind === ''
}

/** None: a policy for workloads, which has no effect at a waypoint. */
function targetsOf(spec: Plain | undefined, known: ReadonlySet<string>): readonly PolicyTargetReference[] {
  if (!isMapping(spec)) return [anything]
  const { targetRef = null, targetRefs = [] } = spec
  // A misspelt field may have been the one that says where the policy belongs.
  if (Object.keys(spec).some((field) => !known.has(field)) || !Array.isArray(targetRefs)) return [anything]
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
