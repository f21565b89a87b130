// TLS to the hosts of a cluster, inside the tunnel: a DestinationRule's `tls`, or a BackendTLSPolicy. The mesh's own TLS is
// that of the tunnel (../tls.ts).

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { TransportSocketSchema } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import { TlsParameters_TlsProtocol as TlsVersion } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js'
import type { Secret } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import {
  UpstreamTlsContextSchema,
  type CommonTlsContextSchema,
} from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js'
import type { ClientTlsSettings } from '../../resources/destination-rule.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import {
  certificateFiles,
  certificateSecret,
  isConfigMapName,
  NO_CREDENTIAL,
  rootsOfConfigMapName,
  rootsFile,
  rootsSecret,
  type Credential,
} from '../destination/credentials.ts'
import { any } from '../envoy-message.ts'
import type { TlsFromRequest } from './http-options.ts'

type CommonTlsContextInit = MessageInitShape<typeof CommonTlsContextSchema>

/** Who verifies whom. */
export interface UpstreamTls {
  readonly settings: ClientTlsSettings
  readonly secrets: readonly Secret[]
  readonly certificate: Secret | undefined
  /** Undefined: the host is not verified. */
  readonly roots: Secret | undefined
}

/** Undefined: plain. ISTIO_MUTUAL is the tunnel's own TLS. With a problem the cluster must not be reached at all. */
export function upstreamTls(
  settings: ClientTlsSettings | undefined,
  reader: ResourceReader,
  waypointNamespace: string,
): UpstreamTls | { readonly problem: string } | undefined {
  if (settings?.mode !== 'SIMPLE' && settings?.mode !== 'MUTUAL') return undefined
  const { credentialName, clientCertificate = '', privateKey = '', caCertificates, insecureSkipVerify } = settings
  const isSecret = credentialName !== undefined && credentialName !== ''
  if (credentialName === NO_CREDENTIAL) return { problem: 'there are no roots to verify the host by' }
  if (credentialName !== undefined && isConfigMapName(credentialName)) {
    return resolved(settings, undefined, rootsOfConfigMapName(reader, credentialName))
  }
  const certificate = settings.mode === 'SIMPLE' ? undefined :
    isSecret ? certificateSecret(reader, waypointNamespace, credentialName) : certificateFiles(clientCertificate, privateKey) // prettier-ignore
  const roots = insecureSkipVerify === true ? undefined :
    isSecret ? rootsSecret(reader, waypointNamespace, credentialName) : rootsFile(caCertificates) // prettier-ignore
  return resolved(settings, certificate, roots)
}

function resolved(
  settings: ClientTlsSettings,
  certificate: Credential | undefined,
  roots: Credential | undefined,
): UpstreamTls | { readonly problem: string } {
  const secrets: Secret[] = []
  for (const credential of [certificate, roots]) {
    if (credential === undefined) continue
    if ('problem' in credential) return credential
    secrets.push(credential.secret)
  }
  const secretOf = (credential: Credential | undefined) =>
    credential !== undefined && 'secret' in credential ? credential.secret : undefined
  return { settings, secrets, certificate: secretOf(certificate), roots: secretOf(roots) }
}

/** Without a name of its own the context takes the request's, and verifies that. */
export function tlsFromRequest({ settings }: UpstreamTls): TlsFromRequest {
  const { sni = '', subjectAltNames = [], insecureSkipVerify } = settings
  if (sni !== '') return undefined
  const autoSanValidation = subjectAltNames.length === 0 && insecureSkipVerify !== true
  return { autoSni: true, ...(autoSanValidation && { autoSanValidation }) }
}

export function tlsSocket(tls: UpstreamTls, http2: boolean): MessageInitShape<typeof TransportSocketSchema> {
  const { settings, certificate } = tls
  const context = any(UpstreamTlsContextSchema, {
    sni: settings.sni ?? '',
    commonTlsContext: {
      tlsParams: { tlsMinimumProtocolVersion: TlsVersion.TLSv1_2, tlsMaximumProtocolVersion: TlsVersion.TLSv1_3 },
      ...(http2 && { alpnProtocols: ['h2'] }),
      ...(certificate && { tlsCertificateSdsSecretConfigs: [{ name: certificate.name }] }),
      ...validation(tls),
    },
  })
  return { name: 'envoy.transport_sockets.tls', configType: { case: 'typedConfig', value: context } }
}

function validation({ settings, roots }: UpstreamTls): Pick<CommonTlsContextInit, 'validationContextType'> {
  if (roots === undefined) return {}
  const { subjectAltNames = [], caCrl } = settings
  return {
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        defaultValidationContext: {
          matchSubjectAltNames: subjectAltNames.map((name) => ({ matchPattern: { case: 'exact', value: name } })),
          ...(caCrl && { crl: { specifier: { case: 'filename', value: caCrl } } }),
        },
        validationContextSdsSecretConfig: { name: roots.name },
      },
    },
  }
}
