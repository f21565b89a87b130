// Encodes requests, responses and trailers as HEADERS frames, with CONTINUATION where one frame does not hold them.

import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../header-map.ts'
import { HpackEncoder, type IndexingPolicy } from '../hpack/encoder.ts'
import {
  CONTINUATION,
  DEFAULT_MAX_FRAME_BYTES,
  FLAG_END_HEADERS,
  FLAG_END_STREAM,
  FRAME_HEADER_BYTES,
  HEADERS,
} from './frame-constants.ts'
import { writeFrameHeader, type FrameWriter } from './frame-writer.ts'

/** Everything else is worth an entry in the dynamic table until it proves otherwise. */
const POLICIES: ReadonlyMap<string, IndexingPolicy> = new Map<string, IndexingPolicy>([
  // Different each time.
  [':path', 'literal'],
  ['age', 'literal'],
  ['baggage', 'literal'],
  ['content-length', 'literal'],
  ['content-range', 'literal'],
  ['etag', 'literal'],
  ['expires', 'literal'],
  ['forwarded', 'literal'],
  ['if-modified-since', 'literal'],
  ['if-none-match', 'literal'],
  ['last-modified', 'literal'],
  ['location', 'literal'],
  ['traceparent', 'literal'],
  ['tracestate', 'literal'],
  ['x-b3-spanid', 'literal'],
  ['x-b3-traceid', 'literal'],
  ['x-envoy-upstream-service-time', 'literal'],
  ['x-request-id', 'literal'],
  // Secrets, which compression could reveal (RFC 7541 7.1).
  ['authorization', 'never'],
  ['cookie', 'never'],
  ['proxy-authorization', 'never'],
  ['set-cookie', 'never'],
  // Connection-specific fields have no place in HTTP/2 (RFC 9113 8.2.2).
  ['connection', 'omit'],
  ['keep-alive', 'omit'],
  ['proxy-connection', 'omit'],
  ['transfer-encoding', 'omit'],
  ['upgrade', 'omit'],
])

/** Static table indices (RFC 7541 Appendix A). */
const METHOD_GET = 2
const METHOD_POST = 3
const PATH_ROOT = 4
const SCHEME_HTTP = 6
const SCHEME_HTTPS = 7
const STATIC_STATUSES: ReadonlyMap<number, number> = new Map([
  [200, 8],
  [204, 9],
  [206, 10],
  [304, 11],
  [400, 12],
  [404, 13],
  [500, 14],
])
/** What the names of the pseudo-header fields take at most together. */
const PSEUDO_FIELDS = 5
const PSEUDO_NAME_BYTES = 50

export class HeaderWriter {
  private readonly writer: FrameWriter
  private readonly encoder: HpackEncoder

