// validate.rules of one field -> a function that judges its value. Covers every rule that Envoy's API uses; one that is not covered
// throws when it is compiled, and a test compiles all.
import { type DescEnum, type DescField, type Message } from '@bufbuild/protobuf'
import { isReflectMessage } from '@bufbuild/protobuf/reflect'
import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt'
import {
  KnownRegex,
  type AnyRules,
  type BytesRules,
  type EnumRules,
  type FieldRules,
  type MapRules,
  type RepeatedRules,
  type StringRules,
} from '../generated/validate/validate_pb.js'
import type { Refusal } from './scalar-values.ts'

export type Check = (value: unknown) => Refusal | undefined

/** Undefined when the rules say nothing about the value itself (`required` and `skip` are not about the value). */
export function compileCheck(rules: FieldRules | undefined, field: DescField | undefined): Check | undefined {
  if (rules === undefined) return undefined
  const type = rules.type
  switch (type.case) {
    case undefined:
    case 'repeated':
    case 'map':
      return undefined
    case 'string':
      return onValue(stringCheck(type.value))
    case 'bytes':
      return onValue(bytesCheck(type.value))
    case 'bool':
      return onValue((value) => (value === type.value.const ? undefined : mustBe(`${type.value.const}`)))
    case 'enum':
      return enumCheck(type.value, field?.enum)
    case 'duration':
      return rangeCheck(type.value, (v) => nanosOf(isReflectMessage(v) ? v.message : v), durationText)
    case 'timestamp':
      return rangeCheck(type.value, (v) => nanosOf(isReflectMessage(v) ? v.message : v), String)
    case 'any':
      return anyCheck(type.value)
    default:
      return onValue(rangeCheck(type.value, (v) => v as number | bigint, String))
  }
}

/** On a list or a map as a whole. */
export function repeatedCheck(rules: FieldRules): Check | undefined {
  const type = rules.type
  if (type.case === 'repeated') return listCheck(type.value)
  return type.case === 'map' ? mapCheck(type.value) : undefined
}

/** The rules of a wrapper (UInt32Value) are about the value in it. */
function onValue(check: Check): Check {
  return (value) => check(isReflectMessage(value) ? (value.message as unknown as { value: unknown }).value : value)
}

function mustBe(what: string): Refusal {
  return { message: `value must be ${what}`, remedy: `make it ${what}` }
}

interface Range {
  const?: unknown
  gt?: unknown
  gte?: unknown
  lt?: unknown
  lte?: unknown
  in?: unknown[]
  notIn?: unknown[]
}

function rangeCheck(rules: Range, toNumber: (v: unknown) => number | bigint, toText: (v: unknown) => string): Check {
  const bound = (v: unknown) => (v === undefined ? undefined : { value: toNumber(v), text: toText(v) })
  const set = (name: keyof Range) =>
    isFieldSetByName(rules as unknown as Message, name) ? bound(rules[name]) : undefined
  const [exact, gt, gte, lt, lte] = [set('const'), set('gt'), set('gte'), set('lt'), set('lte')]
  refuseUnused(rules.in, 'in')
  refuseUnused(rules.notIn, 'not_in')
  const words = rangeWords(gt?.text, gte?.text, lt?.text, lte?.text)
  return (value) => {
    const n = toNumber(value)
    if (exact !== undefined && n !== exact.value) return mustBe(exact.text)
    // A NaN is in no range.
    const inside =
      (gt === undefined || n > gt.value) &&
      (gte === undefined || n >= gte.value) &&
      (lt === undefined || n < lt.value) &&
      (lte === undefined || n <= lte.value)
    return inside ? undefined : mustBe(words)
  }
}

function rangeWords(gt?: string, gte?: string, lt?: string, lte?: string): string {
  const low = gt !== undefined ? `greater than ${gt}` : gte !== undefined ? `at least ${gte}` : ''
  const high = lt !== undefined ? `less than ${lt}` : lte !== undefined ? `at most ${lte}` : ''
  return [low, high].filter((words) => words !== '').join(' and ')
}

function isFieldSetByName(message: Message, name: string): boolean {
  // proto2 messages have their unset scalars on the prototype.
  return Object.hasOwn(message, name)
}

function refuseUnused(list: unknown[] | undefined, name: string): void {
  if (list !== undefined && list.length > 0) throw new Error(`validate rule "${name}" is not covered here`)
}

const NANOS = 1_000_000_000n

function nanosOf(value: unknown): bigint {
  const time = value as Duration | Timestamp
  return time.seconds * NANOS + BigInt(time.nanos)
}

function durationText(value: unknown): string {
  const duration = value as Duration
  return `${Number(duration.seconds) + duration.nanos / 1e9}s`
}

// As protoc-gen-validate has it, where "+-." is a range: a comma passes.
const HEADER_NAME_STRICT = /^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$/
const HEADER_VALUE_STRICT = /^[^\u0000-\u0008\u000A-\u001F\u007F]*$/
const HEADER_LOOSE = /^[^\u0000\u000A\u000D]*$/

