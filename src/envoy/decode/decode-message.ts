// Source tree -> typed message, by reflection over its descriptor. Collects every fault, with its place; the message then lacks what
// was faulty. Reads both spellings of field names. Does not judge values: validate-message.ts does.
import {
  create,
  getOption,
  hasOption,
  ScalarType,
  toBinary,
  type DescField,
  type DescMessage,
  type DescEnumValue,
  type Message,
} from '@bufbuild/protobuf'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import { AnySchema, type Any } from '@bufbuild/protobuf/wkt'
import { isTypedStruct, packAny, TYPE_PREFIX, typeNameOf } from '../any.ts'
import { fieldPath, itemPath, keyPath } from '../config-error.ts'
import { registry } from '../generated/descriptors.js'
import {
  deprecated_at_minor_version,
  disallowed_by_default,
  disallowed_by_default_enum,
} from '../generated/envoy/annotations/deprecation_pb.js'
import { closestName } from './closest-name.ts'
import { enumValue, mapKeyValue, scalarValue, type Refusal, type Result } from './scalar-values.ts'
import { describeNode, MAX_DEPTH, type SourceEntry, type SourceMap, type SourceNode } from './source-tree.ts'
import { wellKnownReaders, wrapperTypes } from './well-known-values.ts'

/** A fault at `path`; `offset` is where the text has it. */
export interface DecodeFault extends Refusal {
  readonly offset: number
  readonly path: string
  /** Only worth a warning: the field works, and is deprecated. Once per field and file. */
  readonly warning: boolean
}

export interface DecodeOptions {
  /**
   * An `@type` that is not known is a fault; or it is kept as an Any without content, for a caller that leaves out what it
   * cannot run.
   */
  readonly unknownTypes?: 'refuse' | 'keep'
}

export interface DecodedNode {
  readonly message: Message
  readonly faults: DecodeFault[]
}

/** `path` is the name of the node itself, and prefixes the path of every fault. */
export function decodeNode(
  desc: DescMessage,
  node: SourceNode,
  path: string,
  options: DecodeOptions = {},
): DecodedNode {
  const decoder = new Decoder(options.unknownTypes === 'keep')
  return { message: decoder.message(desc, node, path, 0) ?? create(desc), faults: decoder.faults }
}

class Decoder {
  readonly faults: DecodeFault[] = []
  private readonly keepUnknownTypes: boolean
  private readonly warned = new Set<DescField>()

  constructor(keepUnknownTypes: boolean) {
    this.keepUnknownTypes = keepUnknownTypes
  }

  message(desc: DescMessage, node: SourceNode, path: string, depth: number): Message | undefined {
    if (depth > MAX_DEPTH) {
      this.fault(node.offset, path, `messages nested deeper than ${MAX_DEPTH}`, 'flatten the configuration')
      return undefined
    }
    if (desc.typeName === AnySchema.typeName) return this.any(node, path, depth)
    const reader = wellKnownReaders.get(desc.typeName)
    if (reader !== undefined) return this.take(reader(node), node, path)
    if (wrapperTypes.has(desc.typeName) && node.kind !== 'map') return this.wrapper(desc, node, path)
    if (node.kind !== 'map') {
      const remedy = desc.fields.length === 0 ? 'write {}' : `write an object with the fields of ${desc.typeName}`
      this.fault(node.offset, path, `expected an object, found ${describeNode(node)}`, remedy)
      return undefined
    }
    return this.object(desc, node, path, depth, false)
  }

  private object(desc: DescMessage, node: SourceMap, path: string, depth: number, skipType: boolean): Message {
    const target = reflect(desc, create(desc), false)
    const names = fieldsByName(desc)
    const written = new Map<DescField, string>()
    for (const entry of node.entries) {
      if (skipType && entry.key === '@type') continue
      const field = names.get(entry.key)
      if (field === undefined) {
        this.unknownField(desc, entry, path)
        continue
      }
      const before = written.get(field)
      if (before !== undefined && before !== entry.key) {
        this.fault(
          entry.offset,
          fieldPath(path, field.name),
          `given twice, as "${before}" and "${entry.key}"`,
          'keep one',
        )
        continue
      }
      written.set(field, entry.key)
      if (entry.value.kind === 'null' && !takesNull(field)) continue
      this.deprecation(field, entry, path)
      this.oneof(field, target, entry, path)
      this.field(target, field, entry, fieldPath(path, field.name), depth)
    }
    return target.message
  }

