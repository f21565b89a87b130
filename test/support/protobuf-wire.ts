// Protobuf's wire format for tests that judge what is on it: messages as lists of fields, and a reader that is told by a small
// schema what a field is.

/** number, value: a varint, a text, bytes or a message. */
export type Field = readonly [number: number, value: number | boolean | string | Buffer | Message]
export type Message = readonly Field[]

/** How to read a field: its name and kind; `map` holds messages with key 1 and value 2. */
export type Kind = 'varint' | 'double' | 'string' | 'bytes' | { readonly map: Kind } | Schema
export interface Schema {
  readonly fields: Readonly<Record<number, readonly [name: string, kind: Kind]>>
}

export function encodeMessage(message: Message): Buffer {
  return Buffer.concat(message.map(([number, value]) => encodeField(number, value)))
}

/** Fields by name; repeated ones as lists, maps with sorted keys. A field that the schema does not know is noted by number. */
export function decodeMessage(bytes: Buffer, schema: Schema): Record<string, unknown> {
  const decoded: Record<string, unknown> = {}
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++]
      value += (byte & 127) * shift
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    const [name, kind] = schema.fields[tag >>> 3] ?? [`#${tag >>> 3}`, 'bytes']
    if ((tag & 7) === 0) decoded[name] = varint()
    else if ((tag & 7) === 1) {
      decoded[name] = bytes.readDoubleLE(at)
      at += 8
    } else {
      const length = varint()
      put(decoded, name, kind, bytes.subarray(at, at + length))
      at += length
    }
  }
  return decoded
}

function put(decoded: Record<string, unknown>, name: string, kind: Kind, bytes: Buffer): void {
  if (typeof kind === 'object' && 'map' in kind) {
    const entry = decodeMessage(bytes, { fields: { 1: ['key', 'string'], 2: ['value', kind.map] } })
    const map = { ...(decoded[name] as object), [(entry['key'] as string | undefined) ?? '']: entry['value'] ?? '' }
    decoded[name] = Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
    return
  }
  const value =
    typeof kind === 'object' ? decodeMessage(bytes, kind) : bytes.toString(kind === 'string' ? 'utf8' : 'latin1')
  if (!(name in decoded)) decoded[name] = value
  else decoded[name] = [...(Array.isArray(decoded[name]) ? (decoded[name] as unknown[]) : [decoded[name]]), value]
}

function encodeField(number: number, value: Field[1]): Buffer {
  if (typeof value === 'number' || typeof value === 'boolean') {
    return Buffer.concat([encodeVarint(number << 3), encodeVarint(Number(value))])
  }
  const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.isBuffer(value) ? value : encodeMessage(value)
  return Buffer.concat([encodeVarint((number << 3) | 2), encodeVarint(bytes.length), bytes])
}

function encodeVarint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}
