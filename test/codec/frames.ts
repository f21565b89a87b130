// For tests: frames as text, read from what a codec wrote, and written as a peer of any manners would.

import { HpackDecoder, encodeFields, type HeaderField } from '../support/hpack-wire.ts'
import { FLAG, FRAME, PREFACE, encodeFrame, setting, uint32 } from '../support/http2-wire.ts'

export { FLAG, FRAME, encodeFrame, setting, uint32 }

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly payload: Buffer
}

/** Cuts complete frames out of `bytes`; a client's preface is skipped. */
export function readFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = []
  let at = bytes.toString('latin1', 0, PREFACE.length) === PREFACE ? PREFACE.length : 0
  while (at < bytes.length) {
    const length = bytes.readUIntBE(at, 3)
    const payload = bytes.subarray(at + 9, at + 9 + length)
    if (payload.length < length) throw new Error('incomplete frame')
    frames.push({
      type: bytes[at + 3],
      flags: bytes[at + 4],
      streamId: bytes.readUInt32BE(at + 5) & 0x7fffffff,
      payload,
    })
    at += 9 + length
  }
  return frames
}

/** The frames a test looks at, each in a few words; SETTINGS and WINDOW_UPDATE of stream 0 are left out. */
export function describeFrames(bytes: Buffer, hpack = new HpackDecoder()): string[] {
  return readFrames(bytes).flatMap((frame) => {
    const { type, flags, streamId, payload } = frame
    const end = (flags & FLAG.END_STREAM) !== 0 ? ', end' : ''
    switch (type) {
      case FRAME.HEADERS: {
        const fields = hpack.decode(payload).map(([name, value]) => `${name}=${value}`)
        return [`HEADERS ${streamId} ${fields.join(' ')}${end}`]
      }
      case FRAME.DATA:
        return [`DATA ${streamId} ${payload.length}${end}`]
      case FRAME.RST_STREAM:
        return [`RST_STREAM ${streamId} ${payload.readUInt32BE(0)}`]
      case FRAME.GOAWAY:
        return [`GOAWAY ${payload.readUInt32BE(0)} ${payload.readUInt32BE(4)}`]
      case FRAME.PING:
        return [`PING ${payload.toString('hex')}${(flags & FLAG.ACK) !== 0 ? ', ack' : ''}`]
      case FRAME.WINDOW_UPDATE:
        return streamId === 0 ? [] : [`WINDOW_UPDATE ${streamId} ${payload.readUInt32BE(0)}`]
      default:
        return []
    }
  })
}

/** How a client begins, with SETTINGS of its own and the acknowledgement of the server's. */
export function clientStart(settings: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([
    Buffer.from(PREFACE, 'latin1'),
    encodeFrame(FRAME.SETTINGS, 0, 0, settings),
    encodeFrame(FRAME.SETTINGS, FLAG.ACK, 0),
  ])
}

/** How a server begins. */
export function serverStart(settings: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([encodeFrame(FRAME.SETTINGS, 0, 0, settings), encodeFrame(FRAME.SETTINGS, FLAG.ACK, 0)])
}

/** A HEADERS frame with END_HEADERS and whatever else is in `flags`. */
export function headersFrame(streamId: number, fields: readonly HeaderField[], flags = 0): Buffer {
  return encodeFrame(FRAME.HEADERS, FLAG.END_HEADERS | flags, streamId, encodeFields(fields))
}

export function dataFrame(streamId: number, data: string | Buffer, flags = 0): Buffer {
  return encodeFrame(FRAME.DATA, flags, streamId, data)
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return encodeFrame(FRAME.WINDOW_UPDATE, 0, streamId, uint32(increment))
}

export function rstStream(streamId: number, code: number): Buffer {
  return encodeFrame(FRAME.RST_STREAM, 0, streamId, uint32(code))
}

export const GET: readonly HeaderField[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'a.example'],
  [':path', '/'],
]

/** `GET` with some fields replaced, or left out when undefined, and others behind. */
export function request(changes: Record<string, string | undefined>, ...extra: HeaderField[]): HeaderField[] {
  const fields: HeaderField[] = []
  for (const [name, value] of GET) {
    const changed = name in changes ? changes[name] : value
    if (changed !== undefined) fields.push([name, changed])
  }
  return [...fields, ...extra]
}
