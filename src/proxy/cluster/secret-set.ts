// The secrets of one worker by name. TLS contexts look theirs up and are told when they rotate.

import type { TlsCertificate } from '../connection/tls-context.ts'

export type SecretValue =
  | { readonly kind: 'certificate'; readonly certificate: TlsCertificate }
  | { readonly kind: 'trustedCa'; readonly pem: string }

export class SecretSet {
  private readonly byName = new Map<string, SecretValue>()
  private readonly listeners = new Map<string, Set<() => void>>()

  certificate(name: string): TlsCertificate | undefined {
    const secret = this.byName.get(name)
    return secret?.kind === 'certificate' ? secret.certificate : undefined
  }

  trustedCa(name: string): string | undefined {
    const secret = this.byName.get(name)
    return secret?.kind === 'trustedCa' ? secret.pem : undefined
  }

  /** Replaces the secret; contexts that use it swap theirs. */
  put(name: string, secret: SecretValue): void {
    this.byName.set(name, secret)
    for (const listener of this.listeners.get(name) ?? []) listener()
  }

  onChange(name: string, listener: () => void): void {
    let listeners = this.listeners.get(name)
    if (listeners === undefined) this.listeners.set(name, (listeners = new Set()))
    listeners.add(listener)
  }
}
