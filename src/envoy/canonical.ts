// Bytes that are equal exactly when two messages are executed alike: maps sorted, at any depth and inside every known Any, and
// without metadata.filter_metadata["cairn.source"], which says where a thing came from.
import { clone, fromBinary, toBinary, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import type { Any } from '@bufbuild/protobuf/wkt'
import { typeNameOf } from './any.ts'
import { registry } from './generated/descriptors.js'
import { MetadataSchema, type Metadata } from './generated/envoy/config/core/v3/base_pb.js'

/** The key under which translation writes the origin of what it makes. */
export const SOURCE_KEY = 'cairn.source'

export function canonicalBytes(desc: DescMessage, message: Message): Uint8Array {
  const copy = clone(desc, message)
  canonicalize(reflect(desc, copy, false))
  return toBinary(desc, copy)
}

function canonicalize(target: ReflectMessage): void {
  if (target.desc.typeName === 'google.protobuf.Any') {
    canonicalizeAny(target.message as Any)
    return
  }
  if (target.desc.typeName === MetadataSchema.typeName) {
    Reflect.deleteProperty((target.message as Metadata).filterMetadata, SOURCE_KEY)
  }
  for (const field of target.desc.fields) {
    if (!target.isSet(field)) continue
    if (field.fieldKind === 'map') sortMap(target, field)
    if (field.message !== undefined) canonicalizeField(target, field)
  }
}

function canonicalizeField(target: ReflectMessage, field: DescField): void {
  switch (field.fieldKind) {
    case 'list': {
      const list = target.get(field)
      for (let i = 0; i < list.size; i++) list.set(i, canonicalizeValue(list.get(i) as ReflectMessage))
      return
    }
    case 'map':
      for (const [key, item] of target.get(field).entries()) {
        target.get(field).set(key, canonicalizeValue(item as ReflectMessage))
      }
      return
    default: {
      const value = canonicalizeValue(target.get(field) as ReflectMessage)
      if (isEmptyMetadata(value)) target.clear(field)
      else target.set(field, value)
    }
  }
}

/** Gives the value back, because a Struct in a field is a plain object, of which reflection hands out a copy. */
function canonicalizeValue(value: ReflectMessage): ReflectMessage {
  canonicalize(value)
  return value
}

/** Nothing but the origin was in it. */
function isEmptyMetadata(value: ReflectMessage): boolean {
  return value.desc.typeName === MetadataSchema.typeName && !value.fields.some((field) => value.isSet(field))
}

/** Maps are serialised in the order of their keys' insertion. */
function sortMap(target: ReflectMessage, field: DescField & { fieldKind: 'map' }): void {
  const map = target.get(field)
  const entries = [...map.entries()].sort(([a], [b]) => compare(a, b))
  map.clear()
  for (const [key, value] of entries) map.set(key, value)
}

function compare(a: unknown, b: unknown): number {
  const [left, right] = [String(a), String(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

function canonicalizeAny(any: Any): void {
  const desc = registry.getMessage(typeNameOf(any.typeUrl))
  if (desc === undefined) return
  const message = fromBinary(desc, any.value)
  canonicalize(reflect(desc, message, false))
  any.value = toBinary(desc, message)
}
