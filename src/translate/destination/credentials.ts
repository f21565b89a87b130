// The certificates that a DestinationRule or a BackendTLSPolicy names, as Envoy secrets under the names that Istio gives them:
// files of the proxy, Secrets of the waypoint's namespace, ConfigMaps.

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import type { DataSourceSchema } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import {
  SecretSchema,
  type Secret as EnvoySecret,
} from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import type { Secret } from '../../resources/core.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'

/** Where the images that proxies are built on keep the roots of the public web. */
const systemRoots = '/etc/ssl/certs/ca-certificates.crt'

/** The name of a credential that cannot exist, as Istio spells it. */
export const NO_CREDENTIAL = 'invalid://'

/** A secret, or why there is none. */
export type Credential = { readonly secret: EnvoySecret } | { readonly problem: string }

/** Undefined stands for the system's roots. */
export function rootsFile(path: string | undefined): Credential {
  return roots(`file-root:${path ?? 'system'}`, { case: 'filename', value: path ?? systemRoots })
}

export function certificateFiles(certificate: string, privateKey: string): Credential {
  return certificateOf(
    `file-cert:${certificate}~${privateKey}`,
    { case: 'filename', value: certificate },
    { case: 'filename', value: privateKey },
  )
}

/** `tls.crt` and `tls.key`, or the older `cert` and `key`. */
export function certificateSecret(reader: ResourceReader, namespace: string, name: string): Credential {
  const found = secretData(reader, namespace, name, ['tls.crt', 'cert'], ['tls.key', 'key'])
  if ('problem' in found) return found
  const [certificate, privateKey] = found.values
  return certificateOf(`kubernetes://${name}`, inline(certificate), inline(privateKey))
}

/** `ca.crt` or `cacert` of the Secret itself, or of the one whose name ends with `-cacert`. */
export function rootsSecret(reader: ResourceReader, namespace: string, name: string): Credential {
  const keys = ['ca.crt', 'cacert']
  const own = secretData(reader, namespace, name, keys)
  const found = 'problem' in own ? secretData(reader, namespace, `${name}-cacert`, keys) : own
  return 'problem' in found ? (own as Credential) : roots(`kubernetes://${name}-cacert`, inline(found.values[0]))
}

const configMapPrefix = 'configmap://'

/** `configmap://NAMESPACE/NAME`, which Istio takes for a credential too. */
export function isConfigMapName(credentialName: string): boolean {
  return credentialName.startsWith(configMapPrefix)
}

/** `cacert` or `ca.crt` of a ConfigMap. */
export function configMapRoots(reader: ResourceReader, namespace: string, name: string): Credential {
  const configMap = reader.get('ConfigMap', namespace, name)
  if (configMap === undefined) return { problem: `ConfigMap ${namespace}/${name} does not exist` }
  const text = configMap.data?.['cacert'] || configMap.data?.['ca.crt']
  if (!text) return { problem: `ConfigMap ${namespace}/${name} has no ca.crt` }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    return { problem: `ca.crt of ConfigMap ${namespace}/${name} has no certificate` }
  }
  return roots(`${configMapPrefix}${namespace}/${name}-cacert`, inline(Buffer.from(text)))
}

export function rootsOfConfigMapName(reader: ResourceReader, credentialName: string): Credential {
  const [namespace, name = ''] = credentialName.slice(configMapPrefix.length).split('/')
  return configMapRoots(reader, namespace, name)
}

type Source = NonNullable<MessageInitShape<typeof DataSourceSchema>['specifier']>

function inline(value: Uint8Array): Source {
  return { case: 'inlineBytes', value }
}

function roots(name: string, source: Source): Credential {
  const validationContext = { trustedCa: { specifier: source } }
  return { secret: create(SecretSchema, { name, type: { case: 'validationContext', value: validationContext } }) }
}

function certificateOf(name: string, certificate: Source, privateKey: Source): Credential {
  const value = { certificateChain: { specifier: certificate }, privateKey: { specifier: privateKey } }
  return { secret: create(SecretSchema, { name, type: { case: 'tlsCertificate', value } }) }
}

/** For each list of keys the first that the Secret has. */
function secretData(
  reader: ResourceReader,
  namespace: string,
  name: string,
  ...alternatives: readonly string[][]
): { readonly values: Uint8Array[] } | { readonly problem: string } {
  const secret = reader.get('Secret', namespace, name)
  if (secret === undefined) return { problem: `Secret ${namespace}/${name} does not exist` }
  const values: Uint8Array[] = []
  for (const keys of alternatives) {
    const value = keys.map((key) => dataOf(secret, key)).find((candidate) => candidate !== undefined)
    if (value === undefined) return { problem: `Secret ${namespace}/${name} has no ${keys[0]}` }
    values.push(value)
  }
  return { values }
}

function dataOf({ data, stringData }: Secret, key: string): Uint8Array | undefined {
  const text = stringData?.[key]
  if (text !== undefined) return Buffer.from(text)
  const encoded = data?.[key]
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64')
}
