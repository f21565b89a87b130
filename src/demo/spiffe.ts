// Reads the SPIFFE identity of a TLS peer. Whether it is trusted was decided by the handshake.

import type { TLSSocket } from 'node:tls'

/** The first `spiffe://` URI among the alternative names of the peer's certificate. */
export function spiffeIdOf(socket: TLSSocket): string | undefined {
  return spiffeIdsOf(socket.getPeerCertificate().subjectaltname)[0]
}

/** Node prints alternative names as `URI:spiffe://…, DNS:…`, and quotes a value that has a comma. */
export function spiffeIdsOf(alternativeNames: string | undefined): string[] {
  return [...(alternativeNames ?? '').matchAll(/(?:^|, )URI:(spiffe:\/\/[^,"\s]+)(?=$|, )/g)].map((match) => match[1])
}
