// Takes a connection's input apart into messages: heads, bodies, trailers. It knows syntax and framing, and nothing of requests
// and responses; its handler says after each head how the body is framed.

import { HeaderMap } from '../header-map.ts'
import type { CodecError } from '../http-stream.ts'
import { CR, LF } from './characters.ts'
import { BROKEN, ChunkedReader, DATA, DATA_AND_END, LAST_CHUNK } from './chunked-reader.ts'
import * as fieldNames from './field-names.ts'
import {
  BOUNDS_PER_FIELD,
  fieldBounds,
  HeadScan,
  KNOWN_NAME,
  NAME_END,
  NAME_START,
  unfolded,
  VALUE_END,
  VALUE_START,
} from './head-scanner.ts'
import { HeldBytes } from './held-bytes.ts'
import { BARE_LINE_END } from './http1-errors.ts'
import type { Http1Options } from './http1-options.ts'
import { sliceLatin1 } from './latin1.ts'

/** How a body is framed; also the reader's state while it reads one. */
export type BodyKind = number
export const NO_BODY = 0
export const LENGTH_BODY = 1
export const CHUNKED_BODY = 2
/** Everything up to the end of the input: a tunnel, or a response that the end of the connection ends. */
export const RAW_BODY = 3

/** States besides those: a message without a body is followed by the next head. */
const HEAD = NO_BODY
const TRAILERS = 4

/** Chunks are borrowed. `onBody` and `onEnd` follow as the body kind says that `onHead` chose with `beginBody`. */
export interface MessageHandler {
  /** A head lies in bytes[start…end), its fields in `scan`. */
  onHead(scan: HeadScan, bytes: Buffer, start: number, end: number): CodecError | undefined
  /** From bytes[start] on there is a head that is not complete: is it one at all? */
  onPartialHead(bytes: Buffer, start: number): CodecError | undefined
  onBody(chunk: Buffer, isLast: boolean): void
  /** A chunked body has ended whose last data could not be marked as such. Trailers only when they are enabled. */
  onEnd(trailers: HeaderMap | undefined): void
}

/** Fields that must not come behind a body: framing and routing were decided by the head (RFC 9110 6.5.1). */
export function isForbiddenInTrailers(name: string): boolean {
  switch (name) {
    case 'transfer-encoding':
    case 'content-length':
    case 'host':
    case 'connection':
    case 'upgrade':
    case 'te':
    case 'trailer':
    case 'keep-alive':
    case 'proxy-connection':
      return true
    default:
      return false
  }
}

export class MessageReader {
  /** Set by the handler: nothing more is parsed until it is false again, and the rest is kept. */
  isHalted = false
  /** Set by the handler: the rest of the input is of no interest. */
  discards = false
  /** During the last event of a message: there are bytes behind it. */
  hasMore = false
  readonly held = new HeldBytes()
  private readonly handler: MessageHandler
  private readonly enableTrailers: boolean
  private readonly skipsEmptyLines: boolean
  private readonly headScan: HeadScan
  private readonly chunked: ChunkedReader
  private state = HEAD
  private remaining = 0
  private error: CodecError | undefined = undefined

  /** @param skipsEmptyLines empty lines before a head are ignored, as servers should (RFC 9112 2.2). */
  constructor(handler: MessageHandler, options: Http1Options, skipsEmptyLines: boolean) {
    this.handler = handler
    this.enableTrailers = options.enableTrailers
    this.skipsEmptyLines = skipsEmptyLines
    this.headScan = new HeadScan(options.maxHeaderBytes, options.maxHeaderCount)
    this.chunked = new ChunkedReader(options.maxChunkLineBytes)
  }

  /** Called within `onHead`. */
  beginBody(kind: BodyKind, contentLength: number): void {
    this.state = kind
    this.remaining = contentLength
    if (kind === CHUNKED_BODY) this.chunked.reset()
  }

  /** The end of the input ends the message. */
  get isInRawBody(): boolean {
    return this.state === RAW_BODY
  }

  /** Parses what was kept and `chunk`; what cannot be parsed now is copied and kept. */
  feed(chunk: Buffer): CodecError | undefined {
    const { held } = this
    if (this.discards) return undefined
    if (held.length === 0) {
      const used = this.run(chunk)
      if (this.error !== undefined || this.discards) return this.error
      if (used < chunk.length) held.append(used === 0 ? chunk : chunk.subarray(used))
      return undefined
    }
    if (chunk.length > 0) held.append(chunk)
    if (this.isHalted) return undefined
    const used = this.run(held.view())
    held.consume(this.discards ? held.length : used)
    return this.error
  }

