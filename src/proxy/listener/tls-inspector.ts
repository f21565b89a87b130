// envoy.filters.listener.tls_inspector: server name and ALPN of a ClientHello (RFC 8446 4.1.2), without terminating TLS.

import { TlsInspectorSchema } from '../../envoy/generated/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import type { ListenerFilterFactory } from './listener-filter.ts'

const MAX_CLIENT_HELLO_BYTES = 16 * 1024
const HANDSHAKE_RECORD = 22
const CLIENT_HELLO = 1
const RECORD_HEADER_BYTES = 5
const HANDSHAKE_HEADER_BYTES = 4
const SERVER_NAME = 0
const ALPN = 16

export const tlsInspector: ListenerFilterFactory<typeof TlsInspectorSchema> = {
  name: 'envoy.filters.listener.tls_inspector',
  config: TlsInspectorSchema,
  compile: () => ({ maxBytes: MAX_CLIENT_HELLO_BYTES, inspect: inspectTls }),
}

function inspectTls(bytes: Buffer, facts: ConnectionFacts): boolean {
  const hello = collectHandshake(bytes)
  if (hello === 'not TLS') return true
  if (hello === 'more') return bytes.length >= MAX_CLIENT_HELLO_BYTES
  facts.transportProtocol = 'tls'
  readExtensions(new Reader(hello), facts)
  return true
}

/**
 * The ClientHello's body, gathered from its records. Nothing is copied before it is complete: it may come a byte at a time, in
 * records of a byte each, and is looked at from the beginning every time.
 */
function collectHandshake(bytes: Buffer): Buffer | 'more' | 'not TLS' {
  let collected = 0
  /** Type and length of the message, as far as they came. */
  let header = 0
  let needed = HANDSHAKE_HEADER_BYTES
  for (let offset = 0; offset < bytes.length && collected < needed;) {
    if (bytes[offset] !== HANDSHAKE_RECORD || (offset + 1 < bytes.length && bytes[offset + 1] !== 3)) return 'not TLS'
    if (offset + RECORD_HEADER_BYTES > bytes.length) return 'more'
    const start = offset + RECORD_HEADER_BYTES
    const length = bytes.readUInt16BE(offset + 3)
    const available = Math.min(length, bytes.length - start)
    for (let i = 0; i < available && collected + i < HANDSHAKE_HEADER_BYTES; i++) {
      header = header * 256 + bytes[start + i]
      if (collected + i === 0 && header !== CLIENT_HELLO) return 'not TLS'
    }
    collected += available
    if (collected >= HANDSHAKE_HEADER_BYTES) needed = HANDSHAKE_HEADER_BYTES + (header % 2 ** 24)
    offset = start + length
  }
  return collected < needed ? 'more' : handshakeBody(bytes, needed)
}

/** The first `size` bytes of what the records hold, without the header. */
function handshakeBody(bytes: Buffer, size: number): Buffer {
  const message = Buffer.allocUnsafe(size)
  let filled = 0
  for (let offset = 0; filled < size;) {
    const start = offset + RECORD_HEADER_BYTES
    const length = bytes.readUInt16BE(offset + 3)
    filled += bytes.copy(message, filled, start, Math.min(start + length, start + size - filled))
    offset = start + length
  }
  return message.subarray(HANDSHAKE_HEADER_BYTES)
}

function readExtensions(reader: Reader, facts: ConnectionFacts): void {
  reader.skip(2 + 32)
  reader.skip(reader.uint(1))
  reader.skip(reader.uint(2))
  reader.skip(reader.uint(1))
  const end = reader.uint(2) + reader.offset
  while (reader.offset + 4 <= end && !reader.isBroken) {
    const type = reader.uint(2)
    const length = reader.uint(2)
    const next = reader.offset + length
    if (type === SERVER_NAME) readServerName(reader, facts)
    else if (type === ALPN) readAlpn(reader, facts, next)
    reader.offset = next
  }
}

function readServerName(reader: Reader, facts: ConnectionFacts): void {
  reader.skip(2)
  if (reader.uint(1) !== 0) return
  facts.requestedServerName = reader.text(reader.uint(2)).toLowerCase()
}

function readAlpn(reader: Reader, facts: ConnectionFacts, end: number): void {
  const protocols: string[] = []
  reader.skip(2)
  while (reader.offset < end && !reader.isBroken) protocols.push(reader.text(reader.uint(1)))
  facts.applicationProtocols = protocols
}

/** Reads past the end as zeros: a broken hello yields what could be read. */
class Reader {
  offset = 0
  private readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get isBroken(): boolean {
    return this.offset > this.bytes.length
  }

  uint(size: 1 | 2): number {
    const at = this.offset
    this.offset += size
    if (this.isBroken) return 0
    return size === 1 ? this.bytes[at] : this.bytes.readUInt16BE(at)
  }

  skip(length: number): void {
    this.offset += length
  }

  text(length: number): string {
    const text = this.bytes.toString('latin1', this.offset, this.offset + length)
    this.offset += length
    return text
  }
}
