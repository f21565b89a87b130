// Splits the peer's bytes into frames, however the transport cut them. DATA is passed on piece by piece as it arrives; the
// payload of other frames is handed over whole, in place when the chunk holds it all. Knows no meaning of any frame.

import { CONNECTION_PREFACE, DATA, FLAG_PADDED, FRAME_HEADER_BYTES } from './frame-constants.ts'

/** What to do with the payload of a frame whose header was read. */
export const READ_PAYLOAD = 0
export const SKIP_PAYLOAD = 1
export const STOP_READING = 2

/** Every method may end the reading: `onFrameHeader` by its result, the others by returning false. */
export interface FrameHandler {
  /** Called for every frame, before its payload. Says what to do with the payload. */
  onFrameHeader(type: number, flags: number, streamId: number, length: number): number
  /** A frame other than DATA: payload[start…end), borrowed. */
  onFrame(type: number, flags: number, streamId: number, payload: Buffer, start: number, end: number): boolean
  /** A DATA frame begins; `dataBytes` without padding, `frameBytes` with all that flow control counts. */
  onDataStart(streamId: number, flags: number, dataBytes: number, frameBytes: number): boolean
  /** chunk[start…end) is its next piece. `last`: the frame is complete. An empty piece comes only as the last. */
  onDataPiece(chunk: Buffer, start: number, end: number, last: boolean): boolean
  onBadPreface(): void
}

const PREFACE = 0
const HEADER = 1
const PAYLOAD = 2
const SKIP = 3
const PAD_LENGTH = 4
const DATA_BYTES = 5
const PADDING = 6
const STOPPED = 7

export class FrameReader {
  private readonly handler: FrameHandler
  private state: number
  private readonly header: Buffer = Buffer.alloc(FRAME_HEADER_BYTES)
  /** Octets of the preface, of a split header or of a split payload that are there. */
  private filled = 0
  private partial: Buffer = EMPTY
  private length = 0
  private type = 0
  private flags = 0
  private streamId = 0
  /** Octets left of the DATA, and of the padding behind it (or of what is skipped). */
  private dataLeft = 0
  private paddingLeft = 0

  /** `expectPreface`: the 24 octets by which a client begins (RFC 9113 3.4) come first. */
  constructor(handler: FrameHandler, expectPreface: boolean) {
    this.handler = handler
    this.state = expectPreface ? PREFACE : HEADER
  }

  /** Nothing more is read from now on. */
  stop(): void {
    this.state = STOPPED
    this.partial = EMPTY
  }

