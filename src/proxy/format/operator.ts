// What every operator of a format string compiles to, and what its factory gets.

import type { Problems } from '../../lib/problems.ts'
import { toWireText } from '../../lib/wire-text.ts'
import type { MetadataValue } from '../stream/metadata.ts'
import type { StreamInfo } from '../stream/stream-info.ts'

/**
 * One operator, ready to run. Texts hold one octet per character, as header values do: logs write them as latin1, headers
 * take them as they are. Undefined: there is no such value; a text shows `-` then, JSON shows null.
 */
export interface Operator {
  readonly text: (info: StreamInfo) => string | undefined
  /** The value when the operator is the whole of a JSON string: numbers stay numbers. */
  readonly json: (info: StreamInfo) => MetadataValue | undefined
}

/** What formats can tell of the machine. `nowMs` is wall-clock time in milliseconds since 1970. */
export interface FormatEnvironment {
  readonly hostname: string
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly nowMs: () => number
}

/** What stands in the parentheses and behind the colon: `%NAME(argument):length%`. An empty argument is none. */
export interface OperatorCall {
  readonly name: string
  readonly argument: string | undefined
  readonly length: number | undefined
}

/** Notes what is wrong with the call and then returns undefined. */
export type OperatorFactory = (
  call: OperatorCall,
  environment: FormatEnvironment,
  problems: Problems,
) => Operator | undefined

export function textOperator(text: (info: StreamInfo) => string | undefined): Operator {
  return { text, json: text }
}

export function numberOperator(number: (info: StreamInfo) => number | undefined): Operator {
  return {
    json: number,
    text: (info) => {
      const value = number(info)
      return value === undefined ? undefined : String(value)
    },
  }
}

/** A factory for an operator that takes neither argument nor length. */
export function plain(operator: Operator): OperatorFactory {
  return (call, _, problems) => {
    if (call.argument === undefined && call.length === undefined) return operator
    problems.add(`${call.name} does not take any parameters or length`)
    return undefined
  }
}

/** The argument of an operator that needs one. */
export function required(call: OperatorCall, problems: Problems): string | undefined {
  if (call.argument === undefined) problems.add(`${call.name} requires parameters`)
  return call.argument
}

export function truncated(operator: Operator, length: number | undefined): Operator {
  if (length === undefined) return operator
  return textOperator((info) => operator.text(info)?.slice(0, length))
}

/** A JSON value as Envoy prints it in text: strings bare, null as missing, structs with sorted keys. */
export function jsonAsText(value: MetadataValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined
  return toWireText(typeof value === 'string' ? value : sortedJson(value))
}

/** JSON text with the keys of structs sorted. */
export function sortedJson(value: MetadataValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`
  const keys: string[] = []
  for (const key in value) keys.push(key)
  return `{${keys
    .sort()
    .map((key) => JSON.stringify(key) + ':' + sortedJson(value[key]))
    .join(',')}}`
}
