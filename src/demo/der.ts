// Writes the few ASN.1 types (DER, X.690) that an X.509 certificate needs. It reads nothing and checks nothing.

/** One element: tag, length, content. */
export function element(tag: number, content: Uint8Array): Buffer {
  const { length } = content
  const header =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : length < 0x10000
          ? [tag, 0x82, length >> 8, length & 0xff]
          : undefined
  if (header === undefined) throw new RangeError(`a DER element of ${length} bytes is not supported`)
  return Buffer.concat([Buffer.from(header), content])
}

export function sequence(...items: Uint8Array[]): Buffer {
  return element(0x30, Buffer.concat(items))
}

export function set(...items: Uint8Array[]): Buffer {
  return element(0x31, Buffer.concat(items))
}

/** A non-negative integer from its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const trimmed = bytes.subarray(start)
  return element(0x02, trimmed[0] >= 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed)
}

export function boolean(value: boolean): Buffer {
  return element(0x01, Buffer.from([value ? 0xff : 0]))
}

/** A dotted object identifier. */
export function oid(text: string): Buffer {
  const [first, second, ...rest] = text.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const groups = [arc & 0x7f]
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80)
    bytes.push(...groups)
  }
  return element(0x06, Buffer.from(bytes))
}

export function utf8String(text: string): Buffer {
  return element(0x0c, Buffer.from(text))
}

/** Whole seconds, for years before 2050 (RFC 5280 4.1.2.5.1). */
export function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)
  return element(0x17, Buffer.from(`${digits}Z`))
}

export function octetString(content: Uint8Array): Buffer {
  return element(0x04, content)
}

/** `unusedBits` of the last byte do not belong to the string. */
export function bitString(content: Uint8Array, unusedBits = 0): Buffer {
  return element(0x03, Buffer.concat([Buffer.from([unusedBits]), content]))
}

/** A context-specific element: `[number]`, constructed unless it is primitive. */
export function tagged(number: number, content: Uint8Array, isPrimitive = false): Buffer {
  return element((isPrimitive ? 0x80 : 0xa0) | number, content)
}
