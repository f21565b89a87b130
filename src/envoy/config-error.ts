// What is wrong with a configuration file, and what to do about it. Values: never thrown, always collected.

/** Line and column count from 1; both are 0 for the file as a whole. */
export interface Position {
  readonly line: number
  readonly column: number
}

export interface ConfigError extends Position {
  /** The name that the caller gave to the text. */
  readonly file: string
  /** Proto field names: `static_resources.listeners[0].filter_chains[1]`, map keys as `map["80"]`. Empty: the whole. */
  readonly path: string
  readonly message: string
  /** What to do next, as a sentence without a full stop. */
  readonly remedy: string
}

/** `envoy.yaml:12:7: static_resources.clusters[0].name: value is required (give the cluster a name)`. */
export function formatConfigError(error: ConfigError): string {
  const place = error.line === 0 ? error.file : `${error.file}:${error.line}:${error.column}`
  const path = error.path === '' ? '' : `${error.path}: `
  return `${place}: ${path}${error.message}${error.remedy === '' ? '' : ` (${error.remedy})`}`
}

export function fieldPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

export function itemPath(path: string, index: number): string {
  return `${path}[${index}]`
}

export function keyPath(path: string, key: string): string {
  return `${path}[${JSON.stringify(key)}]`
}
