// Normalisation of request paths, as Envoy's connection manager does it before anything matches on them.

/** `%2F`, `%2f`, `%5C`, `%5c` in the path part. */
const ESCAPED_SLASH = /%2[fF]|%5[cC]/
/** Anything a path may need work for: dot segments, backslashes, escapes, characters outside the allowed set. */
const CLEAN_PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9\-_~!$&'()*+,;=:@.]*)+$/

export interface PathSettings {
  readonly normalizePath: boolean
  readonly mergeSlashes: boolean
  readonly escapedSlashes: 'keep' | 'reject' | 'redirect' | 'forward'
  readonly rejectPathWithFragment: boolean
}

export interface NormalizedPath {
  /** `redirect`: answer with 307 to the path. */
  readonly kind: 'ok' | 'rejected' | 'redirect'
  /** Of a rejected path as much as was changed before, as logs show it. */
  readonly path: string
}

/** True when `normalizePath` would change or refuse nothing: the common case costs one pass. */
export function needsNormalization(path: string, settings: PathSettings): boolean {
  if (path.includes('#')) return true
  if (!settings.normalizePath && !settings.mergeSlashes && settings.escapedSlashes === 'keep') return false
  const query = path.indexOf('?')
  const part = query < 0 ? path : path.slice(0, query)
  if (!CLEAN_PATH.test(part)) return true
  return settings.mergeSlashes && part.includes('//')
}

/** @param path with query, beginning with `/`. */
export function normalizePath(path: string, settings: PathSettings): NormalizedPath {
  const fragment = path.indexOf('#')
  if (fragment >= 0) {
    if (settings.rejectPathWithFragment) return { kind: 'rejected', path }
    path = path.slice(0, fragment)
  }
  const query = path.indexOf('?')
  let part = query < 0 ? path : path.slice(0, query)
  const rest = query < 0 ? '' : path.slice(query)
  let mustRedirect = false
  if (settings.escapedSlashes !== 'keep' && ESCAPED_SLASH.test(part)) {
    part = part.replace(/%2[fF]/g, '/').replace(/%5[cC]/g, '\\')
    if (settings.escapedSlashes === 'reject') return { kind: 'rejected', path: part + rest }
    mustRedirect = settings.escapedSlashes === 'redirect'
  }
  if (settings.normalizePath) {
    const canonical = canonicalizePath(part)
    if (canonical === undefined) return { kind: 'rejected', path: part + rest }
    part = canonical
  }
  if (settings.mergeSlashes) part = part.replace(/\/{2,}/g, '/')
  return { kind: mustRedirect ? 'redirect' : 'ok', path: part + rest }
}

/** Characters that stay as they are when written plainly; others are percent-encoded. */
const PLAIN = /[A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]^|`{}"<>\\ ]/

/**
 * The canonical form of a path part as Envoy's URL library computes it: `\` becomes `/`, escapes of unreserved characters
 * are decoded, characters that a path may not hold are escaped, dot segments (also written `%2e`) are resolved.
 * Undefined when the path cannot be made canonical (an escaped NUL).
 */
export function canonicalizePath(part: string): string | undefined {
  const decoded = decodeUnreserved(part.replaceAll('\\', '/'))
  if (decoded === undefined) return undefined
  const segments: string[] = []
  const parts = decoded.split('/')
  for (let i = 1; i < parts.length; i++) {
    const isLast = i === parts.length - 1
    if (parts[i] === '.' || parts[i] === '..') {
      if (parts[i] === '..') segments.pop()
      if (isLast) segments.push('')
    } else segments.push(parts[i])
  }
  return `/${segments.join('/')}`
}

/** RFC 3986 2.3: letters, digits, `-._~`. */
const UNRESERVED = /[A-Za-z0-9\-._~]/

function decodeUnreserved(part: string): string | undefined {
  let out = ''
  for (let i = 0; i < part.length; i++) {
    const char = part[i]
    if (char !== '%') {
      out += PLAIN.test(char) && !MUST_ESCAPE.test(char) ? char : escapeChar(char)
      continue
    }
    const hex = part.slice(i + 1, i + 3)
    if (!/^[0-9A-Fa-f]{2}$/.test(hex)) {
      out += '%'
      continue
    }
    const code = Number.parseInt(hex, 16)
    if (code === 0) return undefined
    const decoded = String.fromCharCode(code)
    out += UNRESERVED.test(decoded) ? decoded : `%${hex}`
    i += 2
  }
  return out
}

const MUST_ESCAPE = /[ "<>^`{}|]/

function escapeChar(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}
