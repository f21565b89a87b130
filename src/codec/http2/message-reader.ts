// Turns the fields of one header block into headers or trailers and judges them (RFC 9113 8.1 to 8.5): pseudo-header fields,
// cookie crumbs, content-length, and how many and how large the fields may be.

import { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../header-map.ts'
import type { FieldReceiver } from '../hpack/decoder.ts'
import {
  AUTHORITY,
  CONTENT_LENGTH,
  COOKIE,
  HOST,
  INVALID,
  METHOD,
  PATH,
  PROTOCOL,
  REGULAR,
  SCHEME,
  STATUS,
  TE,
  UNDERSCORE,
  parseContentLength,
} from './field-kinds.ts'
import type { Http2Options } from './options.ts'

/** What is wrong with a message. */
export interface MessageFault {
  /** Envoy's response code detail. */
  readonly detail: string
  readonly message: string
  /** True: the message is malformed, PROTOCOL_ERROR. False: it passes a limit of ours, and only its stream ends. */
  readonly malformed: boolean
}

const TOO_MANY_HEADERS = fault('http2.too_many_headers', 'too many or too large header fields', false)
const UNEXPECTED_UNDERSCORE = fault('http2.unexpected_underscore', 'header name with an underscore', false)
const INVALID_FIELD = fault('http2.invalid.header.field', 'invalid header field')
const BAD_PSEUDO_FIELD = fault('http2.invalid.header.field', 'misplaced, repeated or unknown pseudo-header field')
const MISSING_PSEUDO_FIELD = messaging('a pseudo-header field is missing')
const NO_AUTHORITY = messaging('no authority')
const BAD_HOST = fault('http2.invalid.header.field', 'empty or repeated host')
const BAD_PATH = messaging('invalid path')
const BAD_CONTENT_LENGTH = fault('http2.invalid.header.field', 'contradictory content-length')
const CONNECT_WITH_PATH = messaging('CONNECT with a path or a scheme')
const UNEXPECTED_PROTOCOL = messaging(':protocol without CONNECT')

function fault(detail: string, message: string, malformed = true): MessageFault {
  return { detail, message, malformed }
}

/** A fault of the message as a whole: Envoy's (nghttp2's) word for it. */
export function messaging(message: string): MessageFault {
  return fault('http2.violation.of.messaging.rule', message)
}

const IN_REQUEST = 0
const IN_RESPONSE = 1
const IN_TRAILERS = 2
const NOWHERE = 3

/** One per connection: `startX`, decode a block into it, `finishX`. */
export class MessageReader implements FieldReceiver {
  /** The value of content-length, -1 without one. */
  contentLength = -1
  private readonly options: Http2Options
  private mode = NOWHERE
  private map: HeaderMap = NO_MAP
  private request: RequestHeaderMap = NO_REQUEST
  private response: ResponseHeaderMap = NO_RESPONSE
  private fields: string[] = []
  private count = 0
  private bytes = 0
  private sawRegular = false
  private cookieAt = -1
  private hostValue: string | undefined = undefined
  private firstFault: MessageFault | undefined = undefined

  constructor(options: Http2Options) {
    this.options = options
  }

  startRequest(): void {
    this.request = new RequestHeaderMap()
    this.start(IN_REQUEST, this.request)
  }

  startResponse(): void {
    this.response = new ResponseHeaderMap()
    this.start(IN_RESPONSE, this.response)
  }

  startTrailers(): void {
    this.start(IN_TRAILERS, new HeaderMap())
  }

  /** The block belongs to no message; it is decoded for the sake of the compression state. */
  startIgnored(): void {
    this.start(NOWHERE, NO_MAP)
  }

  onField(name: string, value: string, kind: number): void {
    this.bytes += name.length + value.length
    // Decoding goes on, nothing more is kept: tiny blocks can stand for very large lists.
    if (++this.count > this.options.maxHeaderCount || this.bytes > this.options.maxHeaderBytes) {
      this.firstFault ??= TOO_MANY_HEADERS
      return
    }
    if (kind === REGULAR) {
      this.sawRegular = true
      this.fields.push(name, value)
    } else if (this.mode !== NOWHERE) {
      this.onSpecialField(name, value, kind)
    }
  }

  onNeverIndexed(name: string): void {
    if (this.mode !== NOWHERE && this.count <= this.options.maxHeaderCount) (this.map.neverIndexed ??= []).push(name)
  }

  /** Completes the request. After a fault its headers are whatever was understood. */
  finishRequest(): MessageFault | undefined {
    if (this.firstFault !== undefined) return this.firstFault
    const request = this.request
    // One canonical authority: `:authority` if it is there, else Host (RFC 9113 8.3.1).
    if (request.authority === undefined) request.authority = this.hostValue
    if (request.method === '') return MISSING_PSEUDO_FIELD
    if (request.authority === undefined) return NO_AUTHORITY
    if (request.method !== 'CONNECT' && request.protocol !== undefined) return UNEXPECTED_PROTOCOL
    const path = request.path
    // RFC 9113 8.5: CONNECT has an authority only.
    if (request.method === 'CONNECT' && request.protocol === undefined) {
      return path === undefined && request.scheme === undefined ? undefined : CONNECT_WITH_PATH
    }
    if (path === undefined || request.scheme === undefined) return MISSING_PSEUDO_FIELD
    const isAsterisk = path === '*' && request.method === 'OPTIONS'
    return path.charCodeAt(0) === SLASH || isAsterisk ? undefined : BAD_PATH
  }

  finishResponse(): MessageFault | undefined {
    return this.firstFault ?? (this.response.status === 0 ? MISSING_PSEUDO_FIELD : undefined)
  }

  finishTrailers(): MessageFault | undefined {
    return this.firstFault
  }

  takeRequest(): RequestHeaderMap {
    const request = this.request
    this.request = NO_REQUEST
    this.release()
    return request
  }

  takeResponse(): ResponseHeaderMap {
    const response = this.response
    this.response = NO_RESPONSE
    this.release()
    return response
  }

  takeTrailers(): HeaderMap {
    const trailers = this.map
    this.release()
    return trailers
  }

  private start(mode: number, map: HeaderMap): void {
    this.mode = mode
    this.map = map
    this.fields = mode === NOWHERE ? [] : map.fields
    this.contentLength = -1
    this.count = 0
    this.bytes = 0
    this.sawRegular = false
    this.cookieAt = -1
    this.hostValue = undefined
    this.firstFault = undefined
  }

  private release(): void {
    this.map = NO_MAP
    this.mode = NOWHERE
  }

  private onSpecialField(name: string, value: string, kind: number): void {
    if (kind <= STATUS) {
      if (!this.setPseudoField(value, kind)) this.firstFault ??= BAD_PSEUDO_FIELD
      return
    }
    this.sawRegular = true
    switch (kind) {
      case COOKIE:
        this.addCookie(value)
        break
      case CONTENT_LENGTH:
        this.addContentLength(name, value)
        break
      case HOST:
        this.addHost(value)
        break
      case UNDERSCORE:
        this.addWithUnderscore(name, value)
        break
      case TE:
        this.fields.push(name, value)
        break
      case INVALID:
        this.firstFault ??= INVALID_FIELD
        break
      default:
        break
    }
  }

  /** False: not in this kind of message, behind regular fields, for the second time (RFC 9113 8.3), or not allowed. */
  private setPseudoField(value: string, kind: number): boolean {
    if (this.sawRegular) return false
    if (kind === STATUS) {
      if (this.mode !== IN_RESPONSE || this.response.status !== 0) return false
      this.response.status = Number(value)
      return true
    }
    if (this.mode !== IN_REQUEST) return false
    const request = this.request
    switch (kind) {
      case METHOD:
        if (request.method !== '') return false
        request.method = value
        return true
      case SCHEME:
        if (request.scheme !== undefined) return false
        request.scheme = value
        return true
      case AUTHORITY:
        if (request.authority !== undefined || value === '') return false
        request.authority = value
        return true
      case PATH:
        if (request.path !== undefined) return false
        request.path = value
        return true
      case PROTOCOL:
        if (request.protocol !== undefined || !this.options.allowConnect) return false
        request.protocol = value
        return true
      default:
        return false
    }
  }

  /** Crumbs are joined before the fields leave HTTP/2 (RFC 9113 8.2.3). */
  private addCookie(value: string): void {
    if (this.cookieAt < 0) {
      this.cookieAt = this.fields.length
      this.fields.push('cookie', value)
    } else {
      this.fields[this.cookieAt + 1] += '; ' + value
    }
  }

  private addContentLength(name: string, value: string): void {
    if (this.contentLength >= 0) this.firstFault ??= BAD_CONTENT_LENGTH
    this.contentLength = parseContentLength(value)
    this.fields.push(name, value)
  }

  private addHost(value: string): void {
    if (this.mode !== IN_REQUEST) this.fields.push('host', value)
    else if (this.hostValue !== undefined || value === '') this.firstFault ??= BAD_HOST
    else this.hostValue = value
  }

  private addWithUnderscore(name: string, value: string): void {
    const action = this.mode === IN_REQUEST ? this.options.headersWithUnderscores : 'allow'
    if (action === 'allow') this.fields.push(name, value)
    else if (action === 'reject') this.firstFault ??= UNEXPECTED_UNDERSCORE
  }
}

const SLASH = 0x2f
const NO_MAP = new HeaderMap()
const NO_REQUEST = new RequestHeaderMap()
const NO_RESPONSE = new ResponseHeaderMap()
