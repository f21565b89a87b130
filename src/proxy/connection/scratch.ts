// Memory that sinks without a buffer of their own lend between `reserve` and `commit`. A commit delivers its bytes at once,
// and the receiver may answer through another such sink before it returns: hence one buffer per depth of delivery.

import type { ByteSink } from '../../codec/byte-sink.ts'

const MIN_BYTES = 64 * 1024

class Scratch {
  private readonly buffers: Buffer[] = []
  private depth = 0

  /** A buffer of at least `size` bytes that no delivery in progress reads from. */
  reserve(size: number): Buffer {
    let buffer = this.buffers[this.depth]
    if (buffer === undefined || buffer.length < size) {
      buffer = Buffer.allocUnsafeSlow(Math.max(size, MIN_BYTES))
      this.buffers[this.depth] = buffer
    }
    return buffer
  }

  /** Gives the first `size` bytes of the sink's reserved buffer to its own `write`, which delivers them. */
  deliver(sink: ByteSink, size: number): void {
    this.depth++
    try {
      sink.write(sink.buffer.subarray(0, size))
    } finally {
      this.depth--
    }
  }
}

/** One per thread: a module is instantiated once in each worker. */
export const scratch = new Scratch()
