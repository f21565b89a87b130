// RBAC of envoy.config.rbac.v3 and its matcher form, compiled to an engine. Rules on CEL conditions and audit loggers are
// refused by name.

import { fromBinary } from '@bufbuild/protobuf'
import { typeNameOf } from '../../../envoy/any.ts'
import type { Policy, RBAC } from '../../../envoy/generated/envoy/config/rbac/v3/rbac_pb.js'
import { ActionSchema, RBAC_Action } from '../../../envoy/generated/envoy/config/rbac/v3/rbac_pb.js'
import type { TypedExtensionConfig } from '../../../envoy/generated/xds/core/v3/extension_pb.js'
import type { Matcher } from '../../../envoy/generated/xds/type/matcher/v3/matcher_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import { compileMatcher } from '../../matching/compile-matcher.ts'
import { HTTP_INPUTS, STREAM_INPUTS } from '../../matching/http-inputs.ts'
import { compilePermission } from './compile-permission.ts'
import { compilePrincipal } from './compile-principal.ts'
import type { RbacLayer } from './compile-rule.ts'
import { MatcherEngine, PolicyEngine, verdictOf } from './rbac-engine.ts'
import type { RbacAction, RbacEngine, RbacPolicy, Verdict } from './rbac-engine.ts'

/** `rules` or `shadow_rules`. An empty message allows nothing: its action is ALLOW and it has no policy. */
export function compileRbac(rules: RBAC, layer: RbacLayer, problems: Problems): RbacEngine {
  if (rules.auditLoggingOptions !== undefined) {
    problems.at('audit_logging_options').add('audit loggers are not supported')
  }
  const policies = Object.entries(rules.policies).map(([name, policy]) =>
    compilePolicy(name, policy, layer, problems.at('policies').key(name)),
  )
  return new PolicyEngine(actionOf(rules.action, problems.at('action')), policies)
}

/** `matcher` or `shadow_matcher`: a tree of inputs that leads to envoy.config.rbac.v3.Action. No action: denied. */
export function compileRbacMatcher(matcher: Matcher, layer: RbacLayer, problems: Problems): RbacEngine {
  const inputs = layer === 'http' ? HTTP_INPUTS : STREAM_INPUTS
  return new MatcherEngine(compileMatcher(matcher, { inputs, compileAction, valueKind: 'wire' }, problems))
}

function compilePolicy(name: string, policy: Policy, layer: RbacLayer, problems: Problems): RbacPolicy {
  for (const [field, value] of [
    ['condition', policy.condition],
    ['checked_condition', policy.checkedCondition],
    ['cel_config', policy.celConfig],
  ] as const) {
    if (value !== undefined) problems.at(field).add('conditions in CEL are not supported')
  }
  const permissions = problems.at('permissions')
  const principals = problems.at('principals')
  return {
    name,
    permissions: policy.permissions.map((one, i) => compilePermission(one, layer, permissions.at(i))),
    principals: policy.principals.map((one, i) => compilePrincipal(one, layer, principals.at(i))),
  }
}

function compileAction(config: TypedExtensionConfig, problems: Problems): Verdict | undefined {
  const any = config.typedConfig
  if (any === undefined || typeNameOf(any.typeUrl) !== ActionSchema.typeName) {
    problems.add(`the action "${config.name}" is not of type ${ActionSchema.typeName}`)
    return undefined
  }
  const { name, action } = fromBinary(ActionSchema, any.value)
  return verdictOf(actionOf(action, problems.at('typed_config').at('action')), name)
}

function actionOf(action: RBAC_Action, problems: Problems): RbacAction {
  if (action === RBAC_Action.ALLOW) return 'ALLOW'
  if (action === RBAC_Action.LOG) return 'LOG'
  if (action !== RBAC_Action.DENY) problems.add(`the action ${action as number} is not known`)
  return 'DENY'
}
