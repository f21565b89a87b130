// Counts the messages of one direction of a gRPC call: each has five bytes in front, a flag and its length (gRPC over HTTP/2,
// Length-Prefixed-Message). It keeps nothing of them.

const PREFIX_BYTES = 5

export class MessageCounter {
  count = 0
  /** Bytes of the running prefix that have been seen. */
  private prefixBytes = 0
  private length = 0
  /** Of the running message. */
  private missingBytes = 0

  feed(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.missingBytes > 0) {
        const skipped = Math.min(this.missingBytes, chunk.length - at)
        this.missingBytes -= skipped
        at += skipped
        continue
      }
      if (this.prefixBytes > 0) this.length = this.length * 256 + chunk[at]
      this.prefixBytes++
      at++
      if (this.prefixBytes === PREFIX_BYTES) this.beginMessage()
    }
  }

  private beginMessage(): void {
    this.count++
    this.missingBytes = this.length
    this.length = 0
    this.prefixBytes = 0
  }
}
