// A head about to be written: what its fields say about framing, and the lines that the codec adds. One per codec, used again
// for every message.

import type { ByteSink } from '../byte-sink.ts'
import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../header-map.ts'
import { consistsOf, TOKEN, VALUE, WRITABLE_TARGET } from './characters.ts'
import { CLOSE, connectionOptions, UPGRADE } from './connection-options.ts'
import { parseContentLength } from './content-length.ts'
import { statusLine } from './reason-phrases.ts'
import { putChecked, putField, putLineEnd, putText } from './text-writer.ts'

/** A line that the codec adds, ready to be written. */
interface AddedLine {
  readonly name: string
  readonly value: string
  readonly lowerCase: string
  readonly properCase: string
}

const CONNECTION_CLOSE = addedLine('Connection', 'close')
const CONNECTION_KEEP_ALIVE = addedLine('Connection', 'keep-alive')
const LENGTH_ZERO = addedLine('Content-Length', '0')
const CHUNKED = addedLine('Transfer-Encoding', 'chunked')

const REQUEST_VERSION = ' HTTP/1.1\r\n'
/** Room for all that is not a field: version, status line, blanks, `host: `, `://`, the lines above, the empty line. */
const FIXED_BYTES = 192

/** The framing line that the codec adds. */
export const NO_LINE = 0
export const LENGTH_ZERO_LINE = 1
export const CHUNKED_LINE = 2

/** The Connection line that the codec adds. */
export const CLOSE_LINE = 1
export const KEEP_ALIVE_LINE = 2

export class OutgoingHead {
  /** The number that Content-Length says, or -1 without one. */
  contentLength = -1
  /** A Connection field says `close`, or is there at all. */
  saysClose = false
  hasConnection = false
  /** Upgrade, and Connection says so. */
  isUpgrade = false
  private readonly sink: ByteSink
  private readonly properCase: boolean
  private readonly sendFullyQualifiedUrl: boolean
  private size = 0

  constructor(sink: ByteSink, properCase: boolean, sendFullyQualifiedUrl: boolean) {
    this.sink = sink
    this.properCase = properCase
    this.sendFullyQualifiedUrl = sendFullyQualifiedUrl
  }

