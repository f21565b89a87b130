// AuthorizationPolicies of one action -> Envoy's RBAC rules, one entry for each rule of a policy.

import { create } from '@bufbuild/protobuf'
import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  RBACSchema,
  RBAC_Action,
  type PolicySchema,
  type RBAC,
} from '../../envoy/generated/envoy/config/rbac/v3/rbac_pb.js'
import type { AuthorizationAction, AuthorizationPolicy, AuthorizationRule } from '../../resources/istio-security.ts'
import type { AttributeContext, Term } from './attribute.ts'
import { permissions, principals, type Algebra } from './combine.ts'
import { ruleTerms } from './rule-terms.ts'

type PolicyInit = MessageInitShape<typeof PolicySchema>

/** What a chain carries: a TCP connection has no headers, so attributes of HTTP cannot be asked for there. */
export type ChainLayer = 'http' | 'tcp'

const actions: Readonly<Record<AuthorizationAction, RBAC_Action>> = {
  ALLOW: RBAC_Action.ALLOW,
  DENY: RBAC_Action.DENY,
  AUDIT: RBAC_Action.LOG,
  // Until an external authorizer can be asked, nothing passes that it would have to confirm.
  CUSTOM: RBAC_Action.DENY,
}

export function rbacRules(
  action: AuthorizationAction,
  policies: readonly AuthorizationPolicy[],
  layer: ChainLayer,
  trustDomains: readonly string[],
): RBAC {
  const entries: Record<string, PolicyInit> = {}
  for (const policy of policies) {
    const context = { policyNamespace: policy.metadata.namespace, trustDomains }
    const rules = policy.spec.rules ?? []
    if (rules.length === 0) entries[ruleName(policy, 0)] = matchesNothing
    for (const [index, rule] of rules.entries()) {
      const entry = ruleEntry(rule, action, layer, context)
      if (entry !== undefined) entries[ruleName(policy, index)] = entry
    }
  }
  return create(RBACSchema, { action: actions[action], policies: entries })
}

/** As Istio names them: they stand in response code details, access logs and traces. */
export function ruleName({ metadata, spec }: AuthorizationPolicy, rule: number): string {
  const name = `ns[${metadata.namespace}]-policy[${metadata.name}]-rule[${rule}]`
  if (spec.action !== 'CUSTOM') return name
  return `istio-ext-authz-${spec.provider?.name ?? ''}-${name}-deny-due-to-bad-CUSTOM-action`
}

/** Whether a rule asks for something that a TCP connection does not have. */
export function needsHttp(rule: AuthorizationRule): boolean {
  const terms = ruleTerms(rule)
  return [...terms.permissions, ...terms.principals].flat().some(({ attribute }) => attribute.httpOnly)
}

const matchesNothing: PolicyInit = {
  permissions: [permissions.not(permissions.any)],
  principals: [principals.not(principals.any)],
}

/**
 * On a TCP chain a rule of ALLOW that needs HTTP allows nothing, and any other rule is without what needs HTTP: it matches
 * more. So both ways less is let through.
 */
function ruleEntry(
  rule: AuthorizationRule,
  action: AuthorizationAction,
  layer: ChainLayer,
  context: AttributeContext,
): PolicyInit | undefined {
  if (layer === 'tcp' && action === 'ALLOW' && needsHttp(rule)) return undefined
  const terms = ruleTerms(rule)
  return {
    permissions: terms.permissions.map((list) => conjunction(list, permissions, layer, context)),
    principals: terms.principals.map((list) => conjunction(list, principals, layer, context)),
  }
}

function conjunction<T>(
  terms: readonly Term<T>[],
  algebra: Algebra<T>,
  layer: ChainLayer,
  context: AttributeContext,
): T {
  const parts: T[] = []
  for (const { attribute, values, notValues } of terms) {
    if (layer === 'tcp' && attribute.httpOnly) continue
    if (values.length > 0) parts.push(attribute.oneOf(values, context))
    if (notValues.length > 0) parts.push(algebra.not(attribute.oneOf(notValues, context)))
  }
  return algebra.all(parts.length === 0 ? [algebra.any] : parts)
}
