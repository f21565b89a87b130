// The query of a path as a list of parameters, and a path with another query. Parameters stay as they were sent, in the order
// of their names, as Envoy writes them.

export interface QueryParameter {
  readonly name: string
  readonly value: string
  /** As it stands in the path, with its `=`. */
  readonly text: string
}

/** Empty parameters are left out. `decodes`: percent-encoding of name and value is undone; `text` keeps it. */
export function parseQuery(path: string, decodes: boolean): QueryParameter[] {
  const query = path.indexOf('?')
  if (query < 0) return []
  const hash = path.indexOf('#', query)
  const text = hash < 0 ? path.slice(query + 1) : path.slice(query + 1, hash)
  const parameters: QueryParameter[] = []
  for (const part of text.split('&')) {
    if (part === '') continue
    const equal = part.indexOf('=')
    const name = equal < 0 ? part : part.slice(0, equal)
    const value = equal < 0 ? '' : part.slice(equal + 1)
    parameters.push({
      name: decodes ? percentDecode(name) : name,
      value: decodes ? percentDecode(value) : value,
      text: equal < 0 ? `${part}=` : part,
    })
  }
  return parameters
}

export function queryParameterOf(name: string, value: string): QueryParameter {
  return { name, value, text: `${name}=${value}` }
}

/** The path with these parameters and no others. */
export function withQuery(path: string, parameters: readonly QueryParameter[]): string {
  const query = path.indexOf('?')
  const pathOnly = query < 0 ? path : path.slice(0, query)
  if (parameters.length === 0) return pathOnly
  const sorted = [...parameters].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  return `${pathOnly}?${sorted.map((one) => one.text).join('&')}`
}

function percentDecode(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}
