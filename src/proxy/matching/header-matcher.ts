// HeaderMatcher of envoy.config.route.v3. A repeated header matches if any of its values does, each taken by itself
// (Envoy since 1.37; older versions joined them), and an inverted matcher if none does.

import type { HeaderMap } from '../../codec/header-map.ts'
import type { HeaderMatcher } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { toWireText } from '../../lib/wire-text.ts'
import { pseudoHeader } from './header-value.ts'
import { compileRegexMatcher, compileStringMatcher, describeStringMatcher } from './string-matcher.ts'
import type { StringTest } from './string-matcher.ts'

export interface HeaderPredicate {
  /** In words, for traces. */
  readonly text: string
  readonly test: (headers: HeaderMap) => boolean
}

export function compileHeaderMatcher(matcher: HeaderMatcher, problems: Problems): HeaderPredicate {
  if (matcher.name === '') problems.at('name').add('a header matcher needs the name of a header')
  const specifier = matcher.headerMatchSpecifier
  const text = describe(matcher)
  const missingAsEmpty = matcher.treatMissingHeaderAsEmpty
  if (specifier.case === undefined || specifier.case === 'presentMatch') {
    const wanted = (specifier.value ?? true) !== matcher.invertMatch
    // Whether a missing header counts as an empty one decides presence too, as in Envoy.
    return { text, test: missingAsEmpty ? () => wanted : presenceTest(matcher.name, wanted) }
  }
  const test = compileValueTest(matcher, problems)
  const whenMissing = missingAsEmpty && test('') !== matcher.invertMatch
  return { text, test: valueTest(matcher.name, test, matcher.invertMatch, whenMissing) }
}

/** Several matchers, all of which must hold. */
export function compileHeaderMatchers(matchers: readonly HeaderMatcher[], problems: Problems): HeaderPredicate[] {
  return matchers.map((matcher, i) => compileHeaderMatcher(matcher, problems.at(i)))
}

function compileValueTest(matcher: HeaderMatcher, problems: Problems): StringTest {
  const specifier = matcher.headerMatchSpecifier
  switch (specifier.case) {
    case 'stringMatch':
      return compileStringMatcher(specifier.value, 'wire', problems.at('string_match'))
    case 'safeRegexMatch':
      return compileRegexMatcher(specifier.value, 'wire', problems.at('safe_regex_match'))
    case 'rangeMatch': {
      const start = Number(specifier.value.start)
      const end = Number(specifier.value.end)
      return (value) => {
        const number = parseInteger(value)
        return number >= start && number < end
      }
    }
    case 'exactMatch': {
      const pattern = toWireText(specifier.value)
      return (value) => value === pattern
    }
    case 'prefixMatch': {
      const pattern = toWireText(specifier.value)
      return (value) => value.startsWith(pattern)
    }
    case 'suffixMatch': {
      const pattern = toWireText(specifier.value)
      return (value) => value.endsWith(pattern)
    }
    default: {
      const pattern = toWireText(specifier.case === 'containsMatch' ? specifier.value : '')
      return (value) => value.includes(pattern)
    }
  }
}

function presenceTest(name: string, wanted: boolean): (headers: HeaderMap) => boolean {
  const pseudo = pseudoHeader(name)
  const lower = name.toLowerCase()
  if (pseudo !== undefined) return (headers) => (pseudo(headers) !== undefined) === wanted
  return (headers) => headers.has(lower) === wanted
}

function valueTest(
  name: string,
  test: StringTest,
  invert: boolean,
  whenMissing: boolean,
): (headers: HeaderMap) => boolean {
  const pseudo = pseudoHeader(name)
  if (pseudo !== undefined) {
    return (headers) => {
      const value = pseudo(headers)
      return value === undefined ? whenMissing : test(value) !== invert
    }
  }
  const lower = name.toLowerCase()
  return (headers) => {
    const { fields } = headers
    let isPresent = false
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i] !== lower) continue
      if (test(fields[i + 1])) return !invert
      isPresent = true
    }
    return isPresent ? invert : whenMissing
  }
}

/** A decimal integer with optional sign and white space around it; NaN for anything else and beyond 64 bits. */
export function parseInteger(text: string): number {
  const trimmed = text.trim()
  let at = trimmed[0] === '-' || trimmed[0] === '+' ? 1 : 0
  if (at === trimmed.length) return NaN
  let value = 0
  for (; at < trimmed.length; at++) {
    const digit = trimmed.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  if (value >= 2 ** 63) return NaN
  return trimmed[0] === '-' ? -value : value
}

function describe(matcher: HeaderMatcher): string {
  const specifier = matcher.headerMatchSpecifier
  const not = matcher.invertMatch ? 'not ' : ''
  const header = `header ${matcher.name}`
  switch (specifier.case) {
    case undefined:
      return `${header} ${not}present`
    case 'presentMatch':
      return `${header} ${not}${specifier.value ? 'present' : 'absent'}`
    case 'stringMatch':
      return `${header} ${not}${describeStringMatcher(specifier.value)}`
    case 'safeRegexMatch':
      return `${header} ${not}regex "${specifier.value.regex}"`
    case 'rangeMatch':
      return `${header} ${not}in [${specifier.value.start}, ${specifier.value.end})`
    default:
      return `${header} ${not}${specifier.case.replace('Match', '')} "${specifier.value}"`
  }
}
