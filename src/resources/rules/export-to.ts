// The namespaces to which an Istio object is visible: `*` for all, `.` for its own, or names.

import type { FieldPath } from '../field-path.ts'
import type { Report } from '../schema.ts'
import { isDnsLabel } from './domain-name.ts'

export function checkExportTo(exportTo: readonly string[] | undefined, path: FieldPath, report: Report): void {
  for (const [index, namespace] of (exportTo ?? []).entries()) {
    if (namespace === '*' || namespace === '.' || namespace === '~' || isDnsLabel(namespace)) continue
    report([...path, index], `${JSON.stringify(namespace)} is not a namespace`, 'write a namespace, "." or "*"')
  }
  if (exportTo !== undefined && exportTo.length > 1 && exportTo.includes('*')) {
    report(path, 'names namespaces beside "*"', 'write ["*"], or leave it out')
  }
}
