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
}
