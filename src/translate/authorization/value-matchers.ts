// The values of an AuthorizationPolicy as Envoy's matchers: `x`, `x*`, `*x`, and `*` for anything but nothing.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { CidrRangeSchema } from '../../envoy/generated/envoy/config/core/v3/address_pb.js'
import type { HeaderMatcherSchema } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { MetadataMatcherSchema } from '../../envoy/generated/envoy/type/matcher/v3/metadata_pb.js'
import type { StringMatcherSchema } from '../../envoy/generated/envoy/type/matcher/v3/string_pb.js'
import type { ValueMatcherSchema } from '../../envoy/generated/envoy/type/matcher/v3/value_pb.js'

export type StringMatcherInit = MessageInitShape<typeof StringMatcherSchema>
export type ValueMatcherInit = MessageInitShape<typeof ValueMatcherSchema>

export function exactly(value: string): StringMatcherInit {
  return { matchPattern: { case: 'exact', value } }
}

export function startingWith(value: string): StringMatcherInit {
  return { matchPattern: { case: 'prefix', value } }
}

export function endingWith(value: string): StringMatcherInit {
  return { matchPattern: { case: 'suffix', value } }
}

export function likeRegex(regex: string): StringMatcherInit {
  return { matchPattern: { case: 'safeRegex', value: { regex } } }
}

export const notEmpty = likeRegex('.+')

/** A `*` counts at one end only; elsewhere it is a character as any other. */
export function stringMatcher(value: string): StringMatcherInit {
  if (value === '*') return notEmpty
  if (value.startsWith('*')) return endingWith(value.slice(1))
  if (value.endsWith('*')) return startingWith(value.slice(0, -1))
  return exactly(value)
}

export function headerMatcher(
  name: string,
  value: string,
  ignoreCase = false,
): MessageInitShape<typeof HeaderMatcherSchema> {
  if (value === '*') return { name, headerMatchSpecifier: { case: 'presentMatch', value: true } }
  return { name, headerMatchSpecifier: { case: 'stringMatch', value: { ...stringMatcher(value), ignoreCase } } }
}

/** `10.0.0.0/8`, or one address. */
export function addressRange(value: string): MessageInitShape<typeof CidrRangeSchema> {
  const [addressPrefix, length] = value.split('/')
  const whole = addressPrefix.includes(':') ? 128 : 32
  return { addressPrefix, prefixLen: length === undefined ? whole : Number(length) }
}

export function isString(matcher: StringMatcherInit): ValueMatcherInit {
  return { matchPattern: { case: 'stringMatch', value: matcher } }
}

export function isListWith(value: ValueMatcherInit): ValueMatcherInit {
  return { matchPattern: { case: 'listMatch', value: { matchPattern: { case: 'oneOf', value } } } }
}

export function eitherValue(matchers: readonly ValueMatcherInit[]): ValueMatcherInit {
  if (matchers.length === 1) return matchers[0]
  return { matchPattern: { case: 'orMatch', value: { valueMatchers: [...matchers] } } }
}

export function metadataMatcher(
  filter: string,
  keys: readonly string[],
  value: ValueMatcherInit,
): MessageInitShape<typeof MetadataMatcherSchema> {
  return { filter, path: keys.map((key) => ({ segment: { case: 'key' as const, value: key } })), value }
}

/** Text as a part of a regular expression (RE2). */
export function quoteRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}
