// Upgrades and CONNECT: which one a request asks for, whether it may, and how HTTP/1 and HTTP/2 spell it.

import type { RequestHeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'
import type { Exchange } from './exchange.ts'
import { hasToken } from './request-headers.ts'

/** `connect` for CONNECT, the lower-case upgrade type (RFC 9110 7.8, RFC 8441), or ''. */
export function requestedUpgrade(headers: RequestHeaderMap): string {
  if (headers.method === 'CONNECT') return headers.protocol === undefined ? 'connect' : headers.protocol.toLowerCase()
  const upgrade = headers.get('upgrade')
  if (upgrade === undefined || upgrade === '') return ''
  const connection = headers.getJoined('connection')
  return connection !== undefined && hasToken(connection, 'upgrade') ? upgrade.toLowerCase() : ''
}

/** The route's word counts before the connection manager's. A request without a route is not refused here: it gets 404. */
export function upgradeIsAllowed(exchange: Exchange): boolean {
  const route = exchange.route()
  if (route === undefined) return true
  if (route.action.kind === 'cluster') {
    const byRoute = route.action.upgrades.get(exchange.upgradeType)
    if (byRoute !== undefined) return byRoute.enabled
  }
  return exchange.config.upgrades.get(exchange.upgradeType) ?? false
}

/** HTTP/1 `GET` with Upgrade becomes an extended CONNECT (RFC 8441) for an HTTP/2 upstream. */
export function toExtendedConnect(headers: RequestHeaderMap): void {
  headers.method = 'CONNECT'
  headers.protocol = headers.get('upgrade')
  headers.delete('upgrade')
  headers.delete('connection')
  if (headers.get('content-length') === '0') headers.delete('content-length')
}

/** An extended CONNECT becomes `GET` with Upgrade for an HTTP/1 upstream. */
export function fromExtendedConnect(headers: RequestHeaderMap): void {
  headers.method = 'GET'
  headers.set('upgrade', headers.protocol ?? '')
  headers.set('connection', 'upgrade')
  headers.protocol = undefined
}

/** The answer of an HTTP/2 upstream, for a client that asked by HTTP/1. */
export function toSwitchingProtocols(headers: ResponseHeaderMap, upgradeType: string): void {
  if (headers.status !== 200) return
  headers.status = 101
  headers.set('upgrade', upgradeType)
  headers.set('connection', 'upgrade')
}

/** The answer of an HTTP/1 upstream, for a client that asked by HTTP/2. */
export function fromSwitchingProtocols(headers: ResponseHeaderMap): void {
  if (headers.status !== 101) return
  headers.status = 200
  headers.delete('upgrade')
  headers.delete('connection')
}
