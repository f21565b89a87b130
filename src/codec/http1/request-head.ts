// Turns the head of a request into headers and into the facts that frame its body (RFC 9112 6.3): the place where request
// smuggling is prevented. Whatever could be read in two ways is refused.

import { RequestHeaderMap } from '../header-map.ts'
import type { CodecError } from '../http-stream.ts'
import { AUTHORITY, consistsOf, SP, TAB, TARGET, TOKEN } from './characters.ts'
import {
  CLOSE,
  connectionOptions,
  KEEP_ALIVE,
  NOMINATES,
  removeNominated,
  UPGRADE as UPGRADE_OPTION,
  withoutUpgradeTokens,
} from './connection-options.ts'
import { parseContentLength } from './content-length.ts'
import * as fieldNames from './field-names.ts'
import {
  BOUNDS_PER_FIELD,
  fieldBounds,
  KNOWN_NAME,
  NAME_END,
  NAME_START,
  unfolded,
  VALUE_END,
  VALUE_START,
  type HeadScan,
} from './head-scanner.ts'
import * as errors from './http1-errors.ts'
import type { Http1Options } from './http1-options.ts'
import { sliceLatin1 } from './latin1.ts'
import { CHUNKED_BODY, fieldSpelling, LENGTH_BODY, NO_BODY, RAW_BODY, type BodyKind } from './message-reader.ts'
import { readTarget } from './request-target.ts'

/** What Envoy's parser takes without `allow_custom_methods`. */
const METHODS: ReadonlySet<string> = new Set(
  `ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE MSEARCH NOTIFY OPTIONS
  PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK
  UNSUBSCRIBE`.split(/\s+/),
)

const VERSION = /^HTTP\/\d\.\d$/

/** Reads one request head after another; its fields are valid from one `read` to the next. */
export class RequestHead {
  headers = new RequestHeaderMap()
  bodyKind: BodyKind = NO_BODY
  contentLength = 0
  isHttp10 = false
  /** CONNECT, or a request with an Upgrade that is not h2c: what follows is no message but raw bytes. */
  isUpgrade = false
  /** The connection does not outlast the response. */
  closes = false
  private readonly options: Http1Options
  private hasContentLength = false
  private transferEncoding: string | undefined = undefined
  private connection: string | undefined = undefined
  private upgrade: string | undefined = undefined
  private proxyConnection: string | undefined = undefined
  private hasHost = false
  /** Where its value lies in the head; empty without one. */
  private hostStart = 0
  private hostEnd = 0
  private hasHttp2Settings = false

  constructor(options: Http1Options) {
    this.options = options
  }

  /** The head that `scan` found at bytes[start…end). */
  read(scan: HeadScan, bytes: Buffer, start: number, end: number): CodecError | undefined {
    const headers = new RequestHeaderMap()
    this.headers = headers
    this.bodyKind = NO_BODY
    this.contentLength = 0
    this.isHttp10 = false
    this.isUpgrade = false
    this.closes = false
    this.hasContentLength = false
    this.transferEncoding = undefined
    this.connection = undefined
    this.upgrade = undefined
    this.proxyConnection = undefined
    this.hasHost = false
    this.hostStart = 0
    this.hostEnd = 0
    this.hasHttp2Settings = false
    const text = sliceLatin1(bytes, start, end)
    if (this.options.headerKeyFormat === 'preserve-case') headers.spelling = fieldSpelling(scan.fieldCount, text)
    return (
      this.readFields(scan, text) ??
      this.readRequestLine(text, bytes, start, scan.startLineEnd) ??
      this.readConnection() ??
      this.readFraming()
    )
  }

