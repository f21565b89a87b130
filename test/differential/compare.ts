// Finds the places where two JSON values differ. Knows nothing of proxies.

export interface Difference {
  /** Where, for example `client.0.1.headers.3`. */
  readonly path: string
  readonly expected: unknown
  readonly actual: unknown
}

/** All differences between two values, in the order of the first; arrays of different length differ as a whole. */
export function differences(expected: unknown, actual: unknown, path = ''): Difference[] {
  if (Object.is(expected, actual)) return []
  if (Array.isArray(expected) && Array.isArray(actual)) {
    if (expected.length !== actual.length) return [{ path, expected, actual }]
    return expected.flatMap((item, i) => differences(item, actual[i], join(path, String(i))))
  }
  if (isObject(expected) && isObject(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)])
    return [...keys].flatMap((key) => differences(expected[key], actual[key], join(path, key)))
  }
  return [{ path, expected, actual }]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}
