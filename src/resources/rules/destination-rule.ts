// What Istio's webhook demands of a DestinationRule beyond its structure.

import type { DestinationRule } from '../destination-rule.ts'
import type { Report } from '../schema.ts'
import { isDnsLabel, isWildcardDomain } from './domain-name.ts'
import { checkExportTo } from './export-to.ts'
import { checkTrafficPolicy } from './traffic-policy.ts'

export function checkDestinationRule({ spec }: DestinationRule, report: Report): void {
  if (!isWildcardDomain(spec.host)) {
    report(
      ['spec', 'host'],
      `${JSON.stringify(spec.host)} is not a host name`,
      'write a name, or "*." and the end of one',
    )
  }
  if (spec.trafficPolicy !== undefined) checkTrafficPolicy(spec.trafficPolicy, ['spec', 'trafficPolicy'], report)
  const names = new Set<string>()
  for (const [index, { name, trafficPolicy }] of (spec.subsets ?? []).entries()) {
    const path = ['spec', 'subsets', index]
    if (!isDnsLabel(name)) {
      report(
        [...path, 'name'],
        `${JSON.stringify(name)} is not a subset name`,
        'use lower-case letters, digits and "-"',
      )
    } else if (names.has(name)) report([...path, 'name'], `${JSON.stringify(name)} is used twice`, 'rename one')
    names.add(name)
    if (trafficPolicy !== undefined) checkTrafficPolicy(trafficPolicy, [...path, 'trafficPolicy'], report)
  }
  checkExportTo(spec.exportTo, ['spec', 'exportTo'], report)
  const isSelective = spec.workloadSelector !== undefined
  if (isSelective && spec.exportTo?.some((namespace) => namespace !== '.') === true) {
    report(['spec', 'exportTo'], 'must be "." beside workloadSelector', 'write ["."], or remove one of the two')
  }
}
