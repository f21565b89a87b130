// Operators on the stream itself: protocol, status, flags, bytes, names, ids.

import { randomUUID } from 'node:crypto'
import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'
import { flagLongName } from '../stream/response-flags.ts'
import type { ResponseFlag } from '../stream/response-flags.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { camelStatus, grpcStatus, snakeStatus } from './grpc-status.ts'
import { numberOperator, plain, required, textOperator, truncated } from './operator.ts'
import type { Operator, OperatorFactory } from './operator.ts'

function text(read: (info: StreamInfo) => string | undefined): OperatorFactory {
  return plain(textOperator((info) => nonEmpty(read(info))))
}

function number(read: (info: StreamInfo) => number | undefined): OperatorFactory {
  return plain(numberOperator(read))
}

export const STREAM_OPERATORS: ReadonlyMap<string, OperatorFactory> = new Map<string, OperatorFactory>([
  ['PROTOCOL', text((info) => info.protocol)],
  ['UPSTREAM_PROTOCOL', text((info) => info.upstream.protocol)],
  ['RESPONSE_CODE', number((info) => info.responseCode)],
  ['RESPONSE_CODE_DETAILS', text((info) => info.responseCodeDetails)],
  ['CONNECTION_TERMINATION_DETAILS', text(terminationDetails)],
  ['RESPONSE_FLAGS', plain(textOperator((info) => (info.responseFlags === '' ? '-' : info.responseFlags)))],
  ['RESPONSE_FLAGS_LONG', plain(textOperator(longFlags))],
  // There are none, and Envoy prints none as nothing.
  ['CUSTOM_FLAGS', plain(textOperator(() => ''))],
  ['BYTES_RECEIVED', number((info) => info.bytesReceived)],
  ['BYTES_SENT', number((info) => info.bytesSent)],
  ['DOWNSTREAM_WIRE_BYTES_RECEIVED', number((info) => info.wireBytesReceived)],
  ['DOWNSTREAM_WIRE_BYTES_SENT', number((info) => info.wireBytesSent)],
  ['DOWNSTREAM_HEADER_BYTES_RECEIVED', number((info) => info.headerBytesReceived)],
  ['DOWNSTREAM_HEADER_BYTES_SENT', number((info) => info.headerBytesSent)],
  ['UPSTREAM_WIRE_BYTES_RECEIVED', number((info) => info.upstream.wireBytesReceived)],
  ['UPSTREAM_WIRE_BYTES_SENT', number((info) => info.upstream.wireBytesSent)],
  ['UPSTREAM_HEADER_BYTES_RECEIVED', number((info) => info.upstream.headerBytesReceived)],
  ['UPSTREAM_HEADER_BYTES_SENT', number((info) => info.upstream.headerBytesSent)],
  ['REQUEST_HEADERS_BYTES', number((info) => requestBytes(info.requestHeaders))],
  ['RESPONSE_HEADERS_BYTES', number((info) => responseBytes(info.responseHeaders))],
  ['RESPONSE_TRAILERS_BYTES', number((info) => plainBytes(info.responseTrailers))],
  ['UPSTREAM_CLUSTER', text((info) => info.cluster?.observabilityName)],
  ['UPSTREAM_CLUSTER_RAW', text((info) => info.cluster?.name)],
  ['UPSTREAM_REQUEST_ATTEMPT_COUNT', number((info) => info.attemptCount)],
  ['UPSTREAM_TRANSPORT_FAILURE_REASON', text((info) => info.upstream.transportFailureReason.replaceAll(' ', '_'))],
  ['UPSTREAM_CONNECTION_ID', number((info) => Math.max(0, info.upstream.connectionId))],
  ['CONNECTION_ID', number((info) => info.connection.id)],
  ['STREAM_ID', text((info) => info.requestId)],
  ['UNIQUE_ID', text(uniqueId)],
  ['TRACE_ID', text((info) => info.traceId)],
  ['FILTER_CHAIN_NAME', text((info) => info.connection.filterChainName)],
  ['ROUTE_NAME', text((info) => info.route.name)],
  ['VIRTUAL_CLUSTER_NAME', text((info) => info.virtualClusterName)],
  ['LOCAL_REPLY_BODY', plain(textOperator((info) => info.localReplyBody))],
  ['ACCESS_LOG_TYPE', text((info) => info.accessLogType)],
  ['GRPC_STATUS', grpcOperator],
  ['GRPC_STATUS_NUMBER', number(grpcStatus)],
  ['REQUESTED_SERVER_NAME', serverNameOperator],
  ['HOSTNAME', (call, environment, problems) => text(() => environment.hostname)(call, environment, problems)],
  ['ENVIRONMENT', environmentOperator],
])

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}

