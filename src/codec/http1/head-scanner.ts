// Finds the lines of a message's head (or of a trailer section) and judges their syntax, byte by byte, without making strings.
// A line is judged when its line end has arrived within the size limit, so that the verdict does not depend on how the bytes
// were split. Line ends are CRLF and nothing else. Folded lines pass (RFC 9112 5.2), but not in fields that the codec reads.

import type { CodecError } from '../http-stream.ts'
import { COLON, CR, LF, SP, TAB, TOKEN_TO_LOWER, VALUE } from './characters.ts'
import { findKnownName, hashStep, KNOWN_KINDS, ORDINARY } from './field-names.ts'
import {
  BAD_FIELD_LINE,
  BAD_START_LINE,
  BARE_LINE_END,
  HEADERS_TOO_LARGE,
  INVALID_CHARACTERS,
  TOO_MANY_HEADERS,
} from './http1-errors.ts'

/** Numbers per field in `fieldBounds`. */
export const BOUNDS_PER_FIELD = 5
/** Offsets into the numbers of a field: index of the known name or -1, then where name and value lie. */
export const KNOWN_NAME = 0
export const NAME_START = 1
export const NAME_END = 2
export const VALUE_START = 3
export const VALUE_END = 4

/**
 * The fields that the last successful scan found. Shared by all codecs of the thread: read it before anything else runs.
 * Grows to the largest `maxHeaderCount` in use.
 */
export let fieldBounds = new Int32Array(100 * BOUNDS_PER_FIELD)

/** Scanning results below zero; see `scanError`. */
const INCOMPLETE = -1
const TOO_LARGE = -2
const TOO_MANY = -3
const BARE = -4
const CHARACTERS = -5
const FIELD_LINE = -6
const START_LINE = -7

const ERRORS: readonly CodecError[] = [
  HEADERS_TOO_LARGE,
  TOO_MANY_HEADERS,
  BARE_LINE_END,
  INVALID_CHARACTERS,
  BAD_FIELD_LINE,
  BAD_START_LINE,
]

/** The scan of one head, which goes on when more bytes have come. Offsets are relative to the head's first byte. */
export class HeadScan {
  /** Fields of the head, once it is complete. */
  fieldCount = 0
  /** Where the start line ends, without its CRLF. */
  startLineEnd = 0
  error: CodecError | undefined = undefined
  /** Some value has line ends in it: `unfolded` takes them out. */
  hasFolds = false
  private readonly maxBytes: number
  private readonly maxCount: number
  /** The first line that is not judged yet, and how far bytes were looked at in vain for its end. */
  private lineStart = 0
  private searchedTo = 0
  /** The known name of the field before `lineStart`, or -1: `fieldBounds` may be another scan's by now. */
  private lastKnownName = -1

  constructor(maxBytes: number, maxCount: number) {
    this.maxBytes = maxBytes
    this.maxCount = maxCount
    if (fieldBounds.length < maxCount * BOUNDS_PER_FIELD) fieldBounds = new Int32Array(maxCount * BOUNDS_PER_FIELD)
  }

  /**
   * Scans the head that begins at bytes[start]. Returns the offset behind its empty line; or 0 when bytes are missing (call
   * again with the same bytes and more) or when `error` is set.
   */
  scan(bytes: Buffer, start: number, hasStartLine: boolean): number {
    const isContinued = this.searchedTo > 0
    if (isContinued && bytes.indexOf(LF, start + this.searchedTo) < 0) return this.missing(bytes.length - start)
    let end = this.scanLines(bytes, start, hasStartLine)
    // The fields of a head that came in pieces are found together, now that it is whole.
    if (end > 0 && isContinued) {
      this.reset()
      end = this.scanLines(bytes, start, hasStartLine)
    }
    if (end > 0) {
      this.lineStart = 0
      this.searchedTo = 0
      return end
    }
    if (end === INCOMPLETE) return this.missing(bytes.length - start)
    this.error = ERRORS[TOO_LARGE - end]
    return 0
  }

  private reset(): void {
    this.lineStart = 0
    this.searchedTo = 0
    this.fieldCount = 0
  }

  private missing(available: number): 0 {
    this.searchedTo = available
    if (available > this.maxBytes) this.error = HEADERS_TOO_LARGE
    return 0
  }

  private scanLines(bytes: Buffer, start: number, hasStartLine: boolean): number {
    let at = start + this.lineStart
    if (this.lineStart === 0) {
      this.fieldCount = 0
      this.hasFolds = false
      if (hasStartLine) {
        at = this.scanStartLine(bytes, start)
        if (at < 0) return at
      }
    }
    return this.scanFields(bytes, start, at)
  }