  read(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      switch (this.state) {
        case HEADER:
          at = this.readHeader(chunk, at)
          break
        case PAYLOAD:
          at = this.readPayload(chunk, at)
          break
        case DATA_BYTES:
          at = this.readData(chunk, at)
          break
        case PREFACE:
          at = this.readPreface(chunk, at)
          break
        case PAD_LENGTH:
          at = this.readPadLength(chunk, at)
          break
        case PADDING:
          at = this.readPadding(chunk, at)
          break
        case SKIP:
          at = this.skip(chunk, at)
          break
        default:
          return
      }
    }
  }

  private readPreface(chunk: Buffer, start: number): number {
    let at = start
    while (at < chunk.length && this.filled < CONNECTION_PREFACE.length) {
      if (chunk[at++] !== CONNECTION_PREFACE[this.filled++]) {
        this.stop()
        this.handler.onBadPreface()
        return at
      }
    }
    if (this.filled === CONNECTION_PREFACE.length) {
      this.filled = 0
      this.state = HEADER
    }
    return at
  }

  private readHeader(chunk: Buffer, start: number): number {
    if (this.filled === 0 && chunk.length - start >= FRAME_HEADER_BYTES) {
      this.startFrame(chunk, start)
      return start + FRAME_HEADER_BYTES
    }
    let at = start
    while (at < chunk.length && this.filled < FRAME_HEADER_BYTES) this.header[this.filled++] = chunk[at++]
    if (this.filled === FRAME_HEADER_BYTES) {
      this.filled = 0
      this.startFrame(this.header, 0)
    }
    return at
  }

  private startFrame(source: Buffer, at: number): void {
    const length = (source[at] << 16) | (source[at + 1] << 8) | source[at + 2]
    const type = source[at + 3]
    const flags = source[at + 4]
    const streamId = ((source[at + 5] & 0x7f) << 24) | (source[at + 6] << 16) | (source[at + 7] << 8) | source[at + 8]
    this.length = length
    this.type = type
    this.flags = flags
    this.streamId = streamId
    const action = this.handler.onFrameHeader(type, flags, streamId, length)
    if (action === STOP_READING) {
      this.stop()
    } else if (action === SKIP_PAYLOAD) {
      this.paddingLeft = length
      this.state = length === 0 ? HEADER : SKIP
    } else if (type === DATA) {
      this.startData()
    } else if (length === 0) {
      this.finishPayload(EMPTY, 0, 0)
    } else {
      this.state = PAYLOAD
    }
  }

  private readPayload(chunk: Buffer, start: number): number {
    const available = chunk.length - start
    if (this.filled === 0 && available >= this.length) {
      this.finishPayload(chunk, start, start + this.length)
      return start + this.length
    }
    // Frame lengths are bounded by our SETTINGS_MAX_FRAME_SIZE before this is reached.
    if (this.filled === 0) this.partial = Buffer.allocUnsafe(this.length)
    const taken = Math.min(available, this.length - this.filled)
    chunk.copy(this.partial, this.filled, start, start + taken)
    this.filled += taken
    if (this.filled === this.length) {
      const payload = this.partial
      this.partial = EMPTY
      this.filled = 0
      this.finishPayload(payload, 0, this.length)
    }
    return start + taken
  }

  private finishPayload(payload: Buffer, start: number, end: number): void {
    this.state = HEADER
    if (!this.handler.onFrame(this.type, this.flags, this.streamId, payload, start, end)) this.stop()
  }

  private startData(): void {
    this.dataLeft = this.length
    this.paddingLeft = 0
    if ((this.flags & FLAG_PADDED) !== 0) {
      this.state = PAD_LENGTH
      return
    }
    this.announceData()
  }

  private readPadLength(chunk: Buffer, start: number): number {
    this.paddingLeft = chunk[start]
    this.dataLeft = this.length - 1 - this.paddingLeft
    this.announceData()
    return start + 1
  }

  private announceData(): void {
    this.state = this.dataLeft > 0 ? DATA_BYTES : PADDING
    if (!this.handler.onDataStart(this.streamId, this.flags, this.dataLeft, this.length)) this.stop()
    else if (this.dataLeft === 0 && this.paddingLeft === 0) this.finishData(EMPTY, 0, 0)
  }

  private readData(chunk: Buffer, start: number): number {
    const taken = Math.min(chunk.length - start, this.dataLeft)
    const end = start + taken
    this.dataLeft -= taken
    if (this.dataLeft === 0 && this.paddingLeft === 0) {
      this.finishData(chunk, start, end)
    } else {
      if (this.dataLeft === 0) this.state = PADDING
      if (!this.handler.onDataPiece(chunk, start, end, false)) this.stop()
    }
    return end
  }

  private readPadding(chunk: Buffer, start: number): number {
    const taken = Math.min(chunk.length - start, this.paddingLeft)
    this.paddingLeft -= taken
    if (this.paddingLeft === 0) this.finishData(EMPTY, 0, 0)
    return start + taken
  }

  private finishData(chunk: Buffer, start: number, end: number): void {
    this.state = HEADER
    if (!this.handler.onDataPiece(chunk, start, end, true)) this.stop()
  }

  private skip(chunk: Buffer, start: number): number {
    const taken = Math.min(chunk.length - start, this.paddingLeft)
    this.paddingLeft -= taken
    if (this.paddingLeft === 0) this.state = HEADER
    return start + taken
  }
}

const EMPTY = Buffer.alloc(0)
