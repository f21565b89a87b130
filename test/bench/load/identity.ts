// TLS settings of both ends of the load, as ztunnel has them.

import { readFileSync } from 'node:fs'
import type { IdentityFiles } from '../../support/certificates.ts'

export function readTlsIdentity(files: IdentityFiles) {
  return {
    cert: readFileSync(files.chainFile),
    key: readFileSync(files.keyFile),
    ca: readFileSync(files.rootFile),
    minVersion: 'TLSv1.3' as const,
    ciphers: 'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256',
    /** The chain is verified; the name is a SPIFFE ID, which is not this harness's concern. */
    checkServerIdentity: () => undefined,
  }
}
