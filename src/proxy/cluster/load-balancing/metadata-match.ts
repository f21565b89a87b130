// What a route wants of its hosts' `envoy.lb` metadata (metadata_match), ready for look-ups of subsets.

import type { Metadata, MetadataStruct, MetadataValue } from '../../stream/metadata.ts'

export type Criterion = readonly [name: string, value: MetadataValue]

export class MetadataMatch {
  /** In the order of their names. */
  readonly criteria: readonly Criterion[]
  /** The same for the same criteria. */
  readonly key: string
  /** Names alone. */
  readonly namesKey: string
  private readonly parts = new Map<string, MetadataMatch>()

  constructor(criteria: readonly Criterion[]) {
    this.criteria = criteria.toSorted(([a], [b]) => (a < b ? -1 : 1))
    this.key = subsetKey(this.criteria)
    this.namesKey = namesKey(criteria.map(([name]) => name))
  }

  /** The criteria with these names, as far as there are any. Made once. */
  only(names: readonly string[]): MetadataMatch {
    const key = namesKey(names)
    let part = this.parts.get(key)
    if (part === undefined) {
      part = new MetadataMatch(this.criteria.filter(([name]) => names.includes(name)))
      this.parts.set(key, part)
    }
    return part
  }
}

/** Of a route, or of a weighted cluster of the `outer` route, whose criteria it overrides one by one. */
export function metadataMatch(metadata: Metadata, outer?: MetadataMatch): MetadataMatch | undefined {
  const fields = metadata.get('envoy.lb')
  if (fields === undefined) return outer
  const kept = outer?.criteria.filter(([name]) => !Object.hasOwn(fields, name)) ?? []
  return new MetadataMatch([...kept, ...criteriaOf(fields)])
}

export function criteriaOf(fields: MetadataStruct): Criterion[] {
  const criteria: Criterion[] = []
  for (const name in fields) criteria.push([name, fields[name]])
  return criteria
}

export function subsetKey(criteria: readonly Criterion[]): string {
  return criteria.map(([name, value]) => `${JSON.stringify(name)}:${valueKey(value)}`).join()
}

export function namesKey(names: readonly string[]): string {
  return JSON.stringify(names.toSorted())
}

/** The same for equal values, whatever the order of their fields. */
export function valueKey(value: MetadataValue): string {
  if (Array.isArray(value)) return `[${value.map(valueKey).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = criteriaOf(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${subsetKey(fields)}}`
}
