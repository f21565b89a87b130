// HTTP/2 framing for the load generator and its backend (RFC 9113 section 4). Written apart from src/codec on purpose: a
// yardstick that shared the product's code would share its mistakes. Not a codec for hostile peers: what a well-behaved proxy
// does not send (padding, CONTINUATION, server push) is an error that ends the run.

export const frameType = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const frameFlag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const

export const settingId = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
} as const

export const clientPreface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')
export const frameHeaderBytes = 9
/** The size every peer must accept; larger frames gain nothing against 16 KB TLS records. */
export const maxSentFrameBytes = 16_384

export function writeFrameHeader(
  to: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  id: number,
): void {
  to[at] = length >>> 16
  to[at + 1] = length >>> 8
  to[at + 2] = length
  to[at + 3] = type
  to[at + 4] = flags
  to[at + 5] = id >>> 24
  to[at + 6] = id >>> 16
  to[at + 7] = id >>> 8
  to[at + 8] = id
}

export function encodeSettings(settings: ReadonlyArray<readonly [id: number, value: number]>): Buffer {
  const payload = Buffer.alloc(settings.length * 6)
  settings.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, i * 6)
    payload.writeUInt32BE(value, i * 6 + 2)
  })
  return payload
}

/** A header block of literals without indexing and without Huffman coding (RFC 7541 6.2.2): any decoder reads it alone. */
export function encodeHeaderBlock(fields: ReadonlyArray<readonly [name: string, value: string]>): Buffer {
  const parts: Buffer[] = []
  for (const [name, value] of fields) {
    parts.push(Buffer.from([0x00]), encodeString(name), encodeString(value))
  }
  return Buffer.concat(parts)
}

function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  const prefix = [Math.min(bytes.length, 127)]
  if (bytes.length >= 127) {
    let rest = bytes.length - 127
    for (; rest >= 128; rest >>>= 7) prefix.push((rest & 127) | 128)
    prefix.push(rest)
  }
  return Buffer.concat([Buffer.from(prefix), bytes])
}

const indexedStatus = [200, 204, 206, 304, 400, 404, 500]

/**
 * The status at the head of a response's header block, where RFC 9113 8.3 puts it; 0 when it is not understood. Enough because
 * these peers announce SETTINGS_HEADER_TABLE_SIZE 0, so no block refers to an earlier one.
 */
export function readStatus(block: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && (block[at] & 0xe0) === 0x20) at++
  const first = block[at++]
  if (first >= 0x88 && first <= 0x8e) return indexedStatus[first - 0x88]
  const nameIndex = (first & 0xc0) === 0x40 ? first & 0x3f : first & 0x0f
  if (nameIndex < 8 || nameIndex > 14) return 0
  const huffman = (block[at] & 0x80) !== 0
  const length = block[at++] & 0x7f
  return huffman ? readHuffmanDigits(block, at, at + length) : Number(block.toString('latin1', at, at + length))
}

/** Huffman codes of digits: 0 to 2 are five bits 0 to 2, 3 to 9 are six bits 0x19 to 0x1f (RFC 7541 appendix B). */
function readHuffmanDigits(block: Buffer, start: number, end: number): number {
  let bits = ''
  for (let i = start; i < end; i++) bits += block[i].toString(2).padStart(8, '0')
  let digits = ''
  for (let i = 0; bits.length - i >= 5 && digits.length < 3;) {
    const five = parseInt(bits.slice(i, i + 5), 2)
    if (five <= 2) {
      digits += String(five)
      i += 5
    } else {
      digits += String(parseInt(bits.slice(i, i + 6), 2) - 0x19 + 3)
      i += 6
    }
  }
  return Number(digits)
}

export interface FrameHandler {
  /** Part of a DATA payload, borrowed; `last` with the final part, `flags` are the frame's. */
  onDataPart(id: number, chunk: Buffer, start: number, end: number, last: boolean, flags: number): void
  /** Any other frame, whole and borrowed. */
  onFrame(type: number, flags: number, id: number, payload: Buffer, start: number, end: number): void
}

/** Cuts a byte stream into frames. DATA is passed on as it comes, everything else is gathered first. */
export class FrameReader {
  private readonly header = Buffer.alloc(frameHeaderBytes)
  private headerHas = 0
  private remaining = 0
  private type = 0
  private flags = 0
  private id = 0
  private gathered: Buffer[] = []

  read(chunk: Buffer, from: number, to: number, handler: FrameHandler): void {
    let at = from
    while (at < to) {
      if (this.remaining === 0) {
        if (this.headerHas === 0 && to - at >= frameHeaderBytes) {
          this.parseHeader(chunk, at)
          at += frameHeaderBytes
        } else {
          const taken = Math.min(frameHeaderBytes - this.headerHas, to - at)
          chunk.copy(this.header, this.headerHas, at, at + taken)
          this.headerHas += taken
          at += taken
          if (this.headerHas < frameHeaderBytes) return
          this.headerHas = 0
          this.parseHeader(this.header, 0)
        }
        if (this.remaining === 0) this.emitEmpty(handler)
        continue
      }
      const end = Math.min(at + this.remaining, to)
      this.remaining -= end - at
      if (this.type === frameType.data) {
        handler.onDataPart(this.id, chunk, at, end, this.remaining === 0, this.flags)
      } else if (this.remaining === 0 && this.gathered.length === 0) {
        handler.onFrame(this.type, this.flags, this.id, chunk, at, end)
      } else {
        this.gather(chunk, at, end, handler)
      }
      at = end
    }
  }

  private parseHeader(from: Buffer, at: number): void {
    this.remaining = (from[at] << 16) | (from[at + 1] << 8) | from[at + 2]
    this.type = from[at + 3]
    this.flags = from[at + 4]
    this.id = ((from[at + 5] & 0x7f) << 24) | (from[at + 6] << 16) | (from[at + 7] << 8) | from[at + 8]
    if (this.type === frameType.data && (this.flags & frameFlag.padded) !== 0) throw new Error('padded DATA frame')
  }

  private emitEmpty(handler: FrameHandler): void {
    if (this.type === frameType.data) handler.onDataPart(this.id, this.header, 0, 0, true, this.flags)
    else handler.onFrame(this.type, this.flags, this.id, this.header, 0, 0)
  }

  private gather(chunk: Buffer, start: number, end: number, handler: FrameHandler): void {
    this.gathered.push(Buffer.from(chunk.subarray(start, end)))
    if (this.remaining > 0) return
    const whole = Buffer.concat(this.gathered)
    this.gathered = []
    handler.onFrame(this.type, this.flags, this.id, whole, 0, whole.length)
  }
}
