// Writes bodies as their head said they are framed, and nothing that the framing does not cover: a byte too many or too few
// would be read as part of another message.

import type { ByteSink } from '../byte-sink.ts'
import type { HeaderMap } from '../header-map.ts'
import type { CodecError } from '../http-stream.ts'
import { LENGTH_MISMATCH, BAD_MESSAGE_SENT } from './http1-errors.ts'
import { CHUNKED_BODY, isForbiddenInTrailers, LENGTH_BODY, NO_BODY, RAW_BODY, type BodyKind } from './message-reader.ts'
import { MAX_HEX_DIGITS, putField, putHexadecimal, putLineEnd, putText } from './text-writer.ts'

const LAST_CHUNK = '0\r\n'
const END = '0\r\n\r\n'
/** Up to here a chunk is copied between its lines; larger ones are left for the sink to write through. */
const SMALL_CHUNK_BYTES = 16 * 1024 - 1

export class BodyWriter {
  private readonly sink: ByteSink
  private readonly enableTrailers: boolean
  private readonly properCase: boolean
  private kind: BodyKind = NO_BODY
  private remaining = 0

  constructor(sink: ByteSink, enableTrailers: boolean, properCase: boolean) {
    this.sink = sink
    this.enableTrailers = enableTrailers
    this.properCase = properCase
  }

  /** NO_BODY: whatever is sent is dropped, as in the response to a HEAD. */
  begin(kind: BodyKind, contentLength: number): void {
    this.kind = kind
    this.remaining = contentLength
  }

  /** An error means that nothing of `chunk` was written and that the message cannot be completed. */
  write(chunk: Buffer, endStream: boolean): CodecError | undefined {
    const { kind, sink } = this
    if (kind === CHUNKED_BODY) this.writeChunk(chunk, endStream)
    else if (kind === LENGTH_BODY) {
      if (chunk.length > this.remaining || (endStream && chunk.length < this.remaining)) return LENGTH_MISMATCH
      this.remaining -= chunk.length
      if (chunk.length > 0) sink.write(chunk)
    } else if (kind === RAW_BODY && chunk.length > 0) sink.write(chunk)
    return undefined
  }

  /** Ends the body. Trailers that cannot be written, or are not enabled, are left out. */
  writeTrailers(trailers: HeaderMap): CodecError | undefined {
    if (this.kind !== CHUNKED_BODY) return this.kind === LENGTH_BODY && this.remaining > 0 ? LENGTH_MISMATCH : undefined
    const { sink } = this
    const { fields } = trailers
    if (!this.enableTrailers || fields.length === 0) {
      this.writeChunk(EMPTY, true)
      return undefined
    }
    const start = sink.reserve(trailers.byteSize() + 2 * fields.length + END.length)
    let at = putText(sink.buffer, start, LAST_CHUNK)
    for (let i = 0; i < fields.length && at >= 0; i += 2) {
      if (!isForbiddenInTrailers(fields[i])) at = putField(sink.buffer, at, fields[i], fields[i + 1], this.properCase)
    }
    if (at >= 0) at = putLineEnd(sink.buffer, at)
    sink.commit(at < 0 ? 0 : at - start)
    return at < 0 ? BAD_MESSAGE_SENT : undefined
  }

  private writeChunk(chunk: Buffer, isLast: boolean): void {
    const { sink } = this
    const size = chunk.length
    if (size === 0 && !isLast) return
    const isSmall = size <= SMALL_CHUNK_BYTES
    const start = sink.reserve(MAX_HEX_DIGITS + 4 + END.length + (isSmall ? size : 0))
    let at = start
    // An empty chunk would be the last one.
    if (size > 0) {
      at = putLineEnd(sink.buffer, putHexadecimal(sink.buffer, at, size))
      if (isSmall) {
        sink.buffer.set(chunk, at)
        at = putLineEnd(sink.buffer, at + size)
      }
    }
    if (isLast && isSmall) at = putText(sink.buffer, at, END)
    sink.commit(at - start)
    if (isSmall) return
    sink.write(chunk)
    const offset = sink.reserve(2 + END.length)
    at = putLineEnd(sink.buffer, offset)
    if (isLast) at = putText(sink.buffer, at, END)
    sink.commit(at - offset)
  }
}

const EMPTY = Buffer.alloc(0)
