// Turns the head of a response into headers and into the facts that frame its body (RFC 9112 6.3), as strictly as requests:
// a response read in two ways would be given to the wrong request.

import { ResponseHeaderMap } from '../header-map.ts'
import type { CodecError } from '../http-stream.ts'
import { CLOSE, connectionOptions, KEEP_ALIVE } from './connection-options.ts'
import { parseContentLength } from './content-length.ts'
import { fieldBounds, BOUNDS_PER_FIELD, KNOWN_NAME, type HeadScan } from './head-scanner.ts'
import * as errors from './http1-errors.ts'
import * as fieldNames from './field-names.ts'
import { sliceLatin1 } from './latin1.ts'
import {
  CHUNKED_BODY,
  fieldName,
  fieldSpelling,
  fieldValue,
  LENGTH_BODY,
  NO_BODY,
  RAW_BODY,
  type BodyKind,
} from './message-reader.ts'

/** `HTTP/1.1 200`; what follows is a reason phrase behind a space, or nothing. */
const STATUS_LENGTH = 12
const SPACE = 0x20
const DIGIT_0 = 0x30

const VERSION = Buffer.from('HTTP/1.')

/** False as soon as what is there of a head cannot become a status line. */
export function beginsStatusLine(bytes: Buffer, start: number): boolean {
  const length = Math.min(bytes.length - start, VERSION.length)
  return bytes.compare(VERSION, 0, length, start, start + length) === 0
}

/** The request that a response answers, as far as framing depends on it. */
export interface AnsweredRequest {
  readonly isHead: boolean
  readonly isConnect: boolean
  readonly isUpgrade: boolean
}

/** Reads one response head after another; its fields are valid from one `read` to the next. */
export class ResponseHead {
  headers = new ResponseHeaderMap()
  bodyKind: BodyKind = NO_BODY
  contentLength = 0
  /** 1xx but 101: another head follows. */
  isInterim = false
  /** 101 to an upgrade request or 2xx to CONNECT: raw bytes from here on. */
  opensTunnel = false
  /** The connection takes no further request. */
  closes = false
  private hasContentLength = false
  private transferEncoding: string | undefined = undefined
  private connection: string | undefined = undefined
  private proxyConnection: string | undefined = undefined
  private isHttp10 = false
  private readonly keepsSpelling: boolean

  constructor(keepsSpelling: boolean) {
    this.keepsSpelling = keepsSpelling
  }

  /** The head that `scan` found at bytes[start…end). */
  read(scan: HeadScan, bytes: Buffer, start: number, end: number, request: AnsweredRequest): CodecError | undefined {
    this.headers = new ResponseHeaderMap()
    this.bodyKind = NO_BODY
    this.contentLength = 0
    this.closes = false
    this.hasContentLength = false
    this.transferEncoding = undefined
    this.connection = undefined
    this.proxyConnection = undefined
    const text = sliceLatin1(bytes, start, end)
    if (this.keepsSpelling) this.headers.spelling = fieldSpelling(scan.fieldCount, text)
    return this.readStatusLine(text, scan.startLineEnd) ?? this.readFields(scan, text) ?? this.readFraming(request)
  }

  private readStatusLine(text: string, lineEnd: number): CodecError | undefined {
    const status = this.readStatus(text)
    const hasVersion = text.startsWith('HTTP/1.') && isDigit(text.charCodeAt(7)) && text.charCodeAt(8) === SPACE
    const endsWell = lineEnd === STATUS_LENGTH || (lineEnd > STATUS_LENGTH && text.charCodeAt(STATUS_LENGTH) === SPACE)
    if (!hasVersion || status < 100 || !endsWell) return errors.BAD_STATUS_LINE
    this.headers.status = status
    this.isHttp10 = text.charCodeAt(7) === DIGIT_0
    this.isInterim = status < 200 && status !== 101
    return undefined
  }

