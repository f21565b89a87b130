// A throw-away certificate authority as a mesh has one: a P-256 root, and leaves that carry one SPIFFE identity, client and
// server use. It keeps its key in memory and revokes nothing.

import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as der from './der.ts'

/** What one workload presents and trusts; all PEM. */
export interface Credentials {
  readonly spiffeId: string
  readonly certChainPem: string
  readonly keyPem: string
  readonly rootPem: string
}

const ecdsaWithSha256 = der.sequence(der.oid('1.2.840.10045.4.3.2'))
const hourMs = 3_600_000

export class CertificateAuthority {
  readonly trustDomain: string
  readonly rootPem: string
  private readonly key: KeyObject
  private readonly name: Buffer
  private readonly now: () => number

  /** `now` gives the time in milliseconds; leaves are valid from an hour before to a day after. */
  constructor(trustDomain = 'cluster.local', now: () => number = Date.now) {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.trustDomain = trustDomain
    this.now = now
    this.key = pair.privateKey
    this.name = der.sequence(
      der.set(der.sequence(der.oid('2.5.4.10'), der.utf8String(trustDomain))),
      der.set(der.sequence(der.oid('2.5.4.3'), der.utf8String('throw-away root'))),
    )
    this.rootPem = this.certificate(this.name, pair.publicKey, 365 * 24 * hourMs, [
      extension('2.5.29.19', true, der.sequence(der.boolean(true))),
      // keyCertSign and cRLSign (RFC 5280 4.2.1.3).
      extension('2.5.29.15', true, der.bitString(Buffer.from([0x06]), 1)),
    ])
  }

  /** An identity `spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT` with a new key. */
  issue(namespace: string, serviceAccount: string): Credentials {
    const spiffeId = `spiffe://${this.trustDomain}/ns/${namespace}/sa/${serviceAccount}`
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    // An empty subject makes the alternative name critical (RFC 5280 4.1.2.6).
    const certChainPem = this.certificate(der.sequence(), pair.publicKey, 24 * hourMs, [
      extension('2.5.29.19', true, der.sequence()),
      // digitalSignature and keyEncipherment.
      extension('2.5.29.15', true, der.bitString(Buffer.from([0xa0]), 5)),
      extension('2.5.29.37', false, der.sequence(der.oid('1.3.6.1.5.5.7.3.1'), der.oid('1.3.6.1.5.5.7.3.2'))),
      extension('2.5.29.17', true, der.sequence(der.tagged(6, Buffer.from(spiffeId), true))),
    ])
    const keyPem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' })
    return { spiffeId, certChainPem, keyPem, rootPem: this.rootPem }
  }

  /** RFC 5280 4.1. */
  private certificate(subject: Buffer, publicKey: KeyObject, lifetimeMs: number, extensions: Buffer[]): string {
    const serial = randomBytes(16)
    serial[0] &= 0x7f
    const now = this.now()
    const toBeSigned = der.sequence(
      der.tagged(0, der.integer(Buffer.from([2]))),
      der.integer(serial),
      ecdsaWithSha256,
      this.name,
      der.sequence(der.utcTime(now - hourMs), der.utcTime(now + lifetimeMs)),
      subject,
      publicKey.export({ type: 'spki', format: 'der' }),
      der.tagged(3, der.sequence(...extensions)),
    )
    const signature = sign('sha256', toBeSigned, this.key)
    return pem(der.sequence(toBeSigned, ecdsaWithSha256, der.bitString(signature)))
  }
}

/**
 * Writes cert-chain.pem, key.pem and root-cert.pem, the names that Istio's agents use. Each file is replaced in one step,
 * so that who watches the folder never reads half a file.
 */
export function writeCredentials(folder: string, credentials: Credentials): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const files = [
    ['root-cert.pem', credentials.rootPem],
    ['key.pem', credentials.keyPem],
    ['cert-chain.pem', credentials.certChainPem],
  ]
  for (const [name, text] of files) {
    writeFileSync(join(folder, `.${name}`), text, { mode: 0o600 })
    renameSync(join(folder, `.${name}`), join(folder, name))
  }
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  return der.sequence(der.oid(id), ...(isCritical ? [der.boolean(true)] : []), der.octetString(value))
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
