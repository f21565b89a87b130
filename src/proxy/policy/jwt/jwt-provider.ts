// A provider: whose tokens, what they must say, and what is done with one that is good.

import type { RequestHeaderMap } from '../../../codec/header-map.ts'
import { toWireText } from '../../../lib/wire-text.ts'
import type { StringTest } from '../../matching/string-matcher.ts'
import { metadataAt } from '../../stream/metadata.ts'
import type { MetadataStruct, MetadataValue } from '../../stream/metadata.ts'
import type { Jwt } from './jwt.ts'
import { AUDIENCE_NOT_ALLOWED, JWT_EXPIRED, JWT_NOT_YET_VALID, VERIFICATION_FAILED } from './jwt-status.ts'
import type { JwtStatus } from './jwt-status.ts'
import type { ProviderKeys } from './provider-keys.ts'

export interface ClaimHeader {
  readonly header: string
  readonly path: readonly string[]
}

export interface JwtProvider {
  readonly name: string
  /** '' allows any. */
  readonly issuer: string
  readonly keys: ProviderKeys
  /** Undefined: not checked. */
  readonly audiences: AudienceCheck | undefined
  readonly subject: StringTest | undefined
  /** The token must expire, within so many seconds from now; undefined: not checked. */
  readonly maxLifetimeSeconds: number | undefined
  readonly clockSkewSeconds: number
  readonly forward: boolean
  /** '' where not configured, as the names below. */
  readonly payloadHeader: string
  readonly padsPayloadHeader: boolean
  readonly claimHeaders: readonly ClaimHeader[]
  readonly payloadInMetadata: string
  readonly headerInMetadata: string
  readonly failedStatusInMetadata: string
  readonly spaceDelimitedClaims: readonly string[]
  readonly clearsRoute: boolean
}

export type AudienceCheck = ReadonlySet<string>

/** Scheme and final slash do not count, neither in the configuration nor in the token. */
export function sanitizeAudience(audience: string): string {
  const start = audience.startsWith('http://') ? 7 : audience.startsWith('https://') ? 8 : 0
  return audience.slice(start, audience.endsWith('/') ? -1 : undefined)
}

/** Everything but the signature; undefined when nothing is wrong. `audiences` are the requirement's or the provider's. */
export function problemOfToken(
  jwt: Jwt,
  provider: JwtProvider,
  audiences: AudienceCheck | undefined,
  nowSeconds: number,
): JwtStatus | undefined {
  const skew = provider.clockSkewSeconds
  if (nowSeconds + skew < jwt.notBefore) return JWT_NOT_YET_VALID
  if (jwt.hasExpiry && nowSeconds > jwt.expires + skew) return JWT_EXPIRED
  if (audiences !== undefined && !allowsAudience(audiences, jwt.audiences)) return AUDIENCE_NOT_ALLOWED
  if (provider.subject !== undefined && !provider.subject(jwt.subject)) return VERIFICATION_FAILED
  const { maxLifetimeSeconds } = provider
  if (maxLifetimeSeconds === undefined) return undefined
  return jwt.hasExpiry && jwt.expires - nowSeconds < maxLifetimeSeconds ? undefined : VERIFICATION_FAILED
}

/** Headers that tell the upstream what the token says. */
export function writeHeaders(jwt: Jwt, provider: JwtProvider, headers: RequestHeaderMap): void {
  if (provider.payloadHeader !== '') {
    const text = jwt.payloadBase64url
    headers.add(provider.payloadHeader, provider.padsPayloadHeader ? withPadding(text) : text)
  }
  for (const { header, path } of provider.claimHeaders) {
    const value = claimText(metadataAt(jwt.payload, path))
    if (value !== '') headers.add(header, value)
  }
}

/** The payload as metadata shows it: claims that are lists in disguise become lists. */
export function payloadMetadata(jwt: Jwt, provider: JwtProvider): MetadataStruct {
  let payload = jwt.payload
  for (const claim of provider.spaceDelimitedClaims) {
    const value = Object.hasOwn(jwt.payload, claim) ? jwt.payload[claim] : undefined
    if (typeof value !== 'string') continue
    const words = value.split(' ').filter((word) => word !== '')
    if (words.length === 0) continue
    if (payload === jwt.payload) payload = { ...jwt.payload }
    payload[claim] = words
  }
  return payload
}

function allowsAudience(allowed: AudienceCheck, audiences: readonly string[]): boolean {
  for (const audience of audiences) if (allowed.has(sanitizeAudience(audience))) return true
  return false
}

function withPadding(base64url: string): string {
  return base64url.padEnd(Math.ceil(base64url.length / 4) * 4, '=')
}

/** Header text of a claim; '' for none. Lists and objects go as JSON in base64. */
function claimText(value: MetadataValue | undefined): string {
  switch (typeof value) {
    case 'string':
      return toWireText(value)
    case 'boolean':
      return String(value)
    case 'number':
      return numberText(value)
    case 'object':
      return value === null ? '' : Buffer.from(JSON.stringify(value)).toString('base64')
    default:
      return ''
  }
}

/** Integers of 64 bits without, everything else with six digits behind the point, as Envoy prints them. */
function numberText(value: number): string {
  return value >= 0 && value < 2 ** 64 && Number.isInteger(value) ? BigInt(value).toString() : value.toFixed(6)
}
