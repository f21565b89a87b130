// What is known of a connection besides its bytes: addresses, TLS peers, the filter state it carries.

import type { FilterState } from './filter-state.ts'
import type { Metadata } from './metadata.ts'

/** An address as Envoy prints it: `10.0.0.1:80`, `[::1]:80`, `envoy://listener/endpoint`. */
export interface Address {
  readonly text: string
  /** The IP without brackets; '' for internal addresses. */
  readonly ip: string
  /** 0 for internal addresses. */
  readonly port: number
}

/** Facts of one side of a TLS session. Lists keep the certificate's order. */
export interface CertificateFacts {
  readonly uriSans: readonly string[]
  readonly dnsSans: readonly string[]
  readonly ipSans: readonly string[]
  readonly emailSans: readonly string[]
  /** RFC 2253 text. */
  readonly subject: string
  readonly issuer: string
  readonly serial: string
  /** Lower-case hex. */
  readonly sha256: string
  readonly validFromMs: number
  readonly validToMs: number
  readonly pem: string
}

export interface TlsFacts {
  readonly local: CertificateFacts | undefined
  readonly peer: CertificateFacts | undefined
  /** The peer's chain leads to a trusted root. False where no root is configured, whatever the peer presented. */
  readonly isPeerVerified: boolean
  readonly version: string
  readonly cipher: string
  readonly alpn: string
  readonly sni: string
}

/** Mutable while listener filters run (original_dst, tls_inspector, http_inspector), constant afterwards. */
export interface ConnectionFacts {
  readonly id: number
  /** `%DOWNSTREAM_LOCAL_ADDRESS%`: the address the client wanted; restored by original_dst. */
  localAddress: Address
  /** `%DOWNSTREAM_REMOTE_ADDRESS%` of the connection; restored by original_dst. */
  remoteAddress: Address
  /** The socket's own ends, never restored. */
  readonly directLocalAddress: Address
  readonly directRemoteAddress: Address
  readonly tls: TlsFacts | undefined
  /** From TLS or from tls_inspector. */
  requestedServerName: string
  /** ALPN or what the inspectors found: `h2c`, `http/1.1`. */
  applicationProtocols: readonly string[]
  /** `tls` or `raw_buffer`. */
  transportProtocol: string
  filterState: FilterState
  /** Host and cluster metadata that the internal upstream transport passed on: namespace -> struct. */
  readonly metadata: Metadata
  filterChainName: string
  /** `%CONNECTION_TERMINATION_DETAILS%`. */
  terminationDetails: string
}
