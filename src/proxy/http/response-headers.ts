// Changes to a response's headers: the route's, when the response is made or received, and at the end the connection manager's
// own (Envoy: RouteEntry::finalizeResponseHeaders, ConnectionManagerUtility::mutateResponseHeaders).

import type { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { Exchange } from './exchange.ts'
import { applyRules, DROP, DROP_UNLESS_UPGRADE, RESPONSE_RULES } from './header-rules.ts'
import { httpDate } from './http-date.ts'
import { appendValue } from './request-headers.ts'

/** The route's additions and removals, those of local replies included, and the number of attempts if there were any. */
export function applyRouteMutations(exchange: Exchange, headers: ResponseHeaderMap): void {
  const route = exchange.knownRoute()
  if (route === undefined) return
  const { info, weightedCluster } = exchange
  info.responseHeaders = headers
  // Mutations expect to find inline headers once.
  if (route.responseMutations.length > 0) applyRules(headers, RESPONSE_RULES, 0)
  if (weightedCluster !== undefined)
    for (const mutation of weightedCluster.responseMutations) mutation.apply(headers, info)
  for (const mutation of route.responseMutations) mutation.apply(headers, info)
  if (route.virtualHost.includeAttemptCountInResponse && info.attemptCount > 0) {
    headers.set('x-envoy-attempt-count', String(info.attemptCount))
  }
}

export function finishResponseHeaders(exchange: Exchange, headers: ResponseHeaderMap): void {
  const { config, info } = exchange
  const isUpgrade = exchange.upgradeType !== '' && (headers.status === 101 || headers.status === 200)
  applyRules(headers, RESPONSE_RULES, isUpgrade ? DROP : DROP | DROP_UNLESS_UPGRADE)
  if (!headers.has('date')) headers.add('date', httpDate())
  if (config.serverHeader === 'overwrite' || (config.serverHeader === 'appendIfAbsent' && !headers.has('server'))) {
    headers.set('server', config.serverName)
  }
  if (config.via !== '') appendValue(headers, 'via', config.via, ', ')
  const wantsId = config.alwaysSetRequestIdInResponse || exchange.requestHeaders?.has('x-envoy-force-trace')
  if (wantsId && info.requestId !== '') headers.set('x-request-id', info.requestId)
  exchange.manager.beforeResponse(exchange, headers)
}

/** The time since the end of the request, when that has come. */
export function addServiceTime(exchange: Exchange, headers: ResponseHeaderMap): void {
  const { info, config, requestEnded } = exchange
  if (config.suppressEnvoyHeaders || !requestEnded) return
  const elapsedMs = exchange.manager.dispatcher.nowMs - info.lastDownstreamRxByteReceivedMs
  headers.set('x-envoy-upstream-service-time', String(Math.floor(elapsedMs)))
}
