// What Istio's validation demands of an AuthorizationPolicy beyond its structure.

import type { FieldPath } from '../field-path.ts'
import type {
  AuthorizationOperation,
  AuthorizationPolicy,
  AuthorizationRule,
  AuthorizationSource,
} from '../istio-security.ts'
import type { Report } from '../schema.ts'
import { checkCondition, ofCustomRules } from './authorization-condition.ts'
import {
  checkAddresses,
  checkHeaderValues,
  checkNamespaces,
  checkNotEmpty,
  checkPaths,
  checkPorts,
  checkServiceAccounts,
  checkTrustDomains,
  type ValuesCheck,
} from './authorization-values.ts'
import { checkPolicyTarget } from './policy-target.ts'

export function checkAuthorizationPolicy(policy: AuthorizationPolicy, report: Report): void {
  const { action = 'ALLOW', provider, rules = [] } = policy.spec
  checkPolicyTarget(policy.spec, report)
  if (action === 'CUSTOM' && !provider?.name) {
    report(['spec', 'provider', 'name'], 'is required for action CUSTOM', 'name an extension provider of the mesh')
  }
  if (action !== 'CUSTOM' && provider !== undefined) {
    report(['spec', 'provider'], `must not be set for action ${action}`, 'remove it, or write action: CUSTOM')
  }
  if (rules.length === 0 && (action === 'DENY' || action === 'CUSTOM')) {
    report(['spec', 'rules'], `are required for action ${action}: without them nothing ever matches`, everyRequest)
  }
  for (const [index, rule] of rules.entries()) checkRule(rule, action === 'CUSTOM', ['spec', 'rules', index], report)
}

const everyRequest = 'write rules: [{}] for every request'

function checkRule(rule: AuthorizationRule, custom: boolean, path: FieldPath, report: Report): void {
  if (rule.from?.length === 0) report([...path, 'from'], 'must not be empty', 'remove it to match every source')
  for (const [index, { source }] of (rule.from ?? []).entries()) {
    checkSource(source, custom, [...path, 'from', index, 'source'], report)
  }
  if (rule.to?.length === 0) report([...path, 'to'], 'must not be empty', 'remove it to match every operation')
  for (const [index, { operation }] of (rule.to ?? []).entries()) {
    checkFields(operation, operationChecks, [...path, 'to', index, 'operation'], report)
  }
  for (const [index, condition] of (rule.when ?? []).entries()) {
    const at = [...path, 'when', index]
    if (custom && ofCustomRules.forbidsKey(condition.key)) report([...at, 'key'], ofCustomRules.message)
    checkCondition(condition, at, report)
  }
}

const sourceChecks: Readonly<Record<keyof AuthorizationSource, ValuesCheck>> = {
  principals: checkNotEmpty,
  notPrincipals: checkNotEmpty,
  requestPrincipals: checkNotEmpty,
  notRequestPrincipals: checkNotEmpty,
  namespaces: checkNamespaces,
  notNamespaces: checkNamespaces,
  serviceAccounts: checkServiceAccounts,
  notServiceAccounts: checkServiceAccounts,
  ipBlocks: checkAddresses,
  notIpBlocks: checkAddresses,
  remoteIpBlocks: checkAddresses,
  notRemoteIpBlocks: checkAddresses,
  trustDomains: checkTrustDomains,
  notTrustDomains: checkTrustDomains,
}

const operationChecks: Readonly<Record<keyof AuthorizationOperation, ValuesCheck>> = {
  hosts: checkHeaderValues,
  notHosts: checkHeaderValues,
  ports: checkPorts,
  notPorts: checkPorts,
  methods: checkHeaderValues,
  notMethods: checkHeaderValues,
  paths: checkPaths,
  notPaths: checkPaths,
}

function checkSource(source: AuthorizationSource | undefined, custom: boolean, path: FieldPath, report: Report): void {
  checkFields(source, sourceChecks, path, report)
  const has = (field: keyof AuthorizationSource) => (source?.[field]?.length ?? 0) > 0
  const accounts = (['serviceAccounts', 'notServiceAccounts'] as const).find(has)
  const others = (['principals', 'notPrincipals', 'namespaces', 'notNamespaces'] as const).filter(has)
  if (accounts !== undefined && others.length > 0) {
    report([...path, accounts], `cannot stand beside ${others.join(', ')}`, 'give each a source of its own')
  }
  for (const field of custom ? ofCustomRules.forbiddenFields : []) {
    if (has(field)) report([...path, field], ofCustomRules.message)
  }
}

/** A source or an operation: at least one field has values, and each value is one of its field. */
function checkFields<Fields extends object>(
  fields: Fields | undefined,
  checks: Readonly<Record<keyof Fields, ValuesCheck>>,
  path: FieldPath,
  report: Report,
): void {
  const names = Object.keys(checks) as (keyof Fields & string)[]
  const valuesOf = (name: keyof Fields) => (fields?.[name] ?? []) as readonly string[]
  if (names.every((name) => valuesOf(name).length === 0)) {
    report(
      path,
      'must have at least one field',
      `add one of ${names.filter((name) => !name.startsWith('not')).join(', ')}`,
    )
  }
  for (const name of names) checks[name](valuesOf(name), [...path, name], report)
}
