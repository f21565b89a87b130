// The certificates of the secrets that are in use, as `/certs` prints them.

import { X509Certificate } from 'node:crypto'
import { fromBinary } from '@bufbuild/protobuf'
import type { CertificateDetails, CertificateStatus } from '../admin/admin-source.ts'
import type { DataSource } from '../envoy/generated/envoy/config/core/v3/base_pb.js'
import { SecretSchema } from '../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import type { Snapshot } from '../envoy/snapshot.ts'
import { parseCertificate } from '../proxy/connection/certificate-facts.ts'

export function certificatesOf(snapshot: Snapshot): CertificateStatus[] {
  const caCertificates: CertificateDetails[] = []
  const certificateChain: CertificateDetails[] = []
  for (const entry of snapshot.entries.values()) {
    if (entry.kind !== 'secret') continue
    const { type } = fromBinary(SecretSchema, entry.bytes)
    if (type.case === 'tlsCertificate') certificateChain.push(...detailsOf(type.value.certificateChain))
    else if (type.case === 'validationContext') caCertificates.push(...detailsOf(type.value.trustedCa))
  }
  return caCertificates.length + certificateChain.length === 0 ? [] : [{ caCertificates, certificateChain }]
}

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

function detailsOf(source: DataSource | undefined): CertificateDetails[] {
  const specifier = source?.specifier
  const pem =
    specifier?.case === 'inlineString'
      ? specifier.value
      : specifier?.case === 'inlineBytes'
        ? Buffer.from(specifier.value).toString()
        : ''
  return (pem.match(PEM_BLOCK) ?? []).map((block) => {
    const facts = parseCertificate(new X509Certificate(block))
    return {
      path: '<inline>',
      serialNumber: facts.serial,
      subjectAltNames: [
        ...facts.uriSans.map((value) => ({ kind: 'uri' as const, value })),
        ...facts.dnsSans.map((value) => ({ kind: 'dns' as const, value })),
        ...facts.ipSans.map((value) => ({ kind: 'ipAddress' as const, value })),
      ],
      validFromMs: facts.validFromMs,
      expirationMs: facts.validToMs,
    }
  })
}
