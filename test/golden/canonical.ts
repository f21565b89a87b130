// Envoy resources as JSON in one spelling, so that two of them can be compared field by field. What is left out of the
// comparison, and why, stands in the table below and nowhere else.

import { fromJson, toJson, type DescMessage, type Message } from '@bufbuild/protobuf'
import { registry } from '../../src/envoy/generated/descriptors.js'
import type { Json, JsonObject } from './load-scenario.ts'

/** One kind of difference between istiod's configuration and ours that has a reason. */
export interface Difference {
  readonly reason: string
  /** Changes or removes an object anywhere in the tree (deepest first). False removes it from the list it stands in. */
  readonly rewrite: (object: JsonObject, key: string) => boolean | void
}

const istioPrivate = new Set([
  'io.istio.http.peer_metadata.Config',
  'envoy.tcp.metadataexchange.config.MetadataExchange',
  'stats.PluginConfig',
])
const idleWithoutRouteConfig = new Set([
  'envoy.filters.http.grpc_stats',
  'envoy.filters.http.fault',
  'envoy.filters.http.cors',
])

export const differences: readonly Difference[] = [
  {
    reason: "Istio's own filters (peer metadata, metadata exchange, stats): telemetry is not translated yet",
    rewrite: (object) => !istioPrivate.has(typeOf(object['typed_config'])),
  },
  {
    reason:
      'grpc_stats serves telemetry; fault and cors do nothing without per-route configuration, so they are left out',
    rewrite: (object) => !idleWithoutRouteConfig.has(String(object['name'])),
  },
  {
    reason: 'tracing is not translated yet',
    rewrite: (object) => void delete object['tracing'],
  },
  {
    reason: 'the plain Envoy name of the same factory',
    rewrite: (object) => {
      if (object['factory_key'] === 'istio.hashable_string') object['factory_key'] = 'envoy.hashable_string'
    },
  },
  {
    reason: 'secrets come with the configuration, not from an agent beside the proxy',
    rewrite: (object) => void delete object['sds_config'],
  },
  {
    reason: 'where an entry came from: istiod names its generated VirtualService, Cairn the object and its line',
    rewrite: (object, key) => {
      if (key !== 'filter_metadata') return
      delete object['cairn.source']
      const istio = object['istio'] as JsonObject | undefined
      delete istio?.['config']
      if (istio !== undefined && Object.keys(istio).length === 0) delete object['istio']
    },
  },
  {
    reason: 'an empty path_redirect says nothing',
    rewrite: (object) => {
      if (object['path_redirect'] === '') delete object['path_redirect']
    },
  },
  {
    reason: 'all header and query matchers must hold, in any order; istiod takes the order of a Go map',
    rewrite: (object, key) => {
      if (key !== 'match') return
      for (const list of ['headers', 'query_parameters']) {
        if (Array.isArray(object[list])) object[list].sort(byText)
      }
    },
  },
  {
    reason: 'foreign services: istiod also prepares for sidecars and for plain Pods by socket matches; HBONE Pods have an internal address, so one socket does both', // prettier-ignore
    rewrite: (object) => {
      if (!String(object['name'] ?? object['cluster_name']).startsWith('outbound|')) return
      for (const field of ['transport_socket_matches', 'transport_socket', 'filters']) delete object[field]
      forEachObject(object, (inner) => {
        delete inner['disable_mx']
        delete inner['envoy.transport_socket_match']
      })
    },
  },
  {
    reason: 'a field that an object lost leaves it empty, which says the same as none',
    rewrite: (object) => {
      for (const field of ['metadata', 'filter_metadata', 'default_validation_context']) {
        const value = object[field]
        if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) delete object[field]
      }
    },
  },
]

/** istiod's JSON, without what the table names, as the message type prints it. */
export function canonicalIstio(schema: DescMessage, resource: JsonObject): JsonObject {
  const json = rewriteTree(structuredClone(resource), '') as JsonObject
  return rewriteTree(print(schema, fromJson(schema, json, { registry })), '') as JsonObject
}

export function canonicalCairn(schema: DescMessage, message: Message): JsonObject {
  return rewriteTree(print(schema, message), '') as JsonObject
}

function print(schema: DescMessage, message: Message): JsonObject {
  return toJson(schema, message, { registry, useProtoFieldName: true }) as JsonObject
}

function rewriteTree(value: Json, key: string): Json | undefined {
  if (Array.isArray(value)) return value.map((item) => rewriteTree(item, key)).filter((item) => item !== undefined)
  if (typeof value !== 'object' || value === null) return value
  for (const [field, child] of Object.entries(value)) {
    const rewritten = rewriteTree(child, field)
    if (rewritten === undefined) delete value[field]
    else value[field] = rewritten
  }
  for (const { rewrite } of differences) if (rewrite(value, key) === false) return undefined
  return value
}

function forEachObject(value: Json, visit: (object: JsonObject) => void): void {
  if (Array.isArray(value)) for (const item of value) forEachObject(item, visit)
  else if (typeof value === 'object' && value !== null) {
    visit(value)
    for (const child of Object.values(value)) forEachObject(child, visit)
  }
}

function typeOf(config: Json | undefined): string {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return ''
  const type = String(config['@type'] ?? '').replace(/^.*[/]/, '')
  return type.endsWith('TypedStruct') ? String(config['type_url']).replace(/^.*[/]/, '') : type
}

function byText(a: Json, b: Json): number {
  const left = JSON.stringify(a)
  const right = JSON.stringify(b)
  return left < right ? -1 : left > right ? 1 : 0
}
