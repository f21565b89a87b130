// What each frame of the peer means in the state its stream is in (RFC 9113 5.1, 6). Checks it, and passes on what is right.

import type { CodecError } from '../http-stream.ts'
import { RESET_BY_CODEC, UNKNOWN_ERROR, type Http2Connection, type Role } from './connection.ts'
import {
  CONTINUATION,
  DATA,
  ENHANCE_YOUR_CALM,
  FLAG_ACK,
  FLAG_END_HEADERS,
  FLAG_END_STREAM,
  FLAG_PADDED,
  FLAG_PRIORITY,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  GOAWAY,
  HEADERS,
  NO_ERROR,
  PING,
  PRIORITY,
  PROTOCOL_ERROR,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  STREAM_CLOSED,
  WINDOW_UPDATE,
} from './frame-constants.ts'
import { FrameReader, READ_PAYLOAD, SKIP_PAYLOAD, STOP_READING, type FrameHandler } from './frame-reader.ts'
import { HeaderBlock } from './header-block.ts'
import type { Http2Stream } from './stream.ts'

const PRIORITY_BYTES = 5
/** Compressed blocks may be this much longer than what they decode to may be: Huffman codes of rare octets, prefixes. */
const BLOCK_LEEWAY_FACTOR = 2
const STREAM_ID_MASK = 0x7fffffff

export class FrameReceiver implements FrameHandler {
  private readonly connection: Http2Connection
  private readonly role: Role
  private readonly reader: FrameReader
  private readonly headerBlock: HeaderBlock
  private sawSettings = false
  /** The stream of the DATA frame under way, undefined when its bytes are ignored; and whether the frame ends the message. */
  private dataStream: Http2Stream | undefined = undefined
  private dataEnds = false
  private dispatching = false
  /** Chunks that arrived within a call of ours, in order. */
  private waitingInput: Buffer[] = []
  private readonly dispatchWaiting = (): void => void this.dispatch(EMPTY)

  constructor(connection: Http2Connection, role: Role) {
    this.connection = connection
    this.role = role
    this.reader = new FrameReader(this, role.isServer)
    const { maxContinuationFrames, maxHeaderBytes } = connection.options
    this.headerBlock = new HeaderBlock(maxContinuationFrames, BLOCK_LEEWAY_FACTOR * maxHeaderBytes)
  }

  /**
   * Bytes that come while an earlier chunk is being processed, or between the two parts of a frame that is being written, wait:
   * in-memory connections deliver within the writer's call.
   */
  dispatch(chunk: Buffer): CodecError | undefined {
    const connection = this.connection
    if (this.dispatching || connection.writer.insideFrame) {
      this.keepForLater(chunk)
      return undefined
    }
    this.dispatching = true
    try {
      if (this.waitingInput.length > 0) this.readWaiting()
      this.reader.read(chunk)
      if (this.waitingInput.length > 0) this.readWaiting()
    } finally {
      this.dispatching = false
    }
    if (connection.closeReason === undefined) {
      connection.scheduler.drainIfDue()
      connection.checkOutbound()
    }
    return connection.failure
  }

  onBadPreface(): void {
    this.fail(PROTOCOL_ERROR, 'bad connection preface')
  }

  onFrameHeader(type: number, flags: number, streamId: number, length: number): number {
    const connection = this.connection
    if (connection.closeReason !== undefined) return STOP_READING
    if (length > connection.options.maxFrameSize) return this.stop(FRAME_SIZE_ERROR, 'frame too large')
    if (!this.sawSettings && (type !== SETTINGS || (flags & FLAG_ACK) !== 0)) {
      return this.stop(PROTOCOL_ERROR, 'the first frame is not SETTINGS')
    }
    const blockStreamId = this.headerBlock.streamId
    if (blockStreamId === 0 ? type === CONTINUATION : type !== CONTINUATION || streamId !== blockStreamId) {
      return this.stop(PROTOCOL_ERROR, 'CONTINUATION missing or out of place')
    }
    if (type > CONTINUATION) return SKIP_PAYLOAD
    if (type === PUSH_PROMISE) {
      // Clients do not push, and ours says ENABLE_PUSH=0.
      connection.failByStream(connection.streams.get(streamId), PROTOCOL_ERROR, 'PUSH_PROMISE')
      return STOP_READING
    }
    const error = checkShape(type, flags, streamId, length)
    if (error !== NO_ERROR) return this.stop(error, `bad length or stream of a frame of type ${type}`)
    if (type !== DATA) {
      const flood = connection.inboundFrames.track(type, flags, length, connection.writer.dataFrames)
      if (flood !== undefined) {
        connection.failFlood(flood, connection.streams.get(streamId))
        return STOP_READING
      }
    }
    return READ_PAYLOAD
  }

