// TLS of both sides as runtime objects. A context is swapped when its secrets rotate: new handshakes use the new one,
// running connections keep theirs.

import { createSecureContext } from 'node:tls'
import type { SecureContext, SecureVersion } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import type { CertificateFacts } from '../stream/connection-facts.ts'
import { parseCertificate } from './certificate-facts.ts'

/** A certificate chain with its key, PEM. */
export interface TlsCertificate {
  readonly certificateChain: string
  readonly privateKey: string
}

/** Which of the peer's subject alternative names is looked at, and what accepts one. */
export interface SanMatcher {
  readonly sanType: 'uri' | 'dns' | 'ip' | 'email'
  matches(value: string): boolean
}

/** Secrets may be missing while they are awaited; handshakes are refused until then. */
export interface TlsSecrets {
  readonly certificate: TlsCertificate | undefined
  /** PEM of the trusted roots; undefined: the peer's chain is not verified. */
  readonly trustedCa: string | undefined
}

export interface TlsSettings {
  readonly minVersion: SecureVersion
  readonly maxVersion: SecureVersion
  readonly alpnProtocols: readonly string[]
  readonly cipherSuites: string | undefined
  readonly ecdhCurves: string | undefined
  /** Any one match suffices; empty: every name is accepted. */
  readonly sanMatchers: readonly SanMatcher[]
  /** Downstream: a client without certificate is refused. */
  readonly requireClientCertificate: boolean
  /** Upstream: the name sent; '' for none. */
  readonly sni: string
}

export class TlsContext {
  readonly settings: TlsSettings
  /** Counts rotations: pools use it to retire connections made with an older certificate. */
  generation = 0
  secureContext: SecureContext | undefined = undefined
  localFacts: CertificateFacts | undefined = undefined
  verifiesPeer = false
  secrets: TlsSecrets | undefined = undefined
  private readonly rotationListeners: (() => void)[] = []

  constructor(settings: TlsSettings, secrets: TlsSecrets | undefined) {
    this.settings = settings
    if (secrets !== undefined) this.use(secrets)
  }

  /** Swaps in new secrets. Throws an Error with OpenSSL's words when they do not fit; the old ones then stay. */
  use(secrets: TlsSecrets): void {
    const certificate = secrets.certificate
    const context = createSecureContext({
      cert: certificate?.certificateChain,
      key: certificate?.privateKey,
      ca: secrets.trustedCa,
      minVersion: this.settings.minVersion,
      maxVersion: this.settings.maxVersion,
      ciphers: this.settings.cipherSuites,
      ecdhCurve: this.settings.ecdhCurves,
    })
    this.localFacts =
      certificate === undefined ? undefined : parseCertificate(new X509Certificate(certificate.certificateChain))
    this.secureContext = context
    this.secrets = secrets
    this.verifiesPeer = secrets.trustedCa !== undefined
    this.generation++
    for (const listener of this.rotationListeners) listener()
  }

  onRotation(listener: () => void): void {
    this.rotationListeners.push(listener)
  }

  acceptsPeer(peer: CertificateFacts | undefined): boolean {
    const matchers = this.settings.sanMatchers
    if (matchers.length === 0) return true
    if (peer === undefined) return false
    for (const matcher of matchers) {
      if (hasSan(peer, matcher)) return true
    }
    return false
  }
}

export function hasSan(peer: CertificateFacts, matcher: SanMatcher): boolean {
  for (const value of sansOfType(peer, matcher.sanType)) if (matcher.matches(value)) return true
  return false
}

function sansOfType(peer: CertificateFacts, type: SanMatcher['sanType']): readonly string[] {
  if (type === 'uri') return peer.uriSans
  if (type === 'dns') return peer.dnsSans
  return type === 'ip' ? peer.ipSans : peer.emailSans
}