function stringCheck(rules: StringRules): Check {
  const own = (name: keyof StringRules) => isFieldSetByName(rules, name)
  for (const name of ['len', 'lenBytes', 'contains', 'notContains'] as const) {
    if (own(name)) throw new Error(`validate rule "${name}" is not covered here`)
  }
  refuseUnused(rules.notIn, 'not_in')
  const pattern = own('pattern') ? new RegExp(rules.pattern, 'u') : undefined
  const minLen = own('minLen') ? Number(rules.minLen) : 0
  const maxLen = own('maxLen') ? Number(rules.maxLen) : Infinity
  const minBytes = own('minBytes') ? Number(rules.minBytes) : 0
  const maxBytes = own('maxBytes') ? Number(rules.maxBytes) : Infinity
  const wellKnown = rules.wellKnown.case === undefined ? undefined : wellKnownCheck(rules)
  return (value) => {
    const text = value as string
    if (text === '' && rules.ignoreEmpty) return undefined
    if (minLen > 0 && characters(text) < minLen) return length('at least', minLen, 'characters')
    if (maxLen < Infinity && characters(text) > maxLen) return length('at most', maxLen, 'characters')
    if (minBytes > 0 && Buffer.byteLength(text) < minBytes) return length('at least', minBytes, 'bytes')
    if (maxBytes < Infinity && Buffer.byteLength(text) > maxBytes) return length('at most', maxBytes, 'bytes')
    if (own('const') && text !== rules.const) return mustBe(JSON.stringify(rules.const))
    if (pattern !== undefined && !pattern.test(text)) return mismatch(text, rules.pattern)
    if (own('prefix') && !text.startsWith(rules.prefix)) return affix('prefix', rules.prefix)
    if (own('suffix') && !text.endsWith(rules.suffix)) return affix('suffix', rules.suffix)
    if (rules.in.length > 0 && !rules.in.includes(text))
      return mustBe(`one of ${rules.in.map((v) => JSON.stringify(v)).join(', ')}`)
    return wellKnown?.(text)
  }
}

/** Unicode code points, as protoc-gen-validate counts. */
function characters(text: string): number {
  return Array.from(text).length
}

function wellKnownCheck(rules: StringRules): Check {
  if (rules.wellKnown.case !== 'wellKnownRegex') {
    throw new Error(`validate rule "${rules.wellKnown.case}" is not covered here`)
  }
  const isName = rules.wellKnown.value === KnownRegex.HTTP_HEADER_NAME
  const pattern = rules.strict ? (isName ? HEADER_NAME_STRICT : HEADER_VALUE_STRICT) : HEADER_LOOSE
  const message = `value is not a valid HTTP header ${isName ? 'name' : 'value'}`
  const remedy = isName ? 'use letters, digits and dashes' : 'take line breaks and control characters out'
  return (value) => (pattern.test(value as string) ? undefined : { message, remedy })
}

function length(bound: string, count: number, unit: string): Refusal {
  const message = `value length must be ${bound} ${count} ${unit}`
  return { message, remedy: bound === 'at least' && count === 1 ? 'give it a value' : 'change its length' }
}

function mismatch(text: string, pattern: string): Refusal {
  return { message: `${JSON.stringify(text)} does not match ${pattern}`, remedy: 'write a value that matches' }
}

function affix(kind: string, text: string): Refusal {
  return { message: `value does not have the ${kind} ${JSON.stringify(text)}`, remedy: `add the ${kind}` }
}

function bytesCheck(rules: BytesRules): Check {
  const minLen = isFieldSetByName(rules, 'minLen') ? Number(rules.minLen) : 0
  const maxLen = isFieldSetByName(rules, 'maxLen') ? Number(rules.maxLen) : Infinity
  if (rules.wellKnown.case !== undefined && rules.wellKnown.case !== 'ip') {
    throw new Error(`validate rule "${rules.wellKnown.case}" is not covered here`)
  }
  return (value) => {
    const count = (value as Uint8Array).length
    if (count === 0 && rules.ignoreEmpty) return undefined
    if (count < minLen) return length('at least', minLen, 'bytes')
    if (count > maxLen) return length('at most', maxLen, 'bytes')
    return rules.wellKnown.case === 'ip' && count !== 4 && count !== 16 ? mustBe('4 or 16 bytes') : undefined
  }
}

function enumCheck(rules: EnumRules, desc: DescEnum | undefined): Check {
  refuseUnused(rules.in, 'in')
  return (value) => {
    const number = value as number
    const name = desc?.value[number]?.name ?? String(number)
    if (rules.definedOnly && desc !== undefined && desc.value[number] === undefined) {
      return { message: `${number} is not a value of ${desc.typeName}`, remedy: 'use one of its names' }
    }
    if (rules.notIn.includes(number)) return { message: `${name} is not allowed here`, remedy: 'choose another value' }
    return undefined
  }
}

function anyCheck(rules: AnyRules): Check | undefined {
  refuseUnused(rules.in, 'in')
  refuseUnused(rules.notIn, 'not_in')
  return undefined
}

interface Sized {
  readonly size: number
  values(): Iterable<unknown>
}

function listCheck(rules: RepeatedRules): Check {
  const min = Number(rules.minItems)
  const max = isFieldSetByName(rules, 'maxItems') ? Number(rules.maxItems) : Infinity
  return (value) => {
    const list = value as Sized
    if (list.size === 0 && rules.ignoreEmpty) return undefined
    const refusal = sizeRefusal(list.size, min, max, 'items')
    if (refusal !== undefined || !rules.unique) return refusal
    const distinct = new Set(list.values())
    return distinct.size === list.size
      ? undefined
      : { message: 'items must be unique', remedy: 'take the repetition out' }
  }
}

function mapCheck(rules: MapRules): Check {
  const min = Number(rules.minPairs)
  const max = isFieldSetByName(rules, 'maxPairs') ? Number(rules.maxPairs) : Infinity
  return (value) => sizeRefusal((value as Sized).size, min, max, 'pairs')
}

function sizeRefusal(size: number, min: number, max: number, unit: string): Refusal | undefined {
  if (size < min) return { message: `value must contain at least ${min} ${unit}`, remedy: 'add what is missing' }
  if (size > max) return { message: `value must contain no more than ${max} ${unit}`, remedy: `take some ${unit} out` }
  return undefined
}
