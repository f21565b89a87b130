// Writes src/resources/generated: the structural schemas of the Kubernetes kinds that Cairn reads, as plain data.
// Sources are three Go modules: k8s.io/client-go (field lists of the core types), sigs.k8s.io/gateway-api and istio.io/api
// (the CRDs).
//
//   node scripts/generate-resource-schemas.mjs CLIENT_GO_FOLDER GATEWAY_API_FOLDER ISTIO_API_FOLDER

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from 'prettier'
import { parse, parseAllDocuments } from 'yaml'

const [clientGo, gatewayApi, istioApi] = process.argv.slice(2)
if (istioApi === undefined) {
  process.stderr.write(
    'usage: node scripts/generate-resource-schemas.mjs CLIENT_GO_FOLDER GATEWAY_API_FOLDER ISTIO_API_FOLDER\n',
  )
  process.exit(2)
}
const out = join(import.meta.dirname, '..', 'src', 'resources', 'generated')

/** Kind -> the name of its type in client-go. */
const coreKinds = {
  ConfigMap: 'io.k8s.api.core.v1.ConfigMap',
  Namespace: 'io.k8s.api.core.v1.Namespace',
  Node: 'io.k8s.api.core.v1.Node',
  Pod: 'io.k8s.api.core.v1.Pod',
  Secret: 'io.k8s.api.core.v1.Secret',
  Service: 'io.k8s.api.core.v1.Service',
  ServiceAccount: 'io.k8s.api.core.v1.ServiceAccount',
  EndpointSlice: 'io.k8s.api.discovery.v1.EndpointSlice',
}
const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/** Gateway API kind -> CRD file; the experimental channel has every field. */
const gatewayKinds = {
  BackendTLSPolicy: 'gateway.networking.k8s.io_backendtlspolicies',
  Gateway: 'gateway.networking.k8s.io_gateways',
  GatewayClass: 'gateway.networking.k8s.io_gatewayclasses',
  GRPCRoute: 'gateway.networking.k8s.io_grpcroutes',
  HTTPRoute: 'gateway.networking.k8s.io_httproutes',
  ReferenceGrant: 'gateway.networking.k8s.io_referencegrants',
  TCPRoute: 'gateway.networking.k8s.io_tcproutes',
  TLSRoute: 'gateway.networking.k8s.io_tlsroutes',
  XBackendTrafficPolicy: 'gateway.networking.x-k8s.io_xbackendtrafficpolicies',
}

/** Istio kind -> the name of its CRD. */
const istioKinds = {
  AuthorizationPolicy: 'authorizationpolicies.security.istio.io',
  DestinationRule: 'destinationrules.networking.istio.io',
  RequestAuthentication: 'requestauthentications.security.istio.io',
  ServiceEntry: 'serviceentries.networking.istio.io',
  VirtualService: 'virtualservices.networking.istio.io',
  WorkloadEntry: 'workloadentries.networking.istio.io',
}

function coreSchemas() {
  const source = readFileSync(join(clientGo, 'applyconfigurations/internal/internal.go'), 'utf8')
  const text = source.slice(source.indexOf('YAMLObject(`') + 'YAMLObject(`'.length, source.lastIndexOf('`)'))
  const types = new Map(parse(text).types.map((type) => [type.name, type]))
  const definitions = {}
  const short = (name) => name.split('.').pop()

  const schemaOf = (type) => {
    if (type.namedType !== undefined) {
      if (type.namedType.startsWith('__untyped')) return { preserveUnknown: true }
      if (type.namedType.endsWith('.IntOrString')) return { type: 'integer-or-string' }
      if (type.namedType.endsWith('.Quantity')) return { type: 'integer-or-string' }
      if (/[.](Time|MicroTime)$/.test(type.namedType)) return { type: 'string' }
      if (type.namedType.endsWith('.FieldsV1')) return { preserveUnknown: true }
      define(type.namedType)
      return { ref: short(type.namedType) }
    }
    if (type.scalar === 'numeric') return { type: 'number' }
    if (type.scalar !== undefined && type.scalar !== 'untyped') return { type: type.scalar }
    if (type.list !== undefined) {
      const { elementType, elementRelationship, keys } = type.list
      const schema = { type: 'array', items: schemaOf(elementType) }
      // These keys tell how lists merge. Only for a Service's ports does the API server also insist that they are unique.
      const unique = elementType.namedType === 'io.k8s.api.core.v1.ServicePort'
      if (elementRelationship === 'associative' && unique) schema.listMapKeys = keys
      return schema
    }
    if (type.map?.fields !== undefined) return objectOf(type.map)
    if (type.map?.elementType !== undefined) {
      const element = schemaOf(type.map.elementType)
      return element.preserveUnknown ? { preserveUnknown: true } : { type: 'object', additional: element }
    }
    return { preserveUnknown: true }
  }
  const objectOf = (map) => ({
    type: 'object',
    properties: Object.fromEntries((map.fields ?? []).map((field) => [field.name, schemaOf(field.type)])),
  })
  const define = (name) => {
    const key = short(name)
    if (key in definitions) return
    definitions[key] = {} // Breaks cycles.
    definitions[key] = schemaOf({ ...types.get(name), namedType: undefined })
  }
  define(objectMeta)
  for (const name of Object.values(coreKinds)) define(name)
  return definitions
}

