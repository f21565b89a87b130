// The objects of several texts as one set: an object that is written twice is an error, and the first one counts.

import type { Diagnostic } from './diagnostic.ts'
import type { AnyObject } from './kinds.ts'
import { describeObject } from './object-meta.ts'

export interface MergedObjects {
  readonly objects: readonly AnyObject[]
  readonly diagnostics: readonly Diagnostic[]
}

export function mergeObjects(sets: Iterable<readonly AnyObject[]>): MergedObjects {
  const objects = new Map<string, AnyObject>()
  const diagnostics: Diagnostic[] = []
  for (const set of sets) {
    for (const object of set) {
      const name = describeObject(object)
      const first = objects.get(name)
      if (first === undefined) {
        objects.set(name, object)
        continue
      }
      const { file, line } = object.source
      const message = `is written twice, first in ${first.source.file}:${first.source.line}`
      diagnostics.push({
        severity: 'error',
        file,
        line,
        object: name,
        field: '',
        message,
        remedy: 'remove one of the two',
      })
    }
  }
  return { objects: [...objects.values()], diagnostics }
}
