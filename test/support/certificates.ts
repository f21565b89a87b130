// A mesh's certificate authority for tests: an ECDSA P-256 root, and identities as Istio's CA issues them (one SPIFFE URI SAN,
// client and server use). Not the demo's CA: tests also need expired, foreign and mismatched certificates.

import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto)

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const dayMs = 86_400_000

/** A certificate with its key; all PEM. `chainPem` is the leaf alone, since tests have no intermediate. */
export interface Identity {
  spiffeId: string
  chainPem: string
  keyPem: string
  rootPem: string
}

/** Where `writeIdentity` put an identity, in the file names that Istio uses. */
export interface IdentityFiles {
  chainFile: string
  keyFile: string
  rootFile: string
}

export interface IssueOptions {
  trustDomain?: string
  /** Replaces the SPIFFE ID made from namespace and service account. */
  uris?: string[]
  dnsNames?: string[]
  ipAddresses?: string[]
  notBefore?: Date
  notAfter?: Date
}

export class MeshAuthority {
  readonly rootPem: string
  private readonly keys: webcrypto.CryptoKeyPair
  private readonly subject: string
  private nextSerial = 2

  private constructor(keys: webcrypto.CryptoKeyPair, rootPem: string, subject: string) {
    this.keys = keys
    this.rootPem = rootPem
    this.subject = subject
  }

  static async create(organization = 'cluster.local'): Promise<MeshAuthority> {
    const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
    const subject = `O=${organization}`
    const root = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: subject,
      notBefore: new Date(Date.now() - dayMs),
      notAfter: new Date(Date.now() + 365 * dayMs),
      signingAlgorithm: keyAlgorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    })
    return new MeshAuthority(keys, root.toString('pem'), subject)
  }

  /** Issues `spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT`, with an empty subject and a critical SAN as Istio does. */
  async issue(namespace: string, serviceAccount: string, options: IssueOptions = {}): Promise<Identity> {
    const spiffeId = `spiffe://${options.trustDomain ?? 'cluster.local'}/ns/${namespace}/sa/${serviceAccount}`
    const names: x509.JsonGeneralName[] = []
    for (const value of options.uris ?? [spiffeId]) names.push({ type: 'url', value })
    for (const value of options.dnsNames ?? []) names.push({ type: 'dns', value })
    for (const value of options.ipAddresses ?? []) names.push({ type: 'ip', value })
    const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
    const leaf = await x509.X509CertificateGenerator.create({
      serialNumber: (this.nextSerial++).toString(16).padStart(4, '0'),
      subject: '',
      issuer: this.subject,
      notBefore: options.notBefore ?? new Date(Date.now() - dayMs),
      notAfter: options.notAfter ?? new Date(Date.now() + 30 * dayMs),
      signingAlgorithm: keyAlgorithm,
      publicKey: keys.publicKey,
      signingKey: this.keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
        new x509.SubjectAlternativeNameExtension(names, true),
        await x509.AuthorityKeyIdentifierExtension.create(this.keys.publicKey),
      ],
    })
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
    const keyPem = x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')
    return { spiffeId, chainPem: leaf.toString('pem'), keyPem, rootPem: this.rootPem }
  }
}

/** Writes cert-chain.pem, key.pem and root-cert.pem into `directory`, creating it. */
export function writeIdentity(directory: string, identity: Identity): IdentityFiles {
  mkdirSync(directory, { recursive: true })
  const files = {
    chainFile: join(directory, 'cert-chain.pem'),
    keyFile: join(directory, 'key.pem'),
    rootFile: join(directory, 'root-cert.pem'),
  }
  writeFileSync(files.chainFile, `${identity.chainPem}\n`)
  writeFileSync(files.keyFile, `${identity.keyPem}\n`, { mode: 0o600 })
  writeFileSync(files.rootFile, `${identity.rootPem}\n`)
  return files
}
