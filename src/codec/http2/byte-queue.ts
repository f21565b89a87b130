// Bytes that wait, copied into few blocks of memory however small the pieces were: a peer that sends single bytes must not make
// us keep an object for each.

const SMALLEST_BLOCK = 4096
const LARGEST_BLOCK = 65_536

/** First in, first out. What `peek` returned stays intact until the queue and its holder let go of it. */
export class ByteQueue {
  /** Bytes held. */
  length = 0
  private readonly blocks: Buffer[] = []
  /** Offset of the first byte in the first block, and of the free room in the last one. */
  private start = 0
  private end = 0

  /** Copies source[start…end). */
  append(source: Uint8Array, start: number, end: number): void {
    let at = start
    const last = this.blocks.length - 1
    if (last >= 0 && this.end < this.blocks[last].length) {
      const size = Math.min(end - at, this.blocks[last].length - this.end)
      this.blocks[last].set(source.subarray(at, at + size), this.end)
      this.end += size
      this.length += size
      at += size
    }
    if (at === end) return
    const size = end - at
    // Blocks grow with the queue, so that little is wasted when it is short and their number is small when it is long.
    const block = Buffer.allocUnsafeSlow(Math.max(size, Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, this.length))))
    block.set(source.subarray(at, end), 0)
    this.blocks.push(block)
    this.end = size
    this.length += size
  }

  /** The first bytes, at most `maxBytes` of them and fewer when they end with a block. Not empty unless the queue is. */
  peek(maxBytes: number): Buffer {
    const only = this.blocks.length === 1
    const available = (only ? this.end : this.blocks[0].length) - this.start
    return this.blocks[0].subarray(this.start, this.start + Math.min(available, maxBytes))
  }

  /** Drops the first `size` bytes, which one `peek` returned. */
  consume(size: number): void {
    this.start += size
    this.length -= size
    const blockEnd = this.blocks.length === 1 ? this.end : this.blocks[0].length
    if (this.start < blockEnd) return
    // The block may still be in use by whoever peeked, so it is let go and not filled again.
    this.blocks.shift()
    this.start = 0
    if (this.blocks.length === 0) this.end = 0
  }
}
