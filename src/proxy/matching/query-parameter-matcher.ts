// QueryParameterMatcher of envoy.config.route.v3: names and values as they stand in the path, not decoded; of a repeated
// parameter the first value counts.

import type { QueryParameterMatcher } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { toWireText } from '../../lib/wire-text.ts'
import { queryParameter } from './request-path.ts'
import { compileStringMatcher, describeStringMatcher } from './string-matcher.ts'

export interface QueryPredicate {
  readonly text: string
  /** `path` includes the query. */
  readonly test: (path: string) => boolean
}

export function compileQueryParameterMatcher(matcher: QueryParameterMatcher, problems: Problems): QueryPredicate {
  const name = toWireText(matcher.name)
  const specifier = matcher.queryParameterMatchSpecifier
  if (matcher.name === '') problems.at('name').add('a query parameter matcher needs a name')
  if (specifier.case !== 'stringMatch') {
    const wanted = specifier.value ?? true
    return {
      text: `query parameter ${matcher.name} ${wanted ? 'present' : 'absent'}`,
      test: (path) => (queryParameter(path, name) !== undefined) === wanted,
    }
  }
  const test = compileStringMatcher(specifier.value, 'wire', problems.at('string_match'))
  return {
    text: `query parameter ${matcher.name} ${describeStringMatcher(specifier.value)}`,
    test: (path) => {
      const value = queryParameter(path, name)
      return value !== undefined && test(value)
    },
  }
}
