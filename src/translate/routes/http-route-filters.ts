// The filters of an HTTPRoute, one row per type: what each does to a rule, and to one backend of a rule. A type without a
// row, or without the place, is refused; its traffic gets 500, never the rule without its filter.

import { RedirectAction_RedirectResponseCode as Code } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { FieldPath } from '../../resources/field-path.ts'
import type {
  HttpRequestMirror,
  HttpRequestRedirect,
  HttpRouteFilter,
  HttpRouteRule,
} from '../../resources/gateway-api.ts'
import { corsPolicy } from './cors-policy.ts'
import { applyHeaderFilter, type Refuse } from './header-modifier.ts'
import { fullPathRedirect, pathRewrite } from './path-modifier.ts'
import { requestMirror } from './request-mirror.ts'
import type { HeaderChanges, RedirectDraft, RouteDraft } from './route-draft.ts'

export interface FilterContext {
  readonly rule: HttpRouteRule
  /** The port of the Service that the client dialled. */
  readonly servicePort: number
  /** The cluster of a mirror's backend, whether or not there is one. */
  readonly mirrorTarget: (backend: HttpRequestMirror['backendRef'], path: FieldPath) => string
  readonly refuse: Refuse
}

interface FilterRow {
  readonly onRule: (filter: HttpRouteFilter, draft: RouteDraft, path: FieldPath, context: FilterContext) => void
  readonly onBackend?: (filter: HttpRouteFilter, changes: HeaderChanges, path: FieldPath, refuse: Refuse) => void
}

const filterRows: Readonly<Record<string, FilterRow>> = {
  RequestHeaderModifier: {
    onRule: (filter, draft, path, { refuse }) => {
      const rewriteHost = (host: string) => (draft.hostRewrite = host)
      modifyRequest(filter, draft.headers, path, refuse, rewriteHost)
    },
    onBackend: (filter, changes, path, refuse) => modifyRequest(filter, changes, path, refuse, undefined),
  },
  ResponseHeaderModifier: {
    onRule: (filter, draft, path, { refuse }) => modifyResponse(filter, draft.headers, path, refuse),
    onBackend: modifyResponse,
  },
  RequestRedirect: {
    onRule: (filter, draft, _path, { rule, servicePort }) => {
      draft.redirect = redirect(filter.requestRedirect!, matchedPrefix(rule), servicePort)
    },
  },
  URLRewrite: {
    onRule: (filter, draft, _path, { rule }) => {
      const { hostname, path } = filter.urlRewrite!
      if (hostname !== undefined) draft.hostRewrite = hostname
      if (path !== undefined) draft.pathRewrite = pathRewrite(path, matchedPrefix(rule))
    },
  },
  RequestMirror: {
    onRule: (filter, draft, path, { mirrorTarget }) => {
      const mirror = filter.requestMirror!
      const cluster = mirrorTarget(mirror.backendRef, [...path, 'requestMirror', 'backendRef'])
      draft.mirrors.push(requestMirror(mirror, cluster))
    },
  },
  CORS: {
    onRule: (filter, draft) => {
      draft.cors = corsPolicy(filter.cors!)
    },
  },
}

export function applyRuleFilters(draft: RouteDraft, rulePath: FieldPath, context: FilterContext): void {
  for (const [index, filter] of (context.rule.filters ?? []).entries()) {
    const path = [...rulePath, 'filters', index]
    if (Object.hasOwn(filterRows, filter.type)) filterRows[filter.type].onRule(filter, draft, path, context)
    else context.refuse(path, `filter ${filter.type} is not carried out`, 'remove it; until then the rule answers 500')
  }
}

export function applyBackendFilters(
  filters: readonly HttpRouteFilter[],
  changes: HeaderChanges,
  backendPath: FieldPath,
  refuse: Refuse,
): void {
  for (const [index, filter] of filters.entries()) {
    const path = [...backendPath, 'filters', index]
    const row = Object.hasOwn(filterRows, filter.type) ? filterRows[filter.type] : undefined
    if (row?.onBackend !== undefined) row.onBackend(filter, changes, path, refuse)
    else refuse(path, `filter ${filter.type} is not carried out on a backend`, 'move it to the rule, or remove it')
  }
}

function modifyRequest(
  filter: HttpRouteFilter,
  changes: HeaderChanges,
  path: FieldPath,
  refuse: Refuse,
  rewriteHost: ((host: string) => void) | undefined,
): void {
  const target = { toAdd: changes.requestHeadersToAdd, toRemove: changes.requestHeadersToRemove, rewriteHost }
  applyHeaderFilter(filter.requestHeaderModifier!, target, [...path, 'requestHeaderModifier'], refuse)
}

function modifyResponse(filter: HttpRouteFilter, changes: HeaderChanges, path: FieldPath, refuse: Refuse): void {
  const target = {
    toAdd: changes.responseHeadersToAdd,
    toRemove: changes.responseHeadersToRemove,
    rewriteHost: undefined,
  }
  applyHeaderFilter(filter.responseHeaderModifier!, target, [...path, 'responseHeaderModifier'], refuse)
}

const responseCodes = { 301: Code.MOVED_PERMANENTLY, 302: Code.FOUND, 303: Code.SEE_OTHER, 307: Code.TEMPORARY_REDIRECT, 308: Code.PERMANENT_REDIRECT } // prettier-ignore
const defaultPorts = { http: 80, https: 443 }

function redirect(filter: HttpRequestRedirect, prefix: string, servicePort: number): RedirectDraft {
  const { scheme, hostname, path } = filter
  return {
    scheme,
    hostname,
    port: filter.port ?? impliedPort(filter, servicePort),
    responseCode: responseCodes[filter.statusCode ?? 302],
    path:
      path?.type === 'ReplaceFullPath'
        ? { case: 'pathRedirect', value: fullPathRedirect(path) }
        : path && pathRewrite(path, prefix),
  }
}

/**
 * Without a port the specification wants the well-known port of a new scheme, or else the port that the client dialled. Envoy
 * keeps the port of the Host header, which says the same except in these cases.
 */
function impliedPort({ scheme, hostname }: HttpRequestRedirect, servicePort: number): number | undefined {
  if (servicePort === defaultPorts.http) return undefined
  if (scheme !== undefined) return servicePort === defaultPorts.https ? undefined : defaultPorts[scheme]
  return hostname === undefined ? undefined : servicePort
}

/** A replaced prefix needs exactly one match, of type PathPrefix; parsing has made sure of it. */
function matchedPrefix(rule: HttpRouteRule): string {
  return rule.matches?.[0]?.path?.value ?? '/'
}
