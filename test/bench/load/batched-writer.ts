// Collects what one turn of the event loop wants to send on one transport and writes it in few large pieces, so that the
// harness spends its core on load rather than on system calls.

/** Something that takes bytes: a TLS socket, or a tunnel that carries another connection. */
export interface Transport {
  /** `chunk` may be reused once `written` was called. */
  write(chunk: Buffer, written: () => void): void
  destroy(): void
}

const slabBytes = 128 * 1024
const freeSlabs: Buffer[] = []
const dirty: BatchedWriter[] = []

export class BatchedWriter {
  /** Bytes handed to the transport and not yet reported as written. */
  inFlightBytes = 0
  /** Called when `inFlightBytes` fell. */
  onDrain: () => void = () => {}
  private readonly transport: Transport
  private readonly inFlight: Buffer[] = []
  private readonly inFlightLengths: number[] = []
  private readonly written: () => void
  private slab: Buffer | undefined
  private end = 0
  private isListed = false

  constructor(transport: Transport) {
    this.transport = transport
    this.written = () => this.settle()
  }

  /** Room for `size` bytes (at most a slab's 128 KB) at the returned offset of `buffer`; `commit` follows at once. */
  reserve(size: number): number {
    if (this.slab !== undefined && this.end + size > slabBytes) this.flush()
    if (this.slab === undefined) {
      this.slab = freeSlabs.pop() ?? Buffer.allocUnsafeSlow(slabBytes)
      this.end = 0
    }
    return this.end
  }

  get buffer(): Buffer {
    return this.slab!
  }

  commit(size: number): void {
    this.end += size
    if (this.isListed) return
    this.isListed = true
    if (dirty.push(this) === 1) setImmediate(flushAll)
  }

  flush(): void {
    const slab = this.slab
    if (slab === undefined) return
    this.slab = undefined
    this.inFlight.push(slab)
    this.inFlightLengths.push(this.end)
    this.inFlightBytes += this.end
    this.transport.write(slab.subarray(0, this.end), this.written)
  }

  /** For `flushAll`: the writer is off the list and may be put on it again. */
  flushListed(): void {
    this.isListed = false
    this.flush()
  }

  private settle(): void {
    freeSlabs.push(this.inFlight.shift()!)
    this.inFlightBytes -= this.inFlightLengths.shift()!
    this.onDrain()
  }
}

function flushAll(): void {
  const writers = dirty.splice(0)
  for (const writer of writers) writer.flushListed()
}
