// Principal of envoy.config.rbac.v3: who asks.

import type { Principal, Principal_Authenticated } from '../../../envoy/generated/envoy/config/rbac/v3/rbac_pb.js'
import type { FilterStateMatcher } from '../../../envoy/generated/envoy/type/matcher/v3/filter_state_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import { compileFilterStateMatcher } from '../../matching/filter-state-matcher.ts'
import { compileStringMatcher, describeStringMatcher } from '../../matching/string-matcher.ts'
import type { StringTest } from '../../matching/string-matcher.ts'
import type { TlsFacts } from '../../stream/connection-facts.ts'
import {
  addressRule,
  allRules,
  ANY,
  anyRule,
  headerRule,
  metadataRule,
  NOTHING,
  notRule,
  pathRule,
  sourcedMetadataRule,
} from './compile-rule.ts'
import type { RbacLayer } from './compile-rule.ts'
import { mtlsPrincipal } from './mtls-principal.ts'
import type { Rule } from './rbac-engine.ts'

/** What is not supported is noted and never matches. */
export function compilePrincipal(principal: Principal, layer: RbacLayer, problems: Problems): Rule {
  const { identifier } = principal
  switch (identifier.case) {
    case 'any':
      return ANY
    case 'andIds':
      return allRules(compileSet(identifier.value.ids, layer, problems.at('and_ids').at('ids')))
    case 'orIds':
      return anyRule(compileSet(identifier.value.ids, layer, problems.at('or_ids').at('ids')))
    case 'notId':
      return notRule(compilePrincipal(identifier.value, layer, problems.at('not_id')))
    case 'authenticated':
      return authenticatedRule(identifier.value, problems.at('authenticated'))
    case 'sourceIp':
      return addressRule(
        'source IP',
        identifier.value,
        (info) => info.connection.remoteAddress,
        problems.at('source_ip'),
      )
    case 'directRemoteIp':
      return addressRule(
        'direct remote IP',
        identifier.value,
        (info) => info.connection.directRemoteAddress,
        problems.at('direct_remote_ip'),
      )
    case 'remoteIp':
      return addressRule(
        'remote IP',
        identifier.value,
        (info) => info.downstreamRemoteAddress,
        problems.at('remote_ip'),
      )
    case 'header':
      return headerRule(identifier.value, layer, problems.at('header'))
    case 'urlPath':
      return pathRule(identifier.value, problems.at('url_path'))
    case 'metadata':
      return metadataRule(identifier.value, problems.at('metadata'))
    case 'sourcedMetadata':
      return sourcedMetadataRule(identifier.value, problems.at('sourced_metadata'))
    case 'filterState':
      return filterStateRule(identifier.value, problems.at('filter_state'))
    case 'custom':
      return mtlsPrincipal(identifier.value, problems.at('custom'))
    default:
      problems.add('a principal needs an identifier')
      return NOTHING
  }
}

function compileSet(principals: readonly Principal[], layer: RbacLayer, problems: Problems): Rule[] {
  return principals.map((principal, i) => compilePrincipal(principal, layer, problems.at(i)))
}

function filterStateRule(matcher: FilterStateMatcher, problems: Problems): Rule {
  const { text, test } = compileFilterStateMatcher(matcher, problems)
  return { text, test: (info) => test(info.filterState) }
}

/** Any of the client certificate's URI SANs, DNS SANs and its subject; without a name, any TLS connection. */
function authenticatedRule(config: Principal_Authenticated, problems: Problems): Rule {
  const name = config.principalName
  if (name === undefined) return { text: 'authenticated', test: (info) => info.connection.tls !== undefined }
  const test = compileStringMatcher(name, 'text', problems.at('principal_name'))
  return {
    text: `authenticated as ${describeStringMatcher(name)}`,
    test: (info) => info.connection.tls !== undefined && isNamed(info.connection.tls, test),
  }
}

function isNamed(tls: TlsFacts, test: StringTest): boolean {
  const { peer } = tls
  if (peer === undefined) return test('')
  for (let i = 0; i < peer.uriSans.length; i++) if (test(peer.uriSans[i])) return true
  for (let i = 0; i < peer.dnsSans.length; i++) if (test(peer.dnsSans[i])) return true
  return test(peer.subject)
}