  constructor(writer: FrameWriter, hpackTableSize: number) {
    this.writer = writer
    this.encoder = new HpackEncoder({ policies: POLICIES, huffman: 'indexed', maxTableSize: hpackTableSize })
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setPeerTableSize(size: number): void {
    this.encoder.setPeerTableSize(size)
  }

  /** A CONNECT request without `protocol` carries only `:method` and `:authority` (RFC 9113 8.5). */
  request(streamId: number, headers: RequestHeaderMap, endStream: boolean): void {
    const values =
      headers.method.length +
      (headers.authority?.length ?? 0) +
      (headers.scheme?.length ?? 0) +
      (headers.path?.length ?? 0) +
      (headers.protocol?.length ?? 0)
    const bound = FRAME_HEADER_BYTES + this.encoder.bound(headers.fields, PSEUDO_FIELDS, PSEUDO_NAME_BYTES + values)
    const whole = bound <= DEFAULT_MAX_FRAME_BYTES
    const offset = this.begin(whole, bound)
    this.requestPseudoFields(headers)
    this.fields(headers)
    this.finish(whole, streamId, offset, endStream)
  }

  response(streamId: number, headers: ResponseHeaderMap, endStream: boolean): void {
    const bound = FRAME_HEADER_BYTES + this.encoder.bound(headers.fields, 1, PSEUDO_NAME_BYTES)
    const whole = bound <= DEFAULT_MAX_FRAME_BYTES
    const offset = this.begin(whole, bound)
    const index = STATIC_STATUSES.get(headers.status)
    if (index === undefined) this.encoder.field(':status', String(headers.status))
    else this.encoder.staticField(index)
    this.fields(headers)
    this.finish(whole, streamId, offset, endStream)
  }

  /** Trailers always end the stream. */
  trailers(streamId: number, trailers: HeaderMap): void {
    const bound = FRAME_HEADER_BYTES + this.encoder.bound(trailers.fields, 0, 0)
    const whole = bound <= DEFAULT_MAX_FRAME_BYTES
    const offset = this.begin(whole, bound)
    this.fields(trailers)
    this.finish(whole, streamId, offset, true)
  }

  /** Blocks that surely fit one frame are encoded in the sink, others in memory of their own. Returns the frame's offset. */
  private begin(whole: boolean, bound: number): number {
    if (whole) {
      const offset = this.writer.reserveHeaders(bound)
      this.encoder.begin(this.writer.sink.buffer, offset + FRAME_HEADER_BYTES)
      return offset
    }
    this.encoder.begin(Buffer.allocUnsafe(bound), FRAME_HEADER_BYTES)
    return 0
  }

  private finish(whole: boolean, streamId: number, offset: number, endStream: boolean): void {
    const end = this.encoder.end()
    if (!whole) {
      this.writer.writeFrames(splitBlock(this.encoder.takeBuffer(), end, streamId, endStream))
      return
    }
    const size = end - offset
    const flags = endStream ? FLAG_END_HEADERS | FLAG_END_STREAM : FLAG_END_HEADERS
    writeFrameHeader(this.writer.sink.buffer, offset, size - FRAME_HEADER_BYTES, HEADERS, flags, streamId)
    this.writer.commitHeaders(streamId, offset, size, endStream)
  }

  private requestPseudoFields(headers: RequestHeaderMap): void {
    const encoder = this.encoder
    const { method, authority, path, protocol } = headers
    if (method === 'GET') encoder.staticField(METHOD_GET)
    else if (method === 'POST') encoder.staticField(METHOD_POST)
    else encoder.field(':method', method)
    const isPlainConnect = method === 'CONNECT' && protocol === undefined
    if (!isPlainConnect) {
      if (headers.scheme === 'https') encoder.staticField(SCHEME_HTTPS)
      else if (headers.scheme === 'http') encoder.staticField(SCHEME_HTTP)
      else if (headers.scheme !== undefined) encoder.field(':scheme', headers.scheme)
    }
    if (authority !== undefined) encoder.field(':authority', authority)
    if (isPlainConnect) return
    if (path === '/') encoder.staticField(PATH_ROOT)
    else if (path !== undefined) encoder.field(':path', path)
    if (protocol !== undefined) encoder.field(':protocol', protocol)
  }

  private fields(headers: HeaderMap): void {
    const encoder = this.encoder
    const fields = headers.fields
    const neverIndexed = headers.neverIndexed
    for (let i = 0; i < fields.length; i += 2) {
      if (neverIndexed !== undefined && neverIndexed.includes(fields[i])) {
        encoder.neverIndexedField(fields[i], fields[i + 1])
      } else {
        encoder.field(fields[i], fields[i + 1])
      }
    }
  }
}

/** Cuts the block at source[9…end) into HEADERS and CONTINUATION frames of the size that every peer accepts. */
function splitBlock(source: Buffer, end: number, streamId: number, endStream: boolean): Buffer {
  const length = end - FRAME_HEADER_BYTES
  const frames = Math.max(1, Math.ceil(length / DEFAULT_MAX_FRAME_BYTES))
  const target = Buffer.allocUnsafe(length + frames * FRAME_HEADER_BYTES)
  let at = 0
  for (let i = 0; i < frames; i++) {
    const start = FRAME_HEADER_BYTES + i * DEFAULT_MAX_FRAME_BYTES
    const size = Math.min(DEFAULT_MAX_FRAME_BYTES, end - start)
    const flags = (i === 0 && endStream ? FLAG_END_STREAM : 0) | (i === frames - 1 ? FLAG_END_HEADERS : 0)
    writeFrameHeader(target, at, size, i === 0 ? HEADERS : CONTINUATION, flags, streamId)
    source.copy(target, at + FRAME_HEADER_BYTES, start, start + size)
    at += FRAME_HEADER_BYTES + size
  }
  return target
}
