// One end of a byte pipe as a test holds it: over a TCP socket, a TLS socket or the stream of a CONNECT request. It keeps
// everything that arrived and how the pipe ended. It interprets no protocol.

import type { ClientHttp2Stream, ServerHttp2Stream } from 'node:http2'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'

export class ByteTunnel {
  /** How the peer's direction ended: `end` (FIN, END_STREAM), `reset` (TCP) or `reset N` (RST_STREAM with code N). */
  ending: string | undefined
  /** Called when something arrived, before those who wait are asked. */
  onArrival: () => void = () => undefined
  private readonly duplex: Duplex
  private readonly chunks: Buffer[] = []
  private readonly waiters = new Set<() => void>()
  private ended = false

  constructor(duplex: Duplex) {
    this.duplex = duplex
    duplex.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk)
      this.wake()
    })
    duplex.on('end', () => this.finish('end'))
    duplex.on('error', () => this.finish(isHttp2(duplex) ? `reset ${duplex.rstCode}` : 'reset'))
    duplex.on('close', () => this.finish(isHttp2(duplex) ? `reset ${duplex.rstCode}` : 'reset'))
  }

  /** All bytes that have arrived so far. */
  get received(): Buffer {
    if (this.chunks.length > 1) this.chunks.splice(0, this.chunks.length, Buffer.concat(this.chunks))
    return this.chunks[0] ?? Buffer.alloc(0)
  }

  /** Drops the first `bytes` of what was received, for tests that carry more than should be kept. */
  discard(bytes: number): void {
    if (bytes > 0) this.chunks[0] = this.received.subarray(bytes)
  }

  /** Bytes are taken as Latin-1 when given as a string. Empty input writes nothing (an Http2Stream must not get it). */
  write(bytes: string | Uint8Array): void {
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes)
    if (buffer.length > 0 && this.duplex.writable) this.duplex.write(buffer)
  }

  /** Half-close: FIN or END_STREAM after what was written. */
  end(): void {
    if (this.ended) return
    this.ended = true
    if (this.duplex.writable) this.duplex.end()
  }

  /** Abort: RST on a TCP socket (a TLS socket is only closed), RST_STREAM with `code` (default CANCEL) on a stream. */
  reset(code = 8): void {
    if (isHttp2(this.duplex)) this.duplex.close(code)
    else if (this.duplex instanceof Socket && !(this.duplex instanceof TLSSocket)) this.duplex.resetAndDestroy()
    else this.duplex.destroy()
  }

  pause(): void {
    this.duplex.pause()
  }

  resume(): void {
    this.duplex.resume()
  }

  /** Resolves with true once `condition` holds (checked at each event of the pipe), with false after `timeoutMs`. */
  until(condition: () => boolean, timeoutMs = 5_000): Promise<boolean> {
    if (condition()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const done = (result: boolean): void => {
        clearTimeout(timer)
        this.waiters.delete(check)
        resolve(result)
      }
      const check = (): void => {
        if (condition()) done(true)
      }
      const timer = setTimeout(() => done(condition()), timeoutMs)
      this.waiters.add(check)
    })
  }

  /** Resolves with true when the peer's direction has ended, with false when it is still open after `timeoutMs`. */
  untilEnded(timeoutMs?: number): Promise<boolean> {
    return this.until(() => this.ending !== undefined, timeoutMs)
  }

  private finish(ending: string): void {
    this.ending ??= ending
    this.wake()
  }

  private wake(): void {
    this.onArrival()
    for (const check of [...this.waiters]) check()
  }
}

function isHttp2(duplex: Duplex): duplex is ClientHttp2Stream | ServerHttp2Stream {
  return 'rstCode' in duplex
}