/** The connection's own belong to its one stream only where there is no HTTP. */
function terminationDetails(info: StreamInfo): string {
  if (info.connectionTerminationDetails !== '' || info.protocol !== undefined) return info.connectionTerminationDetails
  return info.connection.terminationDetails
}

function longFlags(info: StreamInfo): string {
  if (info.responseFlags === '') return '-'
  return info.responseFlags
    .split(',')
    .map((flag) => flagLongName(flag as ResponseFlag))
    .join(',')
}

function uniqueId(info: StreamInfo): string {
  if (info.uniqueId === '') info.uniqueId = randomUUID()
  return info.uniqueId
}

function plainBytes(headers: HeaderMap | undefined): number {
  return headers === undefined ? 0 : headers.byteSize()
}

/** Pseudo-header fields count with their names, as Envoy's map holds them. */
function requestBytes(headers: RequestHeaderMap | undefined): number {
  if (headers === undefined) return 0
  return (
    headers.byteSize() +
    fieldBytes(7, headers.method) +
    fieldBytes(10, headers.authority) +
    fieldBytes(7, headers.scheme) +
    fieldBytes(5, headers.path) +
    fieldBytes(9, headers.protocol)
  )
}

function responseBytes(headers: ResponseHeaderMap | undefined): number {
  return headers === undefined ? 0 : headers.byteSize() + ':status'.length + 3
}

function fieldBytes(nameLength: number, value: string | undefined): number {
  return value === undefined || value === '' ? 0 : nameLength + value.length
}

/** `GRPC_STATUS(CAMEL_STRING|SNAKE_STRING|NUMBER)`. */
function grpcOperator(...[call, , problems]: Parameters<OperatorFactory>): Operator | undefined {
  const kind = call.argument ?? 'CAMEL_STRING'
  if (call.length !== undefined) problems.add('GRPC_STATUS does not allow length to be specified')
  if (kind === 'NUMBER') return numberOperator(grpcStatus)
  if (kind !== 'CAMEL_STRING' && kind !== 'SNAKE_STRING') {
    problems.add(`GRPC_STATUS only supports CAMEL_STRING, SNAKE_STRING and NUMBER, not ${kind}`)
    return undefined
  }
  const name = kind === 'CAMEL_STRING' ? camelStatus : snakeStatus
  return textOperator((info) => {
    const status = grpcStatus(info)
    return status === undefined ? undefined : name(status)
  })
}

/** `REQUESTED_SERVER_NAME(SNI_ONLY|SNI_FIRST|HOST_FIRST)`: the SNI, or the host of the request, without port. */
function serverNameOperator(...[call, , problems]: Parameters<OperatorFactory>): Operator | undefined {
  const kind = call.argument ?? 'SNI_ONLY'
  const sni = (info: StreamInfo): string | undefined => nonEmpty(info.connection.requestedServerName)
  if (call.length !== undefined) problems.add('REQUESTED_SERVER_NAME does not allow length to be specified')
  if (kind === 'SNI_ONLY') return textOperator(sni)
  if (kind === 'SNI_FIRST') return textOperator((info) => sni(info) ?? host(info))
  if (kind === 'HOST_FIRST') return textOperator((info) => host(info) ?? sni(info))
  problems.add(`invalid REQUESTED_SERVER_NAME option "${kind}", only SNI_ONLY, SNI_FIRST and HOST_FIRST are allowed`)
  return undefined
}

function host(info: StreamInfo): string | undefined {
  const authority = nonEmpty(info.requestHeaders?.authority)
  return authority?.replace(/:\d*$/, '')
}

/** The value of an environment variable, read once. */
function environmentOperator(...[call, environment, problems]: Parameters<OperatorFactory>): Operator | undefined {
  const name = required(call, problems)
  if (name === undefined) return undefined
  const value = environment.variables[name]
  return truncated(
    textOperator(() => value),
    call.length,
  )
}
