// Opens what a proxy's configuration comes from: an Envoy bootstrap, a folder as istiod fills it, or Kubernetes objects.

import { formatConfigError } from '../envoy/config-error.ts'
import { EnvoySource } from '../sources/bootstrap/envoy-source.ts'
import type { ConfigurationOrigin, SocketName } from './command-options.ts'
import type { ConfigurationSource } from './configuration-source.ts'

export interface ConfigurationOptions {
  readonly certsFolder: string | undefined
  readonly listen: SocketName | undefined
  readonly skipUnsupported: boolean
  /** Gives milliseconds since 1970. */
  readonly now: () => number
}

export function openConfigurationSource(
  origin: ConfigurationOrigin,
  options: ConfigurationOptions,
): ConfigurationSource {
  if (origin.kind !== 'envoy-config') throw new Error(`${origin.kind} is not read yet`)
  const source = new EnvoySource(origin.file, options)
  return {
    load() {
      const { errors, warnings, ...rest } = source.read()
      return Promise.resolve({
        ...rest,
        errors: errors.map(formatConfigError),
        warnings: warnings.map(formatConfigError),
      })
    },
    watch: () => undefined,
    close: () => undefined,
  }
}
