// The parts of a token as bytes and JSON, read as strictly as Envoy reads them.

import { isStruct } from '../../stream/metadata.ts'
import type { MetadataStruct, MetadataValue } from '../../stream/metadata.ts'

const BASE64URL = /^[A-Za-z0-9_-]*(={0,2})$/
const WHITESPACE = /\s+/g
/** Of protobuf's JSON reader. It also keeps recursion over a stranger's JSON within the stack. */
const MAX_DEPTH = 100

/** Undefined unless `given` is base64url, whose padding may be left out (RFC 4648 5). Whitespace is skipped, as in Envoy. */
export function decodeBase64url(given: string): Buffer | undefined {
  const text = given.replace(WHITESPACE, '')
  const padding = BASE64URL.exec(text)?.[1].length
  if (padding === undefined) return undefined
  const digits = text.length - padding
  if (digits % 4 === 1 || (padding > 0 && text.length % 4 !== 0)) return undefined
  return Buffer.from(text, 'base64url')
}

/** Undefined unless `bytes` are a JSON object in UTF-8 of bounded depth. `null` is protobuf's empty struct. */
export function parseJsonObject(bytes: Uint8Array | string): MetadataStruct | undefined {
  try {
    const value = JSON.parse(typeof bytes === 'string' ? bytes : UTF8.decode(bytes)) as MetadataValue
    if (value === null) return {}
    return isStruct(value) && isWithinDepth(value, MAX_DEPTH) ? value : undefined
  } catch {
    return undefined
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function isWithinDepth(value: MetadataValue, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (depth === 0) return false
  if (Array.isArray(value)) {
    for (const element of value) if (!isWithinDepth(element, depth - 1)) return false
    return true
  }
  for (const key in value) if (!isWithinDepth(value[key], depth - 1)) return false
  return true
}
