// Body bytes that wait: for a filter that stopped, for an upstream connection, for a retry. Each chunk is kept once.

import type { HeaderMap } from '../../codec/header-map.ts'

export class BodyBuffer {
  readonly chunks: Buffer[] = []
  bytes = 0
  /** The message ends after these chunks (and the trailers). */
  ended = false
  trailers: HeaderMap | undefined = undefined

  /** Copies: chunks of the codec are borrowed. */
  append(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.chunks.push(Buffer.from(chunk))
    this.bytes += chunk.length
  }

  clear(): void {
    this.chunks.length = 0
    this.bytes = 0
  }

  /** All that is kept, to where it can be sent; false when the target has enough for now. */
  sendTo(target: BodyTarget): boolean {
    const { chunks, ended, trailers } = this
    const last = chunks.length - 1
    let writable = true
    for (let i = 0; i <= last; i++) {
      writable = target.sendData(chunks[i], ended && trailers === undefined && i === last)
      if (!target.isReady) return false
    }
    if (trailers !== undefined) target.sendTrailers(trailers)
    else if (ended && last < 0) target.sendData(NO_BYTES, true)
    return writable
  }
}

/** An Attempt. */
export interface BodyTarget {
  /** It still takes data. */
  readonly isReady: boolean
  /** False: enough for now. */
  sendData(chunk: Buffer, endStream: boolean): boolean
  sendTrailers(trailers: HeaderMap): void
}

const NO_BYTES = Buffer.alloc(0)
