// envoy.admin.v3.Certificates.

import { create } from '@bufbuild/protobuf'
import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { CertificatesSchema } from '../../envoy/generated/envoy/admin/v3/certs_pb.js'
import type { CertificateDetailsSchema } from '../../envoy/generated/envoy/admin/v3/certs_pb.js'
import type { CertificateDetails, CertificateStatus } from '../admin-source.ts'
import { printWithDefaults } from './print-with-defaults.ts'

const MS_PER_DAY = 86_400_000

export function certificatesJson(statuses: readonly CertificateStatus[], nowMs: number): JsonObject {
  const message = create(CertificatesSchema, {
    certificates: statuses.map(({ caCertificates, certificateChain }) => ({
      caCert: caCertificates.map((one) => detailFields(one, nowMs)),
      certChain: certificateChain.map((one) => detailFields(one, nowMs)),
    })),
  })
  return printWithDefaults(CertificatesSchema, message)
}

function detailFields(one: CertificateDetails, nowMs: number): MessageInitShape<typeof CertificateDetailsSchema> {
  return {
    path: one.path,
    serialNumber: one.serialNumber,
    subjectAltNames: one.subjectAltNames.map(({ kind, value }) => ({ name: { case: kind, value } })),
    // Whole days that are left; none of an expired one.
    daysUntilExpiration: BigInt(Math.max(0, Math.floor((one.expirationMs - nowMs) / MS_PER_DAY))),
    validFrom: timestampFromMs(one.validFromMs),
    expirationTime: timestampFromMs(one.expirationMs),
  }
}
