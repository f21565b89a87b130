// x-forwarded-client-cert: what the next hop is told of the client's certificate.

import type { RequestHeaderMap } from '../../codec/header-map.ts'
import type { CertificateFacts, TlsFacts } from '../stream/connection-facts.ts'
import type { ClientCertDetails, HcmConfig } from './hcm-config.ts'

const NAME = 'x-forwarded-client-cert'

/** Every mode but `alwaysForwardOnly`, which touches nothing. Without a client certificate the header is removed. */
export function forwardClientCert(headers: RequestHeaderMap, config: HcmConfig, tls: TlsFacts | undefined): void {
  const peer = tls?.peer
  if (peer === undefined || config.forwardClientCert === 'sanitize') {
    headers.delete(NAME)
    return
  }
  if (config.forwardClientCert === 'forwardOnly') return
  const element = describe(peer, tls?.local, config.clientCertDetails)
  const existing = headers.getJoined(NAME)
  const isAppending = config.forwardClientCert === 'appendForward' && existing !== undefined && existing !== ''
  headers.set(NAME, isAppending ? `${existing},${element}` : element)
}

function describe(peer: CertificateFacts, local: CertificateFacts | undefined, details: ClientCertDetails): string {
  const parts: string[] = []
  for (const uri of local?.uriSans ?? []) parts.push(`By=${uri}`)
  parts.push(`Hash=${peer.sha256}`)
  if (details.cert) parts.push(`Cert="${encodeURIComponent(peer.pem)}"`)
  if (details.chain) parts.push(`Chain="${encodeURIComponent(peer.pem)}"`)
  if (details.subject) parts.push(`Subject="${peer.subject}"`)
  if (details.uri) {
    if (peer.uriSans.length === 0) parts.push('URI=')
    for (const uri of peer.uriSans) parts.push(`URI=${uri}`)
  }
  if (details.dns) for (const dns of peer.dnsSans) parts.push(`DNS=${dns}`)
  return parts.join(';')
}
