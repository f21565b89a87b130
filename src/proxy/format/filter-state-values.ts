// The values that set_filter_state filters leave (envoy.extensions.filters.common.set_filter_state.v3.FilterStateValue).

import { FilterStateValue_SharedWithUpstream as SharedWithUpstream } from '../../envoy/generated/envoy/extensions/filters/common/set_filter_state/v3/value_pb.js'
import type { FilterStateValue } from '../../envoy/generated/envoy/extensions/filters/common/set_filter_state/v3/value_pb.js'
import type { Problems } from '../../lib/problems.ts'
import type { FilterState, LifeSpan, Sharing } from '../stream/filter-state.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import type { FormatEnvironment } from './operator.ts'
import { compileSubstitutionFormat } from './substitution-format-string.ts'

/** Envoy's object factories whose objects have a hash. */
const HASHABLE_FACTORIES = new Set([
  'envoy.hashable_string',
  'envoy.filters.listener.original_dst.local_ip',
  'envoy.filters.listener.original_dst.remote_ip',
])

export type FilterStateSetter = (info: StreamInfo, state: FilterState) => void

export function compileFilterStateValues(
  values: readonly FilterStateValue[],
  lifeSpan: LifeSpan,
  environment: FormatEnvironment,
  problems: Problems,
): FilterStateSetter {
  const setters = values.map((value, index) => compileOne(value, lifeSpan, environment, problems.at(index)))
  return (info, state) => {
    for (const set of setters) set(info, state)
  }
}

function compileOne(
  message: FilterStateValue,
  lifeSpan: LifeSpan,
  environment: FormatEnvironment,
  problems: Problems,
): FilterStateSetter {
  const key = message.key.case === 'objectKey' ? message.key.value : ''
  if (key === '') problems.at('object_key').add('a key is required')
  if (message.value.case !== 'formatString') {
    problems.at('format_string').add('a format is required')
    return () => undefined
  }
  const format = compileSubstitutionFormat(message.value.value, environment, problems.at('format_string'))
  const { readOnly, skipIfEmpty } = message
  const sharing = sharingOf(message.sharedWithUpstream)
  const isHashable = HASHABLE_FACTORIES.has(message.factoryKey === '' ? key : message.factoryKey)
  return (info, state) => {
    const value = format(info)
    if (skipIfEmpty && value === '') return
    state.set({ key, value, lifeSpan, sharing, readOnly, isHashable })
  }
}

function sharingOf(shared: SharedWithUpstream): Sharing {
  if (shared === SharedWithUpstream.TRANSITIVE) return 'transitive'
  return shared === SharedWithUpstream.ONCE ? 'once' : 'none'
}
