// What Istio's webhook demands of locality load balancing.

import type { LocalityLbSetting } from '../destination-rule.ts'
import type { FieldPath } from '../field-path.ts'
import type { Report } from '../schema.ts'

const topologyLabels = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone', 'topology.istio.io/subzone']

export function checkLocalityLbSetting(setting: LocalityLbSetting, path: FieldPath, report: Report): void {
  const { distribute = [], failover = [], failoverPriority = [] } = setting
  if (distribute.length > 0 && failover.length > 0) {
    report([...path, 'failover'], 'must not stand beside distribute', 'remove one of the two')
  }
  const topology = failoverPriority.findIndex((name) => topologyLabels.includes(name))
  if (failover.length > 0 && topology >= 0) {
    report([...path, 'failoverPriority', topology], 'must not be a label of topology beside failover', 'remove it')
  }
  for (const [index, { from, to = {} }] of distribute.entries()) {
    const at = [...path, 'distribute', index]
    checkLocality(from ?? '', [...at, 'from'], report)
    for (const [locality, weight] of Object.entries(to)) {
      checkLocality(locality, [...at, 'to', locality], report)
      if (weight < 1 || weight > 100) report([...at, 'to', locality], 'must be from 1 to 100')
    }
    const total = Object.values(to).reduce((sum, weight) => sum + weight, 0)
    if (total !== 100) report([...at, 'to'], `has weights that add up to ${total}`, 'make them 100 together')
  }
  for (const [index, { from = '', to = '' }] of failover.entries()) {
    const at = [...path, 'failover', index]
    for (const [key, region] of [['from', from], ['to', to]]) {
      if (region === '' || /[/*]/.test(region)) report([...at, key], 'must be a region', 'write its name alone')
    } // prettier-ignore
    if (from === to) report([...at, 'to'], 'must be another region than from')
  }
}

function checkLocality(locality: string, path: FieldPath, report: Report): void {
  const parts = locality.split('/')
  const valid = parts.length <= 3 && !parts.includes('') && !parts.slice(0, -1).includes('*')
  if (!valid) {
    report(
      path,
      `${JSON.stringify(locality)} is not a locality`,
      'write region/zone/subzone, with * at the end for any',
    )
  }
}
