// Rewrites of a request's path on its way to a cluster; the query stays.

export type PathRewrite =
  /** The matched prefix is replaced: `matched` is its length. */
  | { readonly kind: 'prefix'; readonly matched: number; readonly replacement: string }
  /** The whole path part is replaced (a `path` match with prefix_rewrite). */
  | { readonly kind: 'whole'; readonly replacement: string }
  | { readonly kind: 'regex'; rewrite(path: string): string }

/** @param path with query. */
export function rewritePath(path: string, rewrite: PathRewrite): string {
  const query = path.indexOf('?')
  const part = query < 0 ? path : path.slice(0, query)
  const rest = query < 0 ? '' : path.slice(query)
  if (rewrite.kind === 'prefix') return rewrite.replacement + part.slice(rewrite.matched) + rest
  return (rewrite.kind === 'whole' ? rewrite.replacement : rewrite.rewrite(part)) + rest
}
