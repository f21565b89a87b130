// Operators on the certificates and sessions of both sides.

import type { CertificateFacts, TlsFacts } from '../stream/connection-facts.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { plain, textOperator } from './operator.ts'
import type { OperatorFactory } from './operator.ts'
import { compileTime } from './time-operators.ts'

type TlsOf = (info: StreamInfo) => TlsFacts | undefined

export const TLS_OPERATORS: ReadonlyMap<string, OperatorFactory> = new Map<string, OperatorFactory>([
  ...sideOperators('DOWNSTREAM', (info) => info.connection.tls),
  ...sideOperators('UPSTREAM', (info) => info.upstream.tls),
])

function sideOperators(side: string, tlsOf: TlsOf): [string, OperatorFactory][] {
  const certificate = (end: 'local' | 'peer', read: (facts: CertificateFacts) => string): OperatorFactory =>
    plain(textOperator((info) => orMissing(tlsOf(info)?.[end], read)))
  const time = (read: (facts: CertificateFacts) => number): OperatorFactory => certificateTime(tlsOf, read)
  return [
    ...(['local', 'peer'] as const).flatMap((end): [string, OperatorFactory][] => {
      const name = `${side}_${end.toUpperCase()}`
      return [
        [`${name}_URI_SAN`, certificate(end, (facts) => facts.uriSans.join(','))],
        [`${name}_DNS_SAN`, certificate(end, (facts) => facts.dnsSans.join(','))],
        [`${name}_IP_SAN`, certificate(end, (facts) => facts.ipSans.join(','))],
        [`${name}_EMAIL_SAN`, certificate(end, (facts) => facts.emailSans.join(','))],
        [`${name}_SUBJECT`, certificate(end, (facts) => facts.subject)],
      ]
    }),
    [`${side}_PEER_ISSUER`, certificate('peer', (facts) => facts.issuer)],
    [`${side}_PEER_SERIAL`, certificate('peer', (facts) => facts.serial)],
    [`${side}_PEER_FINGERPRINT_256`, certificate('peer', (facts) => facts.sha256)],
    [`${side}_PEER_CERT`, certificate('peer', (facts) => encodeURIComponent(facts.pem))],
    [`${side}_PEER_CERT_V_START`, time((facts) => facts.validFromMs)],
    [`${side}_PEER_CERT_V_END`, time((facts) => facts.validToMs)],
    [`${side}_TLS_VERSION`, plain(textOperator((info) => nonEmpty(tlsOf(info)?.version)))],
    [`${side}_TLS_CIPHER`, plain(textOperator((info) => nonEmpty(tlsOf(info)?.cipher)))],
  ]
}

function certificateTime(tlsOf: TlsOf, read: (facts: CertificateFacts) => number): OperatorFactory {
  return (call, _, problems) => {
    const format = compileTime(call, problems)
    if (format === undefined) return undefined
    return textOperator((info) => {
      const peer = tlsOf(info)?.peer
      return peer && format(read(peer))
    })
  }
}

function orMissing(facts: CertificateFacts | undefined, read: (facts: CertificateFacts) => string): string | undefined {
  return facts && nonEmpty(read(facts))
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
