// A static Envoy bootstrap (the file that `envoy -c` takes) with the files that it names for listeners and clusters.

import type { DescMessage, Message } from '@bufbuild/protobuf'
import type { ConfigError } from '../../envoy/config-error.ts'
import type { Bootstrap } from '../../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import { ClusterSchema } from '../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { ConfigSource } from '../../envoy/generated/envoy/config/core/v3/config_source_pb.js'
import { ListenerSchema, type Listener } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { SecretSchema } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import { loadSupportedBootstrap } from '../../envoy/load-supported.ts'
import type { Reading, ReadingOptions } from './reading.ts'
import { fileSource } from './references.ts'

/** Adds what `file` holds and names. Returns the bootstrap itself, for what it says besides resources. */
export function readBootstrap(file: string, options: ReadingOptions, reading: Reading): Bootstrap | undefined {
  const content = reading.files.read(file)
  if (!Buffer.isBuffer(content)) {
    reading.errors.push({ file, line: 0, column: 0, path: '', ...content })
    return undefined
  }
  const { bootstrap, errors, warnings, left, errorAt } = loadSupportedBootstrap(content.toString('utf8'), file, options)
  reading.errors.push(...errors)
  reading.warnings.push(...warnings, ...left)
  if (bootstrap === undefined) {
    // With --skip-unsupported, something that holds the whole together must not be left out.
    if (errors.length === 0) reading.errors.push(...left.filter(({ security }) => security))
    return undefined
  }
  addStatic(bootstrap, errorAt, reading)
  addDynamic(bootstrap, errorAt, reading)
  return bootstrap
}

type ErrorAt = (path: string, message: string, remedy: string) => ConfigError

function addStatic({ staticResources }: Bootstrap, errorAt: ErrorAt, reading: Reading): void {
  const add = (desc: DescMessage, field: string, messages: readonly Message[] | undefined) => {
    for (const [index, message] of (messages ?? []).entries()) {
      reading.add(desc, message, { path: `static_resources.${field}[${index}]`, errorAt })
    }
  }
  for (const listener of staticResources?.listeners ?? []) listener.name ||= nameOf(listener)
  add(ListenerSchema, 'listeners', staticResources?.listeners)
  add(ClusterSchema, 'clusters', staticResources?.clusters)
  add(SecretSchema, 'secrets', staticResources?.secrets)
}

/** Envoy gives a listener without a name a random one; here it is the same after each reading. */
function nameOf({ address }: Listener): string {
  const socket = address?.address
  if (socket?.case !== 'socketAddress') return 'listener'
  const { address: ip, portSpecifier } = socket.value
  return `${ip}:${String(portSpecifier.value ?? 0)}`
}

function addDynamic({ dynamicResources }: Bootstrap, errorAt: ErrorAt, reading: Reading): void {
  const follow = (schema: DescMessage, field: string, config: ConfigSource | undefined) => {
    if (config === undefined) return
    const source = fileSource(config)
    const place = { path: `dynamic_resources.${field}`, errorAt }
    if (source.file === undefined) {
      const message = 'configuration from a control plane is not supported'
      reading.errors.push(errorAt(place.path, message, 'name a file: path_config_source'))
    } else reading.follow(schema, source, place)
  }
  follow(ListenerSchema, 'lds_config', dynamicResources?.ldsConfig)
  follow(ClusterSchema, 'cds_config', dynamicResources?.cdsConfig)
}
