// The well-known types whose JSON form is not their fields: Duration, Timestamp, wrappers, Struct and Value, FieldMask.
import { create, type Message } from '@bufbuild/protobuf'
import {
  DurationSchema,
  FieldMaskSchema,
  ListValueSchema,
  NullValue,
  StructSchema,
  TimestampSchema,
  ValueSchema,
  type ListValue,
  type Struct,
  type Value,
} from '@bufbuild/protobuf/wkt'
import { accept, refuse, type Result } from './scalar-values.ts'
import { describeNode, type SourceList, type SourceMap, type SourceNode } from './source-tree.ts'

type Reader = (node: SourceNode) => Result<Message>

/** By type name. The wrappers are read by decode-message.ts as the scalar that they wrap. */
export const wellKnownReaders: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [DurationSchema.typeName, readDuration],
  [TimestampSchema.typeName, readTimestamp],
  [FieldMaskSchema.typeName, readFieldMask],
  [StructSchema.typeName, (node) => (node.kind === 'map' ? accept(structOf(node)) : expected('an object', node))],
  [ListValueSchema.typeName, (node) => (node.kind === 'list' ? accept(listOf(node)) : expected('a list', node))],
  [ValueSchema.typeName, (node) => accept(valueOf(node))],
])

export const wrapperTypes: ReadonlySet<string> = new Set(
  ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map(
    (name) => `google.protobuf.${name}Value`,
  ),
)

function expected(what: string, node: SourceNode): Result<never> {
  return refuse(`expected ${what}, found ${describeNode(node)}`, `write ${what}`)
}

const DURATION = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/
/** 10,000 years, proto's limit. */
const MAX_DURATION_SECONDS = 315_576_000_000n

function readDuration(node: SourceNode): Result<Message> {
  const match = node.kind === 'string' ? DURATION.exec(node.text) : null
  if (match === null) {
    return refuse(`expected a duration, found ${describeNode(node)}`, 'write seconds with an s: "10s", "0.250s"')
  }
  const sign = match[1] === '-' ? -1 : 1
  const seconds = BigInt(match[2])
  if (seconds > MAX_DURATION_SECONDS) return refuse('the duration is longer than 10,000 years', 'write a shorter one')
  const nanos = Number((match[3] ?? '').padEnd(9, '0'))
  return accept(
    create(DurationSchema, { seconds: sign < 0 ? -seconds : seconds, nanos: nanos === 0 ? 0 : sign * nanos }),
  )
}

const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/

function readTimestamp(node: SourceNode): Result<Message> {
  const match = node.kind === 'string' ? TIMESTAMP.exec(node.text) : null
  const millis = match === null ? NaN : Date.parse(match[1] + match[3])
  if (match === null || Number.isNaN(millis)) {
    return refuse(`expected a time, found ${describeNode(node)}`, 'write it as "2026-01-31T12:00:00Z"')
  }
  const nanos = Number((match[2] ?? '').padEnd(9, '0'))
  return accept(create(TimestampSchema, { seconds: BigInt(Math.floor(millis / 1000)), nanos }))
}

function readFieldMask(node: SourceNode): Result<Message> {
  if (node.kind !== 'string') return expected('field names separated by commas', node)
  const paths = node.text === '' ? [] : node.text.split(',')
  const snake = paths.map((path) => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
  return accept(create(FieldMaskSchema, { paths: snake }))
}

function structOf(node: SourceMap): Struct {
  const struct = create(StructSchema)
  // A plain object cannot take the key __proto__ by assignment.
  for (const { key, value } of node.entries) {
    Object.defineProperty(struct.fields, key, {
      value: valueOf(value),
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  return struct
}

function listOf(node: SourceList): ListValue {
  return create(ListValueSchema, { values: node.items.map(valueOf) })
}

function valueOf(node: SourceNode): Value {
  return create(ValueSchema, { kind: kindOf(node) })
}

function kindOf(node: SourceNode): Value['kind'] {
  switch (node.kind) {
    case 'map':
      return { case: 'structValue', value: structOf(node) }
    case 'list':
      return { case: 'listValue', value: listOf(node) }
    case 'string':
      return { case: 'stringValue', value: node.text }
    case 'number':
      return { case: 'numberValue', value: Number(node.text) }
    case 'boolean':
      return { case: 'boolValue', value: node.text === 'true' }
    case 'null':
      return { case: 'nullValue', value: NullValue.NULL_VALUE }
  }
}
