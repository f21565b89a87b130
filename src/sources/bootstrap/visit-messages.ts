// Every message inside a message, through fields, lists, maps and the contents of Any. Knows nothing of what it visits.

import { toBinary, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import type { Any } from '@bufbuild/protobuf/wkt'
import { TYPE_PREFIX, unpackAny, type Unpacked } from '../../envoy/any.ts'
import { fieldPath, itemPath, keyPath } from '../../envoy/config-error.ts'

/**
 * Called with each message before what is in it; `path` is its place as configuration errors name it. Returns whether it
 * changed the message.
 */
export type Visit = (message: Message, path: string) => boolean

/** Visits `message` and all below. An Any is packed again when something in it was changed. Returns whether anything was. */
export function visitMessages(desc: DescMessage, message: Message, path: string, visit: Visit): boolean {
  return visitOne(reflect(desc, message, false), path, visit)
}

function visitOne(target: ReflectMessage, path: string, visit: Visit): boolean {
  let changed = visit(target.message, path)
  for (const field of target.desc.fields) {
    if (field.message === undefined || !target.isSet(field)) continue
    changed = visitField(target, field, fieldPath(path, field.name), visit) || changed
  }
  return changed
}

function visitField(target: ReflectMessage, field: DescField, path: string, visit: Visit): boolean {
  let changed = false
  if (field.fieldKind === 'list') {
    let index = 0
    for (const item of target.get(field)) {
      changed = visitValue(item as ReflectMessage, itemPath(path, index++), visit) || changed
    }
  } else if (field.fieldKind === 'map') {
    for (const [key, value] of target.get(field)) {
      changed = visitValue(value as ReflectMessage, keyPath(path, String(key)), visit) || changed
    }
  } else {
    changed = visitValue(target.get(field) as ReflectMessage, path, visit)
  }
  return changed
}

function visitValue(value: ReflectMessage, path: string, visit: Visit): boolean {
  const { typeName } = value.desc
  if (typeName === 'google.protobuf.Any') return visitAny(value.message as Any, path, visit)
  return typeName.startsWith('google.protobuf.') ? false : visitOne(value, path, visit)
}

function visitAny(any: Any, path: string, visit: Visit): boolean {
  const unpacked = unpacking(any)
  if (unpacked?.desc === undefined || unpacked.message === undefined) return false
  const { desc, message, typeName } = unpacked
  if (!visitOne(reflect(desc, message, false), path, visit)) return false
  any.typeUrl = TYPE_PREFIX + typeName
  any.value = toBinary(desc, message)
  return true
}

/** What cannot be unpacked has been reported by the support check, or is left out by it. */
function unpacking(any: Any): Unpacked | undefined {
  try {
    return unpackAny(any)
  } catch {
    return undefined
  }
}
