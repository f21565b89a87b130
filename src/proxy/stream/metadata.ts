// Metadata as filters, matchers and logs see it: plain JSON values by namespace. No protobuf Struct survives compilation.

export type MetadataValue = null | boolean | number | string | MetadataValue[] | MetadataStruct
export type MetadataStruct = { [key: string]: MetadataValue }

/** Static metadata of a route, cluster or host: `filter_metadata` by namespace. */
export type Metadata = ReadonlyMap<string, MetadataStruct>

export const NO_METADATA: Metadata = new Map()

/** What filters learn of one request, by namespace. Most requests never have any, so the map is made at the first write. */
export class DynamicMetadata {
  private namespaces: Map<string, MetadataStruct> | undefined = undefined

  get(namespace: string): MetadataStruct | undefined {
    return this.namespaces?.get(namespace)
  }

  /** Merges `fields` into the namespace as Envoy's setDynamicMetadata does: structs recursively, everything else replaced. */
  merge(namespace: string, fields: MetadataStruct): void {
    this.namespaces ??= new Map()
    const existing = this.namespaces.get(namespace)
    if (existing === undefined) this.namespaces.set(namespace, mergeStructs({}, fields))
    else mergeStructs(existing, fields)
  }

  /** All namespaces, for matchers and extensions that want everything; undefined when there are none. */
  get all(): Metadata | undefined {
    return this.namespaces
  }
}

/** The value at `path`, or undefined where a key is missing or a value on the way is no struct. */
export function metadataAt(struct: MetadataStruct | undefined, path: readonly string[]): MetadataValue | undefined {
  let value: MetadataValue | undefined = struct
  for (const key of path) {
    if (!isStruct(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value
}

export function isStruct(value: MetadataValue | undefined): value is MetadataStruct {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mergeStructs(into: MetadataStruct, from: MetadataStruct): MetadataStruct {
  for (const key in from) {
    const value = from[key]
    const existing = Object.hasOwn(into, key) ? into[key] : undefined
    // Keys may be an attacker's (JWT claims): defineProperty keeps `__proto__` an ordinary key.
    const merged = isStruct(value) ? mergeStructs(isStruct(existing) ? existing : {}, value) : value
    if (key === '__proto__')
      Object.defineProperty(into, key, { value: merged, enumerable: true, writable: true, configurable: true })
    else into[key] = merged
  }
  return into
}
