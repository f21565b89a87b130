// One scalar of the source -> the value of a proto field, by the rules of proto3 JSON as Envoy's reader applies them: numbers also
// as strings, booleans also as "true", bytes as base64.
import { ScalarType, type DescEnum } from '@bufbuild/protobuf'
import { base64Decode } from '@bufbuild/protobuf/wire'
import { describeNode, type SourceNode } from './source-tree.ts'

export interface Refusal {
  readonly message: string
  readonly remedy: string
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal }

export function accept<T>(value: T): Result<T> {
  return { ok: true, value }
}

export function refuse(message: string, remedy: string): Result<never> {
  return { ok: false, refusal: { message, remedy } }
}

export type ScalarValue = string | number | boolean | bigint | Uint8Array

export function scalarValue(type: ScalarType, node: SourceNode): Result<ScalarValue> {
  switch (type) {
    case ScalarType.BOOL:
      return booleanValue(node)
    case ScalarType.STRING:
      return stringValue(node)
    case ScalarType.BYTES:
      return bytesValue(node)
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return fractionValue(node, type)
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return asNumber(integerValue(node, 0n, 0xffff_ffffn))
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return asNumber(integerValue(node, -0x8000_0000n, 0x7fff_ffffn))
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return integerValue(node, 0n, 0xffff_ffff_ffff_ffffn)
    default:
      return integerValue(node, -0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn)
  }
}

// What Envoy's JSON reader takes for a boolean in quotes.
const TRUE = /^(?:true|t|yes|y|1)$/i
const FALSE = /^(?:false|f|no|n|0)$/i

export function booleanValue(node: SourceNode): Result<boolean> {
  if (node.kind === 'boolean') return accept(node.text === 'true')
  if (node.kind === 'string' && TRUE.test(node.text)) return accept(true)
  if (node.kind === 'string' && FALSE.test(node.text)) return accept(false)
  return refuse(`expected true or false, found ${describeNode(node)}`, 'write true or false')
}

export function stringValue(node: SourceNode): Result<string> {
  if (node.kind === 'string') {
    if (node.text.isWellFormed()) return accept(node.text)
    return refuse('the string has half a surrogate pair in it', 'write the character in UTF-8')
  }
  const remedy = node.kind === 'map' || node.kind === 'list' ? 'give one string' : 'put it in quotes'
  return refuse(`expected a string, found ${describeNode(node)}`, remedy)
}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/

export function bytesValue(node: SourceNode): Result<Uint8Array> {
  if (node.kind === 'string' && BASE64.test(node.text)) {
    try {
      return accept(base64Decode(node.text))
    } catch {
      // Refused below: the length is not one that base64 has.
    }
  }
  return refuse(`expected bytes as base64, found ${describeNode(node)}`, 'encode the bytes as base64')
}

const DECIMAL = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

function integerValue(node: SourceNode, min: bigint, max: bigint): Result<bigint> {
  const value = node.kind === 'number' || node.kind === 'string' ? parseInteger(node.text) : undefined
  if (value === undefined) return refuse(`expected a whole number, found ${describeNode(node)}`, 'write a whole number')
  if (value < min || value > max) {
    return refuse(
      `${node.kind === 'number' || node.kind === 'string' ? node.text : value} is out of range`,
      `write a whole number from ${min} to ${max}`,
    )
  }
  return accept(value)
}

/** 80, "80", 80.0 and 8e1 are the same number. */
function parseInteger(text: string): bigint | undefined {
  if (/^-?\d+$/.test(text)) return BigInt(text)
  if (!DECIMAL.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? BigInt(value) : undefined
}

function asNumber(result: Result<bigint>): Result<number> {
  return result.ok ? accept(Number(result.value)) : result
}

const MAX_FLOAT = 3.4028235677973366e38

function fractionValue(node: SourceNode, type: ScalarType): Result<number> {
  if (node.kind === 'number' || node.kind === 'string') {
    if (node.text === 'NaN') return accept(NaN)
    if (node.text === 'Infinity') return accept(Infinity)
    if (node.text === '-Infinity') return accept(-Infinity)
    if (DECIMAL.test(node.text)) {
      const value = Number(node.text)
      if (Number.isFinite(value) && (type === ScalarType.DOUBLE || Math.abs(value) < MAX_FLOAT)) return accept(value)
      return refuse(`${node.text} is out of range`, 'write a smaller number')
    }
  }
  return refuse(`expected a number, found ${describeNode(node)}`, 'write a number')
}

/** By name in any case, or by number. A number that no name stands for is kept: `defined_only` rules judge it. */
export function enumValue(desc: DescEnum, node: SourceNode): Result<number> {
  if (node.kind === 'number' || (node.kind === 'string' && /^-?\d+$/.test(node.text))) {
    return asNumber(integerValue(node, -0x8000_0000n, 0x7fff_ffffn))
  }
  if (node.kind === 'string') {
    const wanted = node.text.toUpperCase()
    const found =
      desc.values.find((value) => value.name === node.text) ??
      desc.values.find((value) => value.name.toUpperCase() === wanted)
    if (found !== undefined) return accept(found.number)
  }
  const names = desc.values.map((value) => value.name)
  const listed = names.length > 12 ? `${names.slice(0, 12).join(', ')}, ...` : names.join(', ')
  return refuse(`${describeNode(node)} is not a value of ${desc.typeName}`, `write one of ${listed}`)
}

/** The key of a map field, which is always a string in the source. */
export function mapKeyValue(type: ScalarType, key: string): Result<string | number | bigint | boolean> {
  if (type === ScalarType.STRING) return accept(key)
  if (type === ScalarType.BOOL) return booleanValue({ kind: 'string', text: key, offset: 0 })
  return scalarValue(type, { kind: 'string', text: key, offset: 0 }) as Result<number | bigint>
}
