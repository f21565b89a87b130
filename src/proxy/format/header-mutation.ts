// request_headers_to_add, response_headers_to_remove and the like (HeaderValueOption of envoy.config.core.v3), compiled to
// one function on a header list.

import type { HeaderMap } from '../../codec/header-map.ts'
import type { HeaderValueOption } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import { HeaderValueOption_HeaderAppendAction as AppendAction } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import type { Problems } from '../../lib/problems.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { compileFormat } from './compile-format.ts'
import type { Format } from './compile-format.ts'
import { INLINE_REQUEST_HEADERS, INLINE_RESPONSE_HEADERS } from './inline-headers.ts'
import type { FormatEnvironment } from './operator.ts'

interface Addition {
  readonly name: string
  readonly action: AppendAction
  readonly value: Format
  readonly keepEmptyValue: boolean
  /** A second value is joined to the first. */
  readonly isInline: boolean
}

/** One message's lists. Applying it: removals, then all values are computed, then overwrites, then additions, as in Envoy. */
export class HeaderMutation {
  private readonly removals: readonly string[]
  private readonly additions: readonly Addition[]
  /** Scratch of one application: the computed values; undefined where nothing is to be done. */
  private readonly values: (string | undefined)[] = []

  constructor(additions: readonly Addition[], removals: readonly string[]) {
    this.additions = additions
    this.removals = removals
  }

  get isEmpty(): boolean {
    return this.additions.length === 0 && this.removals.length === 0
  }

  /** `headers` is the list to change; the values see the stream's headers as they are after the removals. */
  apply(headers: HeaderMap, info: StreamInfo): void {
    const { additions, removals, values } = this
    for (let i = 0; i < removals.length; i++) headers.delete(removals[i])
    for (let i = 0; i < additions.length; i++) values[i] = valueFor(additions[i], headers, info)
    for (let i = 0; i < additions.length; i++) {
      const value = values[i]
      if (value === undefined || !overwrites(additions[i])) continue
      headers.delete(additions[i].name)
      headers.add(additions[i].name, value)
    }
    for (let i = 0; i < additions.length; i++) {
      const value = values[i]
      if (value !== undefined && !overwrites(additions[i])) append(headers, additions[i], value)
    }
  }
}

/** Notes names that must not be changed (`:`-prefixed, host) and values that cannot be compiled. */
export function compileHeaderMutation(
  toAdd: readonly HeaderValueOption[],
  toRemove: readonly string[],
  message: 'request' | 'response',
  environment: FormatEnvironment,
  problems: { readonly add: Problems; readonly remove: Problems },
): HeaderMutation {
  const inline = message === 'request' ? INLINE_REQUEST_HEADERS : INLINE_RESPONSE_HEADERS
  const removals = toRemove.map((name, i) => checkedName(name, 'removed', problems.remove.at(i)))
  const additions = toAdd.map((option, i) => compileAddition(option, inline, environment, problems.add.at(i)))
  return new HeaderMutation(additions, removals)
}

function compileAddition(
  option: HeaderValueOption,
  inline: ReadonlySet<string>,
  environment: FormatEnvironment,
  problems: Problems,
): Addition {
  const at = problems.at('header')
  const name = checkedName(option.header?.key ?? '', 'modified', at.at('key'))
  const raw = option.header?.rawValue ?? new Uint8Array()
  const text = raw.length > 0 ? Buffer.from(raw).toString('utf8') : (option.header?.value ?? '')
  return {
    name,
    action: actionOf(option),
    value: compileFormat(text, environment, at.at('value'), { omitEmptyValues: true }),
    keepEmptyValue: option.keepEmptyValue,
    isInline: inline.has(name),
  }
}

/** The deprecated `append` wins where it is set. */
function actionOf(option: HeaderValueOption): AppendAction {
  if (option.append === undefined) return option.appendAction
  return option.append ? AppendAction.APPEND_IF_EXISTS_OR_ADD : AppendAction.OVERWRITE_IF_EXISTS_OR_ADD
}

function checkedName(name: string, verb: string, problems: Problems): string {
  const lower = name.toLowerCase()
  if (lower.startsWith(':') || lower === 'host') problems.add(`:-prefixed or host headers may not be ${verb}`)
  else if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(lower)) problems.add(`"${name}" is not the name of a header`)
  return lower
}

function valueFor(addition: Addition, headers: HeaderMap, info: StreamInfo): string | undefined {
  const { action, name } = addition
  if (action === AppendAction.ADD_IF_ABSENT && headers.has(name)) return undefined
  if (action === AppendAction.OVERWRITE_IF_EXISTS && !headers.has(name)) return undefined
  const value = addition.value(info)
  return value === '' && !addition.keepEmptyValue ? undefined : value
}

function overwrites(addition: Addition): boolean {
  return (
    addition.action === AppendAction.OVERWRITE_IF_EXISTS_OR_ADD || addition.action === AppendAction.OVERWRITE_IF_EXISTS
  )
}

function append(headers: HeaderMap, addition: Addition, value: string): void {
  const existing = addition.isInline ? headers.get(addition.name) : undefined
  if (existing === undefined) headers.add(addition.name, value)
  else headers.set(addition.name, existing === '' ? value : existing + ',' + value)
}
