// What is measured: how a proxy is started with a configuration file.

import { findEnvoyBinary } from '../support/envoy-binary.ts'

export interface Subject {
  name: string
  /** Program and arguments that run the static Envoy configuration in `configFile`. */
  command(configFile: string): string[]
}

/** `{envoy}`, `{node}` and `{cairn}` are the programs, `{config}` the static Envoy configuration. */
export const envoyCommand = '{envoy} -c {config} --concurrency 1 --disable-hot-restart --log-level warning'
export const cairnCommand = '{node} {cairn} proxy --envoy-config {config} --concurrency 1'
/** As above, but `{resources}` and `{certs}` are directories, and the ports are given. */
export const cairnResourcesCommand =
  '{node} {cairn} proxy --resources {resources} --certs {certs} --waypoint bench/waypoint --concurrency 1 ' +
  '--listen 127.0.0.1:{port} --admin 127.0.0.1:{admin}'

export function envoySubject(): Subject {
  return { name: 'envoy', command: (config) => expandCommand(envoyCommand, { config }) }
}

/** Cairn, or whatever `template` starts in its place. */
export function cairnSubject(template: string): Subject {
  return { name: 'cairn', command: (config) => expandCommand(template, { config }) }
}

/** Splits at spaces first, so that values may contain some. */
export function expandCommand(template: string, values: Record<string, string>): string[] {
  return template
    .split(' ')
    .map((word) => word.replace(/\{(\w+)\}/, (whole, name: string) => expand(name, values) ?? whole))
}

function expand(name: string, values: Record<string, string>): string | undefined {
  if (name === 'envoy') return findEnvoyBinary()
  if (name === 'node') return process.execPath
  if (name === 'cairn') return new URL('../../src/cli/cairn.js', import.meta.url).pathname
  return values[name]
}
