// The hash of a request by its route's hash policies: what consistent hashing chooses a host by.

import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'
import { UInt64 } from '../../lib/uint64.ts'
import { xxHash64 } from '../../lib/xx-hash64.ts'
import type { HeaderValue } from '../matching/header-value.ts'
import { queryParameter } from '../matching/request-path.ts'
import type { StreamInfo } from '../stream/stream-info.ts'

/** What of a request (an Exchange) is hashed. */
export interface HashedRequest {
  readonly requestHeaders: RequestHeaderMap
  readonly info: StreamInfo
}

export type HashMethod =
  | {
      readonly kind: 'header'
      readonly name: string
      /** Of a name that is no field's. */
      readonly pseudo: HeaderValue | undefined
      readonly rewrite: ((value: string) => string) | undefined
    }
  | {
      readonly kind: 'cookie'
      readonly name: string
      /** What follows the value in `set-cookie`; undefined when requests without the cookie get none. */
      readonly setCookieSuffix: string | undefined
    }
  | { readonly kind: 'sourceIp' }
  | { readonly kind: 'queryParameter'; readonly name: string }
  | { readonly kind: 'filterState'; readonly key: string }

export interface HashPolicy {
  readonly method: HashMethod
  /** When there is a hash by now, the policies behind this one do not count. */
  readonly isTerminal: boolean
}

export class RequestHash {
  /** Undefined: no policy found anything to hash. */
  value: UInt64 | undefined = undefined
  /** Values of `set-cookie` for the response. */
  setCookies: string[] | undefined = undefined

  addCookiesTo(headers: ResponseHeaderMap): void {
    if (this.setCookies === undefined) return
    for (const cookie of this.setCookies) headers.add('set-cookie', cookie)
  }
}

/** Reused for what one policy hashes; nothing runs in between. */
const one = new UInt64()

export function hashRequest(policies: readonly HashPolicy[], request: HashedRequest): RequestHash {
  const result = new RequestHash()
  for (const { method, isTerminal } of policies) {
    if (hashOne(method, request, result)) {
      // Turned by a bit, so that two equal hashes do not extinguish each other.
      if (result.value === undefined) result.value = new UInt64()
      else result.value.rotateLeft(1)
      result.value.xor(one.high, one.low)
    }
    if (isTerminal && result.value !== undefined) break
  }
  return result
}

/** Hashes into `one`; false when there is nothing to hash. */
function hashOne(method: HashMethod, request: HashedRequest, result: RequestHash): boolean {
  if (method.kind === 'header') return hashHeader(request.requestHeaders, method)
  const text = textToHash(method, request, result)
  if (text === undefined) return false
  xxHash64(text, one)
  return true
}

function textToHash(
  method: Exclude<HashMethod, { kind: 'header' }>,
  request: HashedRequest,
  result: RequestHash,
): string | undefined {
  const { requestHeaders, info } = request
  switch (method.kind) {
    case 'cookie':
      return cookieText(method, request, result)
    case 'sourceIp':
      return info.downstreamRemoteAddress.ip === '' ? undefined : info.downstreamRemoteAddress.ip
    case 'queryParameter':
      return queryParameter(requestHeaders.path ?? '', method.name)
    case 'filterState':
      return info.filterState.hashable(method.key)
  }
}

/** All values in ascending order, since the order in which they came means nothing; each is the seed of the next one's hash. */
function hashHeader(headers: RequestHeaderMap, method: HashMethod & { kind: 'header' }): boolean {
  const { name, pseudo, rewrite } = method
  const { fields } = headers
  let first = pseudo?.(headers)
  let several: string[] | undefined
  for (let i = 0; i < fields.length && pseudo === undefined; i += 2) {
    if (fields[i] !== name) continue
    if (first === undefined) first = fields[i + 1]
    else (several ??= [first]).push(fields[i + 1])
  }
  if (first === undefined) return false
  if (several === undefined) {
    xxHash64(rewrite === undefined ? first : rewrite(first), one)
    return true
  }
  if (rewrite !== undefined) for (let i = 0; i < several.length; i++) several[i] = rewrite(several[i])
  several.sort()
  one.set(0, 0)
  for (const value of several) xxHash64(value, one, one.low, one.high)
  return true
}

/** Of a client without the cookie: a value that is the same for all requests of its connection, which it is told. */
function cookieText(
  method: HashMethod & { kind: 'cookie' },
  { requestHeaders, info }: HashedRequest,
  result: RequestHash,
): string | undefined {
  const sent = cookieValue(requestHeaders, method.name)
  if (sent !== '') return sent
  if (method.setCookieSuffix === undefined) return undefined
  const { remoteAddress, localAddress } = info.connection
  xxHash64(remoteAddress.text + localAddress.text, one)
  const value = one.toHex()
  ;(result.setCookies ??= []).push(`${method.name}="${value}"${method.setCookieSuffix}`)
  return value
}

/** The first cookie of that name, without quotes; '' when there is none (RFC 6265 4.2.1). */
function cookieValue(headers: HeaderMap, name: string): string {
  const { fields } = headers
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== 'cookie') continue
    const value = cookieIn(fields[i + 1], name)
    if (value !== undefined) return value
  }
  return ''
}

function cookieIn(text: string, name: string): string | undefined {
  for (let at = 0; at < text.length;) {
    const semicolon = text.indexOf(';', at)
    const end = semicolon < 0 ? text.length : semicolon
    const equals = text.indexOf('=', at)
    if (equals >= 0 && equals < end && text.slice(at, equals).trimStart() === name) {
      return unquoted(text.slice(equals + 1, end))
    }
    at = end + 1
  }
  return undefined
}

function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}
