// The snapshot that runs, as the admin interface dumps it: chains back in their listeners, routes taken out of managers.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { AnySchema, anyUnpack } from '@bufbuild/protobuf/wkt'
import type { Any } from '@bufbuild/protobuf/wkt'
import type { ConfigDump, DumpedResource } from '../admin/admin-source.ts'
import { TYPE_PREFIX } from '../envoy/any.ts'
import { BootstrapSchema } from '../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import { FilterChainSchema } from '../envoy/generated/envoy/config/listener/v3/listener_components_pb.js'
import { ListenerSchema } from '../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { RouteConfigurationSchema } from '../envoy/generated/envoy/config/route/v3/route_pb.js'
import { HttpConnectionManagerSchema } from '../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import type { Snapshot } from '../envoy/snapshot.ts'
import type { SnapshotEntry } from '../envoy/snapshot.ts'

export interface DumpInput {
  readonly snapshot: Snapshot
  readonly updatedMs: number
  readonly startedMs: number
  /** A static configuration: everything of it counts as static, as in Envoy. */
  readonly bootstrap: Uint8Array | undefined
  readonly includeEndpoints: boolean
}

export function configDump(input: DumpInput): ConfigDump {
  const { snapshot, bootstrap, includeEndpoints } = input
  const isStatic = bootstrap !== undefined
  const of = (kind: SnapshotEntry['kind']): DumpedResource[] =>
    [...snapshot.entries.values()].filter((entry) => entry.kind === kind).map((entry) => dumped(entry, input))
  const clusters = of('cluster')
  const secrets = of('secret')
  const endpoints = of('endpoints').map((one) => one.resource)
  const listeners = listenersOf(input)
  return {
    bootstrap: fromBinary(BootstrapSchema, bootstrap ?? new Uint8Array()),
    bootstrapUpdatedMs: input.startedMs,
    clusters: {
      versionInfo: snapshot.version,
      static: isStatic ? clusters : [],
      dynamicActive: isStatic ? [] : clusters,
      dynamicWarming: [],
    },
    listeners: {
      versionInfo: snapshot.version,
      static: isStatic ? listeners : [],
      dynamic: isStatic ? [] : listeners.map((listener) => ({ name: listener.name, active: listener })),
    },
    routes: { static: routesOf(input), dynamic: of('routes') },
    secrets: {
      static: isStatic ? secrets : [],
      dynamicActive: isStatic ? [] : secrets,
      dynamicWarming: [],
    },
    endpoints: includeEndpoints ? { static: isStatic ? endpoints : [], dynamic: isStatic ? [] : endpoints } : undefined,
  }
}

function dumped(entry: SnapshotEntry, input: DumpInput): DumpedResource {
  return resource(entry.name, entry.typeName, entry.bytes, input)
}

function resource(name: string, typeName: string, value: Uint8Array, input: DumpInput): DumpedResource {
  const any: Any = create(AnySchema, { typeUrl: TYPE_PREFIX + typeName, value })
  return { name, resource: any, updatedMs: input.updatedMs, versionInfo: input.snapshot.version }
}

function listenersOf(input: DumpInput): DumpedResource[] {
  const { entries } = input.snapshot
  const listeners: DumpedResource[] = []
  for (const entry of entries.values()) {
    if (entry.kind !== 'listener') continue
    const message = fromBinary(ListenerSchema, entry.bytes)
    for (const name of entry.chains) {
      const chain = entries.get(`filter-chain ${name}`)
      if (chain === undefined) continue
      const decoded = fromBinary(FilterChainSchema, chain.bytes)
      if (name.endsWith('/#default')) message.defaultFilterChain = decoded
      else message.filterChains.push(decoded)
    }
    listeners.push(resource(entry.name, ListenerSchema.typeName, toBinary(ListenerSchema, message), input))
  }
  return listeners
}

function routesOf(input: DumpInput): DumpedResource[] {
  const routes: DumpedResource[] = []
  for (const entry of input.snapshot.entries.values()) {
    if (entry.kind !== 'filter-chain') continue
    for (const filter of fromBinary(FilterChainSchema, entry.bytes).filters) {
      if (filter.configType.case !== 'typedConfig') continue
      const manager = anyUnpack(filter.configType.value, HttpConnectionManagerSchema)
      if (manager?.routeSpecifier.case !== 'routeConfig') continue
      const config = manager.routeSpecifier.value
      const bytes = toBinary(RouteConfigurationSchema, config)
      routes.push(resource(config.name, RouteConfigurationSchema.typeName, bytes, input))
    }
  }
  return routes
}
