// Responses that the proxy makes itself: the only place where they are made. Shapes as Envoy's Utility::sendLocalReply.

import { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { RequestHeaderMap } from '../../codec/header-map.ts'
import { httpToGrpcStatus, isGrpcContentType } from '../format/grpc-status.ts'
import type { Exchange } from './exchange.ts'
import { applyRouteMutations } from './response-headers.ts'

export interface LocalReply {
  readonly status: number
  readonly body: string
  /** `%RESPONSE_CODE_DETAILS%` */
  readonly details: string
  /** For gRPC requests; otherwise mapped from the status. */
  readonly grpcStatus?: number
  /** name, value … added to the response. */
  readonly headers?: readonly string[]
  /** The same, in place of what the route adds under these names; repeated names stay repeated. */
  readonly finalHeaders?: readonly string[]
}

/** gRPC over HTTP by its content type (`application/grpc`, `application/grpc+proto`, not grpc-web). */
export function isGrpcRequest(headers: RequestHeaderMap): boolean {
  return isGrpcContentType(headers.getJoined('content-type'))
}

export interface BuiltReply {
  readonly headers: ResponseHeaderMap
  readonly body: Buffer
}

/** To HEAD the body is announced but not sent. The order of the fields is Envoy's. */
export function buildLocalReply(reply: LocalReply, exchange: Exchange): BuiltReply {
  const headers = new ResponseHeaderMap()
  headers.status = reply.status
  addAll(headers, reply.headers)
  applyRouteMutations(exchange, headers)
  replaceAll(headers, reply.finalHeaders)
  const { localReplies } = exchange.config
  if (localReplies === undefined) return withBody(headers, reply, reply.body, '', exchange)
  const typeBefore = headers.get('content-type')
  const { body, contentType } = localReplies.rewrite(headers, reply.body, exchange.info)
  const type = headers.get('content-type')
  // A type that the mapper's headers say stays.
  const isRetyped = type === undefined || (body !== reply.body && type === typeBefore)
  return withBody(headers, reply, body, isRetyped ? contentType : '', exchange)
}

/** @param contentType '' leaves the one in the headers, or else text/plain. */
function withBody(
  headers: ResponseHeaderMap,
  reply: LocalReply,
  text: string,
  contentType: string,
  exchange: Exchange,
): BuiltReply {
  if (exchange.isGrpc) {
    const grpcStatus = headers.get('grpc-status') ?? reply.grpcStatus ?? httpToGrpcStatus(headers.status) ?? UNKNOWN
    headers.status = 200
    headers.set('content-type', 'application/grpc')
    headers.set('grpc-status', String(grpcStatus))
    if (text !== '') headers.set('grpc-message', percentEncode(text))
    headers.delete('content-length')
    return { headers, body: NO_BODY }
  }
  if (text === '') {
    headers.delete('content-length')
    headers.delete('content-type')
    return { headers, body: NO_BODY }
  }
  const body = Buffer.from(text)
  headers.set('content-length', String(body.length))
  if (contentType !== '') headers.set('content-type', contentType)
  else if (!headers.has('content-type')) headers.add('content-type', 'text/plain')
  return { headers, body: exchange.requestHeaders?.method === 'HEAD' ? NO_BODY : body }
}

const NO_BODY = Buffer.alloc(0)
/** For statuses that gRPC has no word for. */
const UNKNOWN = 2

function addAll(headers: ResponseHeaderMap, more: readonly string[] | undefined): void {
  if (more === undefined) return
  for (let i = 0; i < more.length; i += 2) headers.set(more[i], more[i + 1])
}

function replaceAll(headers: ResponseHeaderMap, more: readonly string[] | undefined): void {
  if (more === undefined) return
  for (let i = 0; i < more.length; i += 2) headers.delete(more[i])
  for (let i = 0; i < more.length; i += 2) headers.add(more[i], more[i + 1])
}

/** grpc-message is percent-encoded: everything outside printable ASCII, and `%` itself (gRPC over HTTP/2, Responses). */
export function percentEncode(text: string): string {
  let encoded = ''
  for (const byte of Buffer.from(text)) {
    encoded +=
      byte < 0x20 || byte > 0x7e || byte === 0x25
        ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte)
  }
  return encoded
}
