// Output buffers of one worker. A connection holds a slab only while it has output, so idle tunnels cost none.

/** For what fits: one TLS record. Fifty connections that answer in the same turn hold 1 MB, not 3. */
export const SMALL_SLAB_BYTES = 16 * 1024
export const SLAB_BYTES = 64 * 1024
const MAX_POOLED = 64

export class SlabPool {
  private readonly small: Buffer[] = []
  private readonly large: Buffer[] = []

  /** `size` is what has to fit at least; at most SLAB_BYTES. */
  take(size: number): Buffer {
    if (size <= SMALL_SLAB_BYTES) return this.small.pop() ?? Buffer.allocUnsafeSlow(SMALL_SLAB_BYTES)
    return this.large.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES)
  }

  /** Those of another size are not kept. */
  give(slab: Buffer): void {
    const pool = slab.length === SLAB_BYTES ? this.large : slab.length === SMALL_SLAB_BYTES ? this.small : undefined
    if (pool !== undefined && pool.length < MAX_POOLED) pool.push(slab)
  }
}
