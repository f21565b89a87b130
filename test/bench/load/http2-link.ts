// One HTTP/2 connection that carries byte streams, at either end: the HBONE connection of a ztunnel, the HBONE endpoint of a
// destination, or (over a tunnel) an h2c client. Flow control is complete in both directions; header blocks are opaque.

import { BatchedWriter, type Transport } from './batched-writer.ts'
import {
  clientPreface,
  encodeSettings,
  FrameReader,
  frameFlag,
  frameHeaderBytes,
  frameType,
  type FrameHandler,
  maxSentFrameBytes,
  readStatus,
  settingId,
  writeFrameHeader,
} from './frame.ts'

/** What ztunnel grants: 4 MiB a stream, 16 MiB a connection. */
const streamWindowBytes = 4 * 1024 * 1024
const connectionWindowBytes = 16 * 1024 * 1024
const initialWindowBytes = 65_535
const maxInFlightBytes = 1024 * 1024

export interface StreamHandler {
  /** The first HEADERS of the peer; `status` is 0 on the server side. */
  onHeaders(status: number): void
  /** Borrowed bytes `chunk[start…end)`. */
  onData(chunk: Buffer, start: number, end: number): void
  onEnd(): void
  /** The stream is gone: RST_STREAM with its code, or -1 when the connection went. */
  onReset(code: number): void
}

export interface LinkEvents {
  /** Server side: a request came; the answer is the handler for its stream. */
  onStream(stream: LinkStream): StreamHandler
  onGoAway(): void
}

const nobody: StreamHandler = { onHeaders() {}, onData() {}, onEnd() {}, onReset() {} }

export class LinkStream {
  readonly id: number
  readonly link: Http2Link
  handler: StreamHandler = nobody
  sendWindow: number
  /** False stops WINDOW_UPDATEs for this stream, as a reader that does not read does; see `grantCredit`. */
  autoCredit = true
  unacknowledged = 0
  headersSeen = false
  isLocalEnded = false
  isRemoteEnded = false
  readonly waiting: Array<{ chunk: Buffer; start: number; end: number }> = []
  endWhenSent = false

  constructor(link: Http2Link, id: number, sendWindow: number) {
    this.link = link
    this.id = id
    this.sendWindow = sendWindow
  }

  /** Sends `chunk[start…end)`, now or when the windows allow; the caller must not change the bytes until then. */
  send(chunk: Buffer, start: number, end: number): void {
    this.link.sendData(this, chunk, start, end)
  }

  end(): void {
    if (!this.isLocalEnded) this.link.endStream(this)
  }

  reset(code: number): void {
    this.link.resetStream(this, code)
  }

  /** Returns the credit withheld while `autoCredit` was false. */
  grantCredit(): void {
    this.autoCredit = true
    this.link.returnStreamCredit(this, 1)
  }
}

export class Http2Link implements FrameHandler {
  isDraining = false
  isClosed = false
  readonly streams = new Map<number, LinkStream>()
  private readonly writer: BatchedWriter
  private readonly transport: Transport
  private readonly events: LinkEvents
  private readonly isServer: boolean
  private readonly reader = new FrameReader()
  private prefaceLeft: number
  private nextId = 1
  private sendWindow = initialWindowBytes
  private peerStreamWindow = initialWindowBytes
  private unacknowledged = 0
  private blocked: LinkStream[] = []

  constructor(transport: Transport, role: 'client' | 'server', events: LinkEvents) {
    this.transport = transport
    this.events = events
    this.isServer = role === 'server'
    this.prefaceLeft = this.isServer ? clientPreface.length : 0
    this.writer = new BatchedWriter(transport)
    this.writer.onDrain = () => this.pump()
    this.start()
  }

  receive(chunk: Buffer, start: number, end: number): void {
    if (this.isClosed) return
    const skipped = Math.min(this.prefaceLeft, end - start)
    this.prefaceLeft -= skipped
    this.reader.read(chunk, start + skipped, end, this)
  }

  /** Client side: a new stream whose request is `headerBlock`, without END_STREAM unless asked. */
  open(headerBlock: Buffer, handler: StreamHandler, endStream = false): LinkStream {
    const stream = new LinkStream(this, this.nextId, this.peerStreamWindow)
    this.nextId += 2
    stream.handler = handler
    stream.isLocalEnded = endStream
    this.streams.set(stream.id, stream)
    this.sendHeaders(stream, headerBlock, endStream)
    return stream
  }

  sendHeaders(stream: LinkStream, headerBlock: Buffer, endStream = false): void {
    const flags = frameFlag.endHeaders | (endStream ? frameFlag.endStream : 0)
    this.writeFrame(frameType.headers, flags, stream.id, headerBlock)
  }

