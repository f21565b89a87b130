// Operators on addresses: whole, without port, and port alone, of both sides.

import type { Address } from '../stream/connection-facts.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { numberOperator, plain, textOperator } from './operator.ts'
import type { OperatorFactory } from './operator.ts'

type AddressOf = (info: StreamInfo) => Address | undefined

export const ADDRESS_OPERATORS: ReadonlyMap<string, OperatorFactory> = new Map<string, OperatorFactory>([
  ...addressOperators('DOWNSTREAM_REMOTE', (info) => info.downstreamRemoteAddress),
  ...addressOperators('DOWNSTREAM_DIRECT_REMOTE', (info) => info.connection.directRemoteAddress),
  ...addressOperators('DOWNSTREAM_LOCAL', (info) => info.connection.localAddress),
  ...addressOperators('DOWNSTREAM_DIRECT_LOCAL', (info) => info.connection.directLocalAddress),
  ...addressOperators('UPSTREAM_REMOTE', (info) => info.upstream.remoteAddress),
  ...addressOperators('UPSTREAM_LOCAL', (info) => info.upstream.localAddress),
  ['UPSTREAM_HOST', plain(textOperator((info) => info.upstream.host?.address.text))],
  ['UPSTREAM_HOST_NAME', plain(textOperator(hostName))],
  ['UPSTREAM_HOST_NAME_WITHOUT_PORT', plain(textOperator(hostNameWithoutPort))],
])

function addressOperators(prefix: string, addressOf: AddressOf): [string, OperatorFactory][] {
  return [
    [`${prefix}_ADDRESS`, plain(textOperator((info) => addressOf(info)?.text))],
    [`${prefix}_ADDRESS_WITHOUT_PORT`, plain(textOperator((info) => withoutPort(addressOf(info))))],
    [`${prefix}_PORT`, plain(numberOperator((info) => port(addressOf(info))))],
  ]
}

/** The IP; internal addresses, which have no port, as a whole. */
function withoutPort(address: Address | undefined): string | undefined {
  return address === undefined || address.ip === '' ? address?.text : address.ip
}

function port(address: Address | undefined): number | undefined {
  return address === undefined || address.ip === '' ? undefined : address.port
}

function hostName(info: StreamInfo): string | undefined {
  const { host } = info.upstream
  return host === undefined || host.hostname === '' ? host?.address.text : host.hostname
}

function hostNameWithoutPort(info: StreamInfo): string | undefined {
  const { host } = info.upstream
  return host === undefined || host.hostname === '' ? withoutPort(host?.address) : host.hostname.replace(/:\d+$/, '')
}
