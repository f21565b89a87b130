// Writes frames into the sink (RFC 9113 4.1, 6). Knows nothing of windows and states; header blocks are header-writer.ts.
//
// The last frame of a stream may still lie at the end of the sink: then more DATA extends it, and END_STREAM is set in it, so
// that the head and the body of a message inside a tunnel travel in one frame.

import type { ByteSink } from '../byte-sink.ts'
import {
  CONNECTION_PREFACE,
  DATA,
  DEFAULT_MAX_FRAME_BYTES,
  FLAG_ACK,
  FLAG_END_STREAM,
  FRAME_HEADER_BYTES,
  GOAWAY,
  PING,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frame-constants.ts'
import { OUTBOUND_CONTROL_FRAMES, OUTBOUND_FRAMES, OutboundFrames, type Flood } from './flood-guard.ts'

export class FrameWriter {
  readonly sink: ByteSink
  /** DATA frames sent so far. */
  dataFrames = 0
  /** Set when more frames wait in the sink than allowed: the peer does not read. The connection must end. */
  flood: Flood | undefined = undefined
  /** True between the header and the payload of a frame that is written in two parts: nothing else may be written. */
  insideFrame = false
  private readonly maxOutboundFrames: number
  private readonly maxOutboundControlFrames: number
  private readonly frames = new OutboundFrames()
  private readonly controlFrames = new OutboundFrames()
  private position = 0
  /** The frame that may be patched: its stream (0 for none), where its header and its end lie, and in which epoch. */
  private openStreamId = 0
  private openIsData = false
  private openHeader = 0
  private openEnd = 0
  private openEpoch = 0

  constructor(sink: ByteSink, maxOutboundFrames: number, maxOutboundControlFrames: number) {
    this.sink = sink
    this.maxOutboundFrames = maxOutboundFrames
    this.maxOutboundControlFrames = maxOutboundControlFrames
  }

  preface(): void {
    this.position += CONNECTION_PREFACE.length
    this.sink.write(CONNECTION_PREFACE)
  }

  /** `parameters`: identifier, value, identifier, value … */
  settings(parameters: readonly number[]): void {
    const length = parameters.length * 3
    let at = this.controlFrame(length, SETTINGS, 0, 0)
    const buffer = this.sink.buffer
    for (let i = 0; i < parameters.length; i += 2) {
      buffer[at++] = parameters[i] >>> 8
      buffer[at++] = parameters[i]
      at = writeUint32(buffer, at, parameters[i + 1])
    }
    this.sink.commit(FRAME_HEADER_BYTES + length)
  }

  settingsAck(): void {
    this.controlFrame(0, SETTINGS, FLAG_ACK, 0)
    this.sink.commit(FRAME_HEADER_BYTES)
  }

  /** The opaque data are two unsigned numbers of 32 bits. */
  ping(high: number, low: number, ack: boolean): void {
    const at = this.controlFrame(8, PING, ack ? FLAG_ACK : 0, 0)
    writeUint32(this.sink.buffer, at, high)
    writeUint32(this.sink.buffer, at + 4, low)
    this.sink.commit(FRAME_HEADER_BYTES + 8)
  }

  rstStream(streamId: number, code: number): void {
    const at = this.controlFrame(4, RST_STREAM, 0, streamId)
    writeUint32(this.sink.buffer, at, code)
    this.sink.commit(FRAME_HEADER_BYTES + 4)
  }

  goaway(lastStreamId: number, code: number): void {
    const at = this.controlFrame(8, GOAWAY, 0, 0)
    writeUint32(this.sink.buffer, at, lastStreamId)
    writeUint32(this.sink.buffer, at + 4, code)
    this.sink.commit(FRAME_HEADER_BYTES + 8)
  }

  windowUpdate(streamId: number, increment: number): void {
    const at = this.controlFrame(4, WINDOW_UPDATE, 0, streamId)
    writeUint32(this.sink.buffer, at, increment)
    this.sink.commit(FRAME_HEADER_BYTES + 4)
  }

  /** Reserves room for a frame that the caller fills and hands over by `commitHeaders`; returns its offset. */
  reserveHeaders(size: number): number {
    return this.sink.reserve(size)
  }

  /** Commits a HEADERS frame of `size` octets at `offset`; END_STREAM may still be set in it. */
  commitHeaders(streamId: number, offset: number, size: number, endStream: boolean): void {
    this.openStreamId = endStream ? 0 : streamId
    this.openIsData = false
    this.openHeader = offset
    this.openEnd = offset + size
    this.openEpoch = this.sink.epoch
    this.count(size)
    this.sink.commit(size)
  }

  /** Writes complete frames that were built elsewhere. */
  writeFrames(frames: Buffer): void {
    this.openStreamId = 0
    this.count(frames.length)
    this.sink.write(frames)
  }

  /** Writes chunk[start…end), at most one frame's worth, as DATA. */
  data(streamId: number, chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    const length = end - start
    if (length >= DEFAULT_MAX_FRAME_BYTES) {
      this.largeData(streamId, chunk, start, end, endStream)
      return
    }
    const sink = this.sink
    const offset = sink.reserve(length + FRAME_HEADER_BYTES)
    const buffer = sink.buffer
    if (this.isOpen(streamId, offset) && this.openIsData) {
      const total = offset - this.openHeader - FRAME_HEADER_BYTES + length
      if (total <= DEFAULT_MAX_FRAME_BYTES) {
        copyBytes(chunk, start, end, buffer, offset)
        writeUint24(buffer, this.openHeader, total)
        if (endStream) this.closeOpenFrame(buffer)
        this.openEnd = offset + length
        this.position += length
        sink.commit(length)
        return
      }
    }
    writeFrameHeader(buffer, offset, length, DATA, endStream ? FLAG_END_STREAM : 0, streamId)
    copyBytes(chunk, start, end, buffer, offset + FRAME_HEADER_BYTES)
    this.dataFrames++
    this.openStreamId = endStream ? 0 : streamId
    this.openIsData = true
    this.openHeader = offset
    this.openEnd = offset + FRAME_HEADER_BYTES + length
    this.openEpoch = sink.epoch
    this.count(FRAME_HEADER_BYTES + length)
    sink.commit(FRAME_HEADER_BYTES + length)
  }

  /** Ends the stream: in its last frame if that may still be patched, else by an empty DATA frame. */
  endStream(streamId: number): void {
    const sink = this.sink
    const offset = sink.reserve(FRAME_HEADER_BYTES)
    if (this.isOpen(streamId, offset)) {
      this.closeOpenFrame(sink.buffer)
      sink.commit(0)
      return
    }
    writeFrameHeader(sink.buffer, offset, 0, DATA, FLAG_END_STREAM, streamId)
    this.dataFrames++
    this.openStreamId = 0
    this.count(FRAME_HEADER_BYTES)
    sink.commit(FRAME_HEADER_BYTES)
  }

  /** The payload is handed to the sink as it is, which may write it out without a copy. */
  private largeData(streamId: number, chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    const sink = this.sink
    const length = end - start
    const offset = sink.reserve(FRAME_HEADER_BYTES)
    writeFrameHeader(sink.buffer, offset, length, DATA, endStream ? FLAG_END_STREAM : 0, streamId)
    this.dataFrames++
    this.openStreamId = 0
    this.count(FRAME_HEADER_BYTES + length)
    this.insideFrame = true
    sink.commit(FRAME_HEADER_BYTES)
    sink.write(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end))
    this.insideFrame = false
  }

  /** Whether the last frame is this stream's, unfinished, and lies right before `offset`, where writing would go on. */
  private isOpen(streamId: number, offset: number): boolean {
    return streamId === this.openStreamId && offset === this.openEnd && this.sink.epoch === this.openEpoch
  }

  private closeOpenFrame(buffer: Buffer): void {
    buffer[this.openHeader + 4] |= FLAG_END_STREAM
    this.openStreamId = 0
  }

  /** Reserves a whole control frame and writes its header; returns the offset of its payload. */
  private controlFrame(length: number, type: number, flags: number, streamId: number): number {
    const offset = this.sink.reserve(FRAME_HEADER_BYTES + length)
    writeFrameHeader(this.sink.buffer, offset, length, type, flags, streamId)
    this.openStreamId = 0
    this.count(FRAME_HEADER_BYTES + length)
    if (this.controlFrames.add(this.position, this.sink.bufferedBytes) > this.maxOutboundControlFrames) {
      this.flood ??= OUTBOUND_CONTROL_FRAMES
    }
    return offset + FRAME_HEADER_BYTES
  }

  /** Called before the commit, so the frame itself is not yet among the sink's bytes. */
  private count(size: number): void {
    const waiting = this.frames.add(this.position, this.sink.bufferedBytes)
    this.position += size
    if (waiting > this.maxOutboundFrames) this.flood ??= OUTBOUND_FRAMES
  }
}

/** Below this a loop beats the call into the runtime. */
const SHORT_COPY = 16

function copyBytes(source: Uint8Array, start: number, end: number, target: Buffer, offset: number): void {
  const length = end - start
  if (length <= SHORT_COPY) {
    for (let i = 0; i < length; i++) target[offset + i] = source[start + i]
  } else if (length === source.length) {
    target.set(source, offset)
  } else {
    ;(source as Buffer).copy(target, offset, start, end)
  }
}

/** Writes the 9 octets of a frame header (RFC 9113 4.1). */
export function writeFrameHeader(
  buffer: Buffer,
  offset: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  writeUint24(buffer, offset, length)
  buffer[offset + 3] = type
  buffer[offset + 4] = flags
  writeUint32(buffer, offset + 5, streamId)
}

function writeUint24(buffer: Buffer, offset: number, value: number): void {
  buffer[offset] = value >>> 16
  buffer[offset + 1] = value >>> 8
  buffer[offset + 2] = value
}

function writeUint32(buffer: Buffer, offset: number, value: number): number {
  buffer[offset] = value >>> 24
  buffer[offset + 1] = value >>> 16
  buffer[offset + 2] = value >>> 8
  buffer[offset + 3] = value
  return offset + 4
}