  sendData(stream: LinkStream, chunk: Buffer, start: number, end: number): void {
    if (stream.isLocalEnded || this.isClosed) return
    let at = start
    if (stream.waiting.length === 0) at = this.writeData(stream, chunk, start, end)
    if (at === end) return
    if (stream.waiting.push({ chunk, start: at, end }) === 1) this.blocked.push(stream)
  }

  endStream(stream: LinkStream): void {
    if (stream.waiting.length > 0) {
      stream.endWhenSent = true
      return
    }
    stream.isLocalEnded = true
    this.writeFrame(frameType.data, frameFlag.endStream, stream.id, noBytes)
    if (stream.isRemoteEnded) this.streams.delete(stream.id)
  }

  resetStream(stream: LinkStream, code: number): void {
    if (!this.streams.delete(stream.id)) return
    stream.isLocalEnded = true
    stream.waiting.length = 0
    const payload = Buffer.alloc(4)
    payload.writeUInt32BE(code)
    this.writeFrame(frameType.resetStream, 0, stream.id, payload)
  }

  /** Says GOAWAY(NO_ERROR) as a peer that leaves politely. The transport's owner closes it. */
  goAway(): void {
    const payload = Buffer.alloc(8)
    this.writeFrame(frameType.goAway, 0, 0, payload)
    this.writer.flush()
  }

