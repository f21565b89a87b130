// envoy.config.common.mutation_rules.v3.HeaderMutation: a list of changes to headers, applied one after the other.

import type { HeaderMap } from '../../codec/header-map.ts'
import type { HeaderMutation as HeaderMutationMessage } from '../../envoy/generated/envoy/config/common/mutation_rules/v3/mutation_rules_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { compileStringMatcher } from '../matching/string-matcher.ts'
import type { StringTest } from '../matching/string-matcher.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { compileHeaderMutation } from './header-mutation.ts'
import type { FormatEnvironment } from './operator.ts'

export interface HeaderChange {
  apply(headers: HeaderMap, info: StreamInfo): void
}

export function compileHeaderMutations(
  list: readonly HeaderMutationMessage[],
  message: 'request' | 'response',
  formats: FormatEnvironment,
  problems: Problems,
): HeaderChange[] {
  return list.map((one, index) => compileOne(one, message, formats, problems.at(index)))
}

function compileOne(
  { action }: HeaderMutationMessage,
  message: 'request' | 'response',
  formats: FormatEnvironment,
  problems: Problems,
): HeaderChange {
  const places = { add: problems.at('append'), remove: problems.at('remove') }
  switch (action.case) {
    case 'append':
      return compileHeaderMutation([action.value], [], message, formats, places)
    case 'remove':
      return compileHeaderMutation([], [action.value], message, formats, places)
    case 'removeOnMatch':
      return removal(compileStringMatcher(action.value.keyMatcher, 'wire', problems.at('remove_on_match')))
    default:
      problems.add('a mutation needs one of append, remove and remove_on_match')
      return removal(() => false)
  }
}

function removal(matches: StringTest): HeaderChange {
  return { apply: (headers) => deleteMatching(headers, matches) }
}

function deleteMatching(headers: HeaderMap, matches: StringTest): void {
  const { fields } = headers
  let to = 0
  for (let from = 0; from < fields.length; from += 2) {
    if (matches(fields[from])) continue
    fields[to] = fields[from]
    fields[to + 1] = fields[from + 1]
    to += 2
  }
  fields.length = to
}