  /** Returns how far `input` has been dealt with. */
  private run(input: Buffer): number {
    const length = input.length
    let at = 0
    while (at < length && !this.isHalted && !this.discards) {
      let next = length
      switch (this.state) {
        case HEAD:
          next = this.readHead(input, at)
          break
        case LENGTH_BODY:
          next = this.readLengthBody(input, at)
          break
        case CHUNKED_BODY:
          next = this.readChunked(input, at)
          break
        case TRAILERS:
          next = this.readTrailers(input, at)
          break
        default:
          this.handler.onBody(at === 0 ? input : input.subarray(at), false)
      }
      if (this.error !== undefined || next === at) return at
      at = next
    }
    return at
  }

  private readHead(input: Buffer, at: number): number {
    if (this.skipsEmptyLines && input[at] === CR) {
      if (at + 1 === input.length) return at
      if (input[at + 1] === LF) return at + 2
      this.error = BARE_LINE_END
      return at
    }
    const scan = this.headScan
    const end = scan.scan(input, at, true)
    if (end === 0) {
      this.error = scan.error ?? this.handler.onPartialHead(input, at)
      return at
    }
    this.hasMore = end < input.length
    this.error = this.handler.onHead(scan, input, at, end)
    return end
  }

  private readLengthBody(input: Buffer, at: number): number {
    const available = input.length - at
    if (available < this.remaining) {
      this.remaining -= available
      this.handler.onBody(at === 0 ? input : input.subarray(at), false)
      return input.length
    }
    const end = at + this.remaining
    this.state = HEAD
    this.hasMore = end < input.length
    this.handler.onBody(at === 0 && !this.hasMore ? input : input.subarray(at, end), true)
    return end
  }

  private readChunked(input: Buffer, at: number): number {
    const { chunked } = this
    switch (chunked.read(input, at)) {
      case DATA:
        this.handler.onBody(input.subarray(chunked.dataStart, chunked.dataEnd), false)
        break
      case DATA_AND_END:
        this.state = HEAD
        this.hasMore = chunked.position < input.length
        this.handler.onBody(input.subarray(chunked.dataStart, chunked.dataEnd), true)
        break
      case LAST_CHUNK:
        this.state = TRAILERS
        break
      case BROKEN:
        this.error = chunked.error
        return at
    }
    return chunked.position
  }

  private readTrailers(input: Buffer, at: number): number {
    const scan = this.headScan
    const end = scan.scan(input, at, false)
    if (end === 0) {
      this.error = scan.error
      return at
    }
    const trailers = this.enableTrailers && scan.fieldCount > 0 ? readTrailers(scan, input, at, end) : undefined
    this.state = HEAD
    this.hasMore = end < input.length
    this.handler.onEnd(trailers)
    return end
  }
}

function readTrailers(scan: HeadScan, bytes: Buffer, start: number, end: number): HeaderMap | undefined {
  const text = sliceLatin1(bytes, start, end)
  const trailers = new HeaderMap()
  for (let i = 0; i < scan.fieldCount; i++) {
    const name = fieldName(i, text)
    if (!isForbiddenInTrailers(name)) trailers.add(name, fieldValue(i, text, scan.hasFolds))
  }
  return trailers.size > 0 ? trailers : undefined
}

/** The name, in lower case, of a field that the last scan found in `text`. */
export function fieldName(index: number, text: string): string {
  const at = index * BOUNDS_PER_FIELD
  const known = fieldBounds[at + KNOWN_NAME]
  if (known >= 0) return fieldNames.KNOWN_NAMES[known]
  return text.slice(fieldBounds[at + NAME_START], fieldBounds[at + NAME_END]).toLowerCase()
}

/** How the names of the last scan's fields are spelled; of several spellings the first. */
export function fieldSpelling(fieldCount: number, text: string): Map<string, string> {
  const spelling = new Map<string, string>()
  for (let i = 0; i < fieldCount; i++) {
    const at = i * BOUNDS_PER_FIELD
    const name = fieldName(i, text)
    const spelled = text.slice(fieldBounds[at + NAME_START], fieldBounds[at + NAME_END])
    if (!spelling.has(name)) spelling.set(name, spelled)
  }
  return spelling
}

export function fieldValue(index: number, text: string, hasFolds: boolean): string {
  const at = index * BOUNDS_PER_FIELD
  const value = text.slice(fieldBounds[at + VALUE_START], fieldBounds[at + VALUE_END])
  return hasFolds ? unfolded(value) : value
}