  onFrame(type: number, flags: number, streamId: number, payload: Buffer, start: number, end: number): boolean {
    switch (type) {
      case HEADERS:
        this.onHeaders(flags, streamId, payload, start, end)
        break
      case CONTINUATION:
        this.onContinuation(flags, payload, start, end)
        break
      case WINDOW_UPDATE:
        this.onWindowUpdate(streamId, payload.readUInt32BE(start) & STREAM_ID_MASK)
        break
      case RST_STREAM:
        this.onRstStream(streamId, payload.readUInt32BE(start))
        break
      case SETTINGS:
        this.sawSettings = true
        if ((flags & FLAG_ACK) !== 0) this.connection.onSettingsAck()
        else this.connection.onSettings(payload, start, end)
        break
      case PING:
        this.onPing(flags, payload, start)
        break
      case GOAWAY:
        this.role.onGoaway(this.connection, payload.readUInt32BE(start) & STREAM_ID_MASK)
        break
      case PRIORITY:
        this.checkDependency(streamId, payload, start)
        break
      default:
        break
    }
    return this.connection.closeReason === undefined
  }

  onDataStart(streamId: number, flags: number, dataBytes: number, frameBytes: number): boolean {
    const connection = this.connection
    this.dataStream = undefined
    if (dataBytes < 0) return this.fail(PROTOCOL_ERROR, 'more padding than payload')
    const flood = connection.inboundFrames.track(DATA, flags, dataBytes, connection.writer.dataFrames)
    if (flood !== undefined) return connection.failFlood(flood, connection.streams.get(streamId))
    if (!connection.windows.receive(frameBytes)) return this.fail(FLOW_CONTROL_ERROR, 'connection window exceeded')
    const stream = connection.streams.get(streamId)
    if (stream === undefined) return this.checkClosed(streamId)
    if (stream.remoteClosed) return this.fail(STREAM_CLOSED, 'DATA after END_STREAM')
    stream.receiveWindow -= frameBytes
    if (stream.receiveWindow < 0) {
      connection.failStream(stream, FLOW_CONTROL_ERROR, 'protocol error', RESET_BY_CODEC)
      return true
    }
    const endStream = (flags & FLAG_END_STREAM) !== 0
    if (connection.startData(stream, dataBytes, endStream)) {
      this.dataStream = stream
      this.dataEnds = endStream
      if (frameBytes > dataBytes) connection.windows.consumed(stream, frameBytes - dataBytes)
    }
    return connection.closeReason === undefined
  }

  onDataPiece(chunk: Buffer, start: number, end: number, last: boolean): boolean {
    const connection = this.connection
    const stream = this.dataStream
    if (stream === undefined || stream.dead) return connection.closeReason === undefined
    const ends = last && this.dataEnds
    if (ends) stream.remoteClosed = true
    if (!stream.detached && (end > start || ends)) connection.delivery.data(stream, chunk, start, end, ends)
    if (ends) connection.closeIfDone(stream)
    return connection.closeReason === undefined
  }

  private onHeaders(flags: number, streamId: number, payload: Buffer, from: number, to: number): void {
    let start = from
    let end = to
    if ((flags & FLAG_PADDED) !== 0) end -= payload[start++]
    if ((flags & FLAG_PRIORITY) !== 0) {
      if (end - start < PRIORITY_BYTES) {
        this.fail(FRAME_SIZE_ERROR, 'HEADERS too short')
        return
      }
      if (!this.checkDependency(streamId, payload, start)) return
      start += PRIORITY_BYTES
    }
    if (end < start) {
      this.fail(PROTOCOL_ERROR, 'more padding than payload')
      return
    }
    const endStream = (flags & FLAG_END_STREAM) !== 0
    if ((flags & FLAG_END_HEADERS) !== 0) {
      this.onHeaderBlock(streamId, endStream, payload, start, end)
      return
    }
    this.role.onHeaderBlockBegun(this.connection, streamId)
    this.headerBlock.start(streamId, endStream)
    this.appendToBlock(payload, start, end)
  }

  private onContinuation(flags: number, payload: Buffer, start: number, end: number): void {
    if (!this.appendToBlock(payload, start, end) || (flags & FLAG_END_HEADERS) === 0) return
    const { streamId, endStream } = this.headerBlock
    const block = this.headerBlock.finish()
    this.onHeaderBlock(streamId, endStream, block, 0, block.length)
  }

  private appendToBlock(payload: Buffer, start: number, end: number): boolean {
    return this.headerBlock.append(payload, start, end) || this.fail(ENHANCE_YOUR_CALM, 'header block too large')
  }

  private onHeaderBlock(streamId: number, endStream: boolean, block: Buffer, start: number, end: number): void {
    const stream = this.connection.streams.get(streamId)
    this.role.onHeaderBlock(this.connection, streamId, stream, endStream, block, start, end)
  }

