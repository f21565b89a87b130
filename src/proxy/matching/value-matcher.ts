// ValueMatcher and MetadataMatcher of envoy.type.matcher.v3, over plain JSON values.

import type { MetadataMatcher } from '../../envoy/generated/envoy/type/matcher/v3/metadata_pb.js'
import type { DoubleMatcher } from '../../envoy/generated/envoy/type/matcher/v3/number_pb.js'
import type { ValueMatcher } from '../../envoy/generated/envoy/type/matcher/v3/value_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { metadataAt } from '../stream/metadata.ts'
import type { MetadataStruct, MetadataValue } from '../stream/metadata.ts'
import { anyOf } from './combine.ts'
import { compileStringMatcher } from './string-matcher.ts'

export type ValueTest = (value: MetadataValue | undefined) => boolean

/** Where a metadata matcher looks: dynamic metadata of a stream, static metadata of a route. */
export interface MetadataSource {
  get(namespace: string): MetadataStruct | undefined
}

export interface MetadataPredicate {
  readonly text: string
  readonly test: (metadata: MetadataSource) => boolean
}

export function compileMetadataMatcher(matcher: MetadataMatcher, problems: Problems): MetadataPredicate {
  const namespace = matcher.filter
  const path = matcher.path.map((segment) => segment.segment.value ?? '')
  const test = compileValueMatcher(matcher.value, problems.at('value'))
  const { invert } = matcher
  return {
    text: `metadata ${[namespace, ...path].join(':')}${invert ? ' inverted' : ''}`,
    test: (metadata) => test(metadataAt(metadata.get(namespace), path)) !== invert,
  }
}

export function compileValueMatcher(matcher: ValueMatcher | undefined, problems: Problems): ValueTest {
  const pattern = matcher?.matchPattern
  switch (pattern?.case) {
    case 'nullMatch':
      return (value) => value === null
    case 'doubleMatch':
      return compileDoubleMatcher(pattern.value, problems.at('double_match'))
    case 'stringMatch': {
      const test = compileStringMatcher(pattern.value, 'text', problems.at('string_match'))
      return (value) => typeof value === 'string' && test(value)
    }
    case 'boolMatch': {
      const wanted = pattern.value
      return (value) => value === wanted
    }
    case 'presentMatch': {
      // With `false` it never matches; Envoy says so too.
      const wanted = pattern.value
      return (value) => wanted && value !== undefined
    }
    case 'listMatch': {
      const test = compileValueMatcher(pattern.value.matchPattern.value, problems.at('list_match').at('one_of'))
      return (value) => Array.isArray(value) && value.some(test)
    }
    case 'orMatch': {
      const at = problems.at('or_match').at('value_matchers')
      const tests = pattern.value.valueMatchers.map((one, i) => compileValueMatcher(one, at.at(i)))
      return anyOf(tests)
    }
    default:
      problems.add('a value matcher needs one of its patterns')
      return () => false
  }
}

function compileDoubleMatcher(matcher: DoubleMatcher, problems: Problems): ValueTest {
  const pattern = matcher.matchPattern
  if (pattern.case === 'range') {
    const { start, end } = pattern.value
    return (value) => typeof value === 'number' && value >= start && value < end
  }
  if (pattern.case === undefined) problems.add('a number matcher needs range or exact')
  const exact = pattern.value
  return (value) => typeof value === 'number' && value === exact
}
