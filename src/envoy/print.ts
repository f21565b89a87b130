// Message -> JSON as Envoy prints it (config_dump) and reads it: field names as in the proto files, an Any as its message beside
// "@type". Secrets can be redacted as Envoy does: what the API marks as sensitive, at any depth.
import {
  fromBinary,
  getOption,
  hasOption,
  ScalarType,
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type Message,
} from '@bufbuild/protobuf'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import { base64Encode } from '@bufbuild/protobuf/wire'
import type { Any, Duration, FieldMask, Timestamp, Value } from '@bufbuild/protobuf/wkt'
import { isTypedStruct, typeNameOf, unpackAny } from './any.ts'
import { registry } from './generated/descriptors.js'
import { sensitive } from './generated/udpa/annotations/sensitive_pb.js'
import type { TypedStruct } from './generated/xds/type/v3/typed_struct_pb.js'

export interface PrintOptions {
  /** Strings and bytes in fields that the API marks as sensitive become "[redacted]". */
  readonly redact: boolean
}

/** Default values are left out. Throws on an Any whose bytes are not of its type. */
export function printMessage(desc: DescMessage, message: Message, options: PrintOptions): JsonValue {
  return printReflected(reflect(desc, message, false), options, false)
}

/** `{"@type": ..., fields}`. A type that is not known here is printed with its bytes as base64 in "value". */
export function printAny(any: Any, options: PrintOptions): JsonObject {
  return anyJson(any, options, false)
}

const REDACTED = '[redacted]'
const REDACTED_BYTES = base64Encode(new TextEncoder().encode(REDACTED))

/** `hidden`: what is above is sensitive, so every leaf is. */
function printReflected(target: ReflectMessage, options: PrintOptions, hidden: boolean): JsonValue {
  const special = wellKnown.get(target.desc.typeName)
  if (special !== undefined) return special(target, options, hidden)
  const out: JsonObject = {}
  for (const field of target.desc.fields) {
    if (!target.isSet(field)) continue
    const hide = hidden || (options.redact && hasOption(field, sensitive) && getOption(field, sensitive))
    out[field.name] = fieldJson(target, field, options, hide)
  }
  return out
}

function fieldJson(target: ReflectMessage, field: DescField, options: PrintOptions, hidden: boolean): JsonValue {
  switch (field.fieldKind) {
    case 'list':
      return [...target.get(field)].map((item) => valueJson(field, item, options, hidden))
    case 'map': {
      const out: JsonObject = {}
      for (const [key, value] of target.get(field).entries())
        setKey(out, String(key), valueJson(field, value, options, hidden))
      return out
    }
    default:
      return valueJson(field, target.get(field), options, hidden)
  }
}

function valueJson(field: DescField, value: unknown, options: PrintOptions, hidden: boolean): JsonValue {
  if (field.message !== undefined) return printReflected(value as ReflectMessage, options, hidden)
  if (field.enum !== undefined) {
    if (field.enum.typeName === 'google.protobuf.NullValue') return null
    return field.enum.value[value as number]?.name ?? (value as number)
  }
  return scalarJson(field.scalar ?? ScalarType.STRING, value, hidden)
}

function scalarJson(type: ScalarType, value: unknown, hidden: boolean): JsonValue {
  if (type === ScalarType.BYTES) return hidden ? REDACTED_BYTES : base64Encode(value as Uint8Array)
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'string') return hidden ? REDACTED : value
  return value as boolean
}

type Special = (target: ReflectMessage, options: PrintOptions, hidden: boolean) => JsonValue

const wellKnown = new Map<string, Special>([
  ['google.protobuf.Any', (target, options, hidden) => anyJson(target.message as Any, options, hidden)],
  ['google.protobuf.Duration', (target) => durationJson(target.message as Duration)],
  ['google.protobuf.Timestamp', (target) => timestampJson(target.message as Timestamp)],
  ['google.protobuf.FieldMask', (target) => fieldMaskJson(target.message as FieldMask)],
  ['google.protobuf.Struct', (target, options, hidden) => structJson(target, options, hidden)],
  ['google.protobuf.ListValue', (target, options, hidden) => listJson(target, options, hidden)],
  ['google.protobuf.Value', (target, options, hidden) => dynamicJson(target, options, hidden)],
])
for (const name of ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes']) {
  wellKnown.set(`google.protobuf.${name}Value`, (target, _, hidden) => {
    const field = target.desc.fields[0]
    return scalarJson(field.scalar ?? ScalarType.STRING, target.get(field), hidden)
  })
}

