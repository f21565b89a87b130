// JSON formats (json_format): one line of JSON per stream, keys sorted, with the types of the values where a string is one
// operator and nothing else.

import { isUtf8 } from 'node:buffer'
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { Problems } from '../../lib/problems.ts'
import { toWireText } from '../../lib/wire-text.ts'
import type { MetadataValue } from '../stream/metadata.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { compileFormat, compileParts } from './compile-format.ts'
import type { Format } from './compile-format.ts'
import { sortedJson } from './operator.ts'
import type { FormatEnvironment } from './operator.ts'

/** Writes a value; undefined: it is to be left out (only where empty values are omitted). */
type Writer = (info: StreamInfo) => string | undefined

/** The format ends with a newline, as Envoy's does. */
export function compileJsonFormat(
  format: JsonObject,
  environment: FormatEnvironment,
  problems: Problems,
  omitEmptyValues: boolean,
): Format {
  const write = compileStruct(format, environment, problems, omitEmptyValues)
  return (info) => (write(info) ?? '{}') + '\n'
}

function compileValue(
  value: JsonValue,
  environment: FormatEnvironment,
  problems: Problems,
  omitEmptyValues: boolean,
): Writer {
  if (typeof value === 'string') return compileString(value, environment, problems, omitEmptyValues)
  if (value === null) return () => (omitEmptyValues ? undefined : 'null')
  if (typeof value !== 'object') {
    const text = JSON.stringify(value)
    return () => text
  }
  if (!Array.isArray(value)) return compileStruct(value, environment, problems, omitEmptyValues)
  const items = value.map((item, i) => compileValue(item, environment, problems.at(i), omitEmptyValues))
  return (info) => {
    let out = ''
    for (let i = 0; i < items.length; i++) {
      const item = items[i](info)
      if (item !== undefined) out += (out === '' ? '' : ',') + item
    }
    return `[${out}]`
  }
}

function compileStruct(
  struct: JsonObject,
  environment: FormatEnvironment,
  problems: Problems,
  omitEmptyValues: boolean,
): Writer {
  const keys: string[] = []
  for (const key in struct) keys.push(key)
  keys.sort()
  const names = keys.map((key) => toWireText(JSON.stringify(key)) + ':')
  const values = keys.map((key) => compileValue(struct[key], environment, problems.key(key), omitEmptyValues))
  return (info) => {
    let out = ''
    for (let i = 0; i < values.length; i++) {
      const value = values[i](info)
      if (value !== undefined) out += (out === '' ? '' : ',') + names[i] + value
    }
    return out === '' && omitEmptyValues ? undefined : `{${out}}`
  }
}

function compileString(
  format: string,
  environment: FormatEnvironment,
  problems: Problems,
  omitEmptyValues: boolean,
): Writer {
  const parts = compileParts(format, environment, problems)
  const [first] = parts
  if (parts.length === 1 && typeof first !== 'string') {
    const missing = omitEmptyValues ? undefined : 'null'
    return (info) => {
      const value = first.json(info)
      return value === undefined || value === null ? missing : jsonText(value)
    }
  }
  const text = compileFormat(format, environment, new Problems(), { omitEmptyValues })
  if (parts.every((part) => typeof part === 'string')) {
    const constant = jsonString(parts.join(''))
    return () => constant
  }
  return (info) => jsonString(text(info))
}

function jsonText(value: MetadataValue): string {
  if (typeof value === 'string') return jsonString(value)
  return toWireText(sortedJson(value))
}

/** Text of octets as a JSON string. What is not UTF-8 is escaped octet by octet, so that the line stays valid. */
function jsonString(text: string): string {
  const quoted = JSON.stringify(text)
  if (!/[\x80-\xff]/.test(text) || isUtf8(Buffer.from(text, 'latin1'))) return quoted
  return `"${text.replace(/[^ !#-[\]-~]/g, (octet) => `\\u${octet.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
}
