// Writes the text of heads into lent memory, refusing what may not stand there: a value with CR, LF or NUL would be a message
// of its own to the peer. Functions return the offset behind what they wrote, or -1.

import { writeLatin1 } from './latin1.ts'
import { COLON, CR, LF, SP, TOKEN, VALUE } from './characters.ts'

/** `text` as it is; the caller vouches for it. */
export function putText(buffer: Buffer, offset: number, text: string): number {
  const length = text.length
  if (length > SHORT_TEXT) writeLatin1(buffer, offset, text)
  else for (let i = 0; i < length; i++) buffer[offset + i] = text.charCodeAt(i)
  return offset + length
}

/** Up to here a loop over the characters is as fast as a call into the runtime and a loop over octets (measured). */
const SHORT_TEXT = 15

/** `text` if all its characters are in `table`. Of characters beyond latin1 the low octet counts, and is written. */
export function putChecked(buffer: Buffer, offset: number, text: string, table: Uint8Array): number {
  const length = text.length
  const end = offset + length
  if (length > SHORT_TEXT) {
    writeLatin1(buffer, offset, text)
    for (let i = offset; i < end; i++) if (table[buffer[i]] !== 1) return -1
    return end
  }
  for (let i = 0; i < length; i++) {
    const octet = text.charCodeAt(i) & 0xff
    if (table[octet] !== 1) return -1
    buffer[offset + i] = octet
  }
  return end
}

/** `name: value` and CRLF. */
export function putField(buffer: Buffer, offset: number, name: string, value: string, properCase: boolean): number {
  if (name.length === 0) return -1
  let at = putChecked(buffer, offset, name, TOKEN)
  if (at < 0) return -1
  if (properCase) capitalise(buffer, offset, at)
  buffer[at++] = COLON
  buffer[at++] = SP
  at = putChecked(buffer, at, value, VALUE)
  return at < 0 ? -1 : putLineEnd(buffer, at)
}

export function putLineEnd(buffer: Buffer, offset: number): number {
  buffer[offset] = CR
  buffer[offset + 1] = LF
  return offset + 2
}

/** Envoy's ProperCaseWords: letters at the start and behind anything that is no letter or digit. */
function capitalise(buffer: Buffer, start: number, end: number): void {
  let isStart = true
  for (let i = start; i < end; i++) {
    const code = buffer[i]
    const isLower = code >= 0x61 && code <= 0x7a
    if (isStart && isLower) buffer[i] = code - 0x20
    isStart = !isLower && !(code >= 0x41 && code <= 0x5a) && !(code >= 0x30 && code <= 0x39)
  }
}

/** Octets that `hexadecimal` may need: sizes are below 2^53. */
export const MAX_HEX_DIGITS = 14

export function putHexadecimal(buffer: Buffer, offset: number, value: number): number {
  let digits = 1
  for (let rest = value; rest >= 16; rest = Math.floor(rest / 16)) digits++
  let rest = value
  for (let at = offset + digits - 1; at >= offset; at--) {
    const digit = rest % 16
    buffer[at] = digit < 10 ? 0x30 + digit : 0x57 + digit
    rest = (rest - digit) / 16
  }
  return offset + digits
}
