// What the router changes in the request's headers before they go upstream. The order is Envoy's (router.cc decodeHeaders).

import type { Exchange } from './exchange.ts'
import { rewritePath } from './path-rewrite.ts'
import type { ClusterAction, Route } from './route-config.ts'
import { hasEnvoyHeader, setTimeoutHeaders } from './timeouts.ts'
import type { RequestTimeouts } from './timeouts.ts'

export function prepareUpstreamHeaders(
  exchange: Exchange,
  route: Route,
  action: ClusterAction,
  timeouts: RequestTimeouts,
): void {
  const { requestHeaders: headers, config, info } = exchange
  // No statistics under a second name are kept.
  if (hasEnvoyHeader(headers.fields)) headers.delete('x-envoy-upstream-alt-stat-name')
  setTimeoutHeaders(exchange, action, timeouts, 0)
  if (route.virtualHost.includeAttemptCountInRequest) headers.set('x-envoy-attempt-count', '1')
  const weighted = exchange.weightedCluster
  if (weighted !== undefined) for (const mutation of weighted.requestMutations) mutation.apply(headers, info)
  for (const mutation of route.requestMutations) mutation.apply(headers, info)
  // Envoy keeps no record of the host that a weighted cluster replaces, and the route's rewrite comes on top.
  if (weighted !== undefined && weighted.hostRewrite !== '') headers.authority = weighted.hostRewrite
  applyHostRewrite(exchange, action, undefined)
  if (action.pathRewrite !== undefined && headers.path !== undefined) {
    if (!config.suppressEnvoyHeaders) headers.set('x-envoy-original-path', headers.path)
    headers.path = rewritePath(headers.path, action.pathRewrite)
  }
}

/** What changes from one attempt to the next. */
export function prepareRetryHeaders(
  exchange: Exchange,
  route: Route,
  action: ClusterAction,
  timeouts: RequestTimeouts,
  isTimeoutRetry: boolean,
): void {
  const { requestHeaders: headers, info, manager, requestEnded } = exchange
  const { includeAttemptCountInRequest, includeIsTimeoutRetryHeader } = route.virtualHost
  if (includeAttemptCountInRequest) headers.set('x-envoy-attempt-count', String(info.attemptCount))
  if (includeIsTimeoutRetryHeader) headers.set('x-envoy-is-timeout-retry', String(isTimeoutRetry))
  const elapsedMs = requestEnded ? manager.dispatcher.nowMs - info.lastDownstreamRxByteReceivedMs : 0
  setTimeoutHeaders(exchange, action, timeouts, elapsedMs)
}

/** @param hostname of the chosen host, for `auto`; undefined before it is chosen. */
export function applyHostRewrite(exchange: Exchange, action: ClusterAction, hostname: string | undefined): void {
  const { requestHeaders: headers } = exchange
  const { hostRewrite } = action
  switch (hostRewrite.kind) {
    case 'literal':
      setHost(exchange, action, hostRewrite.host)
      return
    case 'header': {
      const host = headers.get(hostRewrite.header)
      if (host !== undefined && host !== '') setHost(exchange, action, host)
      return
    }
    case 'pathRegex': {
      const path = headers.path ?? ''
      const query = path.indexOf('?')
      setHost(exchange, action, hostRewrite.rewrite(query < 0 ? path : path.slice(0, query)))
      return
    }
    case 'auto':
      if (hostname !== undefined && hostname !== '') setHost(exchange, action, hostname)
      return
    case 'none':
      return
  }
}

function setHost(exchange: Exchange, action: ClusterAction, host: string): void {
  const { requestHeaders: headers, config } = exchange
  const before = headers.authority ?? ''
  if (before === host) return
  if (!config.suppressEnvoyHeaders) headers.set('x-envoy-original-host', before)
  if (action.appendXForwardedHost) appendForwardedHost(exchange, before)
  headers.authority = host
}

function appendForwardedHost(exchange: Exchange, host: string): void {
  const { requestHeaders: headers } = exchange
  const existing = headers.getJoined('x-forwarded-host')
  if (existing === undefined || existing === '') headers.set('x-forwarded-host', host)
  else if (existing.slice(existing.lastIndexOf(',') + 1) !== host)
    headers.set('x-forwarded-host', `${existing},${host}`)
}
