// Secret messages as the values that TLS contexts use.

import type { Secret } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { certificateOf, textOf } from '../cluster/compile-tls.ts'
import type { SecretValue } from '../cluster/secret-set.ts'

export function compileSecret(message: Secret, problems: Problems): SecretValue | undefined {
  const { type } = message
  if (type.case === 'tlsCertificate') {
    const certificate = certificateOf(type.value)
    if (certificate !== undefined) return { kind: 'certificate', certificate }
  } else if (type.case === 'validationContext') {
    const pem = textOf(type.value.trustedCa)
    if (pem !== undefined) return { kind: 'trustedCa', pem }
  }
  problems.add('a secret needs a tls_certificate with chain and key, or a validation_context with trusted_ca')
  return undefined
}
