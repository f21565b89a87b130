// Where in DestinationRules a setting stands that translation has in its hands, for messages.

import type { DestinationRule } from '../../resources/destination-rule.ts'
import type { FieldPath } from '../../resources/field-path.ts'

/** By reference: rules are immutable, and what is read from them is not copied. */
export function placeOf(
  rules: readonly DestinationRule[],
  setting: unknown,
): { readonly object: DestinationRule; readonly path: FieldPath } | undefined {
  if (setting === undefined) return undefined
  for (const rule of rules) {
    const path = pathTo(rule.spec, setting, ['spec'])
    if (path !== undefined) return { object: rule, path }
  }
  return undefined
}

function pathTo(value: unknown, setting: unknown, path: FieldPath): FieldPath | undefined {
  if (value === setting) return path
  if (typeof value !== 'object' || value === null) return undefined
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value)
  for (const key of keys) {
    const found = pathTo((value as Record<string | number, unknown>)[key], setting, [...path, key])
    if (found !== undefined) return found
  }
  return undefined
}
