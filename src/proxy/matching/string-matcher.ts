// StringMatcher of envoy.type.matcher.v3 and xds.type.matcher.v3: exact, prefix, suffix, contains, regex, with or without
// regard to case.

import type { StringMatcher as EnvoyStringMatcher } from '../../envoy/generated/envoy/type/matcher/v3/string_pb.js'
import type { RegexMatcher as EnvoyRegexMatcher } from '../../envoy/generated/envoy/type/matcher/v3/regex_pb.js'
import type { RegexMatcher as XdsRegexMatcher } from '../../envoy/generated/xds/type/matcher/v3/regex_pb.js'
import type { StringMatcher as XdsStringMatcher } from '../../envoy/generated/xds/type/matcher/v3/string_pb.js'
import { compileRegex } from '../../lib/linear-regex.ts'
import type { Problems } from '../../lib/problems.ts'
import { asciiLower, fromWireText, toWireText } from '../../lib/wire-text.ts'

export type StringTest = (value: string) => boolean

/** What the values are that a matcher sees: header values hold one octet per character, everything else is text. */
export type ValueKind = 'wire' | 'text'

type StringMatcher = EnvoyStringMatcher | XdsStringMatcher

export const NEVER: StringTest = () => false

/** Notes what cannot be compiled and then never matches. Regular expressions match the whole value and heed case. */
export function compileStringMatcher(
  matcher: StringMatcher | undefined,
  kind: ValueKind,
  problems: Problems,
): StringTest {
  const pattern = matcher?.matchPattern
  switch (pattern?.case) {
    case 'exact':
      return compileExact(own(pattern.value, kind), matcher!.ignoreCase)
    case 'prefix':
      return compilePrefix(own(pattern.value, kind), matcher!.ignoreCase)
    case 'suffix':
      return compileSuffix(own(pattern.value, kind), matcher!.ignoreCase)
    case 'contains':
      return compileContains(own(pattern.value, kind), matcher!.ignoreCase)
    case 'safeRegex':
      return compileRegexMatcher(pattern.value, kind, problems.at('safe_regex'))
    case 'custom':
      problems.at('custom').add(`the string matcher extension "${pattern.value.name}" is not supported`)
      return NEVER
    default:
      problems.add('a string matcher needs one of exact, prefix, suffix, contains and safe_regex')
      return NEVER
  }
}

export function compileRegexMatcher(
  matcher: EnvoyRegexMatcher | XdsRegexMatcher,
  kind: ValueKind,
  problems: Problems,
): StringTest {
  const regex = compileRegex(matcher.regex, problems.at('regex'))
  if (regex === undefined) return NEVER
  // A pattern beyond ASCII speaks of characters, not of octets.
  if (kind === 'wire' && toWireText(matcher.regex) !== matcher.regex)
    return (value) => regex.matches(fromWireText(value))
  return (value) => regex.matches(value)
}

/** The matcher in words, for traces: `prefix "/a"`. */
export function describeStringMatcher(matcher: StringMatcher | undefined): string {
  const pattern = matcher?.matchPattern
  if (pattern?.case === undefined) return 'nothing'
  const ignoring = matcher!.ignoreCase && pattern.case !== 'safeRegex' ? ' (ignoring case)' : ''
  if (pattern.case === 'safeRegex') return `regex "${pattern.value.regex}"`
  return `${pattern.case} "${pattern.case === 'custom' ? pattern.value.name : pattern.value}"${ignoring}`
}

function own(pattern: string, kind: ValueKind): string {
  return kind === 'wire' ? toWireText(pattern) : pattern
}

export function compileExact(pattern: string, ignoreCase: boolean): StringTest {
  if (!ignoreCase) return (value) => value === pattern
  const lower = asciiLower(pattern)
  return (value) => value.length === lower.length && asciiLower(value) === lower
}

export function compilePrefix(pattern: string, ignoreCase: boolean): StringTest {
  if (!ignoreCase) return (value) => value.startsWith(pattern)
  const lower = asciiLower(pattern)
  return (value) => value.length >= lower.length && asciiLower(value.slice(0, lower.length)) === lower
}

function compileSuffix(pattern: string, ignoreCase: boolean): StringTest {
  if (!ignoreCase) return (value) => value.endsWith(pattern)
  const lower = asciiLower(pattern)
  return (value) => value.length >= lower.length && asciiLower(value.slice(value.length - lower.length)) === lower
}

function compileContains(pattern: string, ignoreCase: boolean): StringTest {
  if (!ignoreCase) return (value) => value.includes(pattern)
  const lower = asciiLower(pattern)
  return (value) => asciiLower(value).includes(lower)
}
