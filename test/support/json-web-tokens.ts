// Issuers of JSON Web Tokens: keys made for one run, their public halves as JWKS, and tokens right and wrong.

import { createHmac, createPrivateKey, createSecretKey, generateKeyPairSync, sign } from 'node:crypto'
import { constants } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

export interface SigningKey {
  readonly kid: string
  readonly alg: string
  readonly key: KeyObject
  /** The public half (of a shared secret: the secret), as a JWKS has it. */
  readonly jwk: Readonly<Record<string, unknown>>
}

export interface TokenOptions {
  /** Merged over `{ alg, kid, typ }`; undefined removes. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Signs with this algorithm; by default the key's. */
  readonly alg?: string
}

/** A key for one of the thirteen algorithms that Envoy knows. */
export function signingKey(alg: string, kid = `${alg}-key`): SigningKey {
  if (alg.startsWith('HS')) {
    const secret = Buffer.alloc(64, kid)
    const jwk = { kty: 'oct', kid, alg, k: secret.toString('base64url') }
    return { kid, alg, key: createSecretKey(secret), jwk }
  }
  const { privateKey, publicKey } = newPair(alg)
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg }
  return { kid, alg, key: createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })), jwk }
}

/** JSON of a key set. */
export function jwksOf(...keys: readonly SigningKey[]): string {
  return JSON.stringify({ keys: keys.map((key) => key.jwk) })
}

/** A token in compact form, its claims as given. */
export function token(key: SigningKey, claims: unknown, options: TokenOptions = {}): string {
  const header = { alg: options.alg ?? key.alg, kid: key.kid, typ: 'JWT', ...options.header }
  const signed = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}`
  return `${signed}.${signature(options.alg ?? key.alg, key.key, signed).toString('base64url')}`
}

/** A token of sections that need not be JSON, signed properly. */
export function rawToken(key: SigningKey, header: string | Buffer, payload: string | Buffer): string {
  const signed = `${base64url(header)}.${base64url(payload)}`
  return `${signed}.${signature(key.alg, key.key, signed).toString('base64url')}`
}

/** Seconds since 1970, `offset` from now. */
export function secondsFromNow(offset: number): number {
  return Math.floor(Date.now() / 1000) + offset
}

export function base64url(text: string | Buffer): string {
  return Buffer.from(text).toString('base64url')
}

function signature(alg: string, key: KeyObject, text: string): Buffer {
  const data = Buffer.from(text)
  const hash = `sha${alg.slice(2)}`
  if (alg.startsWith('HS')) return createHmac(hash, key).update(data).digest()
  if (alg === 'EdDSA') return sign(null, data, key)
  if (alg.startsWith('ES')) return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' })
  if (alg.startsWith('PS')) {
    return sign(hash, data, {
      key,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    })
  }
  return sign(hash, data, key)
}

function newPair(alg: string): { privateKey: KeyObject; publicKey: KeyObject } {
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519')
  if (alg.startsWith('ES')) {
    const namedCurve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[alg] ?? 'P-256'
    return generateKeyPairSync('ec', { namedCurve })
  }
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}
