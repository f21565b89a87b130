// Kubernetes objects for tests, from YAML that is known to be right.

import { formatDiagnostic } from '../../src/resources/diagnostic.ts'
import type { AnyObject } from '../../src/resources/kinds.ts'
import { parseObjects } from '../../src/resources/parse-objects.ts'

export function objectsFrom(yaml: string): readonly AnyObject[] {
  const { objects, diagnostics } = parseObjects(yaml, 'test.yaml')
  if (diagnostics.length > 0) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
  return objects
}
