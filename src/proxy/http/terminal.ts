// What stands at the end of the filters: the router for requests, the tunnel for CONNECT that ends here. One per exchange.

import type { HeaderMap, RequestHeaderMap } from '../../codec/header-map.ts'
import type { Exchange } from './exchange.ts'
import { RoutedRequest } from './router.ts'
import { TunnelRequest } from './tunnel.ts'

export interface Terminal {
  /** Called once, when the exchange knows its terminal. */
  start(): void
  /** Body of the request, borrowed. */
  onRequestData(chunk: Buffer, endStream: boolean): void
  onRequestTrailers(trailers: HeaderMap): void
  /** The client's whole request has arrived at the connection manager. */
  onRequestReceived(): void
  /** The client can take more of the response. */
  onDownstreamWritable(): void
  /** The response is out completely. */
  onResponseSent(): void
  /** The exchange is over, or answered by someone else: let go of everything upstream. Idempotent. */
  abandon(): void
}

/** Runs when no filter stopped the request: finds the route and what it says. Undefined: answered already. */
export function chooseTerminal(exchange: Exchange): Terminal | undefined {
  const { config } = exchange
  config.stats.routedRqTotal.add(1)
  const route = exchange.route()
  if (route === undefined) {
    config.stats.noRoute.add(1)
    exchange.setFlag('NR')
    exchange.localReply({ status: 404, body: '', details: 'route_not_found' })
    return undefined
  }
  const { action } = route
  switch (action.kind) {
    case 'redirect': {
      config.stats.rqRedirect.add(1)
      const { scheme, authority, path } = exchange.requestHeaders
      const location = action.location({ scheme: scheme ?? 'http', authority: authority ?? '', path: path ?? '/' })
      exchange.localReply({
        status: action.status,
        body: '',
        details: 'direct_response',
        headers: ['location', location],
      })
      return undefined
    }
    case 'directResponse':
      config.stats.rqDirectResponse.add(1)
      exchange.localReply({
        status: action.status,
        body: action.body,
        details: 'direct_response',
        headers: namesLocation(action.status) ? ownLocation(exchange.requestHeaders) : undefined,
      })
      return undefined
    case 'cluster':
      return exchange.upgradeType === 'connect' && action.upgrades.get('connect')?.terminatesConnect === true
        ? new TunnelRequest(exchange, action)
        : new RoutedRequest(exchange, route, action)
  }
}

/** Statuses that say where: what was made, or where else to look (RFC 9110 10.2.2). */
function namesLocation(status: number): boolean {
  return status === 201 || (status >= 300 && status < 400)
}

/** A direct response has no other place to name than the request's own (Envoy: DirectResponseEntry::newUri). */
function ownLocation({ scheme, authority, path }: RequestHeaderMap): string[] | undefined {
  return path === undefined ? undefined : ['location', `${scheme ?? 'http'}://${authority ?? ''}${path}`]
}
