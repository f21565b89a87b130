// Header lists as they pass through the proxy: one flat array of alternating names and values, in wire order.
// Names are lower-case (RFC 9113 8.2.1). Pseudo-header fields are properties, never entries of the list, whatever the
// protocol they came by; HTTP/1's start line fills the same properties.

/** A list of header or trailer fields. Lookups are linear: lists are short, and names are usually interned constants. */
export class HeaderMap {
  /** name, value, name, value … */
  fields: string[]
  /** Names of fields that came as never-indexed literals and must be so on every further HTTP/2 hop (RFC 7541 7.1.3). */
  neverIndexed: string[] | undefined = undefined
  /** How the peer spelled names, by lower-case name, where its connection keeps that (Envoy: preserve_case). */
  spelling: ReadonlyMap<string, string> | undefined = undefined

  constructor(fields: string[] = []) {
    this.fields = fields
  }

  /** Number of entries (not of array elements). */
  get size(): number {
    return this.fields.length >> 1
  }

  /** The first value of `name` (lower-case), or undefined. */
  get(name: string): string | undefined {
    const fields = this.fields
    for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1]
    return undefined
  }

  has(name: string): boolean {
    const fields = this.fields
    for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return true
    return false
  }

  /** All values of `name` joined with `,`, as inputs of matcher trees see them; undefined when absent. Route and RBAC matchers look at each. */
  getJoined(name: string): string | undefined {
    const fields = this.fields
    let joined: string | undefined
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i] === name) joined = joined === undefined ? fields[i + 1] : joined + ',' + fields[i + 1]
    }
    return joined
  }

  /** Appends an entry, whether or not the name occurs already. */
  add(name: string, value: string): void {
    this.fields.push(name, value)
  }

  /** Gives `name` exactly this value, at the place of its first entry or at the end. */
  set(name: string, value: string): void {
    const fields = this.fields
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i] !== name) continue
      fields[i + 1] = value
      this.deleteFrom(i + 2, name)
      return
    }
    fields.push(name, value)
  }

  /** Removes every entry of `name`; true when there was one. */
  delete(name: string): boolean {
    return this.deleteFrom(0, name)
  }

  /** Bytes of all names and values, without separators: what Envoy counts against its header limits. */
  byteSize(): number {
    let size = 0
    for (const part of this.fields) size += part.length
    return size
  }

  private deleteFrom(start: number, name: string): boolean {
    const fields = this.fields
    let to = start
    for (let from = start; from < fields.length; from += 2) {
      if (fields[from] === name) continue
      if (to !== from) {
        fields[to] = fields[from]
        fields[to + 1] = fields[from + 1]
      }
      to += 2
    }
    if (to === fields.length) return false
    fields.length = to
    return true
  }
}

/** Request headers. A property is undefined when the message did not carry it; `path` includes the query. */
export class RequestHeaderMap extends HeaderMap {
  method = ''
  scheme: string | undefined = undefined
  authority: string | undefined = undefined
  path: string | undefined = undefined
  /** `:protocol` of an extended CONNECT (RFC 8441). */
  protocol: string | undefined = undefined
}

/** Response headers. `status` is the number of `:status` or of the HTTP/1 status line. */
export class ResponseHeaderMap extends HeaderMap {
  status = 0
}
