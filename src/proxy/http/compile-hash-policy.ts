// envoy.config.route.v3.RouteAction.HashPolicy as a HashPolicy.

import type {
  RouteAction_HashPolicy as HashPolicyMessage,
  RouteAction_HashPolicy_Cookie as CookieMessage,
  RouteAction_HashPolicy_Header as HeaderMessage,
} from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import { compileRegex } from '../../lib/linear-regex.ts'
import type { Problems } from '../../lib/problems.ts'
import { toWireText } from '../../lib/wire-text.ts'
import { pseudoHeader } from '../matching/header-value.ts'
import type { HashMethod, HashPolicy } from './hash-policy.ts'

/** Undefined when no policy hashes anything. */
export function compileHashPolicies(
  messages: readonly HashPolicyMessage[],
  problems: Problems,
): readonly HashPolicy[] | undefined {
  const policies = messages.flatMap((message, index) => {
    const method = compileMethod(message, problems.at(index))
    return method === undefined ? [] : [{ method, isTerminal: message.terminal }]
  })
  return policies.length === 0 ? undefined : policies
}

function compileMethod({ policySpecifier }: HashPolicyMessage, problems: Problems): HashMethod | undefined {
  switch (policySpecifier.case) {
    case 'header':
      return compileHeader(policySpecifier.value, problems.at('header'))
    case 'cookie':
      return compileCookie(policySpecifier.value)
    case 'connectionProperties':
      return policySpecifier.value.sourceIp ? { kind: 'sourceIp' } : undefined
    case 'queryParameter':
      return { kind: 'queryParameter', name: toWireText(policySpecifier.value.name) }
    case 'filterState':
      return { kind: 'filterState', key: policySpecifier.value.key }
    default:
      problems.add('a hash policy needs something to hash')
      return undefined
  }
}

function compileHeader({ headerName, regexRewrite }: HeaderMessage, problems: Problems): HashMethod {
  const at = problems.at('regex_rewrite')
  const regex = regexRewrite && compileRegex(regexRewrite.pattern?.regex ?? '', at.at('pattern'))
  const rewrite = regex?.compileRewrite(regexRewrite?.substitution ?? '', at)
  return { kind: 'header', name: headerName.toLowerCase(), pseudo: pseudoHeader(headerName), rewrite }
}

function compileCookie({ name, ttl, path, attributes }: CookieMessage): HashMethod {
  if (ttl === undefined) return { kind: 'cookie', name, setCookieSuffix: undefined }
  let suffix = Number(ttl.seconds) === 0 ? '' : `; Max-Age=${ttl.seconds}`
  if (path !== '') suffix += `; Path=${path}`
  for (const attribute of attributes) {
    suffix += attribute.value === '' ? `; ${attribute.name}` : `; ${attribute.name}=${attribute.value}`
  }
  return { kind: 'cookie', name, setCookieSuffix: toWireText(`${suffix}; HttpOnly`) }
}
