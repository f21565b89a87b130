// Base64 in pieces, as gRPC-Web's text format has it.

const NOTHING = Buffer.alloc(0)
const TEXT = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)?$/

/** Decodes a text that arrives in chunks cut anywhere. As in Envoy, padding may end each chunk. */
export class Base64Decoder {
  /** Fewer than four characters that wait for the rest of their group. */
  private rest = ''

  /** Undefined: that is no Base64. */
  decode(chunk: Buffer): Buffer | undefined {
    const text = this.rest + chunk.toString('latin1')
    const end = text.length - (text.length % 4)
    this.rest = text.slice(end)
    const whole = text.slice(0, end)
    return TEXT.test(whole) ? Buffer.from(whole, 'base64') : undefined
  }

  /** Of no character is the rest of its group missing. */
  get isComplete(): boolean {
    return this.rest === ''
  }
}

/** Encodes whole gRPC messages, so that a client can decode what has arrived without waiting for more. */
export class MessageEncoder {
  private rest: Buffer = NOTHING

  encode(chunk: Buffer, isLast: boolean): Buffer {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk])
    const end = isLast ? bytes.length : endOfMessages(bytes)
    this.rest = Buffer.from(bytes.subarray(end))
    return end === 0 ? NOTHING : encodeBase64(bytes.subarray(0, end))
  }
}

export function encodeBase64(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('base64'), 'latin1')
}

/** Where the last complete message ends: five bytes, of which four are a length, and the message (Length-Prefixed-Message). */
function endOfMessages(bytes: Buffer): number {
  let end = 0
  while (end + 5 <= bytes.length) {
    const next = end + 5 + bytes.readUInt32BE(end + 1)
    if (next > bytes.length) break
    end = next
  }
  return end
}
