// Which octets may stand where in HTTP/1 messages, as tables, so that every scan is one lookup per byte.

export const TAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SP = 0x20
export const COLON = 0x3a

const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const UPPER = LOWER.toUpperCase()
const DIGITS = '0123456789'

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256)
  for (let i = 0; i < characters.length; i++) table[characters.charCodeAt(i)] = 1
  return table
}

function tableOfRange(first: number, last: number, ...others: number[]): Uint8Array {
  const table = new Uint8Array(256)
  table.fill(1, first, last + 1)
  for (const code of others) table[code] = 1
  return table
}

/** RFC 9110 5.6.2 token: methods and field names. */
export const TOKEN = tableOf("!#$%&'*+-.^_`|~" + DIGITS + LOWER + UPPER)

/** RFC 9110 5.5 field-content: visible characters, space, tab and obs-text. Reason phrases too. */
export const VALUE = tableOfRange(0x20, 0xff, TAB)
VALUE[0x7f] = 0

/** A request target as Envoy takes it from a request line: any visible ASCII character. */
export const TARGET = tableOfRange(0x21, 0x7e)

/** A request target as it may be written: obs-text, which HTTP/2 peers may send, delimits nothing. */
export const WRITABLE_TARGET = tableOfRange(0x21, 0xff)
WRITABLE_TARGET[0x7f] = 0

/** RFC 3986 3.2 without userinfo: what may stand in Host. */
export const AUTHORITY = tableOf("-._~!$&'()*+,;=:[]%" + DIGITS + LOWER + UPPER)

/** The lower-case form of a token's octet; 0 for octets that no token has. */
export const TOKEN_TO_LOWER = new Uint8Array(256)
for (let code = 0; code < 256; code++) {
  if (TOKEN[code] === 1) TOKEN_TO_LOWER[code] = String.fromCharCode(code).toLowerCase().charCodeAt(0)
}

/** The value of a hexadecimal digit; 255 for other octets. */
export const HEX_VALUE = new Uint8Array(256).fill(255)
for (let value = 0; value < 16; value++) {
  HEX_VALUE[value.toString(16).charCodeAt(0)] = value
  HEX_VALUE[value.toString(16).toUpperCase().charCodeAt(0)] = value
}

/** Whether `text` is not empty and has characters of `table` only; characters beyond latin1 are in none. */
export function consistsOf(text: string, table: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (table[text.charCodeAt(i)] !== 1) return false
  return text.length > 0
}
