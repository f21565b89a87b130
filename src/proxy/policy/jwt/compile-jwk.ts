// One JSON Web Key (RFC 7517, 7518 6, 8037 2) as a key that checks signatures. What Envoy would not use, this does not either.

import { createPublicKey, createSecretKey, X509Certificate } from 'node:crypto'
import type { KeyObject, webcrypto } from 'node:crypto'
import type { MetadataStruct } from '../../stream/metadata.ts'
import { decodeBase64url } from './json-section.ts'

/** Which algorithms a key can check: a token's `alg` must be of its family, whatever the token claims. */
export type KeyFamily = 'RSA' | 'ES256' | 'ES384' | 'ES512' | 'HMAC' | 'EdDSA'

export interface Jwk {
  readonly family: KeyFamily
  /** '' when the key names none, and then any of a token fits. */
  readonly kid: string
  readonly alg: string
  readonly key: KeyObject
}

const CURVES: readonly { readonly crv: string; readonly alg: KeyFamily }[] = [
  { crv: 'P-256', alg: 'ES256' },
  { crv: 'P-384', alg: 'ES384' },
  { crv: 'P-521', alg: 'ES512' },
]

/** Undefined when the key cannot be used; the others of the set still can. */
export function compileJwk(jwk: MetadataStruct): Jwk | undefined {
  const kid = typeof jwk['kid'] === 'string' ? jwk['kid'] : ''
  const alg = typeof jwk['alg'] === 'string' ? jwk['alg'] : ''
  try {
    switch (jwk['kty']) {
      case 'RSA':
        return compileRsa(jwk, kid, alg)
      case 'EC':
        return compileEc(jwk, kid, alg)
      case 'OKP':
        return compileEd25519(jwk, kid, alg)
      case 'oct':
        return compileHmac(jwk, kid, alg)
      default:
        return undefined
    }
  } catch {
    // node:crypto refuses points off the curve and the like.
    return undefined
  }
}

/** Google's form: a certificate by key id. Undefined unless it has an RSA key. */
export function compileCertificate(kid: string, pem: string): Jwk | undefined {
  try {
    const key = new X509Certificate(pem).publicKey
    return key.asymmetricKeyType === 'rsa' ? { family: 'RSA', kid, alg: '', key } : undefined
  } catch {
    return undefined
  }
}

function compileRsa(jwk: MetadataStruct, kid: string, alg: string): Jwk | undefined {
  if (alg !== '' && !alg.startsWith('RS') && !alg.startsWith('PS')) return undefined
  const n = member(jwk, 'n')
  const e = member(jwk, 'e')
  // Other exponents are non-standard, and Envoy refuses them.
  if (n === undefined || (e !== 'AQAB' && e !== 'Aw')) return undefined
  return { family: 'RSA', kid, alg, key: publicKey({ kty: 'RSA', n, e }) }
}

function compileEc(jwk: MetadataStruct, kid: string, alg: string): Jwk | undefined {
  const crv = jwk['crv'] ?? ''
  if (alg !== '' && !alg.startsWith('ES')) return undefined
  const curve =
    alg === '' && crv === ''
      ? CURVES[0]
      : CURVES.find((one) => (alg === '' || one.alg === alg) && (crv === '' || one.crv === crv))
  const x = member(jwk, 'x')
  const y = member(jwk, 'y')
  if (curve === undefined || x === undefined || y === undefined) return undefined
  return { family: curve.alg, kid, alg, key: publicKey({ kty: 'EC', crv: curve.crv, x, y }) }
}

function compileEd25519(jwk: MetadataStruct, kid: string, alg: string): Jwk | undefined {
  const x = member(jwk, 'x')
  if ((alg !== '' && alg !== 'EdDSA') || jwk['crv'] !== 'Ed25519' || x === undefined) return undefined
  return { family: 'EdDSA', kid, alg, key: publicKey({ kty: 'OKP', crv: 'Ed25519', x }) }
}

function compileHmac(jwk: MetadataStruct, kid: string, alg: string): Jwk | undefined {
  if (alg !== '' && !/^HS(256|384|512)$/.test(alg)) return undefined
  const secret = typeof jwk['k'] === 'string' ? decodeBase64url(jwk['k']) : undefined
  if (secret === undefined || secret.length === 0) return undefined
  return { family: 'HMAC', kid, alg, key: createSecretKey(secret) }
}

/** A member that must be base64url, without padding. */
function member(jwk: MetadataStruct, name: string): string | undefined {
  const text = jwk[name]
  return typeof text === 'string' ? decodeBase64url(text)?.toString('base64url') : undefined
}

function publicKey(jwk: webcrypto.JsonWebKey): KeyObject {
  return createPublicKey({ key: jwk, format: 'jwk' })
}
