import 'reflect-metadata'
import { generateKeyPairSync, webcrypto } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import * as x509 from '@peculiar/x509'
import { jwksOf, signingKey, token } from '../../../../test/support/json-web-tokens.ts'
import { parseJwks, verifySignature } from './jwks.ts'
import type { Jwks } from './jwks.ts'
import { isJwt, parseJwt } from './jwt.ts'

const RSA = signingKey('RS256')
const P256 = signingKey('ES256')
const EXPONENT = new Uint8Array([1, 0, 1])

function verdict(text: string, jwks: Jwks | undefined): string {
  const jwt = parseJwt(text)
  if (!isJwt(jwt)) return jwt.text
  return verifySignature(jwt, jwks!).text
}

describe('a key set', () => {
  test('keeps the keys that can be used', () => {
    const [n, x] = [RSA.jwk['n'], P256.jwk['x']]
    const unusable = [
      { kty: 'RSA', e: 'AQAB' },
      { kty: 'RSA', n, e: 'BQ' },
      { kty: 'RSA', n, e: 'AQAB', alg: 'ES256' },
      { kty: 'EC', x, y: x },
      { kty: 'EC', x, y: P256.jwk['y'], crv: 'P-256', alg: 'ES384' },
      { kty: 'EC', x, y: P256.jwk['y'], crv: 'secp256k1' },
      { kty: 'OKP', crv: 'X25519', x },
      { kty: 'OKP', crv: 'Ed25519', x: 'AA' },
      { kty: 'oct', k: '' },
      { kty: 'oct', k: 'AAAA', alg: 'RS256' },
      { kty: 'other' },
      'no key',
    ]
    const text = JSON.stringify({ keys: [...unusable, RSA.jwk] })
    expect(parseJwks(text)?.keys.map((key) => key.kid)).toEqual(['RS256-key'])
    for (const one of unusable) expect([one, parseJwks(JSON.stringify({ keys: [one] }))]).toEqual([one, undefined])
  })

  test('is refused when it is no JSON, has no list of keys or none that can be used', () => {
    for (const text of ['', 'x', '[]', '{}', '{"keys":{}}', '{"keys":[]}']) expect(parseJwks(text)).toBeUndefined()
  })

  test('may be a map of certificates with RSA keys', async () => {
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: EXPONENT }
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    const generated = await x509.X509CertificateGenerator.createSelfSigned({ keys, signingAlgorithm: algorithm })
    const certificate = `${generated.toString('pem').trim()}\n`
    expect(parseJwks(JSON.stringify({ kid: certificate }))?.keys).toMatchObject([{ kid: 'kid', family: 'RSA' }])
    expect(parseJwks(JSON.stringify({ kid: certificate, other: 'no certificate' }))).toBeUndefined()
  })
})

describe('a signature', () => {
  test('is not verified by a key of another family, whatever the token says of itself', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const publicPem = publicKey.export({ type: 'spki', format: 'pem' })
    const shared = parseJwks(jwksOf({ ...RSA, jwk: { ...RSA.jwk, alg: undefined, kid: undefined } }))
    const forged = signingKey('HS256', publicPem)
    expect(verdict(token(forged, {}), shared)).toBe('Jwt verification fails')
    const ec = parseJwks(JSON.stringify({ keys: [{ ...P256.jwk, alg: undefined }] }))
    expect(verdict(token(P256, {}), ec)).toBe('OK')
    expect(verdict(token({ ...P256, alg: 'ES256' }, {}, { header: { alg: 'RS256' } }), ec)).toBe(
      'Jwt verification fails',
    )
  })

  test('is sought among the keys with the id and the algorithm of the token', () => {
    const both = parseJwks(jwksOf(RSA, P256))
    expect(verdict(token(RSA, {}), both)).toBe('OK')
    expect(verdict(token(RSA, {}, { header: { kid: undefined } }), both)).toBe('OK')
    expect(verdict(token(RSA, {}, { header: { kid: 'x' } }), both)).toBe(
      "Jwks doesn't have key to match kid or alg from Jwt",
    )
  })
})
