// Input that could not be parsed when it came, in one growing piece of memory: the beginning of a head, or requests behind the
// one that is being answered. Whoever holds bytes bounds their number.

const SMALLEST = 512

export class HeldBytes {
  private buffer: Buffer = EMPTY
  private start = 0
  private end = 0

  get length(): number {
    return this.end - this.start
  }

  /** Copies `chunk` behind what is held. */
  append(chunk: Uint8Array): void {
    if (this.end + chunk.length > this.buffer.length) this.makeRoom(chunk.length)
    this.buffer.set(chunk, this.end)
    this.end += chunk.length
  }

  /** All that is held; valid until the next `append` or `consume`. */
  view(): Buffer {
    return this.buffer.subarray(this.start, this.end)
  }

  /** Drops the first `size` bytes, and the memory with the last one: idle connections hold none. */
  consume(size: number): void {
    this.start += size
    if (this.start < this.end) return
    this.buffer = EMPTY
    this.start = 0
    this.end = 0
  }

  /** Always into new memory: somebody may still be reading from a view. */
  private makeRoom(size: number): void {
    const length = this.length
    const larger = Buffer.allocUnsafeSlow(Math.max(SMALLEST, 2 * (length + size)))
    larger.set(this.view(), 0)
    this.buffer = larger
    this.start = 0
    this.end = length
  }
}

const EMPTY = Buffer.alloc(0)
