// What Istio's webhook demands of the TLS settings of a DestinationRule.

import type { ClientTlsSettings } from '../destination-rule.ts'
import type { FieldPath } from '../field-path.ts'
import type { Report } from '../schema.ts'

export function checkClientTls(tls: ClientTlsSettings, path: FieldPath, report: Report): void {
  if (tls.mode !== 'SIMPLE' && tls.mode !== 'MUTUAL') return
  const { credentialName, insecureSkipVerify } = tls
  if (insecureSkipVerify === true) {
    const verifies = (['caCertificates', 'subjectAltNames'] as const).find((key) => tls[key] !== undefined)
    if (verifies !== undefined) {
      report([...path, verifies], 'must not stand beside insecureSkipVerify', 'remove one of the two')
    }
  }
  if (credentialName !== undefined && credentialName !== '') {
    const files = ['clientCertificate', 'privateKey', 'caCertificates', 'caCrl'] as const
    const file = files.find((key) => tls[key] !== undefined)
    if (file !== undefined) report([...path, file], 'must not stand beside credentialName', 'remove one of the two')
    return
  }
  if (tls.mode !== 'MUTUAL') return
  for (const key of ['clientCertificate', 'privateKey'] as const) {
    if (!tls[key]) report([...path, key], 'is required for mode MUTUAL', 'add it, or credentialName')
  }
}
