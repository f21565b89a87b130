// The Envoy configuration that `cairn translate` makes of Kubernetes objects, for tests that change a detail no object can name.

import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { MESH_WAYPOINT } from './mesh-objects.ts'
import type { WaypointFiles } from './running-waypoint.ts'

const main = join(import.meta.dirname, '../../src/cli/main.ts')
const run = promisify(execFile)

/** Plain JSON of a Bootstrap; names of fields as in Envoy's API. */
export interface Bootstrap {
  admin?: object
  static_resources: { listeners: Fields[]; clusters: Fields[] }
}

export type Fields = any

/** For `configure` of a RunningWaypoint. */
export function translated(adjust: (bootstrap: Bootstrap) => void) {
  return async ({ objects, certs, listen, admin }: WaypointFiles): Promise<object> => {
    const file = join(dirname(certs), 'mesh.yaml')
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
    const address = `${listen.address}:${listen.port}`
    const args = ['translate', file, '--waypoint', MESH_WAYPOINT, '--certs', certs, '--listen', address, '-o', 'json']
    const { stdout } = await run(process.execPath, [main, ...args], { maxBuffer: 64 << 20 })
    const bootstrap = JSON.parse(stdout) as Bootstrap
    bootstrap.admin = { address: { socket_address: { address: admin.address, port_value: admin.port } } }
    adjust(bootstrap)
    return bootstrap
  }
}

/** A listener or a cluster by its name. */
export function named(items: readonly Fields[], name: string): Fields {
  const found: Fields = items.find((item) => item.name === name)
  if (found === undefined) throw new Error(`there is no ${name} among ${items.map((item) => item.name).join(', ')}`)
  return found
}

/** The HTTP connection manager of a listener's first filter chain. */
export function connectionManager(listener: Fields): Fields {
  return listener.filter_chains[0].filters.at(-1).typed_config
}

/** `explicit_http_config.http2_protocol_options` of a cluster. */
export function http2Options(cluster: Fields): Fields {
  const options = cluster.typed_extension_protocol_options['envoy.extensions.upstreams.http.v3.HttpProtocolOptions']
  return options.explicit_http_config.http2_protocol_options
}
