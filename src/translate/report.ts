// Collects what translation has to say about objects, each with the file and line of the field.

import type { Diagnostic } from '../resources/diagnostic.ts'
import { formatFieldPath, type FieldPath } from '../resources/field-path.ts'
import { describeObject, type KubernetesObject } from '../resources/object-meta.ts'

export class TranslationReport {
  readonly diagnostics: Diagnostic[] = []
  private readonly seen = new Set<string>()

  /** Something is refused: `path` of `object` is not carried out. */
  error(object: KubernetesObject, path: FieldPath, message: string, remedy = ''): void {
    this.note('error', object, path, message, remedy)
  }

  /** Something is carried out, but perhaps not as meant. */
  warning(object: KubernetesObject, path: FieldPath, message: string, remedy = ''): void {
    this.note('warning', object, path, message, remedy)
  }

  private note(
    severity: Diagnostic['severity'],
    object: KubernetesObject,
    path: FieldPath,
    message: string,
    remedy: string,
  ): void {
    const name = describeObject(object)
    const field = formatFieldPath(path)
    // A route is translated for each port of its Service; what is wrong with it is said once.
    const key = JSON.stringify([name, field, message])
    if (this.seen.has(key)) return
    this.seen.add(key)
    const place = { file: object.source.file, line: object.source.locate(path) }
    this.diagnostics.push({ severity, ...place, object: name, field, message, remedy })
  }
}
