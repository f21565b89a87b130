// GET /certs: the certificates in use, and how long they are good for.

import { create } from '@bufbuild/protobuf'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { CertificatesSchema } from '../../envoy/generated/envoy/admin/v3/certs_pb.js'
import type { CertificateDetailsSchema } from '../../envoy/generated/envoy/admin/v3/certs_pb.js'
import type { CertificateDetails } from '../admin-source.ts'
import { jsonAnswer } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'
import { printWithDefaults } from '../print-with-defaults.ts'

const MS_PER_DAY = 86_400_000

export const certs: Endpoint = {
  path: '/certs',
  help: 'print certs on machine',
  answer(_, source) {
    const nowMs = Date.now()
    const message = create(CertificatesSchema, {
      certificates: source.certificates().map(({ caCertificates, certificateChain }) => ({
        caCert: caCertificates.map((one) => detailFields(one, nowMs)),
        certChain: certificateChain.map((one) => detailFields(one, nowMs)),
      })),
    })
    return jsonAnswer(printWithDefaults(CertificatesSchema, message))
  },
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