function anyJson(any: Any, options: PrintOptions, hidden: boolean): JsonObject {
  if (any.typeUrl === '') return {}
  const desc = registry.getMessage(typeNameOf(any.typeUrl))
  if (desc === undefined) {
    return { '@type': any.typeUrl, value: options.redact ? REDACTED_BYTES : base64Encode(any.value) }
  }
  if (isTypedStruct(desc.typeName)) return typedStructJson(any, desc, options, hidden)
  const body = printReflected(reflect(desc, fromBinary(desc, any.value), false), options, hidden)
  if (wellKnown.has(desc.typeName)) return { '@type': any.typeUrl, value: body }
  return { '@type': any.typeUrl, ...(body as JsonObject) }
}

/** Printed as it came. Where its type is known it is redacted by that type; where it is not, it is shown as Envoy shows it. */
function typedStructJson(any: Any, desc: DescMessage, options: PrintOptions, hidden: boolean): JsonObject {
  const struct = fromBinary(desc, any.value) as Message as TypedStruct
  const known = options.redact ? unpackAny(any) : undefined
  const out: JsonObject = { '@type': any.typeUrl }
  if (struct.typeUrl !== '') out.type_url = struct.typeUrl
  if (known?.desc !== undefined && known.message !== undefined) {
    out.value = printReflected(reflect(known.desc, known.message, false), options, hidden)
  } else if (struct.value !== undefined) {
    out.value = hidden ? REDACTED : struct.value
  }
  return out
}

function structJson(target: ReflectMessage, options: PrintOptions, hidden: boolean): JsonObject {
  const out: JsonObject = {}
  const fields = target.desc.fields[0] as DescField & { fieldKind: 'map' }
  for (const [key, value] of target.get(fields).entries()) {
    setKey(out, String(key), dynamicJson(value as ReflectMessage, options, hidden))
  }
  return out
}

function listJson(target: ReflectMessage, options: PrintOptions, hidden: boolean): JsonValue[] {
  const values = target.desc.fields[0] as DescField & { fieldKind: 'list' }
  return [...target.get(values)].map((item) => dynamicJson(item as ReflectMessage, options, hidden))
}

function dynamicJson(target: ReflectMessage, options: PrintOptions, hidden: boolean): JsonValue {
  const { kind } = target.message as Value
  const field = target.desc.fields.find((candidate) => candidate.localName === kind.case)
  return field === undefined ? null : valueJson(field, target.get(field), options, hidden)
}

/** A plain object cannot take the key __proto__ by assignment. */
function setKey(object: JsonObject, key: string, value: JsonValue): void {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
}

function durationJson(duration: Duration): string {
  const negative = duration.seconds < 0n || duration.nanos < 0
  const seconds = duration.seconds < 0n ? -duration.seconds : duration.seconds
  return `${negative ? '-' : ''}${seconds}${fraction(Math.abs(duration.nanos))}s`
}

function timestampJson(timestamp: Timestamp): string {
  const whole = new Date(Number(timestamp.seconds) * 1000).toISOString().slice(0, 19)
  return `${whole}${fraction(timestamp.nanos)}Z`
}

/** Three, six or nine digits, as protobuf prints them. */
function fraction(nanos: number): string {
  if (nanos === 0) return ''
  const digits = String(nanos).padStart(9, '0')
  const kept = digits.endsWith('000000') ? 3 : digits.endsWith('000') ? 6 : 9
  return `.${digits.slice(0, kept)}`
}

function fieldMaskJson(mask: FieldMask): string {
  return mask.paths.map((path) => path.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())).join(',')
}
