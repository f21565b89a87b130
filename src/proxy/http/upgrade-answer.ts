// What an upstream's answer to an upgrade or a CONNECT means for the exchange.

import type { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { Exchange } from './exchange.ts'
import { detailsOfLateReset } from './reset-reply.ts'
import { toSwitchingProtocols } from './upgrade.ts'

/** True when the response opens a tunnel. A refusal below 400 is not passed on with its body. */
export function answersUpgrade(exchange: Exchange, isHttp2: boolean, headers: ResponseHeaderMap): boolean {
  if (exchange.upgradeType === '') return false
  const isConnect = exchange.upgradeType === 'connect'
  if (isHttp2 && !isConnect) toSwitchingProtocols(headers, exchange.upgradeType)
  if (headers.status === (isConnect ? 200 : 101)) {
    exchange.openTunnel()
    return true
  }
  if (headers.status < 400) {
    const { status, fields } = headers
    // Its body is not passed on.
    headers.delete('content-length')
    headers.delete('transfer-encoding')
    exchange.localReply({ status, body: '', details: 'websocket_handshake_unsuccessful', headers: fields })
  }
  return false
}

/** In the log this is what every end of an HTTP/1 upstream's connection is, unless the client's direction ended before. */
export function noteTunnelEnd(exchange: Exchange): void {
  if (exchange.requestEnded) return
  exchange.setFlag('UC')
  exchange.info.responseCodeDetails = detailsOfLateReset('connection termination')
}
