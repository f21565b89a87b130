// The worker's half of a file access log: lines are gathered in one of a few buffers and sent to the main thread, which
// writes them (access-log-writer.ts) and sends the buffer back. While none is back, lines are dropped and counted.

/** A full buffer on its way to the main thread, as a transferable message. */
export interface AccessLogBatch {
  readonly path: string
  readonly buffer: ArrayBuffer
  /** Bytes of `buffer` that hold lines. */
  readonly length: number
  readonly lines: number
}

export interface AccessLogBatchOptions {
  /** Bytes of one buffer; a longer line is dropped. Envoy's flush size is 64 KB. */
  bufferBytes?: number
  /** Buffers of this log in this worker, those on their way included. */
  maxBuffers?: number
}

export class AccessLogBatcher {
  readonly path: string
  /** Lines that found no room, for the statistic. */
  droppedLines = 0
  private readonly send: (batch: AccessLogBatch, transfer: ArrayBuffer[]) => void
  private readonly bufferBytes: number
  private readonly free: ArrayBuffer[] = []
  private unallocated: number
  private current: Buffer | undefined = undefined
  private length = 0
  private lines = 0

  /** `send` posts a message to the main thread, e.g. `port.postMessage`. */
  constructor(
    path: string,
    send: (batch: AccessLogBatch, transfer: ArrayBuffer[]) => void,
    { bufferBytes = 65536, maxBuffers = 16 }: AccessLogBatchOptions = {},
  ) {
    this.path = path
    this.send = send
    this.bufferBytes = bufferBytes
    this.unallocated = maxBuffers
  }

  /**
   * Adds a line, which brings its own line feed. One octet per character, as format strings and header values have it, so
   * that UTF-8 passes through as it came. False when it was dropped.
   */
  write(line: string): boolean {
    const { length } = line
    if (this.current !== undefined && this.length + length > this.bufferBytes) this.flush()
    this.current ??= this.takeBuffer()
    if (this.current === undefined || length > this.bufferBytes) {
      this.droppedLines++
      return false
    }
    this.length += this.current.write(line, this.length, 'latin1')
    this.lines++
    return true
  }

  /** Sends what waits; the owner calls it at each flush interval and before it ends. */
  flush(): void {
    if (this.current === undefined || this.lines === 0) return
    const buffer = this.current.buffer as ArrayBuffer
    this.send({ path: this.path, buffer, length: this.length, lines: this.lines }, [buffer])
    this.current = undefined
    this.length = 0
    this.lines = 0
  }

  /** The main thread has written the buffer. */
  giveBack(buffer: ArrayBuffer): void {
    this.free.push(buffer)
  }

  private takeBuffer(): Buffer | undefined {
    const free = this.free.pop()
    if (free !== undefined) return Buffer.from(free)
    if (this.unallocated === 0) return undefined
    this.unallocated--
    return Buffer.from(new ArrayBuffer(this.bufferBytes))
  }
}
