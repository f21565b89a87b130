// The two secrets that a waypoint's TLS contexts name, as Istio's agent calls them: `default` is the waypoint's own certificate,
// `ROOTCA` the roots of the mesh.

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import type { DataSourceSchema } from './generated/envoy/config/core/v3/base_pb.js'
import { SecretSchema, type Secret } from './generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'

export const CERTIFICATE_SECRET = 'default'
export const ROOTS_SECRET = 'ROOTCA'

/** The names that Istio gives to the files of a workload's certificate. */
export const certificateFileNames = {
  certificateChain: 'cert-chain.pem',
  privateKey: 'key.pem',
  roots: 'root-cert.pem',
} as const

export interface MeshCertificates {
  /** Whether the three texts are the names of files or PEM. */
  readonly as: 'filename' | 'inlineString'
  /** The waypoint's certificate and what is above it, leaf first. */
  readonly certificateChain: string
  readonly privateKey: string
  readonly roots: string
}

/** The files of a folder, for an Envoy that reads them itself. */
export function certificatesInFolder(folder: string): MeshCertificates {
  const base = folder.replace(/\/+$/, '')
  const { certificateChain, privateKey, roots } = certificateFileNames
  return {
    as: 'filename',
    certificateChain: `${base}/${certificateChain}`,
    privateKey: `${base}/${privateKey}`,
    roots: `${base}/${roots}`,
  }
}

export function meshSecrets({ as, certificateChain, privateKey, roots }: MeshCertificates): Secret[] {
  const source = (value: string): MessageInitShape<typeof DataSourceSchema> => ({ specifier: { case: as, value } })
  const tlsCertificate = { certificateChain: source(certificateChain), privateKey: source(privateKey) }
  return [
    create(SecretSchema, { name: CERTIFICATE_SECRET, type: { case: 'tlsCertificate', value: tlsCertificate } }),
    create(SecretSchema, {
      name: ROOTS_SECRET,
      type: { case: 'validationContext', value: { trustedCa: source(roots) } },
    }),
  ]
}
