// The Connection header (RFC 9110 7.6.1): what it says about this connection, and which fields it takes off the message.

import type { HeaderMap } from '../header-map.ts'

export const CLOSE = 1
export const KEEP_ALIVE = 2
export const UPGRADE = 4
/** There are tokens that name other fields. */
export const NOMINATES = 8

/** Envoy refuses requests with so many tokens, and a nominated TE of such a length. */
const MAX_TOKENS = 10
const MAX_TE_LENGTH = 256

/** Bits for the tokens of a Connection (or Proxy-Connection) value; several lines are joined with commas. */
export function connectionOptions(value: string): number {
  // The two that nearly all messages have.
  if (value === 'keep-alive') return KEEP_ALIVE
  if (value === 'close') return CLOSE
  let options = 0
  for (let start = 0; start <= value.length;) {
    const end = tokenEnd(value, start)
    options |= tokenBit(tokenAt(value, start, end))
    start = end + 1
  }
  return options
}

function tokenBit(token: string): number {
  switch (token) {
    case '':
      return 0
    case 'close':
      return CLOSE
    case 'keep-alive':
      return KEEP_ALIVE
    case 'upgrade':
      return UPGRADE
    default:
      return NOMINATES
  }
}

function tokenEnd(value: string, start: number): number {
  const comma = value.indexOf(',', start)
  return comma < 0 ? value.length : comma
}

function tokenAt(value: string, start: number, end: number): string {
  return value.slice(start, end).trim().toLowerCase()
}

/**
 * Removes the fields that the Connection value nominates, as Envoy does: TE survives as `trailers` when it says so. False: the
 * value is not acceptable. `authority` is undefined afterwards when Host was nominated.
 */
export function removeNominated(headers: HeaderMap & { authority: string | undefined }, value: string): boolean {
  let tokens = 0
  for (let start = 0; start <= value.length;) {
    const end = tokenEnd(value, start)
    const token = tokenAt(value, start, end)
    start = end + 1
    if (token === '') continue
    if (++tokens === MAX_TOKENS) return false
    if (token === 'close' || token === 'keep-alive' || token === 'upgrade' || token === 'http2-settings') continue
    if (token.startsWith(':') || isForwardedField(token)) return false
    if (token === 'host') headers.authority = undefined
    else if (token !== 'te') headers.delete(token)
    else if (!keepTrailersOnly(headers)) return false
  }
  return true
}

/** What a client must not take off: policies read them. */
function isForwardedField(name: string): boolean {
  return name === 'x-forwarded-for' || name === 'x-forwarded-host' || name === 'x-forwarded-proto'
}

function keepTrailersOnly(headers: HeaderMap): boolean {
  const value = headers.getJoined('te')
  if (value === undefined) return true
  if (value.length >= MAX_TE_LENGTH) return false
  for (let start = 0; start <= value.length;) {
    const end = tokenEnd(value, start)
    if (tokenAt(value, start, end) === 'trailers') {
      headers.set('te', 'trailers')
      return true
    }
    start = end + 1
  }
  headers.delete('te')
  return true
}

/** The value without the tokens that only an upgrade to h2c needs; '' when no other is left. */
export function withoutUpgradeTokens(value: string): string {
  let kept = ''
  for (let start = 0; start <= value.length;) {
    const end = tokenEnd(value, start)
    const token = value.slice(start, end).trim()
    const lower = token.toLowerCase()
    start = end + 1
    if (token === '' || lower === 'upgrade' || lower === 'http2-settings') continue
    kept = kept === '' ? token : `${kept}, ${token}`
  }
  return kept
}
