// Message -> JSON with default values written out, as Envoy prints what it says of itself (/server_info, /certs, /memory).

import { ScalarType } from '@bufbuild/protobuf'
import type { DescField, DescMessage, JsonObject, JsonValue, Message } from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt'
import { printMessage } from '../../envoy/print.ts'

/** Lists, maps and scalars that are not set are written; messages and members of a oneof are not. Secrets are redacted. */
export function printWithDefaults(desc: DescMessage, message: Message): JsonObject {
  const json = printMessage(desc, message, { redact: true }) as JsonObject
  addDefaults(desc, json)
  return json
}

function addDefaults(desc: DescMessage, json: JsonObject): void {
  for (const field of desc.fields) {
    const value = json[field.name]
    if (value === undefined) {
      const missing = defaultOf(field)
      if (missing !== undefined) json[field.name] = missing
    } else if (field.message !== undefined && !field.message.typeName.startsWith('google.protobuf.')) {
      for (const item of nestedObjects(field, value)) addDefaults(field.message, item)
    }
  }
}

function nestedObjects(field: DescField, value: JsonValue): JsonObject[] {
  if (field.fieldKind === 'list') return value as JsonObject[]
  return field.fieldKind === 'map' ? (Object.values(value as JsonObject) as JsonObject[]) : [value as JsonObject]
}

function defaultOf(field: DescField): JsonValue | undefined {
  if (field.fieldKind === 'list') return []
  if (field.fieldKind === 'map') return {}
  if (field.presence !== Presence.IMPLICIT) return undefined
  if (field.enum !== undefined) return field.enum.values[0].name
  return scalarDefault(field.scalar)
}

function scalarDefault(type: ScalarType | undefined): JsonValue {
  switch (type) {
    case ScalarType.BOOL:
      return false
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return ''
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return '0'
    default:
      return 0
  }
}