  private field(target: ReflectMessage, field: DescField, entry: SourceEntry, path: string, depth: number): void {
    const node = entry.value
    switch (field.fieldKind) {
      case 'list': {
        // A single value stands for a list of one, as in Envoy.
        const items = node.kind === 'list' ? node.items : [node]
        const list = target.get(field)
        items.forEach((item, index) => {
          const value = this.element(field, item, itemPath(path, index), depth)
          if (value !== undefined) list.add(value)
        })
        return
      }
      case 'map': {
        this.map(target, field, node, path, depth)
        return
      }
      default: {
        const value = this.single(field, node, path, depth)
        if (value !== undefined) target.set(field, value)
      }
    }
  }

  private element(field: DescField & { fieldKind: 'list' }, node: SourceNode, path: string, depth: number) {
    if (node.kind === 'null' && !(field.listKind === 'message' && field.message.typeName === 'google.protobuf.Value')) {
      this.fault(node.offset, path, 'an empty element of a list', 'fill it or take it out')
      return undefined
    }
    return this.single(field, node, path, depth)
  }

  private map(
    target: ReflectMessage,
    field: DescField & { fieldKind: 'map' },
    node: SourceNode,
    path: string,
    depth: number,
  ) {
    if (node.kind !== 'map') {
      this.fault(node.offset, path, `expected an object, found ${describeNode(node)}`, 'write keys and values')
      return
    }
    const map = target.get(field)
    for (const entry of node.entries) {
      const at = keyPath(path, entry.key)
      const key = this.take(mapKeyValue(field.mapKey, entry.key), entry, at)
      if (entry.value.kind === 'null' && !takesNull(field)) {
        this.fault(entry.offset, at, 'a key without a value', 'give it a value or take it out')
        continue
      }
      const value = this.single(field, entry.value, at, depth)
      if (key !== undefined && value !== undefined) map.set(key, value)
    }
  }

  /** The value of a singular field, of a list's element or of a map's value, in the form that ReflectMessage takes. */
  private single(field: DescField, node: SourceNode, path: string, depth: number): unknown {
    if (field.message !== undefined) {
      const message = this.message(field.message, node, path, depth + 1)
      return message === undefined ? undefined : reflect(field.message, message, false)
    }
    if (field.enum !== undefined) {
      const number = this.take(enumValue(field.enum, node), node, path)
      if (number !== undefined) this.enumDeprecation(field.enum.value[number], node, path)
      return number
    }
    return this.take(scalarValue(field.scalar ?? ScalarType.STRING, node), node, path)
  }

  /** `5`; `{value: 5}` is read as any other message, as Envoy does. */
  private wrapper(desc: DescMessage, node: SourceNode, path: string): Message | undefined {
    const inner = desc.fields[0]
    const value = this.take(scalarValue(inner.scalar ?? ScalarType.STRING, node), node, path)
    if (value === undefined) return undefined
    const target = reflect(desc, create(desc), false)
    target.set(inner, value)
    return target.message
  }

  private any(node: SourceNode, path: string, depth: number): Any | undefined {
    if (node.kind !== 'map') {
      this.fault(node.offset, path, `expected an object with "@type", found ${describeNode(node)}`, 'write the object')
      return undefined
    }
    const typeEntry = node.entries.find((entry) => entry.key === '@type')
    if (typeEntry === undefined) {
      if (node.entries.length === 0) return create(AnySchema)
      this.fault(node.offset, path, 'no "@type"', `name the type: "@type": ${TYPE_PREFIX}...`)
      return undefined
    }
    if (typeEntry.value.kind !== 'string') {
      this.fault(typeEntry.offset, fieldPath(path, '@type'), 'the type is not a string', `write ${TYPE_PREFIX}...`)
      return undefined
    }
    const typeUrl = typeEntry.value.text
    const desc = registry.getMessage(typeNameOf(typeUrl))
    if (desc === undefined) return this.unknownType(typeUrl, typeEntry, path)
    if (isTypedStruct(desc.typeName)) return this.typedStruct(desc, typeUrl, node, path, depth)
    const message = this.anyBody(desc, node, path, depth)
    return message && create(AnySchema, { typeUrl, value: toBinary(desc, message) })
  }

  /** The fields stand beside "@type", but a type with a JSON form of its own has it in "value". */
  private anyBody(desc: DescMessage, node: SourceMap, path: string, depth: number): Message | undefined {
    const special = wellKnownReaders.has(desc.typeName) || wrapperTypes.has(desc.typeName) || desc === AnySchema
    if (!special) return this.object(desc, node, path, depth + 1, true)
    const value = node.entries.find((entry) => entry.key === 'value')
    const extra = node.entries.find((entry) => entry.key !== 'value' && entry.key !== '@type')
    if (extra !== undefined) this.unknownField(desc, extra, path)
    return value === undefined ? create(desc) : this.message(desc, value.value, fieldPath(path, 'value'), depth + 1)
  }

