// The waypoint's certificate from a folder, as Istio's agents write it, now and at each rotation. Certificates that do not
// fit together are reported and the last good ones stay: agents write the three files one after the other.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Secret } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import { certificateFileNames, meshSecrets } from '../../envoy/mesh-secrets.ts'
import type { Diagnostic } from '../../resources/diagnostic.ts'
import { DirectoryWatcher } from '../files/directory-watcher.ts'
import { checkCertificates, type CertificateFile, type CertificateTexts } from './check-certificates.ts'

export interface CertificateSet {
  /** `default` and `ROOTCA`, with their contents; empty until there was a good reading. */
  readonly secrets: readonly Secret[]
  readonly spiffeId: string
  /** Milliseconds since 1970; 0 without secrets. */
  readonly notAfterMs: number
  /** Of the last reading, good or not. */
  readonly diagnostics: readonly Diagnostic[]
}

export class CertificateFolder {
  private readonly folder: string
  private readonly now: () => number
  /** Of the last reading. */
  private content = ''
  private good: CertificateTexts | undefined
  private current: CertificateSet = { secrets: [], spiffeId: '', notAfterMs: 0, diagnostics: [] }
  private watcher: DirectoryWatcher | undefined

  /** `now` gives milliseconds since 1970; `good` is what an earlier folder found good, if this one goes on with its work. */
  constructor(folder: string, now: () => number, good?: CertificateTexts) {
    this.folder = folder
    this.now = now
    this.good = good
    if (good !== undefined) this.current = { ...this.current, secrets: secretsOf(good) }
  }

  get paths(): readonly string[] {
    return (Object.keys(certificateFileNames) as CertificateFile[]).map((file) => this.pathOf(file))
  }

  /** What serves now. */
  get goodTexts(): CertificateTexts | undefined {
    return this.good
  }

  read(): CertificateSet {
    const { texts, diagnostics } = this.readTexts()
    const content = JSON.stringify([texts, diagnostics])
    if (content === this.content) return this.current
    this.content = content
    if (texts === undefined) {
      this.current = { ...this.current, diagnostics }
      return this.current
    }
    const checked = checkCertificates(texts, this.now(), (file) => this.pathOf(file))
    const bad = checked.diagnostics.some(({ severity }) => severity === 'error')
    if (!bad) this.good = texts
    this.current = bad
      ? { ...this.current, diagnostics: checked.diagnostics }
      : { ...checked, secrets: secretsOf(texts) }
    return this.current
  }

  /** Calls back with each further set that differs from the one before, until `close`. */
  watch(onChange: (set: CertificateSet) => void, options: { quietMs?: number; pollMs?: number } = {}): void {
    const check = () => {
      const before = this.current
      const now = this.read()
      this.watcher?.setDirectories(new Set([this.folder]))
      if (now !== before) onChange(now)
    }
    this.watcher = new DirectoryWatcher({ ...options, onChange: check })
    this.watcher.setDirectories(new Set([this.folder]))
    if (this.content !== '') check()
  }

  close(): void {
    this.watcher?.close()
  }

  private pathOf(file: CertificateFile): string {
    return join(this.folder, certificateFileNames[file])
  }

  private readTexts(): { texts: CertificateTexts | undefined; diagnostics: Diagnostic[] } {
    const texts: Partial<Record<CertificateFile, string>> = {}
    const diagnostics: Diagnostic[] = []
    for (const file of Object.keys(certificateFileNames) as CertificateFile[]) {
      try {
        texts[file] = readFileSync(this.pathOf(file), 'utf8')
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? String(error)
        const message = code === 'ENOENT' ? 'does not exist' : `cannot be read: ${code}`
        const remedy = 'put cert-chain.pem, key.pem and root-cert.pem into the folder that --certs names'
        diagnostics.push({
          severity: 'error',
          file: this.pathOf(file),
          line: 0,
          object: '',
          field: '',
          message,
          remedy,
        })
      }
    }
    return { texts: diagnostics.length === 0 ? (texts as CertificateTexts) : undefined, diagnostics }
  }
}

function secretsOf(texts: CertificateTexts): Secret[] {
  return meshSecrets({ as: 'inlineString', ...texts })
}
