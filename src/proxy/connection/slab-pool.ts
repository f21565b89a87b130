// Output buffers of one worker. A connection holds a slab only while it has output, so idle tunnels cost none.

export const SLAB_BYTES = 64 * 1024
const MAX_POOLED = 64

export class SlabPool {
  private readonly free: Buffer[] = []

  take(): Buffer {
    return this.free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES)
  }

  give(slab: Buffer): void {
    if (slab.length === SLAB_BYTES && this.free.length < MAX_POOLED) this.free.push(slab)
  }
}
