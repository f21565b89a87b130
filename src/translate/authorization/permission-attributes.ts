// What is asked for: the attributes of a policy that become Envoy permissions.

import { UriTemplateMatchConfigSchema } from '../../envoy/generated/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb.js'
import { any } from '../envoy-message.ts'
import { eachValue, type Attribute } from './attribute.ts'
import { permissions as algebra, type PermissionInit } from './combine.ts'
import {
  addressRange,
  eitherValue,
  headerMatcher,
  isListWith,
  isString,
  metadataMatcher,
  stringMatcher,
} from './value-matchers.ts'

type PermissionAttribute = Attribute<PermissionInit>

export const requestHost: PermissionAttribute = eachValue(algebra, (value) => header(':authority', value, true), true)

export const requestMethod: PermissionAttribute = eachValue(algebra, (value) => header(':method', value), true)

export const requestPath: PermissionAttribute = eachValue(algebra, path, true)

export const destinationIp: PermissionAttribute = eachValue(algebra, (value) => ({
  rule: { case: 'destinationIp', value: addressRange(value) },
}))

export const destinationPort: PermissionAttribute = eachValue(algebra, (value) => ({
  rule: { case: 'destinationPort', value: Number(value) },
}))

export const serverName: PermissionAttribute = eachValue(algebra, (value) => ({
  rule: { case: 'requestedServerName', value: stringMatcher(value) },
}))

/** Dynamic metadata that another filter leaves. A value in brackets is looked for in a list. */
export function filterMetadata(filter: string, key: string): PermissionAttribute {
  return {
    httpOnly: false,
    oneOf: (values) => {
      const each = values.map((value) => {
        const isInList = value.startsWith('[') && value.endsWith(']')
        const matcher = isString(stringMatcher(isInList ? value.replace(/^[[\]]+|[[\]]+$/g, '') : value))
        return isInList ? isListWith(matcher) : matcher
      })
      return { rule: { case: 'metadata', value: metadataMatcher(filter, [key], eitherValue(each)) } }
    },
  }
}

function header(name: string, value: string, ignoreCase = false): PermissionInit {
  return { rule: { case: 'header', value: headerMatcher(name, value, ignoreCase) } }
}

function path(value: string): PermissionInit {
  if (!/\{\*\*?\}/.test(value)) {
    return { rule: { case: 'urlPath', value: { rule: { case: 'path', value: stringMatcher(value) } } } }
  }
  const pathTemplate = value.replaceAll('{*}', '*').replaceAll('{**}', '**')
  const typedConfig = any(UriTemplateMatchConfigSchema, { pathTemplate })
  return { rule: { case: 'uriTemplate', value: { name: 'uri-template', typedConfig } } }
}
