// Envoy's substitution format strings, compiled to one function from a stream to text.

import type { Problems } from '../../lib/problems.ts'
import { toWireText } from '../../lib/wire-text.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { ADDRESS_OPERATORS } from './address-operators.ts'
import { HEADER_OPERATORS } from './header-operators.ts'
import type { FormatEnvironment, Operator, OperatorFactory } from './operator.ts'
import { parseFormat } from './parse-format.ts'
import { STATE_OPERATORS } from './state-operators.ts'
import { STREAM_OPERATORS } from './stream-operators.ts'
import { TIME_OPERATORS } from './time-operators.ts'
import { TLS_OPERATORS } from './tls-operators.ts'

/** Gives one octet per character: written as latin1, it is the UTF-8 that the format and the values hold. */
export type Format = (info: StreamInfo) => string

/** A literal (an octet per character) or an operator. */
export type FormatPart = string | Operator

const OPERATORS: ReadonlyMap<string, OperatorFactory> = new Map([
  ...HEADER_OPERATORS,
  ...STREAM_OPERATORS,
  ...TIME_OPERATORS,
  ...ADDRESS_OPERATORS,
  ...TLS_OPERATORS,
  ...STATE_OPERATORS,
])

export interface FormatOptions {
  /** Missing values are empty, not `-`. */
  readonly omitEmptyValues: boolean
}

/** Notes what cannot be compiled, with its position. */
export function compileFormat(
  format: string,
  environment: FormatEnvironment,
  problems: Problems,
  options: FormatOptions = { omitEmptyValues: false },
): Format {
  const parts = compileParts(format, environment, problems)
  const missing = options.omitEmptyValues ? '' : '-'
  if (parts.length === 0) return () => ''
  if (parts.length === 1) return single(parts[0], missing)
  return joined(parts, missing)
}

export function compileParts(format: string, environment: FormatEnvironment, problems: Problems): FormatPart[] {
  return parseFormat(format, problems).map((token) => {
    if (typeof token === 'string') return toWireText(token)
    const factory = OPERATORS.get(token.name)
    if (factory !== undefined) return factory(token, environment, problems) ?? ''
    problems.add(`the operator %${token.name}% at position ${token.position} is not supported`)
    return ''
  })
}

function single(part: FormatPart, missing: string): Format {
  if (typeof part === 'string') return () => part
  const { text } = part
  return (info) => text(info) ?? missing
}

function joined(parts: readonly FormatPart[], missing: string): Format {
  const texts = parts.map((part) => (typeof part === 'string' ? part : part.text))
  return (info) => {
    let out = ''
    for (let i = 0; i < texts.length; i++) {
      const part = texts[i]
      out += typeof part === 'string' ? part : (part(info) ?? missing)
    }
    return out
  }
}
