// A set of keys (RFC 7517 5), and whether one of them made a token's signature.

import { constants, createHmac, timingSafeEqual, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isStruct } from '../../stream/metadata.ts'
import type { MetadataStruct } from '../../stream/metadata.ts'
import { compileCertificate, compileJwk } from './compile-jwk.ts'
import type { Jwk } from './compile-jwk.ts'
import { parseJsonObject } from './json-section.ts'
import type { Jwt } from './jwt.ts'
import { ED25519_WRONG_LENGTH, JWT_OK, NO_MATCHING_KEY, VERIFICATION_FAILED } from './jwt-status.ts'
import type { JwtStatus } from './jwt-status.ts'

export interface Jwks {
  readonly keys: readonly Jwk[]
}

/** Undefined when the text is no set, or none of its keys can be used. */
export function parseJwks(text: string | Uint8Array): Jwks | undefined {
  const json = parseJsonObject(text)
  if (json === undefined) return undefined
  const keys = Object.hasOwn(json, 'keys') ? keysOf(json['keys']) : certificatesOf(json)
  return keys.length === 0 ? undefined : { keys }
}

/** Tries the keys that fit the token's `kid` and `alg`; only time is not judged here. */
export function verifySignature(jwt: Jwt, jwks: Jwks): JwtStatus {
  let fits = false
  for (const jwk of jwks.keys) {
    if (jwt.kid !== '' && jwk.kid !== '' && jwk.kid !== jwt.kid) continue
    if (jwk.alg !== '' && jwk.alg !== jwt.alg) continue
    fits = true
    if (jwk.family === 'EdDSA' && jwt.signature.length !== ED25519_BYTES) return ED25519_WRONG_LENGTH
    if (isSignedBy(jwk, jwt)) return JWT_OK
  }
  return fits ? VERIFICATION_FAILED : NO_MATCHING_KEY
}

const ED25519_BYTES = 64
const CERTIFICATE = /^-----BEGIN CERTIFICATE-----\n[^]*\n-----END CERTIFICATE-----\n$/

function keysOf(list: unknown): Jwk[] {
  const keys: Jwk[] = []
  if (!Array.isArray(list)) return keys
  for (const entry of list as MetadataStruct[]) {
    const key = isStruct(entry) ? compileJwk(entry) : undefined
    if (key !== undefined) keys.push(key)
  }
  return keys
}

/** All or nothing, as in Envoy: one value that is no certificate, and the text is not of this form. */
function certificatesOf(json: MetadataStruct): Jwk[] {
  const keys: Jwk[] = []
  for (const kid in json) {
    const pem = json[kid]
    const key = typeof pem === 'string' && CERTIFICATE.test(pem) ? compileCertificate(kid, pem) : undefined
    if (key === undefined) return []
    keys.push(key)
  }
  return keys
}

/** An `alg` of another family than the key's never verifies: a public key must not pass for a shared secret (RFC 8725 3.1). */
function isSignedBy({ family, key }: Jwk, jwt: Jwt): boolean {
  const { alg, signature } = jwt
  const signed = Buffer.from(jwt.signedText, 'latin1')
  const hash = `sha${alg.slice(2)}`
  switch (family) {
    case 'RSA':
      if (alg.startsWith('RS')) return verify(hash, signed, key, signature)
      return alg.startsWith('PS') && verifyPss(hash, signed, key, signature)
    case 'ES256':
    case 'ES384':
    case 'ES512':
      return alg === family && verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature)
    case 'EdDSA':
      return alg === 'EdDSA' && verify(null, signed, key, signature)
    case 'HMAC':
      return alg.startsWith('HS') && equals(createHmac(hash, key).update(signed).digest(), signature)
  }
}

function verifyPss(hash: string, signed: Buffer, key: KeyObject, signature: Buffer): boolean {
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return verify(hash, signed, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_AUTO }, signature)
}

function equals(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
