// Routes that answer without an upstream: redirects and direct responses.

import type {
  DirectResponseAction,
  RedirectAction,
  RouteMatch,
} from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import { RedirectAction_RedirectResponseCode as RedirectCode } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import { compileRegex } from '../../lib/linear-regex.ts'
import type { Problems } from '../../lib/problems.ts'
import { textOf } from '../cluster/compile-tls.ts'
import type {
  DirectResponseAction as DirectResponse,
  RedirectAction as Redirect,
  RedirectedRequest,
} from './route-config.ts'

const STATUSES: ReadonlyMap<RedirectCode, number> = new Map([
  [RedirectCode.MOVED_PERMANENTLY, 301],
  [RedirectCode.FOUND, 302],
  [RedirectCode.SEE_OTHER, 303],
  [RedirectCode.TEMPORARY_REDIRECT, 307],
  [RedirectCode.PERMANENT_REDIRECT, 308],
])

export function compileRedirect(message: RedirectAction, match: RouteMatch | undefined, problems: Problems): Redirect {
  const path = compilePath(message, match, problems)
  const scheme = message.schemeRewriteSpecifier
  const newScheme =
    scheme.case === 'schemeRedirect' ? scheme.value : scheme.case === 'httpsRedirect' && scheme.value ? 'https' : ''
  const { hostRedirect, portRedirect, stripQuery } = message
  return {
    kind: 'redirect',
    status: STATUSES.get(message.responseCode) ?? 301,
    location(request: RedirectedRequest): string {
      const finalScheme = newScheme === '' ? request.scheme : newScheme
      const host = hostRedirect === '' ? hostFor(request, newScheme, portRedirect) : hostRedirect
      const port = portRedirect === 0 ? '' : `:${portRedirect}`
      const query = request.path.indexOf('?')
      const part = query < 0 ? request.path : request.path.slice(0, query)
      const rest = query < 0 || stripQuery ? '' : request.path.slice(query)
      return `${finalScheme}://${host}${port}${path(part, rest)}`
    },
  }
}

/** The request's host; its port goes when a new one is given, or when it is the default of the scheme that changes. */
function hostFor(request: RedirectedRequest, newScheme: string, portRedirect: number): string {
  const { authority } = request
  const colon = authority.lastIndexOf(':')
  const hasPort = colon > 0 && !authority.includes(']', colon)
  if (!hasPort) return authority
  const host = authority.slice(0, colon)
  if (portRedirect !== 0) return host
  const port = authority.slice(colon + 1)
  const isDefault = (request.scheme === 'http' && port === '80') || (request.scheme === 'https' && port === '443')
  return newScheme !== '' && isDefault ? host : authority
}

type PathChange = (path: string, query: string) => string

function compilePath(message: RedirectAction, match: RouteMatch | undefined, problems: Problems): PathChange {
  const specifier = message.pathRewriteSpecifier
  switch (specifier.case) {
    case 'pathRedirect': {
      const target = specifier.value
      // A query in the configured path replaces the request's.
      if (target.includes('?')) return () => target
      return (_path, query) => target + query
    }
    case 'prefixRewrite': {
      const matched = matchedLength(match)
      const replacement = specifier.value
      return (path, query) => replacement + path.slice(Math.min(matched, path.length)) + query
    }
    case 'regexRewrite': {
      const regex = compileRegex(specifier.value.pattern?.regex ?? '', problems.at('regex_rewrite').at('pattern'))
      const rewrite = regex?.compileRewrite(specifier.value.substitution, problems.at('regex_rewrite'))
      return (path, query) => (rewrite === undefined ? path : rewrite(path)) + query
    }
    default:
      return (path, query) => path + query
  }
}

/** How much of a path the route's match consumed: what prefix_rewrite replaces. A whole path for exact and regex matches. */
export function matchedLength(match: RouteMatch | undefined): number {
  const specifier = match?.pathSpecifier
  if (specifier?.case === 'prefix' || specifier?.case === 'pathSeparatedPrefix') return specifier.value.length
  return Number.MAX_SAFE_INTEGER
}

export function compileDirectResponse(
  message: DirectResponseAction,
  maxBodyBytes: number,
  problems: Problems,
): DirectResponse {
  const body = textOf(message.body) ?? ''
  if (Buffer.byteLength(body) > maxBodyBytes) {
    problems.at('body').add(`the body is larger than max_direct_response_body_size_bytes (${maxBodyBytes})`)
  }
  return { kind: 'directResponse', status: message.status, body }
}
