// Where codecs write. A sink lends memory, so that a frame or a start line is encoded once, straight into the buffer that
// goes to the socket.

/**
 * Protocol of use: `offset = sink.reserve(n)`, write at most n bytes at `sink.buffer[offset…]`, `sink.commit(used)`.
 * Nothing else may be called on the sink, and no foreign code may run, between reserve and commit.
 */
export interface ByteSink {
  /** The memory that the last `reserve` lent; may be another object after each `reserve`. */
  buffer: Buffer
  /** Makes room for `size` contiguous bytes and returns their offset in `buffer`. */
  reserve(size: number): number
  /** The first `size` of the reserved bytes are now part of the output. */
  commit(size: number): void
  /** Appends bytes that the caller owns; they are copied or written out before the call returns. */
  write(chunk: Uint8Array): void
  /**
   * Changes whenever bytes may have left `buffer`. While it stays the same, bytes committed since the last change still lie
   * in `buffer` at the offsets at which they were written, and may be patched (a frame's length, say).
   */
  readonly epoch: number
  /** Bytes committed but not yet taken by the transport. */
  readonly bufferedBytes: number
}

/** A growing buffer in memory: the sink of tests, and of encoders whose output is wanted as one chunk. */
export class MemorySink implements ByteSink {
  buffer: Buffer
  epoch = 0
  private end = 0

  constructor(capacity = 4096) {
    this.buffer = Buffer.allocUnsafeSlow(capacity)
  }

  get bufferedBytes(): number {
    return this.end
  }

  reserve(size: number): number {
    if (this.end + size > this.buffer.length) this.grow(this.end + size)
    return this.end
  }

  commit(size: number): void {
    this.end += size
  }

  write(chunk: Uint8Array): void {
    const offset = this.reserve(chunk.length)
    this.buffer.set(chunk, offset)
    this.end += chunk.length
  }

  /** Copies out everything committed since the last call and empties the sink. */
  take(): Buffer {
    const taken = Buffer.from(this.buffer.subarray(0, this.end))
    this.end = 0
    this.epoch++
    return taken
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2))
    this.buffer.copy(larger, 0, 0, this.end)
    this.buffer = larger
  }
}
