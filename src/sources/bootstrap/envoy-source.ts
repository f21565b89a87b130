// Envoy configuration from files, now and whenever one of them changes: a bootstrap, or a folder as istiod fills it. The result
// names no file any more; whoever executes it does no I/O.

import type { ConfigError } from '../../envoy/config-error.ts'
import type { Bootstrap } from '../../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import { readBootstrap } from './bootstrap-file.ts'
import { GoodContents, Reading, type ReadResource } from './reading.ts'

export interface EnvoyConfiguration {
  /** Of the contents of the files: equal for equal ones. */
  readonly version: string
  readonly resources: readonly ReadResource[]
  readonly bootstrap: Bootstrap | undefined
  /** With one of these the resources must not be used. */
  readonly errors: readonly ConfigError[]
  readonly warnings: readonly ConfigError[]
}

export interface EnvoySourceOptions {
  readonly skipUnsupported: boolean
  /** Gives milliseconds since 1970. */
  readonly now: () => number
}

export class EnvoySource {
  private readonly file: string
  private readonly options: EnvoySourceOptions
  private good = new GoodContents()

  constructor(file: string, options: EnvoySourceOptions) {
    this.file = file
    this.options = options
  }

  read(): EnvoyConfiguration {
    const options = { skipUnsupported: this.options.skipUnsupported, nowMs: this.options.now() }
    const reading = new Reading(options, this.good)
    const bootstrap = readBootstrap(this.file, options, reading)
    reading.noteMissing()
    const { resources, errors, warnings, files, good } = reading
    if (errors.length === 0) this.good = good
    return { version: files.fingerprint.slice(0, 12), resources, bootstrap, errors, warnings }
  }
}
