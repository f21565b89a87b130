// Bytes that wait, copied into few blocks of memory however small the pieces were: a peer that sends single bytes must not make
// us keep an object for each. Large blocks are used again: bulk data under backpressure would otherwise be all garbage.

const SMALL_BLOCK = 4096
/** The payload of one DATA frame: what a stalled stream is left with is rarely more. */
const LARGE_BLOCK = 16_384
/** 32 MB. Below what a thousand stalled streams hold, each stall leaves garbage that lets the process grow by half as much again. */
const MAX_FREE_BLOCKS = 2048

/** Large blocks of this thread that hold nothing. */
const freeBlocks: Buffer[] = []

/** First in, first out. What `peek` returned stays intact until `consume`. */
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
    while (at < end) {
      const last = this.blocks.length - 1
      if (last < 0 || this.end === this.blocks[last].length) {
        this.blocks.push(last < 0 && end - at <= SMALL_BLOCK ? Buffer.allocUnsafeSlow(SMALL_BLOCK) : largeBlock())
        this.end = 0
      }
      const block = this.blocks[this.blocks.length - 1]
      const size = Math.min(end - at, block.length - this.end)
      block.set(at === 0 && size === source.length ? source : source.subarray(at, at + size), this.end)
      this.end += size
      this.length += size
      at += size
    }
  }

  /** The first bytes, at most `maxBytes` of them and fewer when they end with a block. Not empty unless the queue is. */
  peek(maxBytes: number): Buffer {
    const only = this.blocks.length === 1
    const available = (only ? this.end : this.blocks[0].length) - this.start
    return this.blocks[0].subarray(this.start, this.start + Math.min(available, maxBytes))
  }

  /** Drops the first `size` bytes, which one `peek` returned and nobody uses any more. */
  consume(size: number): void {
    this.start += size
    this.length -= size
    const blockEnd = this.blocks.length === 1 ? this.end : this.blocks[0].length
    if (this.start < blockEnd) return
    const block = this.blocks.shift() as Buffer
    if (block.length === LARGE_BLOCK && freeBlocks.length < MAX_FREE_BLOCKS) freeBlocks.push(block)
    this.start = 0
    if (this.blocks.length === 0) this.end = 0
  }
}

function largeBlock(): Buffer {
  return freeBlocks.pop() ?? Buffer.allocUnsafeSlow(LARGE_BLOCK)
}