  private onWindowUpdate(streamId: number, increment: number): void {
    const { scheduler, streams } = this.connection
    if (streamId === 0) {
      if (increment === 0) this.fail(PROTOCOL_ERROR, 'WINDOW_UPDATE of 0')
      else if (!scheduler.openConnectionWindow(increment)) this.fail(FLOW_CONTROL_ERROR, 'connection window too large')
      return
    }
    const stream = streams.get(streamId)
    if (stream === undefined) {
      if (this.role.isIdle(streamId)) this.fail(PROTOCOL_ERROR, 'WINDOW_UPDATE on an idle stream')
    } else if (increment === 0) {
      this.connection.failByStream(stream, PROTOCOL_ERROR, 'WINDOW_UPDATE of 0')
    } else if (!scheduler.openStreamWindow(stream, increment)) {
      // Here RFC 9113 6.9.1 leaves no choice, although Envoy takes it.
      this.connection.failStream(stream, FLOW_CONTROL_ERROR, 'protocol error', UNKNOWN_ERROR)
    }
  }

  private onRstStream(streamId: number, code: number): void {
    const stream = this.connection.streams.get(streamId)
    if (stream !== undefined) this.connection.onRstStream(stream, code)
    else if (this.role.isIdle(streamId)) this.fail(PROTOCOL_ERROR, 'RST_STREAM on an idle stream')
  }

  private onPing(flags: number, payload: Buffer, start: number): void {
    const high = payload.readUInt32BE(start)
    const low = payload.readUInt32BE(start + 4)
    if ((flags & FLAG_ACK) === 0) this.connection.writer.ping(high, low, true)
    else if (high === 0) this.connection.options.onPingAck(low)
  }

  /** Priorities are obsolete (RFC 9113 5.3.2) and ignored; that a stream depends on itself stays an error (RFC 7540 5.3.1). */
  private checkDependency(streamId: number, payload: Buffer, start: number): boolean {
    if ((payload.readUInt32BE(start) & STREAM_ID_MASK) !== streamId) return true
    return this.fail(PROTOCOL_ERROR, 'stream depends on itself')
  }

  /** A frame that its sender may only send on an open stream came for one without a record. */
  private checkClosed(streamId: number): boolean {
    if (this.role.isIdle(streamId)) return this.fail(PROTOCOL_ERROR, 'DATA on an idle stream')
    if (this.connection.resetStreams.mayHaveBeenReset(streamId)) return true
    return this.fail(STREAM_CLOSED, 'DATA on a closed stream')
  }

  private fail(code: number, message: string): false {
    return this.connection.fail(code, message)
  }

  private stop(code: number, message: string): number {
    this.fail(code, message)
    return STOP_READING
  }

  private keepForLater(chunk: Buffer): void {
    const isFirst = this.waitingInput.push(Buffer.from(chunk)) === 1
    if (isFirst && !this.dispatching) this.connection.options.defer(this.dispatchWaiting, undefined)
  }

  private readWaiting(): void {
    for (let i = 0; i < this.waitingInput.length; i++) this.reader.read(this.waitingInput[i])
    this.waitingInput = []
  }
}

const EMPTY = Buffer.alloc(0)

/** Checks stream identifier and length of a frame of known type. Returns the error code of the connection error, or NO_ERROR. */
function checkShape(type: number, flags: number, streamId: number, length: number): number {
  switch (type) {
    case DATA:
    case HEADERS:
      if (streamId === 0) return PROTOCOL_ERROR
      return (flags & FLAG_PADDED) !== 0 && length === 0 ? FRAME_SIZE_ERROR : NO_ERROR
    case PRIORITY:
      if (streamId === 0) return PROTOCOL_ERROR
      return length === PRIORITY_BYTES ? NO_ERROR : FRAME_SIZE_ERROR
    case RST_STREAM:
      if (streamId === 0) return PROTOCOL_ERROR
      return length === 4 ? NO_ERROR : FRAME_SIZE_ERROR
    case SETTINGS:
      if (streamId !== 0) return PROTOCOL_ERROR
      return (flags & FLAG_ACK) !== 0 && length > 0 ? FRAME_SIZE_ERROR : NO_ERROR
    case PING:
      if (streamId !== 0) return PROTOCOL_ERROR
      return length === 8 ? NO_ERROR : FRAME_SIZE_ERROR
    case GOAWAY:
      if (streamId !== 0) return PROTOCOL_ERROR
      return length >= 8 ? NO_ERROR : FRAME_SIZE_ERROR
    case WINDOW_UPDATE:
      return length === 4 ? NO_ERROR : FRAME_SIZE_ERROR
    default:
      return NO_ERROR
  }
}