  /** Method, target and version may be parted by runs of spaces and tabs, as Envoy allows; none of them contains any. */
  private readRequestLine(text: string, bytes: Buffer, start: number, lineEnd: number): CodecError | undefined {
    const { headers, options } = this
    let end = start + lineEnd
    while (end > start && isBlank(bytes[end - 1])) end--
    const methodEnd = blankFrom(bytes, start, end)
    let targetStart = methodEnd
    while (targetStart < end && isBlank(bytes[targetStart])) targetStart++
    let targetEnd = targetStart
    while (targetEnd < end && TARGET[bytes[targetEnd]] === 1) targetEnd++
    let versionStart = targetEnd
    while (versionStart < end && isBlank(bytes[versionStart])) versionStart++

    const method = text.slice(0, methodEnd - start)
    if (options.allowCustomMethods ? !consistsOf(method, TOKEN) : !isKnownMethod(method)) return errors.UNKNOWN_METHOD
    // What ends the target is a blank, or the line.
    if (targetStart === targetEnd || (versionStart === targetEnd && targetEnd < end)) return errors.BAD_REQUEST_LINE
    headers.method = method
    return (
      readTarget(headers, text.slice(targetStart - start, targetEnd - start), options.allowAbsoluteUrl) ??
      this.readVersion(text.slice(versionStart - start, end - start)) ??
      this.checkHost(bytes, start)
    )
  }

  private readVersion(version: string): CodecError | undefined {
    if (version === 'HTTP/1.1') return undefined
    if (version !== '' && !VERSION.test(version)) return errors.BAD_REQUEST_LINE
    if (version !== 'HTTP/1.0' || !this.options.acceptHttp10) return errors.LOW_VERSION
    this.isHttp10 = true
    if (this.headers.authority === undefined && this.options.defaultHostForHttp10 !== '') {
      this.headers.authority = this.options.defaultHostForHttp10
    }
    return undefined
  }

  /** That there is a Host at all is the connection manager's to check; an empty one passes, as in Envoy. */
  private checkHost(bytes: Buffer, start: number): CodecError | undefined {
    const { headers } = this
    // An absolute URL or CONNECT replaced it, and was checked itself.
    if (headers.scheme !== undefined || headers.method === 'CONNECT') return undefined
    const end = start + this.hostEnd
    for (let at = start + this.hostStart; at < end; at++) {
      if (AUTHORITY[bytes[at]] !== 1) return errors.INVALID_AUTHORITY
    }
    return undefined
  }

  private readFields(scan: HeadScan, text: string): CodecError | undefined {
    const bounds = fieldBounds
    const fields = this.headers.fields
    const underscores = this.options.headersWithUnderscores
    const { fieldCount, hasFolds } = scan
    for (let i = 0; i < fieldCount; i++) {
      const at = i * BOUNDS_PER_FIELD
      const known = bounds[at + KNOWN_NAME]
      let value = text.slice(bounds[at + VALUE_START], bounds[at + VALUE_END])
      if (hasFolds) value = unfolded(value)
      if (known >= 0) {
        const kind = fieldNames.KNOWN_KINDS[known]
        if (kind !== fieldNames.ORDINARY) {
          const error = this.readSpecialField(kind, value)
          if (error !== undefined) return error
          if (kind === fieldNames.HOST) {
            this.hostStart = bounds[at + VALUE_START]
            this.hostEnd = bounds[at + VALUE_END]
            continue
          }
        }
        fields.push(fieldNames.KNOWN_NAMES[known], value)
        continue
      }
      const name = text.slice(bounds[at + NAME_START], bounds[at + NAME_END]).toLowerCase()
      if (underscores !== 'allow' && name.includes('_')) {
        if (underscores === 'reject') return errors.UNEXPECTED_UNDERSCORE
        continue
      }
      fields.push(name, value)
    }
    return undefined
  }

  private readSpecialField(kind: number, value: string): CodecError | undefined {
    switch (kind) {
      case fieldNames.HOST:
        if (this.hasHost) return errors.REPEATED_HOST
        this.hasHost = true
        this.headers.authority = value
        return undefined
      case fieldNames.CONTENT_LENGTH:
        return this.readContentLength(value)
      case fieldNames.TRANSFER_ENCODING:
        this.transferEncoding = join(this.transferEncoding, value)
        return undefined
      case fieldNames.CONNECTION:
        this.connection = join(this.connection, value)
        return undefined
      case fieldNames.UPGRADE:
        this.upgrade = join(this.upgrade, value)
        return undefined
      case fieldNames.PROXY_CONNECTION:
        this.proxyConnection = join(this.proxyConnection, value)
        return undefined
      case fieldNames.HTTP2_SETTINGS:
        this.hasHttp2Settings = true
        return undefined
      default:
        return undefined
    }
  }

