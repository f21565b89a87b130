// Envoy configuration from files, now and whenever one of them changes: a bootstrap, or a folder as istiod fills it. The result
// names no file any more but those of access logs: whoever executes it reads nothing.

import type { ConfigError } from '../../envoy/config-error.ts'
import type { Bootstrap } from '../../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import type { CertificateFolder } from '../certificates/certificate-folder.ts'
import { InputWatcher, type WatchedInputs } from '../files/input-watcher.ts'
import { readBootstrap } from './bootstrap-file.ts'
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
  readonly inputs: WatchedInputs
}

export type EnvoyOrigin =
  | { readonly kind: 'envoy-config'; readonly file: string }
  | { readonly kind: 'envoy-resources'; readonly folder: string }

export interface EnvoySourceOptions {
  readonly skipUnsupported: boolean
  /** Of a folder: replaces the address at which tunnels are accepted. */
  readonly listen: ListenAddress | undefined
  /** Gives the secrets that the configuration names and does not have. The source reads it, and watches its files. */
  readonly certificates: CertificateFolder | undefined
  /** What an earlier source found good (`good`), if this one goes on with its work. */
  readonly before?: GoodContents
  /** Gives milliseconds since 1970. */
  readonly now: () => number
}

export class EnvoySource {
  private readonly origin: EnvoyOrigin
  private readonly options: EnvoySourceOptions
  private lastGood: GoodContents
  private inputs: WatchedInputs | undefined
  private watcher: InputWatcher | undefined

  constructor(origin: EnvoyOrigin, options: EnvoySourceOptions) {
    this.origin = origin
    this.options = options
    this.lastGood = options.before ?? new GoodContents()
  }

  /** What stands in for what is not good now; plain data. */
  get good(): GoodContents {
    return this.lastGood
  }

  /** Reads everything. What was good before and is not now stands in where it can stand alone; that is a warning. */
  read(): EnvoyConfiguration {
    const options = { skipUnsupported: this.options.skipUnsupported, nowMs: this.options.now() }
    const reading = new Reading(options, this.lastGood)
    let bootstrap: Bootstrap | undefined
    if (this.origin.kind === 'envoy-config') bootstrap = readBootstrap(this.origin.file, options, reading)
    else readResourceFolder(this.origin.folder, this.options.listen, reading)
    this.addCertificates(reading)
    reading.noteMissing()
    const { resources, errors, warnings, files, good } = reading
    // A reading that is refused teaches nothing; what was good stays so.
    if (errors.length === 0) this.lastGood = good
    const { directories, fingerprint } = files
    const inputs = { paths: [...files.paths], directories, fingerprint }
    this.inputs = inputs
    this.watcher?.follow(inputs)
    return { version: fingerprint.slice(0, 12), resources, bootstrap, errors, warnings, inputs }
  }

  /** Calls back whenever a file that the last reading looked at has other contents, until `close`. Read first. */
  watch(onChange: () => void, options: { quietMs?: number; pollMs?: number } = {}): void {
    this.watcher = new InputWatcher(onChange, options)
    if (this.inputs !== undefined) this.watcher.follow(this.inputs)
    // Whatever happened between the reading and the watch is found here.
    this.watcher.check()
  }

  close(): void {
    this.watcher?.close()
  }

  private addCertificates(reading: Reading): void {
    const { certificates } = this.options
    if (certificates === undefined) return
    for (const path of certificates.paths) reading.files.read(path)
    const set = certificates.read()
    reading.addSecrets(set.secrets)
    reading.good.certificates = certificates.goodTexts
    for (const { severity, file, line, field, message, remedy } of set.diagnostics) {
      const error = { file, line, column: 0, path: field, message, remedy }
      if (severity === 'warning') reading.warnings.push(error)
      else reading.note(error, set.secrets.length === 0 ? '' : 'the last good certificate keeps serving')
    }
  }
}
