// Sorts header fields by what HTTP/2 makes of them (RFC 9113 8.2, 8.3), once per literal: HPACK's tables carry the kind along.

import { UNKNOWN_NAME, type FieldClassifier } from '../hpack/decoder.ts'
import { STATIC_NAMES, STATIC_TABLE_SIZE, STATIC_VALUES } from '../hpack/static-table.ts'

/** Passed on as it is. */
export const REGULAR = 0
export const METHOD = 1
export const SCHEME = 2
export const AUTHORITY = 3
export const PATH = 4
export const PROTOCOL = 5
export const STATUS = 6
export const COOKIE = 7
export const CONTENT_LENGTH = 8
export const HOST = 9
/** Regular, but with an underscore in its name. */
export const UNDERSCORE = 10
/** Regular, but only with the value `trailers` (RFC 9113 8.2.2). */
export const TE = 11
/** Name or value is not allowed: the message is malformed. */
export const INVALID = 12

const KIND_BY_NAME: ReadonlyMap<string, number> = new Map([
  [':method', METHOD],
  [':scheme', SCHEME],
  [':authority', AUTHORITY],
  [':path', PATH],
  [':protocol', PROTOCOL],
  [':status', STATUS],
  ['cookie', COOKIE],
  ['content-length', CONTENT_LENGTH],
  ['host', HOST],
  ['te', TE],
  // Connection-specific fields (RFC 9113 8.2.2).
  ['connection', INVALID],
  ['keep-alive', INVALID],
  ['proxy-connection', INVALID],
  ['transfer-encoding', INVALID],
  ['upgrade', INVALID],
])

/** Bits of CHARACTERS: what an octet may be part of. */
const NAME = 1
const VALUE = 2
const TOKEN = 4
const VISIBLE = 8
const AUTHORITY_PART = 16
const SCHEME_PART = 32
const CHARACTERS = buildCharacterTable()

function buildCharacterTable(): Uint8Array {
  const table = new Uint8Array(256)
  for (let code = 0; code < 256; code++) {
    const isText = (code >= 0x20 && code !== 0x7f) || code === 0x09
    if (isText) table[code] |= VALUE
    if (isText && code > 0x20) table[code] |= VISIBLE
  }
  const add = (characters: string, bits: number): void => {
    for (let i = 0; i < characters.length; i++) table[characters.charCodeAt(i)] |= bits
  }
  const lower = 'abcdefghijklmnopqrstuvwxyz'
  const upper = lower.toUpperCase()
  const digits = '0123456789'
  // RFC 9110 5.6.2 token; names without upper case (RFC 9113 8.2.1).
  add("!#$%&'*+-.^_`|~" + digits + lower, NAME | TOKEN)
  add(upper, TOKEN)
  // RFC 3986 3.1 and 3.2; userinfo is refused, IPv6 zones (%) are kept.
  add(lower + upper + digits + '+-.', SCHEME_PART)
  add("-._~!$&'()*+,;=:[]%" + lower + upper + digits, AUTHORITY_PART)
  return table
}

/** Whether every character of `text` has `bit`; characters beyond latin1 have none. */
function consistsOf(text: string, bit: number): boolean {
  for (let i = 0; i < text.length; i++) if ((CHARACTERS[text.charCodeAt(i)] & bit) === 0) return false
  return true
}

const FIRST_PRINTABLE = 0x20
const DELETE = 0x7f
const TAB = 0x09

/** Field values: no control characters but the tab. Their surrounding white space is tolerated, as Envoy does. */
function isFieldValue(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code < FIRST_PRINTABLE && code !== TAB) || code === DELETE) return false
  }
  return true
}

function classify(name: string, value: string, nameKind: number): number {
  if (nameKind === REGULAR) return isFieldValue(value) ? REGULAR : INVALID
  // An entry may be invalid for its value alone, so that its name has to be looked at again.
  const kind = nameKind === UNKNOWN_NAME || nameKind === INVALID ? classifyName(name) : nameKind
  switch (kind) {
    case METHOD:
    case PROTOCOL:
      return value !== '' && consistsOf(value, TOKEN) ? kind : INVALID
    case SCHEME:
      return value !== '' && consistsOf(value, SCHEME_PART) ? kind : INVALID
    case PATH:
      return value !== '' && consistsOf(value, VISIBLE) ? kind : INVALID
    case AUTHORITY:
    case HOST:
      return consistsOf(value, AUTHORITY_PART) ? kind : INVALID
    case STATUS:
      return isStatus(value) ? kind : INVALID
    case CONTENT_LENGTH:
      return parseContentLength(value) >= 0 ? kind : INVALID
    case TE:
      return value === 'trailers' ? kind : INVALID
    default:
      return isFieldValue(value) ? kind : INVALID
  }
}

function classifyName(name: string): number {
  const kind = KIND_BY_NAME.get(name)
  if (kind !== undefined) return kind
  if (name === '' || !consistsOf(name, NAME)) return INVALID
  return name.includes('_') ? UNDERSCORE : REGULAR
}

function isStatus(value: string): boolean {
  if (value.length !== 3) return false
  for (let i = 0; i < 3; i++) if (!isDigit(value.charCodeAt(i))) return false
  return value >= '100'
}

const MAX_LENGTH_DIGITS = 15

/** The number that a content-length (RFC 9110 8.6) stands for, -1 when it is none or too large to be exact. */
export function parseContentLength(value: string): number {
  if (value.length === 0 || value.length > MAX_LENGTH_DIGITS) return -1
  let length = 0
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (!isDigit(code)) return -1
    length = length * 10 + code - 0x30
  }
  return length
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function classifyStaticEntries(): Uint8Array {
  const kinds = new Uint8Array(STATIC_TABLE_SIZE + 1)
  for (let index = 1; index <= STATIC_TABLE_SIZE; index++) {
    kinds[index] = classify(STATIC_NAMES[index], STATIC_VALUES[index], UNKNOWN_NAME)
  }
  return kinds
}

export const HTTP2_FIELDS: FieldClassifier = { classify, staticKinds: classifyStaticEntries() }
