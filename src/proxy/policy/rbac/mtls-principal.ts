// The principal extension envoy.extensions.rbac.principals.mtls_authenticated.v3: a client whose certificate was verified, and,
// if a name is asked for, has that name. Unlike `authenticated` it never holds for a certificate that nobody verified.

import { fromBinary } from '@bufbuild/protobuf'
import { typeNameOf } from '../../../envoy/any.ts'
import type { TypedExtensionConfig } from '../../../envoy/generated/envoy/config/core/v3/extension_pb.js'
import { ConfigSchema } from '../../../envoy/generated/envoy/extensions/rbac/principals/mtls_authenticated/v3/mtls_authenticated_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import { compileSanMatcher } from '../../cluster/compile-tls.ts'
import { hasSan } from '../../connection/tls-context.ts'
import type { SanMatcher } from '../../connection/tls-context.ts'
import { describeStringMatcher } from '../../matching/string-matcher.ts'
import type { StreamInfo } from '../../stream/stream-info.ts'
import { NOTHING } from './compile-rule.ts'
import type { Rule } from './rbac-engine.ts'

/** Any other extension of principals is refused by name. */
export function mtlsPrincipal(extension: TypedExtensionConfig, problems: Problems): Rule {
  const any = extension.typedConfig
  if (any === undefined || typeNameOf(any.typeUrl) !== ConfigSchema.typeName) {
    problems.add(`the principal extension "${extension.name}" is not supported`)
    return NOTHING
  }
  const { sanMatcher, anyValidatedClientCertificate } = fromBinary(ConfigSchema, any.value)
  const at = problems.at('typed_config')
  if (sanMatcher !== undefined) {
    const san = compileSanMatcher(sanMatcher, at.at('san_matcher'))
    const text = `verified as ${san.sanType} ${describeStringMatcher(sanMatcher.matcher)}`
    return { text, test: (info) => isVerified(info, san) }
  }
  if (!anyValidatedClientCertificate) at.add('needs san_matcher or any_validated_client_certificate')
  return { text: 'verified', test: (info) => info.connection.tls?.isPeerVerified === true }
}

function isVerified({ connection: { tls } }: StreamInfo, san: SanMatcher): boolean {
  return tls !== undefined && tls.peer !== undefined && tls.isPeerVerified && hasSan(tls.peer, san)
}
