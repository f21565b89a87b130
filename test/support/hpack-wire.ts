// The HPACK (RFC 7541) that tests need: an encoder that writes only literals without indexing, so that anything can be
// put on the wire, and a full decoder. Independent of src/codec, whose output it judges.

export type HeaderField = readonly [name: string, value: string]

// Lengths of the Huffman codes of the bytes 0 to 255 (RFC 7541 Appendix B). Codes of one length are consecutive, in the
// order of their symbols, so the lengths determine the table; the end-of-string symbol has the last code of length 30.
const HUFFMAN_LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26,
]

// RFC 7541 Appendix A.
const STATIC_TABLE: readonly HeaderField[] = (
  ':authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|:status=204|' +
  ':status=206|:status=304|:status=400|:status=404|:status=500|accept-charset|accept-encoding=gzip, deflate|' +
  'accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control|' +
  'content-disposition|content-encoding|content-language|content-length|content-location|content-range|content-type|' +
  'cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|' +
  'last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|' +
  'server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate'
)
  .split('|')
  .map((entry) => {
    const [name, value = ''] = entry.split('=')
    return [name, value] as const
  })

/** Encodes each field as a literal without indexing, strings uncompressed and byte for byte as given (Latin-1). */
export function encodeFields(fields: readonly HeaderField[]): Buffer {
  const parts: Buffer[] = []
  for (const [name, value] of fields) parts.push(Buffer.of(0), encodeString(name), encodeString(value))
  return Buffer.concat(parts)
}

function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  return Buffer.concat([encodeInteger(bytes.length, 7), bytes])
}

/** RFC 7541 5.1, with the bits above the prefix zero. */
export function encodeInteger(value: number, prefixBits: number): Buffer {
  const limit = (1 << prefixBits) - 1
  if (value < limit) return Buffer.of(value)
  const bytes = [limit]
  let rest = value - limit
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  bytes.push(rest)
  return Buffer.from(bytes)
}

/** Decodes header blocks of one connection direction; throws on malformed input. */
export class HpackDecoder {
  private readonly table: HeaderField[] = []
  private size = 0
  private maxSize = 4_096
  private bytes: Buffer = Buffer.alloc(0)
  private at = 0

  decode(block: Buffer): HeaderField[] {
    this.bytes = block
    this.at = 0
    const fields: HeaderField[] = []
    while (this.at < block.length) {
      const first = block[this.at]
      if ((first & 0x80) !== 0) {
        fields.push(this.entry(this.integer(7)))
      } else if ((first & 0xe0) === 0x20) {
        this.maxSize = this.integer(5)
        this.evict()
      } else {
        const indexed = (first & 0x40) !== 0
        const index = this.integer(indexed ? 6 : 4)
        const name = index === 0 ? this.string() : this.entry(index)[0]
        const field: HeaderField = [name, this.string()]
        fields.push(field)
        if (indexed) this.insert(field)
      }
    }
    return fields
  }

  private entry(index: number): HeaderField {
    const field = index <= STATIC_TABLE.length ? STATIC_TABLE[index - 1] : this.table[index - STATIC_TABLE.length - 1]
    if (field === undefined) throw new Error(`no HPACK entry ${index}`)
    return field
  }

  private insert(field: HeaderField): void {
    this.table.unshift(field)
    this.size += field[0].length + field[1].length + 32
    this.evict()
  }

  private evict(): void {
    while (this.size > this.maxSize) {
      const [name, value] = this.table.pop() as HeaderField
      this.size -= name.length + value.length + 32
    }
  }

  private integer(prefixBits: number): number {
    const limit = (1 << prefixBits) - 1
    let value = this.bytes[this.at++] & limit
    if (value < limit) return value
    for (let scale = 1; ; scale *= 128) {
      const next = this.bytes[this.at++]
      if (next === undefined) throw new Error('truncated HPACK integer')
      value += (next & 127) * scale
      if (next < 128) return value
    }
  }

  private string(): string {
    const compressed = (this.bytes[this.at] & 0x80) !== 0
    const length = this.integer(7)
    const raw = this.bytes.subarray(this.at, this.at + length)
    if (raw.length < length) throw new Error('truncated HPACK string')
    this.at += length
    return compressed ? decodeHuffman(raw) : raw.toString('latin1')
  }
}

const HUFFMAN_SYMBOLS = canonicalCodes(HUFFMAN_LENGTHS)

function canonicalCodes(lengths: readonly number[]): Map<string, number> {
  const symbols = lengths
    .map((length, symbol) => ({ length, symbol }))
    .sort((a, b) => a.length - b.length || a.symbol - b.symbol)
  const codes = new Map<string, number>()
  let code = 0
  let previous = symbols[0].length
  for (const { length, symbol } of symbols) {
    code *= 2 ** (length - previous)
    previous = length
    codes.set(code.toString(2).padStart(length, '0'), symbol)
    code++
  }
  return codes
}

function decodeHuffman(bytes: Buffer): string {
  let text = ''
  let code = ''
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code += String((byte >> bit) & 1)
      const symbol = HUFFMAN_SYMBOLS.get(code)
      if (symbol === undefined) continue
      text += String.fromCharCode(symbol)
      code = ''
    }
  }
  if (code.length > 7 || code.includes('0')) throw new Error('bad Huffman padding')
  return text
}
