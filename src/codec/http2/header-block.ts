// Collects a header block that is spread over HEADERS and CONTINUATION frames (RFC 9113 4.3, 6.10), within limits.

/** One per connection: no other frame may come in between, so there is never more than one block under way. */
export class HeaderBlock {
  /** The stream whose CONTINUATION must come next; 0 when no block is under way. */
  streamId = 0
  endStream = false
  private readonly maxFrames: number
  private readonly maxBytes: number
  private frames = 0
  private length = 0
  private memory: Buffer = EMPTY

  /** At most `maxFrames` CONTINUATION frames and `maxBytes` octets, compressed. */
  constructor(maxFrames: number, maxBytes: number) {
    this.maxFrames = maxFrames
    this.maxBytes = maxBytes
  }

  start(streamId: number, endStream: boolean): void {
    this.streamId = streamId
    this.endStream = endStream
    this.frames = 0
    this.length = 0
  }

  /** Adds payload[start…end). False: a limit is passed. */
  append(payload: Buffer, start: number, end: number): boolean {
    const needed = this.length + end - start
    // The first append is that of the HEADERS frame.
    if (this.frames++ > this.maxFrames || needed > this.maxBytes) return false
    if (needed > this.memory.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.maxBytes, Math.max(needed, this.memory.length * 2)))
      this.memory.copy(larger, 0, 0, this.length)
      this.memory = larger
    }
    payload.copy(this.memory, this.length, start, end)
    this.length = needed
    return true
  }

  /** The whole block; the collector lets go of it. */
  finish(): Buffer {
    const block = this.memory.subarray(0, this.length)
    this.memory = EMPTY
    this.streamId = 0
    return block
  }
}

const EMPTY = Buffer.alloc(0)
