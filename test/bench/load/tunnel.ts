// One byte stream on which HTTP/1.1 requests go out one after another: a CONNECT tunnel, or a TLS connection of its own.

import { AnswerReader, type AnswerHandler } from './answer-reader.ts'
import type { StreamHandler } from './http2-link.ts'

export interface TunnelOwner {
  onTunnelOpen(tunnel: Tunnel): void
  onTunnelAnswer(tunnel: Tunnel, status: number, bodyBytes: number): void
  /**
   * The tunnel is of no more use. `reason` is undefined when the peer closed it politely between two requests; otherwise it
   * names what went wrong. Called once.
   */
  onTunnelClosed(tunnel: Tunnel, reason: string | undefined): void
}

/** The sending half of what carries a tunnel. */
export interface TunnelCarrier {
  send(chunk: Buffer, start: number, end: number): void
  end(): void
}

export class Tunnel implements StreamHandler, AnswerHandler {
  /** When the request under way was sent (ms); for the owner. */
  sentAtMs = 0
  isBusy = false
  isOpen = false
  readonly owner: TunnelOwner
  /** Which connection of the load the tunnel belongs to. */
  readonly connectionIndex: number
  readonly reader = new AnswerReader()
  carrier: TunnelCarrier | undefined
  private isClosed = false

  constructor(owner: TunnelOwner, connectionIndex: number) {
    this.owner = owner
    this.connectionIndex = connectionIndex
  }

  request(bytes: Buffer): void {
    this.isBusy = true
    this.carrier!.send(bytes, 0, bytes.length)
  }

  /** Ends the tunnel from this side; the owner is not told. */
  finish(): void {
    this.isClosed = true
    this.carrier?.end()
  }

  onHeaders(status: number): void {
    if (status >= 100 && status < 200) return
    if (status !== 200) {
      this.close(`CONNECT answered ${status}`)
      return
    }
    this.open()
  }

  open(): void {
    this.isOpen = true
    this.owner.onTunnelOpen(this)
  }

  onData(chunk: Buffer, start: number, end: number): void {
    if (!this.isBusy) {
      this.close('bytes without a request')
      return
    }
    this.reader.read(chunk, start, end, this)
  }

  onEnd(): void {
    this.carrier?.end()
    this.close(this.explain('ended'))
  }

  onReset(code: number): void {
    this.close(code === 0 || code === -1 || code === 10 ? this.explain(`reset ${code}`) : `reset ${code}`)
  }

  onAnswer(status: number, bodyBytes: number, isLast: boolean): void {
    this.isBusy = false
    // The owner may send the next request at once, so a tunnel that is about to go must be closed before.
    if (isLast) this.isOpen = false
    this.owner.onTunnelAnswer(this, status, bodyBytes)
    if (!isLast) return
    this.carrier!.end()
    this.close(undefined)
  }

  onMalformed(reason: string): void {
    this.close(`malformed: ${reason}`)
  }

  private explain(how: string): string | undefined {
    if (!this.isOpen) return `${how} before it was open`
    if (!this.isBusy) return undefined
    return this.reader.isInside ? `${how} within an answer` : `${how} before an answer`
  }

  private close(reason: string | undefined): void {
    if (this.isClosed) return
    this.isClosed = true
    this.isOpen = false
    this.owner.onTunnelClosed(this, reason)
  }
}
