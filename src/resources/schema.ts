// Structural validation, as an API server does it with a CRD's schema: types, required fields, limits, patterns, list
// keys, defaults. Stricter in one thing, as `kubectl --validate=strict` is: an unknown field is an error, not dropped.
// What needs two fields at once stands in rules/.

import { formatFieldPath, type FieldPath } from './field-path.ts'

export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'integer-or-string'
  /** Use the definition of this name instead. */
  readonly ref?: string
  readonly properties?: Readonly<Record<string, Schema>>
  /** The schema of values under keys that `properties` does not name. */
  readonly additional?: Schema
  readonly items?: Schema
  readonly preserveUnknown?: boolean
  readonly required?: readonly string[]
  readonly enum?: readonly (string | number)[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly uniqueItems?: boolean
  readonly listMapKeys?: readonly string[]
  readonly default?: unknown
}

/** Notes a mistake: where, what is wrong, what to do. */
export type Report = (path: FieldPath, message: string, remedy?: string) => void

/** Plain data as YAML gives it. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain }
export type PlainObject = Record<string, Plain>

type Definitions = Readonly<Record<string, Schema>>

/** Compiled patterns; there are a few dozen, all from the schemas, so none is ever evicted. */
const patterns = new Map<string, RegExp>()

/** Checks `value` against `schema` in place: defaults are filled in, nulls that mean "unset" removed. */
export function checkStructure(
  schema: Schema,
  definitions: Definitions,
  value: Plain,
  path: FieldPath,
  report: Report,
): void {
  const resolved = schema.ref === undefined ? schema : definitions[schema.ref]
  if (resolved.preserveUnknown === true && resolved.type === undefined) return
  if (!hasType(resolved, value)) {
    report(path, `must be ${article(resolved.type!)}, is ${describe(value)}`, typeRemedy(resolved, value))
    return
  }
  if (typeof value === 'string') checkString(resolved, value, path, report)
  else if (typeof value === 'number') checkNumber(resolved, value, path, report)
  else if (Array.isArray(value)) checkList(resolved, definitions, value, path, report)
  else if (typeof value === 'object' && value !== null) checkObject(resolved, definitions, value, path, report)
}

function checkObject(
  schema: Schema,
  definitions: Definitions,
  value: PlainObject,
  path: FieldPath,
  report: Report,
): void {
  const properties = schema.properties ?? {}
  for (const key of Object.keys(value)) {
    const property = Object.hasOwn(properties, key) ? properties[key] : schema.additional
    if (value[key] === null) {
      // The API server treats null as unset wherever a field is not declared nullable, and no field here is.
      Reflect.deleteProperty(value, key)
    } else if (property !== undefined) {
      checkStructure(property, definitions, value[key], [...path, key], report)
    } else if (schema.preserveUnknown !== true) {
      report([...path, key], 'is not a field that exists here', unknownFieldRemedy(key, Object.keys(properties)))
    }
  }
  for (const [key, property] of Object.entries(properties)) {
    if (!Object.hasOwn(value, key) && property.default !== undefined) {
      value[key] = structuredClone(property.default) as Plain
      checkStructure(property, definitions, value[key], [...path, key], report)
    }
  }
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(value, key)) report([...path, key], 'is required', 'add it')
  }
  if (schema.maxProperties !== undefined && Object.keys(value).length > schema.maxProperties) {
    report(path, `has ${Object.keys(value).length} entries, at most ${schema.maxProperties} are allowed`)
  }
}

function checkList(schema: Schema, definitions: Definitions, value: Plain[], path: FieldPath, report: Report): void {
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    report(path, `needs at least ${schema.minItems} entries, has ${value.length}`)
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    report(path, `has ${value.length} entries, at most ${schema.maxItems} are allowed`)
    return
  }
  if (schema.items !== undefined) {
    for (const [index, item] of value.entries())
      checkStructure(schema.items, definitions, item, [...path, index], report)
  }
  if (schema.uniqueItems === true) checkUnique(value, (item) => JSON.stringify(item), path, report)
  const keys = schema.listMapKeys
  if (keys !== undefined) checkUnique(value, (item) => listMapKey(item, keys), path, report)
}

function checkUnique(
  value: Plain[],
  keyOf: (item: Plain) => string | undefined,
  path: FieldPath,
  report: Report,
): void {
  const seen = new Map<string, number>()
  for (const [index, item] of value.entries()) {
    const key = keyOf(item)
    if (key === undefined) continue
    const first = seen.get(key)
    if (first === undefined) seen.set(key, index)
    else report([...path, index], `repeats ${formatFieldPath([...path, first])} (${key})`, 'keep one of the two')
  }
}

function listMapKey(item: Plain, keys: readonly string[]): string | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined
  return keys.map((key) => `${key} ${JSON.stringify(item[key] ?? null)}`).join(', ')
}

function checkString(schema: Schema, value: string, path: FieldPath, report: Report): void {
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    report(path, `must be one of ${schema.enum.join(', ')}, is ${describe(value)}`)
    return
  }
  if (schema.minLength !== undefined && value.length < schema.minLength) {
    report(path, schema.minLength === 1 ? 'must not be empty' : `needs at least ${schema.minLength} characters`)
    return
  }
  if (schema.maxLength !== undefined && value.length > schema.maxLength) {
    report(path, `has ${value.length} characters, at most ${schema.maxLength} are allowed`)
    return // Keeps long input away from the pattern.
  }
  if (schema.pattern !== undefined && !patternOf(schema.pattern).test(value)) {
    report(path, `is ${describe(value)}, which does not match ${schema.pattern}`)
  }
}

function checkNumber(schema: Schema, value: number, path: FieldPath, report: Report): void {
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    report(path, `must be one of ${schema.enum.join(', ')}, is ${value}`)
  } else if (schema.minimum !== undefined && value < schema.minimum) {
    report(path, `must be at least ${schema.minimum}, is ${value}`)
  } else if (schema.maximum !== undefined && value > schema.maximum) {
    report(path, `must be at most ${schema.maximum}, is ${value}`)
  }
}

function patternOf(source: string): RegExp {
  let pattern = patterns.get(source)
  if (pattern === undefined) {
    pattern = new RegExp(source)
    patterns.set(source, pattern)
  }
  return pattern
}

function hasType(schema: Schema, value: Plain): boolean {
  switch (schema.type) {
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'array':
      return Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    case 'integer-or-string':
      return Number.isInteger(value) || typeof value === 'string'
    case undefined:
      return true
    default:
      return typeof value === schema.type
  }
}

function article(type: string): string {
  if (type === 'integer-or-string') return 'an integer or a string'
  if (type === 'array') return 'a list'
  if (type === 'object') return 'a mapping'
  return type === 'integer' ? 'an integer' : `a ${type}`
}

function typeRemedy(schema: Schema, value: Plain): string {
  if (schema.type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    return `put it in quotes: "${String(value)}"`
  }
  if ((schema.type === 'integer' || schema.type === 'number') && typeof value === 'string' && /^-?\d+$/.test(value)) {
    return `remove the quotes: ${value}`
  }
  if (schema.type === 'array' && !Array.isArray(value)) return 'begin each entry with "- "'
  return ''
}

function unknownFieldRemedy(key: string, known: string[]): string {
  const near =
    known.find((name) => name.toLowerCase() === key.toLowerCase()) ?? known.find((name) => distance(name, key) <= 2)
  return near === undefined ? `remove it; known here: ${known.slice(0, 12).join(', ')}` : `write ${near}`
}

/** Levenshtein's distance, for suggestions. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]
}

function describe(value: Plain): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
