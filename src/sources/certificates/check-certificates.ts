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

/** Takes a mistake in a file: `message` is the rest of a sentence that the file's name begins. */
export type NoteCertificate = (
  severity: Diagnostic['severity'],
  file: CertificateFile,
  message: string,
  remedy: string,
) => void

/** `pathOf` names a file in messages. Errors make the certificates useless; warnings do not. */
export function checkCertificates(
  texts: CertificateTexts,
  nowMs: number,
  pathOf: (file: CertificateFile) => string = (file) => certificateFileNames[file],
): CheckedCertificates {
  const diagnostics: Diagnostic[] = []
  const note: NoteCertificate = (severity, file, message, remedy) => {
    diagnostics.push({ severity, file: pathOf(file), line: 0, object: '', field: '', message, remedy })
  }
  const chain = checkKeyPair(texts, nowMs, pathOf, note)
  const roots = checkRoots(texts.roots, nowMs, note)
  if (chain.length === 0) return { diagnostics, spiffeId: '', notAfterMs: 0 }
  const [leaf] = chain
  if (roots.length > 0 && !chain.some((one) => roots.some((root) => isIssuedBy(one, root)))) {
    const message = `is not signed by a root in ${pathOf('roots')}, so other workloads will refuse it`
    note('warning', 'certificateChain', message, 'take both from the same authority')
  }
  const spiffeId = /URI:(spiffe:\/\/[^,\s]+)/.exec(leaf.subjectAltName ?? '')?.[1] ?? ''
  if (spiffeId === '') {
    const message = 'has no SPIFFE identity, so other workloads will refuse it'
    note('warning', 'certificateChain', message, 'issue it with one')
  }
  return { diagnostics, spiffeId, notAfterMs: leaf.validToDate.getTime() }
}

/** Whether a chain can be read, is valid now, and has this key. Returns what could be read of it. */
export function checkKeyPair(
  texts: Pick<CertificateTexts, 'certificateChain' | 'privateKey'>,
  nowMs: number,
  pathOf: (file: 'certificateChain' | 'privateKey') => string,
  note: NoteCertificate,
): X509Certificate[] {
  const chain = certificatesOf(texts.certificateChain, 'certificateChain', note)
  const key = readKey(texts.privateKey)
  if (typeof key === 'string') note('error', 'privateKey', `holds no private key in PEM: ${key}`, 'issue it again')
  if (chain.length === 0) return []
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
  return chain
}

/** Whether trusted roots can be read, and one is still valid. Returns what could be read. */
export function checkRoots(pem: string, nowMs: number, note: NoteCertificate): X509Certificate[] {
  const roots = certificatesOf(pem, 'roots', note)
  if (roots.length > 0 && roots.every((root) => root.validToDate.getTime() <= nowMs)) {
    note('error', 'roots', 'has only roots that have ended', 'distribute the new root of the mesh')
  }
  return roots
}

function certificatesOf(pem: string, file: CertificateFile, note: NoteCertificate): X509Certificate[] {
  const certificates = readCertificates(pem)
  if (typeof certificates !== 'string' && certificates.length > 0) return certificates
  const reason = typeof certificates === 'string' ? certificates : 'no certificate in it'
  note('error', file, `holds no certificates in PEM: ${reason}`, 'issue it again')
  return []
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
