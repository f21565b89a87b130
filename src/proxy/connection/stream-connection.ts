// A Connection over one HTTP stream that was opened with CONNECT: what tunnels look like to whoever sends raw bytes.

import type { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { RequestEncoder, ResetReason, ResponseDecoder } from '../../codec/http-stream.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import type { CloseEvent, Connection, ConnectionHandler } from './connection.ts'
import type { Dispatcher } from './dispatcher.ts'
import { NO_HANDLER } from './no-handler.ts'
import { scratch } from './scratch.ts'

/** Who opened the tunnel is told how the peer answered. */
export interface TunnelOpener {
  /** Status 200: the connection may be used. The headers are those of the answer. */
  onTunnelOpen(connection: StreamConnection, headers: ResponseHeaderMap): void
  /** Any other status, or a reset before one. The stream is gone. */
  onTunnelRefused(reason: ResetReason, detail: string): void
}

/** Only status 200 opens a tunnel; created by the opener, which passes it to the pool as the stream's decoder. */
export class StreamConnection implements Connection, ResponseDecoder {
  readonly facts: ConnectionFacts
  handler: ConnectionHandler = NO_HANDLER
  buffer: Buffer = EMPTY
  epoch = 0
  private readonly dispatcher: Dispatcher
  private readonly opener: TunnelOpener
  private encoder: RequestEncoder | undefined = undefined
  private opened = false
  private writable = true
  private writeEnded = false
  private readEnded = false
  private closed = false

  constructor(dispatcher: Dispatcher, facts: ConnectionFacts, opener: TunnelOpener) {
    this.dispatcher = dispatcher
    this.facts = facts
    this.opener = opener
  }

  /** The pool gave a stream; the CONNECT headers were sent by the opener. */
  attach(encoder: RequestEncoder): void {
    this.encoder = encoder
  }

  /** There will be no stream. */
  refuse(reason: ResetReason, detail: string): void {
    this.closed = true
    this.opener.onTunnelRefused(reason, detail)
  }

  /** The peer did not answer in time: the stream is cancelled. */
  giveUp(reason: ResetReason): void {
    if (this.closed || this.opened) return
    this.closed = true
    this.encoder?.reset('local reset')
    this.opener.onTunnelRefused(reason, reason)
  }

  get bufferedBytes(): number {
    return this.encoder?.bufferedBytes ?? 0
  }

  get isWritable(): boolean {
    return this.writable
  }

  get isOpen(): boolean {
    return !this.closed
  }

  reserve(size: number): number {
    this.buffer = scratch.reserve(size)
    return 0
  }

  commit(size: number): void {
    this.epoch++
    scratch.deliver(this, size)
  }

  write(chunk: Uint8Array): void {
    if (this.closed || this.writeEnded || this.encoder === undefined) return
    this.writable = this.encoder.sendData(chunk as Buffer, false)
  }

  end(): void {
    if (this.closed || this.writeEnded || this.encoder === undefined) return
    this.writeEnded = true
    this.encoder.sendData(EMPTY, true)
    this.closeWhenBothEnded('remote')
  }

  reset(reason: string): void {
    if (this.closed) return
    this.encoder?.reset('local reset')
    this.close('local', reason)
  }

  pauseRead(): void {
    if (!this.closed) this.encoder?.pauseRead()
  }

  resumeRead(): void {
    if (!this.closed) this.encoder?.resumeRead()
  }

  onBug(): void {
    this.reset('internal error')
  }

  onInformational(): void {}

  onHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    if (headers.status !== 200) {
      this.closed = true
      if (!endStream) this.encoder?.reset('local reset')
      this.opener.onTunnelRefused('remote reset', `tunnel_response:${headers.status}`)
      return
    }
    this.opened = true
    this.opener.onTunnelOpen(this, headers)
    if (endStream) this.receiveEnd()
  }

  onData(chunk: Buffer, endStream: boolean): void {
    if (chunk.length > 0) this.handler.onData(chunk)
    if (endStream) this.receiveEnd()
  }

  onTrailers(): void {
    this.receiveEnd()
  }

  onReset(reason: ResetReason, detail: string): void {
    if (this.closed) return
    if (this.opened) {
      this.close('remote', detail === '' ? reason : detail)
      return
    }
    this.closed = true
    this.opener.onTunnelRefused(reason, '')
  }

  onWritable(): void {
    this.writable = true
    if (!this.closed) this.handler.onWritable()
  }

  private receiveEnd(): void {
    if (this.readEnded || this.closed) return
    this.readEnded = true
    this.handler.onEnd()
    this.closeWhenBothEnded('remote')
  }

  private closeWhenBothEnded(event: CloseEvent): void {
    if (this.readEnded && this.writeEnded && !this.closed) this.close(event, '')
  }

  private close(event: CloseEvent, reason: string): void {
    this.closed = true
    this.dispatcher.defer(reportClose, new Closing(this, event, reason))
  }
}

class Closing {
  readonly connection: StreamConnection
  readonly event: CloseEvent
  readonly reason: string

  constructor(connection: StreamConnection, event: CloseEvent, reason: string) {
    this.connection = connection
    this.event = event
    this.reason = reason
  }
}

const EMPTY = Buffer.alloc(0)

function reportClose(closing: Closing): void {
  closing.connection.handler.onClose(closing.event, closing.reason)
}