  private readContentLength(value: string): CodecError | undefined {
    const length = parseContentLength(value)
    // With `allowChunkedLength` a bad one beside chunked coding is dropped with the rest, so it is judged later.
    if (this.hasContentLength || (length < 0 && !this.options.allowChunkedLength)) return errors.BAD_CONTENT_LENGTH
    this.hasContentLength = true
    this.contentLength = length
    return undefined
  }

  private readConnection(): CodecError | undefined {
    const { headers } = this
    let options = this.connection === undefined ? 0 : connectionOptions(this.connection)
    if (this.upgrade !== undefined && (options & UPGRADE_OPTION) !== 0) {
      if (this.upgrade.toLowerCase() === 'h2c') {
        this.ignoreH2c()
        options = this.connection === undefined ? 0 : connectionOptions(this.connection)
      } else this.isUpgrade = true
    }
    // An upgrade request keeps everything: its hop-by-hop fields are part of the handshake.
    if ((options & NOMINATES) !== 0 && !this.isUpgrade && !removeNominated(headers, this.connection!)) {
      return errors.CONNECTION_REJECTED
    }
    if (this.proxyConnection !== undefined) options |= connectionOptions(this.proxyConnection) & CLOSE
    this.closes = (options & CLOSE) !== 0 || (this.isHttp10 && (options & KEEP_ALIVE) === 0)
    return undefined
  }

  /** RFC 9110 7.8: a server may ignore Upgrade; Envoy does for h2c. */
  private ignoreH2c(): void {
    const { headers } = this
    headers.delete('upgrade')
    if (this.hasHttp2Settings) headers.delete('http2-settings')
    const rest = withoutUpgradeTokens(this.connection!)
    this.connection = rest === '' ? undefined : rest
    if (rest === '') headers.delete('connection')
    else headers.set('connection', rest)
  }

  private readFraming(): CodecError | undefined {
    const { headers, transferEncoding } = this
    const isConnect = headers.method === 'CONNECT'
    if (isConnect && this.hasContentLength) {
      if (this.contentLength !== 0) return errors.BODY_DISALLOWED
      headers.delete('content-length')
      this.hasContentLength = false
    }
    if (transferEncoding !== undefined) {
      if (isConnect || transferEncoding.toLowerCase() !== 'chunked') return errors.INVALID_TRANSFER_ENCODING
      if (this.hasContentLength) {
        if (!this.options.allowChunkedLength) return errors.LENGTH_AND_CHUNKED
        headers.delete('content-length')
        this.hasContentLength = false
      }
      // RFC 9112 6.1: the framing of an HTTP/1.0 message with Transfer-Encoding is not to be relied on.
      if (this.isHttp10) this.closes = true
    }
    if (this.hasContentLength && this.contentLength < 0) return errors.BAD_CONTENT_LENGTH
    if (isConnect || this.isUpgrade) {
      this.isUpgrade = true
      this.bodyKind = RAW_BODY
    } else if (transferEncoding !== undefined) this.bodyKind = CHUNKED_BODY
    else if (this.hasContentLength && this.contentLength > 0) this.bodyKind = LENGTH_BODY
    return undefined
  }
}

function join(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`
}

function isBlank(code: number): boolean {
  return code === SP || code === TAB
}

/** The first blank of bytes[from…end), or `end`. */
function blankFrom(bytes: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && !isBlank(bytes[at])) at++
  return at
}

function isKnownMethod(method: string): boolean {
  return method === 'GET' || method === 'POST' || METHODS.has(method)
}
