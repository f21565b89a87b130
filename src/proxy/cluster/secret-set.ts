// The secrets of one worker by name. TLS contexts look theirs up and are told when they rotate.

import type { TlsCertificate } from '../connection/tls-context.ts'

export type SecretValue =
  | { readonly kind: 'certificate'; readonly certificate: TlsCertificate }
  | { readonly kind: 'trustedCa'; readonly pem: string }

/** What a TLS context needs of the secrets. */
export interface Secrets {
  certificate(name: string): TlsCertificate | undefined
  trustedCa(name: string): string | undefined
  /** `listener` is called after each change of the secret. It throws when it cannot use the new one. */
  onChange(name: string, listener: () => void): void
}

export class SecretSet implements Secrets {
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

  /** Replaces the secret; contexts that use it swap theirs. Throws when one cannot, and then all keep what they had. */
  put(name: string, secret: SecretValue): void {
    const before = this.byName.get(name)
    this.byName.set(name, secret)
    try {
      this.tell(name)
    } catch (error) {
      if (before === undefined) this.byName.delete(name)
      else this.byName.set(name, before)
      this.tell(name)
      throw error
    }
  }

  /** Contexts that use it go on with what they have. */
  remove(name: string): void {
    this.byName.delete(name)
  }

  onChange(name: string, listener: () => void): void {
    let listeners = this.listeners.get(name)
    if (listeners === undefined) this.listeners.set(name, (listeners = new Set()))
    listeners.add(listener)
  }

  forget(name: string, listener: () => void): void {
    const listeners = this.listeners.get(name)
    listeners?.delete(listener)
    if (listeners?.size === 0) this.listeners.delete(name)
  }

  /** How many contexts would be told of a change. */
  get listenerCount(): number {
    let count = 0
    for (const listeners of this.listeners.values()) count += listeners.size
    return count
  }

  private tell(name: string): void {
    for (const listener of this.listeners.get(name) ?? []) listener()
  }
}

/** The secrets as one chain or cluster sees them: what it asked to be told ends when it does. */
export class SecretScope implements Secrets {
  private readonly secrets: SecretSet
  private readonly subscriptions: [name: string, listener: () => void][] = []

  constructor(secrets: SecretSet) {
    this.secrets = secrets
  }

  certificate(name: string): TlsCertificate | undefined {
    return this.secrets.certificate(name)
  }

  trustedCa(name: string): string | undefined {
    return this.secrets.trustedCa(name)
  }

  onChange(name: string, listener: () => void): void {
    this.subscriptions.push([name, listener])
    this.secrets.onChange(name, listener)
  }

  close(): void {
    for (const [name, listener] of this.subscriptions.splice(0)) this.secrets.forget(name, listener)
  }
}