/** A CRD's OpenAPI schema in our spelling: no descriptions, no CEL (src/resources/rules holds those rules). */
function fromOpenApi(schema) {
  const result = {}
  if (schema['x-kubernetes-int-or-string']) result.type = 'integer-or-string'
  else if (schema.type !== undefined) result.type = schema.type
  if (schema['x-kubernetes-preserve-unknown-fields']) result.preserveUnknown = true
  for (const key of [
    'enum',
    'pattern',
    'minLength',
    'maxLength',
    'minItems',
    'maxItems',
    'minimum',
    'maximum',
    'required',
    'maxProperties',
  ]) {
    if (schema[key] !== undefined) result[key] = schema[key]
  }
  if (schema.default !== undefined) result.default = schema.default
  if (schema['x-kubernetes-list-type'] === 'set') result.uniqueItems = true
  if (schema['x-kubernetes-list-map-keys'] !== undefined) result.listMapKeys = schema['x-kubernetes-list-map-keys']
  if (schema.items !== undefined) result.items = fromOpenApi(schema.items)
  if (schema.properties !== undefined) {
    result.properties = Object.fromEntries(Object.entries(schema.properties).map(([k, v]) => [k, fromOpenApi(v)]))
  }
  if (typeof schema.additionalProperties === 'object') result.additional = fromOpenApi(schema.additionalProperties)
  return result
}

function gatewaySchemas() {
  const schemas = {}
  for (const [kind, file] of Object.entries(gatewayKinds)) {
    const crd = parse(readFileSync(join(gatewayApi, `config/crd/experimental/${file}.yaml`), 'utf8'))
    schemas[kind] = schemaOfCrd(crd)
  }
  return schemas
}

function istioSchemas() {
  const text = readFileSync(join(istioApi, 'kubernetes/customresourcedefinitions.gen.yaml'), 'utf8')
  const crds = new Map(parseAllDocuments(text).map((document) => [document.getIn(['metadata', 'name']), document]))
  return Object.fromEntries(
    Object.entries(istioKinds).map(([kind, name]) => {
      const schema = schemaOfCrd(crds.get(name).toJS())
      // Istio's CRDs leave these to Kubernetes, which adds them to every object.
      schema.properties = { apiVersion: { type: 'string' }, kind: { type: 'string' }, ...schema.properties }
      return [kind, schema]
    }),
  )
}

function schemaOfCrd(crd) {
  const { versions } = crd.spec
  const { schema: newest } = versions.find(({ name }) => name === 'v1') ?? versions[0]
  const schema = fromOpenApi(newest.openAPIV3Schema)
  schema.properties.metadata = { ref: 'ObjectMeta' }
  delete schema.properties.status?.default
  return schema
}

async function write(file, name, comment, schemas) {
  const text = `// Generated by scripts/generate-resource-schemas.mjs; do not edit. ${comment}
import type { Schema } from '../schema.ts'

export const ${name}: Readonly<Record<string, Schema>> = ${JSON.stringify(schemas)}
`
  writeFileSync(
    join(out, file),
    await format(text, { parser: 'typescript', semi: false, singleQuote: true, printWidth: 120 }),
  )
}

await write(
  'core-schemas.ts',
  'coreSchemas',
  'Field lists of the Kubernetes core types, from k8s.io/client-go (Apache-2.0).',
  coreSchemas(),
)
await write(
  'gateway-schemas.ts',
  'gatewaySchemas',
  'The CRDs of sigs.k8s.io/gateway-api (Apache-2.0), experimental channel.',
  gatewaySchemas(),
)
await write('istio-schemas.ts', 'istioSchemas', 'The CRDs of istio.io/api (Apache-2.0).', istioSchemas())
