// Secret messages as the values that TLS contexts use.

import { createSecureContext } from 'node:tls'
import type { Secret } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { certificateOf, textOf } from '../cluster/compile-tls.ts'
import type { SecretValue } from '../cluster/secret-set.ts'

/** Undefined, with a problem, when there is no certificate in it that can be used. */
export function compileSecret(message: Secret, problems: Problems): SecretValue | undefined {
  const secret = secretOf(message)
  if (secret === undefined) {
    problems.add('a secret needs a tls_certificate with chain and key, or a validation_context with trusted_ca')
    return undefined
  }
  try {
    if (secret.kind === 'trustedCa') createSecureContext({ ca: secret.pem })
    else createSecureContext({ cert: secret.certificate.certificateChain, key: secret.certificate.privateKey })
    return secret
  } catch (error) {
    problems.add(`the certificate, its key or the trusted roots cannot be used: ${(error as Error).message}`)
    return undefined
  }
}

function secretOf({ type }: Secret): SecretValue | undefined {
  if (type.case === 'tlsCertificate') {
    const certificate = certificateOf(type.value)
    return certificate === undefined ? undefined : { kind: 'certificate', certificate }
  }
  if (type.case !== 'validationContext') return undefined
  const pem = textOf(type.value.trustedCa)
  return pem === undefined ? undefined : { kind: 'trustedCa', pem }
}
