// Opens what a proxy's configuration comes from: an Envoy bootstrap, a folder as istiod fills it, or Kubernetes objects.

import { formatConfigError } from '../envoy/config-error.ts'
import { EnvoySource } from '../sources/bootstrap/envoy-source.ts'
import { GoodContents } from '../sources/bootstrap/reading.ts'
import { CertificateFolder } from '../sources/certificates/certificate-folder.ts'
import type { ConfigurationOrigin, SocketName } from './command-options.ts'
import type { ConfigurationSource, LoadedConfiguration } from './configuration-source.ts'

export interface ConfigurationOptions {
  readonly certsFolder: string | undefined
  readonly listen: SocketName | undefined
  readonly skipUnsupported: boolean
  /** Gives milliseconds since 1970. */
  readonly now: () => number
  /** What an earlier source found good; Envoy's files only. */
  readonly before?: GoodContents | undefined
}

export async function openConfigurationSource(
  origin: ConfigurationOrigin,
  options: ConfigurationOptions,
): Promise<ConfigurationSource> {
  const { certsFolder, now, before } = options
  const certificates =
    certsFolder === undefined ? undefined : new CertificateFolder(certsFolder, now, before?.certificates)
  if (origin.kind === 'resources') {
    // Translation is needed for objects only, and not small.
    const { ObjectConfiguration } = await import('./object-configuration.ts')
    return new ObjectConfiguration(origin, { ...options, certificates })
  }
  const source = new EnvoySource(origin, { ...options, before: before ?? new GoodContents(), certificates })
  return new EnvoyConfigurationSource(source, noEffect(origin, options))
}

/** What was asked for on the command line and changes nothing. */
function noEffect({ kind }: ConfigurationOrigin, { listen }: ConfigurationOptions): readonly string[] {
  if (kind !== 'envoy-config' || listen === undefined) return []
  return ['--listen has no effect with --envoy-config: the configuration says where to listen']
}

class EnvoyConfigurationSource implements ConfigurationSource {
  private readonly source: EnvoySource
  private readonly warnings: readonly string[]

  constructor(source: EnvoySource, warnings: readonly string[]) {
    this.source = source
    this.warnings = warnings
  }

  load(): Promise<LoadedConfiguration> {
    const { version, resources, bootstrap, errors, warnings, inputs } = this.source.read()
    return Promise.resolve({
      version,
      resources,
      bootstrap,
      errors: errors.map(formatConfigError),
      warnings: [...this.warnings, ...warnings.map(formatConfigError)],
      handover: { inputs, good: this.source.good },
    })
  }

  watch(onChange: () => void): void {
    this.source.watch(onChange)
  }

  close(): void {
    this.source.close()
  }
}
