// The chunked transfer coding, reading side (RFC 9112 7.1): finds the data in it, one piece at a time, split anywhere.
// Stricter than Envoy: data must end with CRLF exactly, nothing but blanks may stand between size and extensions, and
// extensions, which are skipped, are bounded and free of control characters.

import type { CodecError } from '../http-stream.ts'
import { CR, HEX_VALUE, LF, SP, TAB, VALUE } from './characters.ts'
import { BAD_CHUNK_END, BAD_CHUNK_LINE, LONG_CHUNK_LINE } from './http1-errors.ts'

/** What `read` found. */
export const NOTHING = 0
export const DATA = 1
/** The last chunk's line; a trailer section follows, be it empty. */
export const LAST_CHUNK = 2
/** Data, and behind it the end of a body without trailers: saves the reader an extra event. */
export const DATA_AND_END = 3
export const BROKEN = 4

const SIZE = 0
const BLANKS = 1
const EXTENSION = 2
const LINE_FEED = 3
const IN_DATA = 4
const DATA_CR = 5
const DATA_LF = 6

const SEMICOLON = 0x3b
const ZERO = 0x30
/** CRLF behind the data, `0`, CRLF, and the empty trailer section's CRLF. */
const END_LENGTH = 7

export class ChunkedReader {
  /** Where the last piece of data lies in the bytes that were given. */
  dataStart = 0
  dataEnd = 0
  /** How far the bytes have been read. */
  position = 0
  error: CodecError = BAD_CHUNK_LINE
  private readonly maxLineBytes: number
  private state = SIZE
  private remaining = 0
  private digits = 0
  private lineBytes = 0

  constructor(maxLineBytes: number) {
    this.maxLineBytes = maxLineBytes
  }

  /** A new body begins. */
  reset(): void {
    this.state = SIZE
    this.remaining = 0
    this.digits = 0
    this.lineBytes = 0
  }

  /** Reads bytes[start…) up to the next piece of data or the last chunk. */
  read(bytes: Buffer, start: number): number {
    const length = bytes.length
    let at = start
    while (at < length) {
      if (this.state === IN_DATA) return this.readData(bytes, at)
      const octet = bytes[at++]
      if (this.state === DATA_CR || this.state === DATA_LF) {
        if (octet !== (this.state === DATA_CR ? CR : LF)) return this.fail(BAD_CHUNK_END)
        this.state = this.state === DATA_CR ? DATA_LF : SIZE
        continue
      }
      if (++this.lineBytes > this.maxLineBytes) return this.fail(LONG_CHUNK_LINE)
      if (this.state === LINE_FEED) {
        if (octet !== LF) return this.fail(BAD_CHUNK_LINE)
        if (this.endLine()) {
          this.position = at
          return LAST_CHUNK
        }
      } else if (!this.readLineOctet(octet)) return this.fail(BAD_CHUNK_LINE)
    }
    this.position = at
    return NOTHING
  }

  /** An octet of the line before its LF. */
  private readLineOctet(octet: number): boolean {
    if (this.state === SIZE) {
      const digit = HEX_VALUE[octet]
      if (digit < 16) {
        this.digits++
        this.remaining = this.remaining * 16 + digit
        return this.remaining <= Number.MAX_SAFE_INTEGER
      }
      if (this.digits === 0) return false
      this.state = BLANKS
    }
    if (octet === CR) {
      this.state = LINE_FEED
      return true
    }
    if (this.state === EXTENSION) return VALUE[octet] === 1
    if (octet === SEMICOLON) this.state = EXTENSION
    return octet === SEMICOLON || octet === SP || octet === TAB
  }

  /** True: it was the last chunk's line. */
  private endLine(): boolean {
    this.digits = 0
    this.lineBytes = 0
    const isLast = this.remaining === 0
    this.state = isLast ? SIZE : IN_DATA
    return isLast
  }

  private readData(bytes: Buffer, start: number): number {
    const end = Math.min(bytes.length, start + this.remaining)
    this.dataStart = start
    this.dataEnd = end
    this.position = end
    this.remaining -= end - start
    if (this.remaining > 0) return DATA
    if (endsBody(bytes, end)) {
      this.position = end + END_LENGTH
      return DATA_AND_END
    }
    this.state = DATA_CR
    return DATA
  }

  private fail(error: CodecError): number {
    this.error = error
    return BROKEN
  }
}

function endsBody(bytes: Buffer, at: number): boolean {
  return (
    bytes.length >= at + END_LENGTH &&
    bytes[at] === CR &&
    bytes[at + 1] === LF &&
    bytes[at + 2] === ZERO &&
    bytes[at + 3] === CR &&
    bytes[at + 4] === LF &&
    bytes[at + 5] === CR &&
    bytes[at + 6] === LF
  )
}
