// The two halves of `:path`, as Envoy's matchers see them.

/** The path without query and fragment. */
export function pathOnly(path: string): string {
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i)
    if (code === 63 || code === 35) return path.slice(0, i)
  }
  return path
}

/** The first value of a query parameter, not decoded; '' when it has none, undefined when it does not occur. */
export function queryParameter(path: string, name: string): string | undefined {
  let at = path.indexOf('?') + 1
  if (at === 0) return undefined
  const hash = path.indexOf('#', at)
  const end = hash < 0 ? path.length : hash
  while (at < end) {
    const ampersand = path.indexOf('&', at)
    const stop = ampersand < 0 || ampersand > end ? end : ampersand
    if (path.startsWith(name, at)) {
      const after = at + name.length
      if (after === stop) return ''
      if (after < stop && path.charCodeAt(after) === 61) return path.slice(after + 1, stop)
    }
    at = stop + 1
  }
  return undefined
}
