// A JSON Web Token in JWS compact serialization (RFC 7515 7.1), read and not yet believed.

import type { MetadataStruct, MetadataValue } from '../../stream/metadata.ts'
import { decodeBase64url, parseJsonObject } from './json-section.ts'
import {
  BAD_AUD,
  BAD_EXP,
  BAD_IAT,
  BAD_ISS,
  BAD_JTI,
  BAD_NBF,
  BAD_SUB,
  EXP_OUT_OF_RANGE,
  HEADER_BAD_ALG,
  HEADER_BAD_BASE64,
  HEADER_BAD_JSON,
  HEADER_BAD_KID,
  HEADER_UNKNOWN_ALG,
  IAT_OUT_OF_RANGE,
  JWT_BAD_FORMAT,
  NBF_OUT_OF_RANGE,
  PAYLOAD_BAD_BASE64,
  PAYLOAD_BAD_JSON,
  SIGNATURE_BAD_BASE64,
} from './jwt-status.ts'
import type { JwtStatus } from './jwt-status.ts'

export interface Jwt {
  readonly header: MetadataStruct
  readonly payload: MetadataStruct
  /** The section as it came, for forward_payload_header. */
  readonly payloadBase64url: string
  /** What the signature covers. */
  readonly signedText: string
  readonly signature: Buffer
  readonly alg: string
  /** '' when there is none, as everywhere below. */
  readonly kid: string
  readonly issuer: string
  readonly subject: string
  readonly audiences: readonly string[]
  /** Seconds since 1970; 0 when not set. */
  readonly notBefore: number
  readonly expires: number
  readonly hasExpiry: boolean
}

const ALGORITHMS = new Set('ES256 ES384 ES512 HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 EdDSA'.split(' '))

/** The token, or what is wrong with it: the first thing in Envoy's order. */
export function parseJwt(token: string): Jwt | JwtStatus {
  const sections = token.split('.').filter((section) => section !== '')
  if (sections.length !== 3) return JWT_BAD_FORMAT
  const headerBytes = decodeBase64url(sections[0])
  if (headerBytes === undefined) return HEADER_BAD_BASE64
  const header = parseJsonObject(headerBytes)
  if (header === undefined) return HEADER_BAD_JSON
  const alg = own(header, 'alg')
  if (typeof alg !== 'string') return HEADER_BAD_ALG
  if (!ALGORITHMS.has(alg)) return HEADER_UNKNOWN_ALG
  const kid = own(header, 'kid') ?? ''
  if (typeof kid !== 'string' || own(header, 'kid') === null) return HEADER_BAD_KID
  const payloadBytes = decodeBase64url(sections[1])
  if (payloadBytes === undefined) return PAYLOAD_BAD_BASE64
  const payload = parseJsonObject(payloadBytes)
  if (payload === undefined) return PAYLOAD_BAD_JSON
  const problem = problemOfClaims(payload)
  if (problem !== undefined) return problem
  const audiences = audiencesOf(payload)
  if (audiences === undefined) return BAD_AUD
  const signature = decodeBase64url(sections[2])
  if (signature === undefined) return SIGNATURE_BAD_BASE64
  return {
    header,
    payload,
    payloadBase64url: sections[1],
    signedText: `${sections[0]}.${sections[1]}`,
    signature,
    alg,
    kid,
    issuer: textOf(payload, 'iss'),
    subject: textOf(payload, 'sub'),
    audiences,
    notBefore: secondsOf(payload, 'nbf'),
    expires: secondsOf(payload, 'exp'),
    hasExpiry: secondsOf(payload, 'exp') > 0,
  }
}

export function isJwt(parsed: Jwt | JwtStatus): parsed is Jwt {
  return 'signature' in parsed
}

/** 2^64: numbers from here on are no NumericDate of Envoy's. */
const TOO_MANY_SECONDS = 2 ** 64

function problemOfClaims(payload: MetadataStruct): JwtStatus | undefined {
  if (!isTextOrAbsent(payload, 'iss')) return BAD_ISS
  if (!isTextOrAbsent(payload, 'sub')) return BAD_SUB
  return (
    problemOfTime(payload, 'iat', BAD_IAT, IAT_OUT_OF_RANGE) ??
    problemOfTime(payload, 'nbf', BAD_NBF, NBF_OUT_OF_RANGE) ??
    problemOfTime(payload, 'exp', BAD_EXP, EXP_OUT_OF_RANGE) ??
    (isTextOrAbsent(payload, 'jti') ? undefined : BAD_JTI)
  )
}

function problemOfTime(
  payload: MetadataStruct,
  claim: string,
  notANumber: JwtStatus,
  outOfRange: JwtStatus,
): JwtStatus | undefined {
  const value = own(payload, claim)
  if (value === undefined) return undefined
  if (typeof value !== 'number') return notANumber
  return value < 0 || value >= TOO_MANY_SECONDS ? outOfRange : undefined
}

function audiencesOf(payload: MetadataStruct): readonly string[] | undefined {
  const value = own(payload, 'aud')
  if (value === undefined) return []
  if (typeof value === 'string') return [value]
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined
}

function isTextOrAbsent(payload: MetadataStruct, claim: string): boolean {
  const value = own(payload, claim)
  return value === undefined || typeof value === 'string'
}

function textOf(payload: MetadataStruct, claim: string): string {
  const value = own(payload, claim)
  return typeof value === 'string' ? value : ''
}

function secondsOf(payload: MetadataStruct, claim: string): number {
  const value = own(payload, claim)
  return typeof value === 'number' ? Math.trunc(value) : 0
}

function own(struct: MetadataStruct, key: string): MetadataValue | undefined {
  return Object.hasOwn(struct, key) ? struct[key] : undefined
}