  /** Three digits (RFC 9112 4), or -1. */
  private readStatus(text: string): number {
    let status = 0
    for (let at = STATUS_LENGTH - 3; at < STATUS_LENGTH; at++) {
      const code = text.charCodeAt(at)
      if (!isDigit(code)) return -1
      status = status * 10 + code - DIGIT_0
    }
    return status
  }

  private readFields(scan: HeadScan, text: string): CodecError | undefined {
    const { fields } = this.headers
    for (let i = 0; i < scan.fieldCount; i++) {
      const name = fieldName(i, text)
      const value = fieldValue(i, text, scan.hasFolds)
      const known = fieldBounds[i * BOUNDS_PER_FIELD + KNOWN_NAME]
      if (known >= 0 && fieldNames.KNOWN_KINDS[known] !== fieldNames.ORDINARY) {
        const error = this.readSpecialField(fieldNames.KNOWN_KINDS[known], value)
        if (error !== undefined) return error
      }
      fields.push(name, value)
    }
    return undefined
  }

  private readSpecialField(kind: number, value: string): CodecError | undefined {
    switch (kind) {
      case fieldNames.CONTENT_LENGTH:
        if (this.hasContentLength) return errors.BAD_CONTENT_LENGTH
        this.hasContentLength = true
        this.contentLength = parseContentLength(value)
        return this.contentLength < 0 ? errors.BAD_CONTENT_LENGTH : undefined
      case fieldNames.TRANSFER_ENCODING:
        this.transferEncoding = this.transferEncoding === undefined ? value : `${this.transferEncoding},${value}`
        return undefined
      case fieldNames.CONNECTION:
        this.connection = this.connection === undefined ? value : `${this.connection},${value}`
        return undefined
      case fieldNames.PROXY_CONNECTION:
        this.proxyConnection = value
        return undefined
      default:
        return undefined
    }
  }

  private readFraming(request: AnsweredRequest): CodecError | undefined {
    const { headers, transferEncoding } = this
    const { status } = headers
    if (status === 101 && !request.isUpgrade) return errors.UNASKED_SWITCH
    this.opensTunnel = status === 101 || (request.isConnect && status >= 200 && status < 300)
    let options = this.connection === undefined ? 0 : connectionOptions(this.connection)
    if (this.proxyConnection !== undefined) options |= connectionOptions(this.proxyConnection) & CLOSE
    this.closes = (options & CLOSE) !== 0 || (this.isHttp10 && (options & KEEP_ALIVE) === 0)
    if (status < 200 || status === 204) {
      if (transferEncoding !== undefined) return errors.TRANSFER_ENCODING_NOT_ALLOWED
      if (this.contentLength > 0) return errors.CONTENT_LENGTH_NOT_ALLOWED
      if (this.hasContentLength) headers.delete('content-length')
    }
    if (this.opensTunnel) {
      // RFC 9110 9.3.6: a client ignores both in an answer to CONNECT that opens the tunnel.
      headers.delete('content-length')
      headers.delete('transfer-encoding')
      this.bodyKind = RAW_BODY
      return undefined
    }
    if (transferEncoding !== undefined) {
      if (transferEncoding.toLowerCase() !== 'chunked') return errors.INVALID_TRANSFER_ENCODING
      if (this.hasContentLength) return errors.LENGTH_AND_CHUNKED
      // RFC 9112 6.1: the framing of an HTTP/1.0 message with Transfer-Encoding is not to be relied on.
      if (this.isHttp10) this.closes = true
    }
    if (status < 200 || status === 204 || status === 304 || request.isHead) this.bodyKind = NO_BODY
    else if (transferEncoding !== undefined) this.bodyKind = CHUNKED_BODY
    else if (!this.hasContentLength) {
      this.bodyKind = RAW_BODY
      this.closes = true
    } else if (this.contentLength > 0) this.bodyKind = LENGTH_BODY
    return undefined
  }
}

function isDigit(code: number): boolean {
  return code >= DIGIT_0 && code <= 0x39
}
