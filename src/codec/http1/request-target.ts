// The request target (RFC 9112 3.2) in its four forms, read into a request's authority, scheme and path.

import type { RequestHeaderMap } from '../header-map.ts'
import type { CodecError } from '../http-stream.ts'
import { BAD_REQUEST_LINE, INVALID_SCHEME, INVALID_URL } from './http1-errors.ts'

const MAX_PORT = 65535
const HOST_AND_PORT = /^(?:[A-Za-z\d.-]+|\[[\da-fA-F:.]+\])(?::(\d{1,5}))?$/

/** `target` consists of visible ASCII. Sets `path`, and for an absolute URL `scheme` and `authority`. */
export function readTarget(
  headers: RequestHeaderMap,
  target: string,
  allowAbsoluteUrl: boolean,
): CodecError | undefined {
  if (headers.method === 'CONNECT') return readAuthorityForm(headers, target)
  if (target.charCodeAt(0) === 0x2f) {
    headers.path = target
    return undefined
  }
  if (target === '*') {
    if (headers.method !== 'OPTIONS') return INVALID_URL
    headers.path = target
    return undefined
  }
  const schemeEnd = target.indexOf('://')
  if (schemeEnd <= 0) return BAD_REQUEST_LINE
  if (allowAbsoluteUrl) return readAbsoluteForm(headers, target, schemeEnd)
  headers.path = target
  return undefined
}

/** CONNECT names host and port, and nothing else (RFC 9112 3.2.3). */
function readAuthorityForm(headers: RequestHeaderMap, target: string): CodecError | undefined {
  if (!isHost(target, true)) return INVALID_URL
  headers.authority = target
  return undefined
}

function readAbsoluteForm(headers: RequestHeaderMap, target: string, schemeEnd: number): CodecError | undefined {
  const scheme = target.slice(0, schemeEnd).toLowerCase()
  if (scheme !== 'http' && scheme !== 'https') return INVALID_SCHEME
  const start = schemeEnd + 3
  let end = start
  while (end < target.length && !endsAuthority(target.charCodeAt(end))) end++
  // A fragment right behind the authority.
  if (target.charCodeAt(end) === 0x23) return BAD_REQUEST_LINE
  const authority = withoutUserinfo(target.slice(start, end))
  if (!isHost(authority, false)) return INVALID_URL
  headers.scheme = scheme
  headers.authority = authority
  headers.path = end === target.length ? '/' : target.slice(end)
  return undefined
}

/** `/`, `?` and `#`. */
function endsAuthority(code: number): boolean {
  return code === 0x2f || code === 0x3f || code === 0x23
}

/** Envoy drops it; a second `@` is left for `isHost` to refuse. */
function withoutUserinfo(authority: string): string {
  return authority.slice(authority.indexOf('@') + 1)
}

/** `name`, or an IP literal in brackets, and a port behind either. Host itself may say more than a URL. */
function isHost(text: string, needsPort: boolean): boolean {
  const parts = HOST_AND_PORT.exec(text)
  if (parts === null) return false
  return parts[1] === undefined ? !needsPort : Number(parts[1]) <= MAX_PORT
}