  /** Reads the fields; false when their Content-Length could be understood in two ways. */
  examine(fields: readonly string[]): boolean {
    this.contentLength = -1
    this.hasConnection = false
    let size = FIXED_BYTES
    let options = 0
    let hasUpgrade = false
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i]
      const value = fields[i + 1]
      size += name.length + value.length + 4
      // Most names are told apart by their length.
      if (name.length === 14 && name === 'content-length') {
        const length = parseContentLength(value)
        if (length < 0 || this.contentLength >= 0) return false
        this.contentLength = length
      } else if (name.length === 10 && name === 'connection') {
        options |= connectionOptions(value)
        this.hasConnection = true
      } else if (name.length === 7 && name === 'upgrade') hasUpgrade = true
    }
    this.saysClose = (options & CLOSE) !== 0
    this.isUpgrade = hasUpgrade && (options & UPGRADE) !== 0
    this.size = size
    return true
  }

  /** False: nothing was written, for something in `headers` may not be. Host and Transfer-Encoding fields are not written. */
  writeRequest(headers: RequestHeaderMap, framingLine: number): boolean {
    const { method, scheme, authority, path } = headers
    const isConnect = method === 'CONNECT'
    if (authority === undefined || !consistsOf(method, TOKEN)) return false
    const target = isConnect ? authority : path
    if (target === undefined || target === '') return false
    const isAbsolute = this.sendFullyQualifiedUrl && !isConnect && target.charCodeAt(0) === 0x2f && scheme !== undefined
    const { sink } = this
    const start = sink.reserve(this.size + method.length + target.length + 2 * authority.length + (scheme?.length ?? 0))
    const { buffer } = sink
    let at = putText(buffer, start, method)
    buffer[at++] = 0x20
    if (isAbsolute) at = putUrlStart(buffer, at, scheme, authority)
    if (at >= 0) at = putChecked(buffer, at, target, WRITABLE_TARGET)
    if (at >= 0) at = putText(buffer, at, REQUEST_VERSION)
    if (at >= 0) at = this.putField(buffer, at, headers, 'host', authority)
    if (at >= 0) at = this.putFields(buffer, at, headers, 'host', false, false)
    if (at >= 0) at = this.putFramingLine(buffer, at, headers, framingLine)
    return this.commit(start, at)
  }

  /** As `writeRequest`. `dropsLength`: no Content-Length field is written either. */
  writeResponse(
    headers: ResponseHeaderMap,
    isHttp10: boolean,
    framingLine: number,
    connectionLine: number,
    dropsLength: boolean,
  ): boolean {
    const { sink } = this
    const start = sink.reserve(this.size)
    const { buffer } = sink
    let at = putText(buffer, start, statusLine(headers.status, isHttp10))
    at = this.putFields(buffer, at, headers, '', dropsLength, connectionLine !== NO_LINE)
    if (at >= 0 && connectionLine !== NO_LINE) {
      at = this.putLine(buffer, at, headers, connectionLine === CLOSE_LINE ? CONNECTION_CLOSE : CONNECTION_KEEP_ALIVE)
    }
    if (at >= 0) at = this.putFramingLine(buffer, at, headers, framingLine)
    return this.commit(start, at)
  }

  private putFields(
    buffer: Buffer,
    offset: number,
    headers: HeaderMap,
    leftOut: string,
    dropsLength: boolean,
    dropsConnection: boolean,
  ): number {
    const { fields } = headers
    let at = offset
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i]
      if (name.length === 17 && name === 'transfer-encoding') continue
      if (name.length === 4 && name === leftOut) continue
      if (dropsLength && name === 'content-length') continue
      if (dropsConnection && name === 'connection') continue
      at = this.putField(buffer, at, headers, name, fields[i + 1])
      if (at < 0) return -1
    }
    return at
  }

  private putFramingLine(buffer: Buffer, offset: number, headers: HeaderMap, framingLine: number): number {
    let at = offset
    if (framingLine === LENGTH_ZERO_LINE) at = this.putLine(buffer, at, headers, LENGTH_ZERO)
    else if (framingLine === CHUNKED_LINE) at = this.putLine(buffer, at, headers, CHUNKED)
    return putLineEnd(buffer, at)
  }

  private putLine(buffer: Buffer, offset: number, headers: HeaderMap, line: AddedLine): number {
    if (headers.spelling !== undefined) return this.putField(buffer, offset, headers, line.name, line.value)
    return putText(buffer, offset, this.properCase ? line.properCase : line.lowerCase)
  }

  /** In the spelling that came with the headers, or else this connection's. */
  private putField(buffer: Buffer, offset: number, headers: HeaderMap, name: string, value: string): number {
    const { spelling } = headers
    if (spelling === undefined) return putField(buffer, offset, name, value, this.properCase)
    return putField(buffer, offset, spelling.get(name) ?? name, value, false)
  }

  private commit(start: number, end: number): boolean {
    this.sink.commit(end < 0 ? 0 : end - start)
    return end >= 0
  }
}

function addedLine(properName: string, value: string): AddedLine {
  const name = properName.toLowerCase()
  return { name, value, lowerCase: `${name}: ${value}\r\n`, properCase: `${properName}: ${value}\r\n` }
}

/** `http://authority`, in front of a path. */
function putUrlStart(buffer: Buffer, offset: number, scheme: string, authority: string): number {
  let at = putChecked(buffer, offset, scheme, TOKEN)
  if (at >= 0) at = putText(buffer, at, '://')
  return at < 0 ? -1 : putChecked(buffer, at, authority, VALUE)
}