  private scanStartLine(bytes: Buffer, start: number): number {
    const length = bytes.length
    let at = start
    while (at < length && VALUE[bytes[at]] === 1) at++
    const next = lineEnd(bytes, at)
    if (next < 0) {
      const isInFirstWord = bytes.subarray(start, at).indexOf(SP) < 0
      return this.judge(bytes, start, at, next === CHARACTERS && isInFirstWord ? START_LINE : next)
    }
    this.startLineEnd = at - start
    this.lineStart = next - start
    return this.lineStart > this.maxBytes ? TOO_LARGE : next
  }

  private scanFields(bytes: Buffer, start: number, first: number): number {
    const length = bytes.length
    const bounds = fieldBounds
    let line = first
    let bound = this.fieldCount * BOUNDS_PER_FIELD
    for (;;) {
      let at = line
      let hash = 0
      let octet = 0
      while (at < length && (octet = TOKEN_TO_LOWER[bytes[at]]) !== 0) {
        hash = hashStep(hash, octet)
        at++
      }
      if (at === length) return INCOMPLETE
      if (bytes[at] !== COLON || at === line) {
        if (at === line && isBlank(bytes[at]) && this.fieldCount > 0) {
          line = this.scanContinuation(bytes, start, line, bound - BOUNDS_PER_FIELD)
          if (line < 0) return line
          this.lineStart = line - start
          continue
        }
        const next = at === line ? lineEnd(bytes, at) : CHARACTERS
        if (next > 0) return next - start > this.maxBytes ? TOO_LARGE : next
        // Control characters have a verdict of their own, even in names.
        const isMisplaced = VALUE[bytes[at]] === 1 || bytes[at] === CR || bytes[at] === LF
        return this.judge(bytes, start, at, next === CHARACTERS && isMisplaced ? FIELD_LINE : next)
      }
      const nameEnd = at++
      while (isBlank(bytes[at])) at++
      const valueStart = at
      while (at < length && VALUE[bytes[at]] === 1) at++
      const next = lineEnd(bytes, at)
      if (next < 0) return this.judge(bytes, start, at, next)
      if (next - start > this.maxBytes) return TOO_LARGE
      if (this.fieldCount === this.maxCount) return TOO_MANY
      while (at > valueStart && isBlank(bytes[at - 1])) at--
      this.lastKnownName = findKnownName(bytes, line, nameEnd, hash)
      bounds[bound + KNOWN_NAME] = this.lastKnownName
      bounds[bound + NAME_START] = line - start
      bounds[bound + NAME_END] = nameEnd - start
      bounds[bound + VALUE_START] = valueStart - start
      bounds[bound + VALUE_END] = at - start
      bound += BOUNDS_PER_FIELD
      this.fieldCount++
      line = next
      this.lineStart = line - start
    }
  }

  /**
   * A folded line goes on with the value before it. Not where the codec itself reads the value, above all how the message is
   * framed: others might overlook what stands in the second line. Returns where the next line begins, or what is wrong.
   */
  private scanContinuation(bytes: Buffer, start: number, line: number, bound: number): number {
    const { length } = bytes
    let at = line
    while (at < length && VALUE[bytes[at]] === 1) at++
    const next = lineEnd(bytes, at)
    if (next < 0) return this.judge(bytes, start, at, next)
    if (next - start > this.maxBytes) return TOO_LARGE
    if (this.lastKnownName >= 0 && KNOWN_KINDS[this.lastKnownName] !== ORDINARY) return FIELD_LINE
    while (at > line && isBlank(bytes[at - 1])) at--
    if (at > line) fieldBounds[bound + VALUE_END] = at - start
    this.hasFolds = true
    return next
  }

  /** What to make of bytes[at], which is wrong in its line: nothing as long as the line's end is missing. */
  private judge(bytes: Buffer, start: number, at: number, code: number): number {
    if (code === INCOMPLETE) return INCOMPLETE
    const lineFeed = bytes.indexOf(LF, at)
    if (lineFeed < 0) return INCOMPLETE
    return lineFeed + 1 - start > this.maxBytes ? TOO_LARGE : code
  }
}

/** The value without the line ends in it; what folded its lines stays, as Envoy leaves it. */
export function unfolded(value: string): string {
  return value.includes('\r') ? value.replaceAll('\r\n', '').replace(/^[ \t]+/, '') : value
}

function isBlank(octet: number): boolean {
  return octet === SP || octet === TAB
}

/** The offset behind the CRLF at bytes[at], or what else is there. */
function lineEnd(bytes: Buffer, at: number): number {
  if (at >= bytes.length) return INCOMPLETE
  const octet = bytes[at]
  if (octet === LF) return BARE
  if (octet !== CR) return CHARACTERS
  if (at + 1 === bytes.length) return INCOMPLETE
  return bytes[at + 1] === LF ? at + 2 : BARE
}
