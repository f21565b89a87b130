// One end of an HTTP/2 connection written frame by frame over any byte tunnel, for tests that must send what no proper
// implementation would. It answers SETTINGS and PING and returns flow-control credit, and records everything else.

import type { ByteTunnel } from './byte-tunnel.ts'
import { encodeFields, HpackDecoder, type HeaderField } from './hpack-wire.ts'

export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const

export const FLAG = { END_STREAM: 1, ACK: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** What has arrived on one stream. */
export class WireStream {
  readonly id: number
  /** Header sections in order: interim and final responses (or the request), then trailers. */
  readonly sections: HeaderField[][] = []
  readonly data: Buffer[] = []
  dataFrames = 0
  dataBytes = 0
  /** Sum of the WINDOW_UPDATEs for this stream, and how many there were. */
  credit = 0
  windowUpdates = 0
  /** Received and not yet given back to the peer. */
  uncredited = 0
  ended = false
  /** Error code of RST_STREAM. */
  reset: number | undefined

  constructor(id: number) {
    this.id = id
  }

  /** True when nothing more can arrive. */
  get done(): boolean {
    return this.ended || this.reset !== undefined
  }

  get body(): Buffer {
    return Buffer.concat(this.data)
  }
}

export interface WireOptions {
  readonly role: 'client' | 'server'
  /** SETTINGS to announce, identifier and value. */
  readonly settings?: readonly (readonly [id: number, value: number])[]
  /** When false, no WINDOW_UPDATE is sent for received DATA. */
  readonly returnsCredit?: boolean
  /** Received bytes after which credit is returned: 0 for each frame by itself. Larger steps need announced windows. */
  readonly creditStepBytes?: number
  /** When false, PINGs stay without an answer: a peer that is gone without having said so. */
  readonly answersPings?: boolean
  /** When false, bodies are counted and not kept, and `tunnel.received` holds only what is not parsed yet. */
  readonly keepsBodies?: boolean
  /** When false, nothing at all is sent on its own: no preface, no SETTINGS. */
  readonly greets?: boolean
}

export class Http2Wire {
  readonly tunnel: ByteTunnel
  readonly streams = new Map<number, WireStream>()
  /** The peer's SETTINGS, as received first. */
  settings: Map<number, number> | undefined
  /** Error code and last stream of the last GOAWAY. */
  goaway: { readonly code: number; readonly lastStream: number } | undefined
  goaways = 0
  settingsAcknowledged = false
  pingsAcknowledged = 0
  pingsReceived = 0
  /** Payload of the last PING that the peer acknowledged. */
  lastPingAck: Buffer | undefined
  /** Sum of the WINDOW_UPDATEs for the connection. */
  connectionCredit = 0
  private dataSent = 0
  /** Called when a header section that begins a new stream has arrived. */
  onStream: (stream: WireStream) => void = () => undefined
  /** Called with the payload of every DATA frame, after it was recorded. */
  onData: (stream: WireStream, data: Buffer) => void = () => undefined
  private readonly decoder = new HpackDecoder()
  private readonly options: WireOptions
  private parsed: number
  private readonly dataSentOn = new Map<number, number>()
  private block: { stream: number; flags: number; parts: Buffer[] } | undefined

  constructor(tunnel: ByteTunnel, options: WireOptions) {
    this.tunnel = tunnel
    this.options = options
    this.parsed = options.role === 'server' ? PREFACE.length : 0
    if (options.greets === false) return
    if (options.role === 'client') tunnel.write(PREFACE)
    const payload = Buffer.concat((options.settings ?? []).map(([id, value]) => setting(id, value)))
    this.frame(FRAME.SETTINGS, 0, 0, payload)
  }

  /** Sends one frame with exactly these fields. */
  frame(type: number, flags: number, stream: number, payload: string | Uint8Array = ''): void {
    this.tunnel.write(encodeFrame(type, flags, stream, payload))
  }

  /** Sends one HEADERS frame that holds the whole section. */
  headers(stream: number, fields: readonly HeaderField[], endStream = false): void {
    const flags = FLAG.END_HEADERS | (endStream ? FLAG.END_STREAM : 0)
    this.frame(FRAME.HEADERS, flags, stream, encodeFields(fields))
  }

  data(stream: number, bytes: string | Uint8Array, endStream = false): void {
    this.frame(FRAME.DATA, endStream ? FLAG.END_STREAM : 0, stream, bytes)
  }

  /**
   * Sends `bytes` bytes in frames of at most `frameBytes`, as fast as the peer's windows allow. Only for streams whose whole
   * body is sent by this. False: the stream or the connection ended first, or no credit came for `timeoutMs`.
   */
  async sendBody(id: number, bytes: number, frameBytes = 16_384, timeoutMs = 10_000): Promise<boolean> {
    const frame = Buffer.alloc(frameBytes, 'large body ')
    for (let left = bytes; left > 0;) {
      if (!(await this.until(() => this.sendWindow(id) > 0 || this.isOver(id), timeoutMs)) || this.isOver(id))
        return false
      const size = Math.min(left, frameBytes, this.sendWindow(id))
      this.data(id, frame.subarray(0, size))
      this.dataSent += size
      this.dataSentOn.set(id, this.sentBytes(id) + size)
      left -= size
      // Lets what arrived be handled between frames.
      await new Promise((resolve) => setImmediate(resolve))
    }
    return true
  }

  reset(stream: number, code: number): void {
    this.frame(FRAME.RST_STREAM, 0, stream, uint32(code))
  }

  windowUpdate(stream: number, increment: number): void {
    this.frame(FRAME.WINDOW_UPDATE, 0, stream, uint32(increment))
  }

  stream(id: number): WireStream {
    let stream = this.streams.get(id)
    if (stream === undefined) this.streams.set(id, (stream = new WireStream(id)))
    return stream
  }

  /** Resolves with true once `condition` holds, with false when it does not within `timeoutMs`. */
  until(condition: () => boolean, timeoutMs?: number): Promise<boolean> {
    return this.tunnel.until(() => {
      this.parse()
      return condition()
    }, timeoutMs)
  }

  /** Resolves when the stream is done, or the connection is. */
  untilDone(stream: number, timeoutMs?: number): Promise<boolean> {
    return this.until(() => this.stream(stream).done || this.tunnel.ending !== undefined, timeoutMs)
  }

  /** Handles frames as they arrive, also while nobody waits for them. */
  follow(): void {
    this.tunnel.onArrival = () => this.parse()
  }

  /** Parses what has arrived; called by `until`, so that frames are handled in the order of arrival. */
  parse(): void {
    for (;;) {
      const bytes = this.tunnel.received
      if (bytes.length < this.parsed + 9) return
      const length = bytes.readUIntBE(this.parsed, 3)
      if (bytes.length < this.parsed + 9 + length) return
      const type = bytes[this.parsed + 3]
      const flags = bytes[this.parsed + 4]
      const stream = bytes.readUInt32BE(this.parsed + 5) & 0x7fffffff
      const payload = bytes.subarray(this.parsed + 9, this.parsed + 9 + length)
      this.parsed += 9 + length
      this.handle(type, flags, stream, payload)
      if (this.options.keepsBodies === false) {
        this.tunnel.discard(this.parsed)
        this.parsed = 0
      }
    }
  }

  /** What `sendBody` has sent on a stream. */
  sentBytes(id: number): number {
    return this.dataSentOn.get(id) ?? 0
  }

  private isOver(id: number): boolean {
    return this.stream(id).reset !== undefined || this.tunnel.ending !== undefined
  }

  /** What `sendBody` may still send on a stream. */
  private sendWindow(id: number): number {
    const initial = this.settings?.get(4) ?? 65_535
    const ofStream = initial + this.stream(id).credit - this.sentBytes(id)
    return Math.min(ofStream, 65_535 + this.connectionCredit - this.dataSent)
  }

  private handle(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === FRAME.SETTINGS) this.onSettings(flags, payload)
    else if (type === FRAME.PING) this.onPing(flags, payload)
    else if (type === FRAME.GOAWAY) this.onGoaway(payload)
    else if (type === FRAME.WINDOW_UPDATE) this.onWindowUpdate(stream, payload.readUInt32BE(0))
    else if (type === FRAME.RST_STREAM) this.stream(stream).reset ??= payload.readUInt32BE(0)
    else if (type === FRAME.DATA) this.onDataFrame(flags, stream, unpad(flags, payload), payload.length)
    else if (type === FRAME.HEADERS) {
      const body = unpad(flags, payload)
      this.block = { stream, flags, parts: [(flags & FLAG.PRIORITY) !== 0 ? body.subarray(5) : body] }
      if ((flags & FLAG.END_HEADERS) !== 0) this.onSection()
    } else if (type === FRAME.CONTINUATION && this.block !== undefined) {
      this.block.parts.push(payload)
      if ((flags & FLAG.END_HEADERS) !== 0) this.onSection()
    }
  }

  private onSettings(flags: number, payload: Buffer): void {
    if ((flags & FLAG.ACK) !== 0) {
      this.settingsAcknowledged = true
      return
    }
    if (this.settings === undefined) {
      this.settings = new Map()
      for (let at = 0; at + 6 <= payload.length; at += 6)
        this.settings.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2))
    }
    if (this.options.greets !== false) this.frame(FRAME.SETTINGS, FLAG.ACK, 0)
  }

  private onPing(flags: number, payload: Buffer): void {
    if ((flags & FLAG.ACK) !== 0) {
      this.pingsAcknowledged++
      this.lastPingAck = Buffer.from(payload)
      return
    }
    this.pingsReceived++
    if (this.options.answersPings !== false) this.frame(FRAME.PING, FLAG.ACK, 0, payload)
  }

  private onGoaway(payload: Buffer): void {
    this.goaways++
    this.goaway = { lastStream: payload.readUInt32BE(0) & 0x7fffffff, code: payload.readUInt32BE(4) }
  }

  private onWindowUpdate(id: number, increment: number): void {
    if (id === 0) {
      this.connectionCredit += increment
      return
    }
    const stream = this.stream(id)
    stream.credit += increment
    stream.windowUpdates++
  }

  private onDataFrame(flags: number, id: number, data: Buffer, credit: number): void {
    const stream = this.stream(id)
    stream.dataFrames++
    stream.dataBytes += data.length
    if (this.options.keepsBodies !== false) stream.data.push(Buffer.from(data))
    if ((flags & FLAG.END_STREAM) !== 0) stream.ended = true
    this.onData(stream, data)
    if (this.options.returnsCredit === false || credit === 0) return
    stream.uncredited += credit
    if (stream.uncredited < (this.options.creditStepBytes ?? 0)) return
    this.windowUpdate(0, stream.uncredited)
    if (!stream.done) this.windowUpdate(id, stream.uncredited)
    stream.uncredited = 0
  }

  private onSection(): void {
    const block = this.block as { stream: number; flags: number; parts: Buffer[] }
    this.block = undefined
    const isNew = !this.streams.has(block.stream)
    const stream = this.stream(block.stream)
    stream.sections.push(this.decoder.decode(Buffer.concat(block.parts)))
    if ((block.flags & FLAG.END_STREAM) !== 0) stream.ended = true
    if (isNew) this.onStream(stream)
  }
}

/** A frame's bytes (RFC 9113 4.1); the length is that of the payload. */
export function encodeFrame(type: number, flags: number, stream: number, payload: string | Uint8Array = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload
  const header = Buffer.alloc(9)
  header.writeUIntBE(body.length, 0, 3)
  header[3] = type
  header[4] = flags
  header.writeUInt32BE(stream >>> 0, 5)
  return Buffer.concat([header, body])
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

/** One entry of a SETTINGS payload. */
export function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6)
  bytes.writeUInt16BE(id)
  bytes.writeUInt32BE(value >>> 0, 2)
  return bytes
}

function unpad(flags: number, payload: Buffer): Buffer {
  if ((flags & FLAG.PADDED) === 0) return payload
  return payload.subarray(1, payload.length - payload[0])
}
