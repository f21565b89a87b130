// The rules that the CRDs of backend policies state in CEL.

import type { BackendTlsPolicy, XBackendTrafficPolicy } from '../backend-policy.ts'
import { parseGatewayDuration } from '../gateway-duration.ts'
import type { Report } from '../schema.ts'

export function checkBackendTlsPolicy({ spec }: BackendTlsPolicy, report: Report): void {
  const seen = new Set<string>()
  for (const [index, { group, kind, name, sectionName }] of spec.targetRefs.entries()) {
    const key = JSON.stringify([group, kind, name, sectionName])
    if (seen.has(key))
      report(['spec', 'targetRefs', index], 'repeats another target', 'remove it, or name a sectionName')
    seen.add(key)
  }
  const { caCertificateRefs = [], wellKnownCACertificates = '', subjectAltNames = [] } = spec.validation
  const path = ['spec', 'validation']
  if (caCertificateRefs.length > 0 && wellKnownCACertificates !== '') {
    report([...path, 'wellKnownCACertificates'], 'must not stand beside caCertificateRefs', 'remove one of the two')
  } else if (caCertificateRefs.length === 0 && wellKnownCACertificates === '') {
    report([...path, 'caCertificateRefs'], 'is required', 'add it, or wellKnownCACertificates: System')
  }
  for (const [index, { type, hostname = '', uri = '' }] of subjectAltNames.entries()) {
    const at = [...path, 'subjectAltNames', index]
    const [own, value, other, unused] =
      type === 'Hostname' ? ['hostname', hostname, 'uri', uri] : ['uri', uri, 'hostname', hostname]
    if (value === '') report([...at, own], `is required for type ${type}`, 'add it')
    if (unused !== '') report([...at, other], `must not be set for type ${type}`, 'remove it')
  }
}

const hourMs = 3_600_000

export function checkBackendTrafficPolicy({ spec }: XBackendTrafficPolicy, report: Report): void {
  const { budget, minRetryRate } = spec.retryConstraint ?? {}
  for (const [key, interval, leastMs] of [
    ['budget', budget?.interval, 1000],
    ['minRetryRate', minRetryRate?.interval, 0],
  ] as const) {
    if (interval === undefined) continue
    const milliseconds = parseGatewayDuration(interval) ?? 0
    if (milliseconds >= leastMs && milliseconds <= hourMs) continue
    report(['spec', 'retryConstraint', key, 'interval'], 'must be from 1s to 1h')
  }
}
