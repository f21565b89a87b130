// Names, namespaces, labels and annotations, as the API server checks them (RFC 1123 names, qualified label keys).

import type { ObjectMeta } from '../object-meta.ts'
import type { Report } from '../schema.ts'

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const qualifiedName = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/

/** How an object of a kind may be called. */
export type NameRule = 'label' | 'subdomain'

export function checkMetadata(metadata: ObjectMeta, nameRule: NameRule, report: Report): void {
  checkName(metadata.name, nameRule, report)
  if (metadata.namespace !== '' && !label.test(metadata.namespace)) {
    report(['metadata', 'namespace'], `${JSON.stringify(metadata.namespace)} is not a namespace name`, nameRemedy.label)
  }
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    checkKey('labels', key, report)
    if (!labelValue.test(value)) {
      report(
        ['metadata', 'labels', key],
        `${JSON.stringify(value)} is not a label value`,
        'use at most 63 letters, digits, "-", "_" and "."',
      )
    }
  }
  for (const key of Object.keys(metadata.annotations ?? {})) checkKey('annotations', key, report)
}

const nameRemedy = {
  label: 'use at most 63 lower-case letters, digits and "-"',
  subdomain: 'use at most 253 lower-case letters, digits, "-" and "."',
}

function checkName(name: string, rule: NameRule, report: Report): void {
  const valid = rule === 'label' ? label.test(name) : name.length <= 253 && subdomain.test(name)
  if (!valid) report(['metadata', 'name'], `${JSON.stringify(name)} is not a name for this kind`, nameRemedy[rule])
}

function checkKey(field: 'labels' | 'annotations', key: string, report: Report): void {
  const slash = key.indexOf('/')
  const prefix = slash < 0 ? undefined : key.slice(0, slash)
  const valid = (prefix === undefined || subdomain.test(prefix)) && qualifiedName.test(key.slice(slash + 1))
  if (!valid) report(['metadata', field, key], 'is not a valid key', 'write name or domain.example/name')
}
