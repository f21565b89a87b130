// Upgrades and CONNECT: which one a request asks for, whether it may, and how HTTP/2 spells it. Between the two codecs an upgrade
// is always HTTP/1's, GET and 101, whatever the client and the upstream speak: filters, routes and logs see one form.

import { RequestHeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'
import type { Exchange } from './exchange.ts'
import { hasToken } from './request-headers.ts'

/** `connect` for CONNECT, the lower-case upgrade type (RFC 9110 7.8), or ''. */
export function requestedUpgrade(headers: RequestHeaderMap): string {
  if (headers.method === 'CONNECT') return 'connect'
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

/** `GET` with Upgrade as the extended CONNECT (RFC 8441) that an HTTP/2 upstream gets. */
export function toExtendedConnect(headers: RequestHeaderMap): RequestHeaderMap {
  const connect = new RequestHeaderMap(headers.fields.slice())
  connect.neverIndexed = headers.neverIndexed
  connect.method = 'CONNECT'
  connect.protocol = headers.get('upgrade')
  connect.scheme = headers.scheme
  connect.authority = headers.authority
  connect.path = headers.path
  connect.delete('upgrade')
  connect.delete('connection')
  if (connect.get('content-length') === '0') connect.delete('content-length')
  return connect
}

/** An extended CONNECT (RFC 8441) becomes `GET` with Upgrade. */
export function fromExtendedConnect(headers: RequestHeaderMap): void {
  headers.method = 'GET'
  headers.set('upgrade', headers.protocol ?? '')
  headers.set('connection', 'upgrade')
  headers.protocol = undefined
}

/** The answer of an HTTP/2 upstream to an extended CONNECT becomes 101. */
export function toSwitchingProtocols(headers: ResponseHeaderMap, upgradeType: string): void {
  if (headers.status !== 200) return
  headers.status = 101
  headers.set('upgrade', upgradeType)
  headers.set('connection', 'upgrade')
}

/** 101 as an HTTP/2 client gets it that sent an extended CONNECT. */
export function fromSwitchingProtocols(headers: ResponseHeaderMap): ResponseHeaderMap {
  const response = new ResponseHeaderMap(headers.fields.slice())
  response.neverIndexed = headers.neverIndexed
  response.status = 200
  response.delete('upgrade')
  response.delete('connection')
  return response
}
