// Permission of envoy.config.rbac.v3: what is asked for.

import type { Permission } from '../../../envoy/generated/envoy/config/rbac/v3/rbac_pb.js'
import type { Int32Range } from '../../../envoy/generated/envoy/type/v3/range_pb.js'
import type { StringMatcher } from '../../../envoy/generated/envoy/type/matcher/v3/string_pb.js'
import type { TypedExtensionConfig } from '../../../envoy/generated/envoy/config/core/v3/extension_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import { pathOnly } from '../../matching/request-path.ts'
import { compileTemplateExtension } from '../../matching/route-match.ts'
import { compileStringMatcher, describeStringMatcher } from '../../matching/string-matcher.ts'
import type { Address } from '../../stream/connection-facts.ts'
import type { StreamInfo } from '../../stream/stream-info.ts'
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
import type { Rule } from './rbac-engine.ts'

/** What is not supported is noted and never matches. */
export function compilePermission(permission: Permission, layer: RbacLayer, problems: Problems): Rule {
  const { rule } = permission
  switch (rule.case) {
    case 'any':
      return ANY
    case 'andRules':
      return allRules(compileSet(rule.value.rules, layer, problems.at('and_rules').at('rules')))
    case 'orRules':
      return anyRule(compileSet(rule.value.rules, layer, problems.at('or_rules').at('rules')))
    case 'notRule':
      return notRule(compilePermission(rule.value, layer, problems.at('not_rule')))
    case 'header':
      return headerRule(rule.value, layer, problems.at('header'))
    case 'urlPath':
      return pathRule(rule.value, problems.at('url_path'))
    case 'uriTemplate':
      return templateRule(rule.value, problems.at('uri_template'))
    case 'destinationIp':
      return addressRule('destination IP', rule.value, destination, problems.at('destination_ip'))
    case 'destinationPort':
      return portRule(rule.value, rule.value + 1)
    case 'destinationPortRange':
      return portRangeRule(rule.value)
    case 'requestedServerName':
      return serverNameRule(rule.value, problems.at('requested_server_name'))
    case 'metadata':
      return metadataRule(rule.value, problems.at('metadata'))
    case 'sourcedMetadata':
      return sourcedMetadataRule(rule.value, problems.at('sourced_metadata'))
    case 'matcher':
      problems.at('matcher').add(`the matcher extension "${rule.value.name}" is not supported`)
      return NOTHING
    default:
      problems.add('a permission needs a rule')
      return NOTHING
  }
}

function compileSet(permissions: readonly Permission[], layer: RbacLayer, problems: Problems): Rule[] {
  return permissions.map((permission, i) => compilePermission(permission, layer, problems.at(i)))
}

function destination(info: StreamInfo): Address {
  return info.connection.localAddress
}

/** `end` is exclusive. */
function portRule(start: number, end: number): Rule {
  return {
    text: end === start + 1 ? `destination port ${start}` : `destination port in [${start}, ${end})`,
    test: (info) => {
      const { ip, port } = info.connection.localAddress
      return ip !== '' && port >= start && port < end
    },
  }
}

function portRangeRule(range: Int32Range): Rule {
  return portRule(range.start, range.end)
}

/** A connection without a server name has the empty one. */
function serverNameRule(matcher: StringMatcher, problems: Problems): Rule {
  const test = compileStringMatcher(matcher, 'wire', problems)
  return {
    text: `server name ${describeStringMatcher(matcher)}`,
    test: (info) => test(info.connection.requestedServerName),
  }
}

function templateRule(extension: TypedExtensionConfig, problems: Problems): Rule {
  const template = compileTemplateExtension(extension, problems)
  if (template === undefined) return NOTHING
  return {
    text: `path template "${template.text}"`,
    test: (info) => {
      const path = info.requestHeaders?.path
      return path !== undefined && template.regex.matches(pathOnly(path))
    },
  }
}
