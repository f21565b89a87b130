// Whether a certificate, its key and the roots fit together, said in one line per mistake that names the file. Pure, but for
// the cryptography of Node.

import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { certificateFileNames } from '../../envoy/mesh-secrets.ts'
import type { Diagnostic } from '../../resources/diagnostic.ts'

/** PEM texts. */
export interface CertificateTexts {
  readonly certificateChain: string
  readonly privateKey: string
  readonly roots: string
}

export type CertificateFile = keyof CertificateTexts

export interface CheckedCertificates {
  readonly diagnostics: readonly Diagnostic[]
  /** The identity of the waypoint, `spiffe://...`; empty if the certificate has none. */
  readonly spiffeId: string
  /** When the certificate ends, milliseconds since 1970; 0 if it cannot be read. */
  readonly notAfterMs: number
}

/** `pathOf` names a file in messages. Errors make the certificates useless; warnings do not. */
export function checkCertificates(
  texts: CertificateTexts,
  nowMs: number,
  pathOf: (file: CertificateFile) => string = (file) => certificateFileNames[file],
): CheckedCertificates {
  const diagnostics: Diagnostic[] = []
  const note = (severity: Diagnostic['severity'], file: CertificateFile, message: string, remedy: string) => {
    diagnostics.push({ severity, file: pathOf(file), line: 0, object: '', field: '', message, remedy })
  }
  const read = (file: 'certificateChain' | 'roots') => {
    const certificates = readCertificates(texts[file])
    if (typeof certificates !== 'string' && certificates.length > 0) return certificates
    const reason = typeof certificates === 'string' ? certificates : 'no certificate in it'
    note('error', file, `holds no certificates in PEM: ${reason}`, 'issue it again')
    return []
  }
  const chain = read('certificateChain')
  const roots = read('roots')
  const key = readKey(texts.privateKey)
  if (typeof key === 'string') note('error', 'privateKey', `holds no private key in PEM: ${key}`, 'issue it again')
  if (chain.length === 0) return { diagnostics, spiffeId: '', notAfterMs: 0 }
  const [leaf] = chain
  if (typeof key !== 'string' && !leaf.checkPrivateKey(key)) {
    const message = `is not the key of the certificate in ${pathOf('certificateChain')}`
    note('error', 'privateKey', message, 'issue both together, or wait until both are written')
  }
  const { validFromDate, validToDate } = leaf
  if (validToDate.getTime() <= nowMs) {
    note('error', 'certificateChain', `ended on ${validToDate.toISOString()}`, 'issue a new certificate')
  } else if (validFromDate.getTime() > nowMs) {
    note('error', 'certificateChain', `begins on ${validFromDate.toISOString()}`, 'set the clock, or issue it again')
  }
  if (roots.length > 0 && roots.every((root) => root.validToDate.getTime() <= nowMs)) {
    note('error', 'roots', 'has only roots that have ended', 'distribute the new root of the mesh')
  }
  if (roots.length > 0 && !chain.some((one) => roots.some((root) => isIssuedBy(one, root)))) {
    const message = `is not signed by a root in ${pathOf('roots')}, so other workloads will refuse it`
    note('warning', 'certificateChain', message, 'take both from the same authority')
  }
  const spiffeId = /URI:(spiffe:\/\/[^,\s]+)/.exec(leaf.subjectAltName ?? '')?.[1] ?? ''
  if (spiffeId === '') {
    note(
      'warning',
      'certificateChain',
      'has no SPIFFE identity, so other workloads will refuse it',
      'issue it with one',
    )
  }
  return { diagnostics, spiffeId, notAfterMs: validToDate.getTime() }
}

/** Or the reason why not. */
function readCertificates(pem: string): X509Certificate[] | string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch (error) {
    return (error as Error).message
  }
}

function readKey(pem: string): KeyObject | string {
  try {
    return createPrivateKey(pem)
  } catch (error) {
    return (error as Error).message
  }
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}
