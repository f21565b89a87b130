// A folder with what a control plane sends a waypoint, as istiod's debug pages print it: lds.json, cds.json and eds.json.

import { join } from 'node:path'
import { create } from '@bufbuild/protobuf'
import { ClusterSchema } from '../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { AddressSchema } from '../../envoy/generated/envoy/config/core/v3/address_pb.js'
import { ClusterLoadAssignmentSchema } from '../../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { ListenerSchema, type Listener } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import type { Reading } from './reading.ts'

export interface ListenAddress {
  /** An IP address. */
  readonly host: string
  readonly port: number
}

const lists = [
  ['lds.json', ListenerSchema],
  ['cds.json', ClusterSchema],
  ['eds.json', ClusterLoadAssignmentSchema],
] as const

/** The listener of a waypoint that has a socket; the others are internal. */
const tunnelListener = 'connect_terminate'

/** Adds what the folder holds. `listen` is where tunnels are accepted, in place of what the control plane said. */
export function readResourceFolder(folder: string, listen: ListenAddress | undefined, reading: Reading): void {
  const errorAt = (path: string, message: string, remedy: string) => {
    return { file: folder, line: 0, column: 0, path, message, remedy }
  }
  for (const [name, schema] of lists) {
    reading.follow(schema, { file: join(folder, name), watchedDirectory: undefined }, { path: '', errorAt })
  }
  if (listen !== undefined) moveTunnelListener(listen, reading)
}

function moveTunnelListener({ host, port }: ListenAddress, reading: Reading): void {
  for (const { desc, message } of reading.resources) {
    const listener = message as Listener
    if (desc.typeName !== ListenerSchema.typeName || listener.name !== tunnelListener) continue
    const portSpecifier = { case: 'portValue' as const, value: port }
    listener.address = create(AddressSchema, {
      address: { case: 'socketAddress', value: { address: host, portSpecifier } },
    })
    listener.additionalAddresses = []
  }
}