  /** The transport is gone: every stream is told. Idempotent. */
  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    const streams = [...this.streams.values()]
    this.streams.clear()
    this.blocked = []
    for (const stream of streams) stream.handler.onReset(-1)
  }

  onDataPart(id: number, chunk: Buffer, start: number, end: number, last: boolean, flags: number): void {
    const length = end - start
    this.unacknowledged += length
    if (this.unacknowledged > connectionWindowBytes / 2) {
      this.writeWindowUpdate(0, this.unacknowledged)
      this.unacknowledged = 0
    }
    const stream = this.streams.get(id)
    if (stream === undefined) return
    if (length > 0) {
      stream.unacknowledged += length
      if (stream.autoCredit) this.returnStreamCredit(stream, streamWindowBytes / 2)
      stream.handler.onData(chunk, start, end)
    }
    if (last && (flags & frameFlag.endStream) !== 0) this.remoteEnd(stream)
  }

  onFrame(type: number, flags: number, id: number, payload: Buffer, start: number, end: number): void {
    switch (type) {
      case frameType.headers: {
        this.onHeaders(flags, id, payload, start, end)
        return
      }
      case frameType.settings: {
        this.onSettings(flags, payload, start, end)
        return
      }
      case frameType.windowUpdate: {
        this.onWindowUpdate(id, payload.readUInt32BE(start) & 0x7fffffff)
        return
      }
      case frameType.ping:
        if ((flags & frameFlag.ack) === 0)
          this.writeFrame(frameType.ping, frameFlag.ack, 0, payload.subarray(start, end))
        return
      case frameType.resetStream: {
        const stream = this.streams.get(id)
        if (stream === undefined) return
        this.streams.delete(id)
        stream.isLocalEnded = true
        stream.handler.onReset(payload.readUInt32BE(start))
        return
      }
      case frameType.goAway: {
        this.onGoAway(payload.readUInt32BE(start) & 0x7fffffff)
        return
      }
      case frameType.continuation:
      case frameType.pushPromise:
        throw new Error(`unexpected frame of type ${type}`)
    }
  }

  /** Sends WINDOW_UPDATE when at least `threshold` bytes of the stream await it. */
  returnStreamCredit(stream: LinkStream, threshold: number): void {
    if (stream.unacknowledged < threshold || stream.isRemoteEnded || this.isClosed) return
    this.writeWindowUpdate(stream.id, stream.unacknowledged)
    stream.unacknowledged = 0
  }

  private start(): void {
    const settings: Array<[number, number]> = [
      [settingId.headerTableSize, 0],
      [settingId.initialWindowSize, streamWindowBytes],
      [settingId.maxFrameSize, 1024 * 1024],
    ]
    if (this.isServer) {
      settings.push([settingId.maxConcurrentStreams, 200])
    } else {
      settings.push([settingId.enablePush, 0])
      const at = this.writer.reserve(clientPreface.length)
      clientPreface.copy(this.writer.buffer, at)
      this.writer.commit(clientPreface.length)
    }
    this.writeFrame(frameType.settings, 0, 0, encodeSettings(settings))
    this.writeWindowUpdate(0, connectionWindowBytes - initialWindowBytes)
  }

  private onHeaders(flags: number, id: number, payload: Buffer, start: number, end: number): void {
    if ((flags & frameFlag.endHeaders) === 0) throw new Error('header block in more than one frame')
    let stream = this.streams.get(id)
    if (stream === undefined) {
      if (!this.isServer) return
      stream = new LinkStream(this, id, this.peerStreamWindow)
      this.streams.set(id, stream)
      stream.handler = this.events.onStream(stream)
    }
    if (!stream.headersSeen) {
      const skipped = (flags & frameFlag.priority) !== 0 ? 5 : 0
      const status = this.isServer ? 0 : readStatus(payload, start + skipped, end)
      stream.headersSeen = status < 100 || status >= 200
      stream.handler.onHeaders(status)
    }
    if ((flags & frameFlag.endStream) !== 0) this.remoteEnd(stream)
  }

  private remoteEnd(stream: LinkStream): void {
    stream.isRemoteEnded = true
    if (stream.isLocalEnded) this.streams.delete(stream.id)
    stream.handler.onEnd()
  }

  private onSettings(flags: number, payload: Buffer, start: number, end: number): void {
    if ((flags & frameFlag.ack) !== 0) return
    for (let at = start; at < end; at += 6) {
      if (payload.readUInt16BE(at) !== settingId.initialWindowSize) continue
      const size = payload.readUInt32BE(at + 2)
      for (const stream of this.streams.values()) stream.sendWindow += size - this.peerStreamWindow
      this.peerStreamWindow = size
    }
    this.writeFrame(frameType.settings, frameFlag.ack, 0, noBytes)
    this.pump()
  }

  private onWindowUpdate(id: number, increment: number): void {
    if (id === 0) {
      this.sendWindow += increment
    } else {
      const stream = this.streams.get(id)
      if (stream === undefined) return
      stream.sendWindow += increment
    }
    if (this.blocked.length > 0) this.pump()
  }

  private onGoAway(lastId: number): void {
    this.isDraining = true
    for (const stream of [...this.streams.values()]) {
      if (stream.id <= lastId) continue
      this.streams.delete(stream.id)
      stream.handler.onReset(7)
    }
    this.events.onGoAway()
  }

  /** Round robin, a frame each, over the streams that wait for a window or for the transport. */
  private pump(): void {
    let sent = this.blocked.length > 0
    while (sent) {
      sent = false
      const round = this.blocked
      this.blocked = []
      for (const stream of round) {
        const head = stream.waiting[0]
        if (head === undefined || stream.isLocalEnded) continue
        const before = head.start
        head.start = this.writeData(stream, head.chunk, head.start, Math.min(head.end, head.start + maxSentFrameBytes))
        if (head.start > before) sent = true
        if (head.start === head.end) stream.waiting.shift()
        if (stream.waiting.length > 0) this.blocked.push(stream)
        else if (stream.endWhenSent) this.endStream(stream)
      }
      if (this.blocked.length === 0) return
    }
  }

  /** Frames as much as windows and transport allow; returns where it stopped. */
  private writeData(stream: LinkStream, chunk: Buffer, start: number, end: number): number {
    let at = start
    while (at < end && this.writer.inFlightBytes < maxInFlightBytes) {
      const length = Math.min(end - at, maxSentFrameBytes, stream.sendWindow, this.sendWindow)
      if (length <= 0) break
      const offset = this.writer.reserve(frameHeaderBytes + length)
      const out = this.writer.buffer
      writeFrameHeader(out, offset, length, frameType.data, 0, stream.id)
      chunk.copy(out, offset + frameHeaderBytes, at, at + length)
      this.writer.commit(frameHeaderBytes + length)
      stream.sendWindow -= length
      this.sendWindow -= length
      at += length
    }
    return at
  }

  private writeFrame(type: number, flags: number, id: number, payload: Buffer): void {
    if (this.isClosed) return
    const offset = this.writer.reserve(frameHeaderBytes + payload.length)
    writeFrameHeader(this.writer.buffer, offset, payload.length, type, flags, id)
    payload.copy(this.writer.buffer, offset + frameHeaderBytes)
    this.writer.commit(frameHeaderBytes + payload.length)
  }

  private writeWindowUpdate(id: number, increment: number): void {
    const payload = Buffer.alloc(4)
    payload.writeUInt32BE(increment)
    this.writeFrame(frameType.windowUpdate, 0, id, payload)
  }

  destroy(): void {
    this.transport.destroy()
  }
}

const noBytes = Buffer.alloc(0)
