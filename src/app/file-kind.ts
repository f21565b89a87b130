// What a file holds, told by its content: Kubernetes objects, an Envoy bootstrap, or a list of Envoy resources.

import type { DescMessage } from '@bufbuild/protobuf'
import { parse } from 'yaml'
import { typeNameOf } from '../envoy/any.ts'
import { registry } from '../envoy/generated/descriptors.js'
import { BootstrapSchema } from '../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import { ClusterSchema } from '../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { ClusterLoadAssignmentSchema } from '../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { ListenerSchema } from '../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { RouteConfigurationSchema } from '../envoy/generated/envoy/config/route/v3/route_pb.js'
import { SecretSchema } from '../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import { splitYamlDocuments } from '../resources/yaml-documents.ts'

export type FileKind =
  | { readonly kind: 'objects' }
  | { readonly kind: 'bootstrap' }
  /** `schema` is the type of the resources that do not name theirs. */
  | { readonly kind: 'resources'; readonly schema: DescMessage }
  | { readonly kind: 'unknown' }

export function fileKindOf(text: string): FileKind {
  const [first] = splitYamlDocuments(text)
  // An empty file holds no objects.
  if (first === undefined) return { kind: 'objects' }
  try {
    return kindOfValue(valueOf(first.content))
  } catch {
    return kindOfBrokenText(text)
  }
}

function valueOf(text: string): unknown {
  return /^\s*[[{]/.test(text) ? jsonOrYaml(text) : parse(text)
}

function jsonOrYaml(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return parse(text)
  }
}

const bootstrapFields = new Set(BootstrapSchema.fields.flatMap(({ name, jsonName }) => [name, jsonName]))

/** Other files have a node or an admin, too. */
function isBootstrapField(key: string): boolean {
  return bootstrapFields.has(key) && key !== 'node' && key !== 'admin'
}

const clusterFields = new Set(ClusterSchema.fields.flatMap(({ name, jsonName }) => [name, jsonName]))

function kindOfValue(value: unknown): FileKind {
  if (Array.isArray(value)) return kindOfList(value)
  if (typeof value !== 'object' || value === null) return { kind: 'unknown' }
  if ('apiVersion' in value || 'kind' in value) return { kind: 'objects' }
  if ('resources' in value && Array.isArray(value.resources)) return kindOfList(value.resources)
  return { kind: Object.keys(value).some(isBootstrapField) ? 'bootstrap' : 'unknown' }
}

/** What tells a resource that does not name its type; the first that fits. */
const telling: readonly (readonly [DescMessage, readonly string[]])[] = [
  [ClusterLoadAssignmentSchema, ['cluster_name', 'clusterName']],
  [ListenerSchema, ['filter_chains', 'filterChains', 'internal_listener', 'internalListener', 'address']],
  [RouteConfigurationSchema, ['virtual_hosts', 'virtualHosts']],
  [SecretSchema, ['tls_certificate', 'tlsCertificate', 'validation_context', 'validationContext']],
]

function kindOfList(items: readonly unknown[]): FileKind {
  const [first] = items
  if (first === undefined) return { kind: 'resources', schema: ClusterSchema }
  if (typeof first !== 'object' || first === null) return { kind: 'unknown' }
  const body: unknown = 'resource' in first ? first.resource : first
  if (typeof body !== 'object' || body === null) return { kind: 'unknown' }
  if ('@type' in body && typeof body['@type'] === 'string') {
    return { kind: 'resources', schema: registry.getMessage(typeNameOf(body['@type'])) ?? ClusterSchema }
  }
  const found = telling.find(([, fields]) => fields.some((field) => field in body))
  if (found !== undefined) return { kind: 'resources', schema: found[0] }
  const isCluster = 'name' in body && Object.keys(body).some((key) => key !== 'name' && clusterFields.has(key))
  return isCluster ? { kind: 'resources', schema: ClusterSchema } : { kind: 'unknown' }
}

/** Whose words are in it: that reader then says what is broken. */
function kindOfBrokenText(text: string): FileKind {
  if (/^\s*["']?(apiVersion|kind)["']?\s*:/m.test(text)) return { kind: 'objects' }
  for (const [, key] of text.matchAll(/["']?([A-Za-z_]+)["']?\s*:/g)) {
    if (isBootstrapField(key)) return { kind: 'bootstrap' }
  }
  return { kind: 'objects' }
}