  /** A TypedStruct of a type that is known here is read as that type, as strictly. */
  private typedStruct(desc: DescMessage, typeUrl: string, node: SourceMap, path: string, depth: number): Any {
    const wrapped = this.object(desc, node, path, depth + 1, true)
    const named = node.entries.find((entry) => entry.key === 'type_url' || entry.key === 'typeUrl')
    const body = node.entries.find((entry) => entry.key === 'value')
    const inner = named?.value.kind === 'string' ? registry.getMessage(typeNameOf(named.value.text)) : undefined
    if (inner === undefined) return create(AnySchema, { typeUrl, value: toBinary(desc, wrapped) })
    const empty: SourceMap = { kind: 'map', entries: [], offset: node.offset }
    const message = this.message(inner, body?.value ?? empty, fieldPath(path, 'value'), depth + 1)
    return packAny(inner, message ?? create(inner))
  }

  private unknownType(typeUrl: string, entry: SourceEntry, path: string): Any | undefined {
    if (this.keepUnknownTypes) return create(AnySchema, { typeUrl })
    const close = closestName(typeNameOf(typeUrl), messageNames())
    const remedy = close === undefined ? 'take this out, or use a type that Cairn knows' : `did you mean ${close}?`
    this.fault(entry.offset, fieldPath(path, '@type'), `unknown type ${JSON.stringify(typeUrl)}`, remedy)
    return undefined
  }

  private unknownField(desc: DescMessage, entry: SourceEntry, path: string): void {
    const close = closestName(
      entry.key,
      desc.fields.map((field) => field.name),
    )
    const remedy = close === undefined ? 'take it out, or check where it belongs' : `did you mean "${close}"?`
    this.fault(
      entry.offset,
      fieldPath(path, entry.key),
      `${desc.typeName} has no field ${JSON.stringify(entry.key)}`,
      remedy,
    )
  }

  private oneof(field: DescField, target: ReflectMessage, entry: SourceEntry, path: string): void {
    const other = field.oneof === undefined ? undefined : target.oneofCase(field.oneof)
    if (other === undefined || other === field) return
    const message = `"${other.name}" and "${field.name}" cannot both be set`
    this.fault(entry.offset, fieldPath(path, field.name), message, `keep one of the choices of ${field.oneof?.name}`)
  }

  private deprecation(field: DescField, entry: SourceEntry, path: string): void {
    if (!field.deprecated) return
    const disallowed = hasOption(field, disallowed_by_default) && getOption(field, disallowed_by_default)
    if (!disallowed && this.warned.has(field)) return
    this.warned.add(field)
    const since = getOption(field, deprecated_at_minor_version)
    const message = disallowed ? 'removed from Envoy' : `deprecated${since === '' ? '' : ` since Envoy ${since}`}`
    this.faults.push({
      offset: entry.offset,
      path: fieldPath(path, field.name),
      message,
      remedy: "use the field that Envoy's documentation names instead",
      warning: !disallowed,
    })
  }

  private enumDeprecation(value: DescEnumValue | undefined, node: SourceNode, path: string): void {
    if (value === undefined || !value.deprecated || !getOption(value, disallowed_by_default_enum)) return
    this.fault(node.offset, path, `the value ${value.name} is removed from Envoy`, 'choose another value')
  }

  private take<T>(result: Result<T>, at: { readonly offset: number }, path: string): T | undefined {
    if (result.ok) return result.value
    this.fault(at.offset, path, result.refusal.message, result.refusal.remedy)
    return undefined
  }

  private fault(offset: number, path: string, message: string, remedy: string): void {
    this.faults.push({ offset, path, message, remedy, warning: false })
  }
}

/** null is a value of these, and "not set" everywhere else. */
function takesNull(field: DescField): boolean {
  return field.message?.typeName === 'google.protobuf.Value' || field.enum?.typeName === 'google.protobuf.NullValue'
}

const namesCache = new WeakMap<DescMessage, Map<string, DescField>>()

function fieldsByName(desc: DescMessage): Map<string, DescField> {
  let names = namesCache.get(desc)
  if (names === undefined) {
    names = new Map()
    for (const field of desc.fields) names.set(field.jsonName, field)
    for (const field of desc.fields) names.set(field.name, field)
    namesCache.set(desc, names)
  }
  return names
}

let allNames: string[] | undefined

function messageNames(): string[] {
  allNames ??= [...registry].filter((type) => type.kind === 'message').map((type) => type.typeName)
  return allNames
}
