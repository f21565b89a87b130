// FilterStateMatcher of envoy.type.matcher.v3: a filter-state value as text, or as an address. Values hold
// octets, as header values do, of which many are made. Absent values never match.

import type { FilterStateMatcher } from '../../envoy/generated/envoy/type/matcher/v3/filter_state_pb.js'
import type { Problems } from '../../lib/problems.ts'
import type { FilterState } from '../stream/filter-state.ts'
import { compileCidrRanges } from './address-matcher.ts'
import { compileStringMatcher, describeStringMatcher } from './string-matcher.ts'

export interface FilterStatePredicate {
  readonly text: string
  readonly test: (state: FilterState) => boolean
}

export function compileFilterStateMatcher(matcher: FilterStateMatcher, problems: Problems): FilterStatePredicate {
  const { key } = matcher
  const pattern = matcher.matcher
  if (key === '') problems.at('key').add('a filter state matcher needs a key')
  if (pattern.case === 'addressMatch') {
    const contains = compileCidrRanges(pattern.value.ranges, problems.at('address_match').at('ranges'))
    return {
      text: `filter state ${key} in ${pattern.value.ranges.length} address ranges`,
      test: (state) => {
        const value = state.get(key)
        return value !== undefined && contains(ipOf(value))
      },
    }
  }
  if (pattern.case === undefined) problems.add('a filter state matcher needs string_match or address_match')
  const test = compileStringMatcher(pattern.value, 'wire', problems.at('string_match'))
  return {
    text: `filter state ${key} ${describeStringMatcher(pattern.value)}`,
    test: (state) => {
      const value = state.get(key)
      return value !== undefined && test(value)
    },
  }
}

/** The address of `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]:80`. */
function ipOf(value: string): string {
  if (value.startsWith('[')) return value.slice(1, Math.max(1, value.indexOf(']')))
  const colon = value.indexOf(':')
  return colon > 0 && value.indexOf(':', colon + 1) < 0 ? value.slice(0, colon) : value
}
