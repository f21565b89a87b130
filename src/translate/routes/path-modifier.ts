// ReplaceFullPath and ReplacePrefixMatch -> Envoy's rewrites. The table of the specification (HTTPPathModifier) holds for
// every pair of prefix and replacement, with and without trailing slashes.

import type { HttpPathModifier } from '../../resources/gateway-api.ts'
import type { PathRewrite } from './route-draft.ts'

/** `matchedPrefix` is the value of the rule's one PathPrefix match. Undefined when nothing changes. */
export function pathRewrite(modifier: HttpPathModifier, matchedPrefix: string): PathRewrite | undefined {
  if (modifier.type === 'ReplaceFullPath') return regexRewrite('/.*', literal(modifier.replaceFullPath ?? '/'))
  const prefix = withoutTrailingSlash(matchedPrefix)
  const replacement = withoutTrailingSlash(modifier.replacePrefixMatch ?? '/')
  if (replacement === '') {
    // The slash after the prefix must not be doubled, nor the only slash be lost.
    return prefix === '' ? undefined : regexRewrite(`^${escapeRegex(prefix)}(/?)(.*)`, '/\\2')
  }
  // The match on "/" consumes the slash, which must come back.
  return { case: 'prefixRewrite', value: prefix === '' ? `${replacement}/` : replacement }
}

/** The replacement as it stands in a `path_redirect`: with a leading slash. */
export function fullPathRedirect(modifier: HttpPathModifier): string {
  const path = modifier.replaceFullPath ?? ''
  return path.startsWith('/') ? path : `/${path}`
}

export function withoutTrailingSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

function regexRewrite(regex: string, substitution: string): PathRewrite {
  return { case: 'regexRewrite', value: { pattern: { regex }, substitution } }
}

/** In a substitution a backslash begins a reference to a group. */
function literal(text: string): string {
  const path = text.startsWith('/') ? text : `/${text}`
  return path.replaceAll('\\', '\\\\')
}

export function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
