// What is to be said about AuthorizationPolicies: where they have no effect, another one than perhaps meant, or are refused.

import type { FieldPath } from '../../resources/field-path.ts'
import type {
  AuthorizationOperation,
  AuthorizationPolicy,
  AuthorizationRule,
  RequestAuthentication,
} from '../../resources/istio-security.ts'
import { describeObject } from '../../resources/object-meta.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { ServiceModel, ServicePortModel } from '../model/service-model.ts'
import type { TranslationReport } from '../report.ts'
import type { PolicyScope } from './attached-policies.ts'
import { DRY_RUN_ANNOTATION, hasReadableDryRun } from './dry-run.ts'
import { targetBindings, type BoundTarget } from './policy-binding.ts'
import { needsHttp } from './rbac-rules.ts'

/** `namespaces` are those that the waypoint serves. */
export function reportPolicies(
  reader: ResourceReader,
  scope: PolicyScope,
  namespaces: ReadonlySet<string>,
  report: TranslationReport,
): void {
  for (const policy of reader.list('AuthorizationPolicy')) {
    const bindings = targetBindings(reader, policy, scope)
    if (bindings.length === 0 && namespaces.has(policy.metadata.namespace)) {
      reportWithoutTarget(policy, withoutTarget, report)
    }
    if (reportBindings(policy, bindings, report)) reportMeaning(policy, report)
  }
}

type Policy = AuthorizationPolicy | RequestAuthentication

export function reportWithoutTarget(policy: Policy, message: string, report: TranslationReport): void {
  const path = policy.spec.selector === undefined ? ['spec'] : ['spec', 'selector']
  report.warning(policy, path, message, 'name Services or the Gateway in targetRefs')
}

/** Says which targets have no effect; true when one is here. */
export function reportBindings(policy: Policy, bindings: readonly BoundTarget[], report: TranslationReport): boolean {
  for (const [index, { binding }] of bindings.entries()) {
    if (binding.kind !== 'unbound') continue
    const path = policy.spec.targetRefs === undefined ? ['spec', 'targetRef'] : ['spec', 'targetRefs', index]
    const message = `${binding.message}, so the policy has no effect there`
    if (binding.reason === 'AncestorNotBound') report.warning(policy, path, message, binding.remedy)
    else report.error(policy, path, message, binding.remedy)
  }
  return bindings.some(({ binding }) => binding.kind === 'here')
}

/** Also in the policy's status. */
export const withoutTarget = 'has no targetRefs, so no waypoint enforces it: ztunnels do, as far as it needs no HTTP'
export const unreadablePolicy = 'cannot be read, so everything that it is attached to is denied'
export const customPolicy = 'action CUSTOM is not carried out, so what its rules match is denied'

function reportMeaning(policy: AuthorizationPolicy, report: TranslationReport): void {
  if (policy.unreadable !== undefined) {
    report.error(policy, [], unreadablePolicy, 'correct it')
    return
  }
  if (policy.spec.action === 'CUSTOM') {
    report.error(policy, ['spec', 'action'], customPolicy, 'use ALLOW or DENY with rules of their own')
  }
  if (!hasReadableDryRun(policy)) {
    const path = ['metadata', 'annotations', DRY_RUN_ANNOTATION]
    report.warning(policy, path, 'is neither true nor false, so the policy is enforced', 'write "true" or "false"')
  }
  for (const [index, rule] of (policy.spec.rules ?? []).entries()) {
    reportValues(policy, rule, ['spec', 'rules', index], report)
  }
}

function reportValues(
  policy: AuthorizationPolicy,
  rule: AuthorizationRule,
  path: FieldPath,
  report: TranslationReport,
): void {
  for (const [index, { source = {} }] of (rule.from ?? []).entries()) {
    for (const [field, values = []] of Object.entries<readonly string[] | undefined>({ ...source })) {
      reportEach(policy, field, values, [...path, 'from', index, 'source', field], report)
    }
  }
  for (const [index, { operation = {} }] of (rule.to ?? []).entries()) {
    for (const [field, values = []] of Object.entries<readonly string[] | undefined>({ ...operation })) {
      reportEach(policy, field, values, [...path, 'to', index, 'operation', field], report)
    }
  }
  for (const [index, { key, values = [], notValues = [] }] of (rule.when ?? []).entries()) {
    reportEach(policy, key, values, [...path, 'when', index, 'values'], report)
    reportEach(policy, key, notValues, [...path, 'when', index, 'notValues'], report)
  }
}

const principals = ['principals', 'notPrincipals', 'source.principal']
/** Where a `*` counts wherever it stands. */
const globs = ['namespaces', 'notNamespaces', 'source.namespace']

/** `field` is the field of a source or an operation, or the key of a condition. */
function reportEach(
  policy: AuthorizationPolicy,
  field: string,
  values: readonly string[],
  path: FieldPath,
  report: TranslationReport,
): void {
  for (const [index, value] of values.entries()) {
    if (principals.includes(field) && value.startsWith('spiffe://')) {
      const message = 'never matches: principals are written without spiffe://'
      report.warning(policy, [...path, index], message, `write ${value.slice('spiffe://'.length)}`)
    }
    if (globs.includes(field) || value.includes('{') || !value.slice(1, -1).includes('*')) continue
    const message = 'has a "*" inside, which is a character as any other: it counts at one end only'
    report.warning(
      policy,
      [...path, index],
      message,
      /paths$/i.test(field) ? 'write {*} for one segment of a path' : '',
    )
  }
}

/** Rules that ask for what a TCP connection does not have mean something else on a TCP port. */
export function reportRulesWithoutHttp(
  policies: readonly AuthorizationPolicy[],
  model: ServiceModel,
  { port }: ServicePortModel,
  report: TranslationReport,
): void {
  const where = `port ${port} of ${describeObject(model.object)}, which carries TCP`
  for (const policy of policies) {
    const { action = 'ALLOW', rules = [] } = policy.spec
    for (const [index, rule] of rules.entries()) {
      const operations = operationsOn(port, rule)
      if (!needsHttp(rule) || operations.length === 0) continue
      const message =
        action === 'ALLOW'
          ? `needs HTTP, so it allows nothing on ${where}`
          : `needs HTTP: on ${where}, it matches whatever its other fields match`
      const remedy = operations.some(({ ports = [] }) => ports.length === 0)
        ? 'name the ports that it is for in to.operation.ports'
        : `take ${port} out of to.operation.ports, or what needs HTTP out of the rule`
      report.warning(policy, ['spec', 'rules', index], message, remedy)
    }
  }
}

/** Those of a rule's operations that can match on a port; a rule without any has one that matches everything. */
function operationsOn(port: number, rule: AuthorizationRule): AuthorizationOperation[] {
  const operations = rule.to?.map(({ operation = {} }) => operation) ?? [{}]
  return operations.filter(({ ports = [], notPorts = [] }) => {
    return (ports.length === 0 || ports.includes(String(port))) && !notPorts.includes(String(port))
  })
}
