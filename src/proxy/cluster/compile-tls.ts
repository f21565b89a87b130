// TLS contexts of Envoy's messages as runtime objects. Secrets come by name from the worker's secret set, or inline.

import type {
  CommonTlsContext,
  DownstreamTlsContext,
  UpstreamTlsContext,
} from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js'
import { TlsParameters_TlsProtocol } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js'
import type { TlsParameters } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js'
import { SubjectAltNameMatcher_SanType as SanType } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js'
import type {
  CertificateValidationContext,
  SubjectAltNameMatcher,
  TlsCertificate as TlsCertificateMessage,
} from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js'
import type { DataSource } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { TlsContext } from '../connection/tls-context.ts'
import type { SanMatcher, TlsCertificate, TlsSettings } from '../connection/tls-context.ts'
import { compileStringMatcher } from '../matching/string-matcher.ts'
import type { Secrets } from './secret-set.ts'

export function compileUpstreamTls(message: UpstreamTlsContext, secrets: Secrets, problems: Problems): TlsContext {
  return compileCommon(
    message.commonTlsContext,
    { requireClientCertificate: false, sni: message.sni },
    secrets,
    problems,
  )
}

export function compileDownstreamTls(message: DownstreamTlsContext, secrets: Secrets, problems: Problems): TlsContext {
  const requireClientCertificate = message.requireClientCertificate ?? false
  return compileCommon(message.commonTlsContext, { requireClientCertificate, sni: '' }, secrets, problems)
}

function compileCommon(
  common: CommonTlsContext | undefined,
  side: Pick<TlsSettings, 'requireClientCertificate' | 'sni'>,
  secrets: Secrets,
  problems: Problems,
): TlsContext {
  const at = problems.at('common_tls_context')
  const validation = validationOf(common)
  const settings: TlsSettings = {
    ...side,
    minVersion: protocolVersion(common?.tlsParams?.tlsMinimumProtocolVersion, 'TLSv1.2'),
    maxVersion: protocolVersion(common?.tlsParams?.tlsMaximumProtocolVersion, 'TLSv1.3'),
    alpnProtocols: common?.alpnProtocols ?? [],
    cipherSuites: joined(common?.tlsParams, 'cipherSuites'),
    ecdhCurves: joined(common?.tlsParams, 'ecdhCurves'),
    sanMatchers: compileSanMatchers(validation.inline, at),
  }
  const certificateName = common?.tlsCertificateSdsSecretConfigs[0]?.name
  const inlineCertificate = certificateOf(common?.tlsCertificates[0])
  const inlineCa = textOf(validation.inline?.trustedCa)
  const context = new TlsContext(settings, undefined)
  const refresh = (): void => {
    const certificate = certificateName === undefined ? inlineCertificate : secrets.certificate(certificateName)
    const trustedCa = validation.secretName === undefined ? inlineCa : secrets.trustedCa(validation.secretName)
    if (certificateName !== undefined && certificate === undefined) return
    if (validation.secretName !== undefined && trustedCa === undefined) return
    context.use({ certificate, trustedCa })
  }
  try {
    refresh()
  } catch (error) {
    at.add(`the certificate, its key or the trusted roots cannot be used: ${(error as Error).message}`)
  }
  if (certificateName !== undefined) secrets.onChange(certificateName, refresh)
  if (validation.secretName !== undefined) secrets.onChange(validation.secretName, refresh)
  return context
}

interface Validation {
  readonly inline: CertificateValidationContext | undefined
  readonly secretName: string | undefined
}

function validationOf(common: CommonTlsContext | undefined): Validation {
  const type = common?.validationContextType
  switch (type?.case) {
    case 'validationContext':
      return { inline: type.value, secretName: undefined }
    case 'validationContextSdsSecretConfig':
      return { inline: undefined, secretName: type.value.name }
    case 'combinedValidationContext':
      return {
        inline: type.value.defaultValidationContext,
        secretName: type.value.validationContextSdsSecretConfig?.name,
      }
    default:
      return { inline: undefined, secretName: undefined }
  }
}

const SAN_TYPES: ReadonlyMap<SanType, SanMatcher['sanType']> = new Map([
  [SanType.URI, 'uri'],
  [SanType.DNS, 'dns'],
  [SanType.IP_ADDRESS, 'ip'],
  [SanType.EMAIL, 'email'],
])

function compileSanMatchers(context: CertificateValidationContext | undefined, problems: Problems): SanMatcher[] {
  const at = problems.at('match_typed_subject_alt_names')
  return (context?.matchTypedSubjectAltNames ?? []).map((matcher, index) => compileSanMatcher(matcher, at.at(index)))
}

export function compileSanMatcher(matcher: SubjectAltNameMatcher, problems: Problems): SanMatcher {
  const sanType = SAN_TYPES.get(matcher.sanType)
  if (sanType === undefined) problems.at('san_type').add('must be one of URI, DNS, IP_ADDRESS and EMAIL')
  return { sanType: sanType ?? 'uri', matches: compileStringMatcher(matcher.matcher, 'text', problems.at('matcher')) }
}

export function certificateOf(message: TlsCertificateMessage | undefined): TlsCertificate | undefined {
  const certificateChain = textOf(message?.certificateChain)
  const privateKey = textOf(message?.privateKey)
  return certificateChain === undefined || privateKey === undefined ? undefined : { certificateChain, privateKey }
}

/** Files were read and put inline before the configuration came here. */
export function textOf(source: DataSource | undefined): string | undefined {
  const specifier = source?.specifier
  if (specifier?.case === 'inlineString') return specifier.value
  if (specifier?.case === 'inlineBytes') return Buffer.from(specifier.value).toString()
  return undefined
}

function protocolVersion(
  protocol: TlsParameters_TlsProtocol | undefined,
  byDefault: TlsSettings['minVersion'],
): TlsSettings['minVersion'] {
  switch (protocol) {
    case TlsParameters_TlsProtocol.TLSv1_0:
      return 'TLSv1'
    case TlsParameters_TlsProtocol.TLSv1_1:
      return 'TLSv1.1'
    case TlsParameters_TlsProtocol.TLSv1_2:
      return 'TLSv1.2'
    case TlsParameters_TlsProtocol.TLSv1_3:
      return 'TLSv1.3'
    default:
      return byDefault
  }
}

function joined(params: TlsParameters | undefined, field: 'cipherSuites' | 'ecdhCurves'): string | undefined {
  const values = params?.[field] ?? []
  return values.length === 0 ? undefined : values.join(':')
}
