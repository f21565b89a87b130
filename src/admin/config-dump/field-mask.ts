// Field masks over printed messages, with Envoy's rules: a path may lead into one Any field at the top, and into no list.

import type { DescField, DescMessage, JsonObject } from '@bufbuild/protobuf'
import { typeNameOf } from '../../envoy/any.ts'
import { registry } from '../../envoy/generated/descriptors.js'

/** What is kept of an object: by field, what is kept of its value; a leaf keeps all. */
interface MaskNode {
  readonly fields: Map<string, MaskNode>
}

/** What the paths keep. Undefined when one of them names no field of the message. */
export function trimToMask(desc: DescMessage, json: JsonObject, paths: readonly string[]): JsonObject | undefined {
  const anyField = anyFieldOf(desc, paths)
  const inner = anyField === undefined ? [] : innerPaths(paths, anyField)
  const outer = anyField === undefined ? paths : paths.map((path) => (isBelow(path, anyField) ? anyField : path))
  if (!outer.every((path) => isFieldPath(desc, path))) return undefined
  const kept = trim(json, maskOf(outer))
  if (anyField === undefined || kept[anyField] === undefined) return kept
  const held = trimAny(kept[anyField] as JsonObject, inner)
  return held && { ...kept, [anyField]: held }
}

/** The first Any at the top that a path goes into. */
function anyFieldOf(desc: DescMessage, paths: readonly string[]): string | undefined {
  const field = desc.fields.find(
    (candidate) =>
      candidate.fieldKind === 'message' &&
      candidate.message.typeName === 'google.protobuf.Any' &&
      paths.some((path) => isBelow(path, candidate.name)),
  )
  return field?.name
}

function isBelow(path: string, field: string): boolean {
  return path === field || path.startsWith(`${field}.`)
}

/** A path that ends at the Any gives '', which names no field: Envoy refuses that too. */
function innerPaths(paths: readonly string[], anyField: string): string[] {
  return paths.filter((path) => isBelow(path, anyField)).map((path) => path.slice(anyField.length + 1))
}

function trimAny(json: JsonObject, paths: readonly string[]): JsonObject | undefined {
  const desc = registry.getMessage(typeNameOf(json['@type'] as string))
  if (desc === undefined || !paths.every((path) => isFieldPath(desc, path))) return undefined
  return trim(json, maskOf([...paths, '@type']))
}

/** Every part but the last must be a message of its own. */
function isFieldPath(desc: DescMessage, path: string): boolean {
  let parent: DescMessage | undefined = desc
  for (const part of path.split('.')) {
    const field: DescField | undefined = parent?.fields.find(({ name }) => name === part)
    if (field === undefined) return false
    parent = field.fieldKind === 'message' ? field.message : undefined
  }
  return true
}

function maskOf(paths: readonly string[]): MaskNode {
  const root: MaskNode = { fields: new Map() }
  for (const path of paths) {
    let node = root
    for (const part of path.split('.')) {
      let next = node.fields.get(part)
      if (next === undefined) node.fields.set(part, (next = { fields: new Map() }))
      node = next
    }
    // The shorter path keeps all that is below it.
    node.fields.clear()
  }
  return root
}

function trim(json: JsonObject, mask: MaskNode): JsonObject {
  const kept: JsonObject = {}
  for (const [key, value] of Object.entries(json)) {
    const below = mask.fields.get(key)
    if (below === undefined) continue
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    kept[key] = isObject && below.fields.size > 0 ? trim(value, below) : value
  }
  return kept
}
