// Envoy configuration from files, now and whenever one of them changes: a bootstrap, or a folder as istiod fills it. The result
// names no file any more but those of access logs: whoever executes it reads nothing.

import type { ConfigError } from '../../envoy/config-error.ts'
import type { Bootstrap } from '../../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import type { CertificateFolder } from '../certificates/certificate-folder.ts'
import { DirectoryWatcher } from '../files/directory-watcher.ts'
import { readBootstrap } from './bootstrap-file.ts'
import { fingerprintOf } from './file-reader.ts'
import { GoodContents, Reading, type ReadResource } from './reading.ts'
import { readResourceFolder, type ListenAddress } from './resource-folder.ts'

export interface EnvoyConfiguration {
  /** Equal for equal contents of all files. */
  readonly version: string
  readonly resources: readonly ReadResource[]
  readonly bootstrap: Bootstrap | undefined
  /** With one of these the resources must not be used. */
  readonly errors: readonly ConfigError[]
  readonly warnings: readonly ConfigError[]
}

export type EnvoyOrigin =
  | { readonly kind: 'envoy-config'; readonly file: string }
  | { readonly kind: 'envoy-resources'; readonly folder: string }

export interface EnvoySourceOptions {
  readonly skipUnsupported: boolean
  /** Of a folder: replaces the address at which tunnels are accepted. */
  readonly listen: ListenAddress | undefined
  /** Gives the secrets that the configuration names and does not have. The source reads it, watches it and closes it. */
  readonly certificates: CertificateFolder | undefined
  /** Gives milliseconds since 1970. */
  readonly now: () => number
}

export class EnvoySource {
  private readonly origin: EnvoyOrigin
  private readonly options: EnvoySourceOptions
  private good = new GoodContents()
  private paths: readonly string[] = []
  private directories: ReadonlySet<string> = new Set()
  private fingerprint = ''
  private watcher: DirectoryWatcher | undefined

  constructor(origin: EnvoyOrigin, options: EnvoySourceOptions) {
    this.origin = origin
    this.options = options
  }

  /** Reads everything. What was good before and is not now stands in where it can stand alone; that is a warning. */
  read(): EnvoyConfiguration {
    const options = { skipUnsupported: this.options.skipUnsupported, nowMs: this.options.now() }
    const reading = new Reading(options, this.good)
    let bootstrap: Bootstrap | undefined
    if (this.origin.kind === 'envoy-config') bootstrap = readBootstrap(this.origin.file, options, reading)
    else readResourceFolder(this.origin.folder, this.options.listen, reading)
    this.addCertificates(reading)
    reading.noteMissing()
    const { resources, errors, warnings, files, good } = reading
    // A reading that is refused teaches nothing; what was good stays so.
    if (errors.length === 0) this.good = good
    this.paths = [...files.paths]
    this.directories = files.directories
    this.fingerprint = files.fingerprint
    this.watcher?.setDirectories(this.directories)
    return { version: this.fingerprint.slice(0, 12), resources, bootstrap, errors, warnings }
  }

  /** Calls back whenever a file that the last reading looked at has other contents, until `close`. Read first. */
  watch(onChange: () => void, options: { quietMs?: number; pollMs?: number } = {}): void {
    const check = () => {
      const fingerprint = fingerprintOf(this.paths)
      // A directory may be a new one under an old name.
      this.watcher?.setDirectories(this.directories)
      if (fingerprint === this.fingerprint) return
      this.fingerprint = fingerprint
      onChange()
    }
    this.watcher = new DirectoryWatcher({ ...options, onChange: check })
    this.watcher.setDirectories(this.directories)
    this.options.certificates?.watch(onChange, options)
    // Whatever happened between the reading and the watch is found here.
    check()
  }

  close(): void {
    this.watcher?.close()
    this.options.certificates?.close()
  }

  private addCertificates(reading: Reading): void {
    const set = this.options.certificates?.read()
    if (set === undefined) return
    reading.addSecrets(set.secrets)
    for (const { severity, file, line, field, message, remedy } of set.diagnostics) {
      const error = { file, line, column: 0, path: field, message, remedy }
      if (severity === 'warning') reading.warnings.push(error)
      else reading.note(error, set.secrets.length === 0 ? '' : 'the last good certificate keeps serving')
    }
  }
}
