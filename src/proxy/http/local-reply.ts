// Responses that the proxy makes itself: the only place where they are made. Shapes as Envoy's Utility::sendLocalReply.

import { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { RequestHeaderMap } from '../../codec/header-map.ts'

export interface LocalReply {
  readonly status: number
  readonly body: string
  /** `%RESPONSE_CODE_DETAILS%` */
  readonly details: string
  /** For gRPC requests; otherwise mapped from the status. */
  readonly grpcStatus?: number
  /** name, value … added to the response. */
  readonly headers?: readonly string[]
}

/** HTTP status to gRPC status for replies that a gRPC client sees (Envoy: Grpc::Utility::httpToGrpcStatus). */
export function httpToGrpcStatus(status: number): number {
  switch (status) {
    case 400:
      return 13
    case 401:
      return 16
    case 403:
      return 7
    case 404:
      return 12
    case 429:
    case 502:
    case 503:
    case 504:
      return 14
    default:
      return 2
  }
}

/** gRPC over HTTP by its content type (`application/grpc`, `application/grpc+proto`, not grpc-web). */
export function isGrpcRequest(headers: RequestHeaderMap): boolean {
  return isGrpcContentType(headers.get('content-type'))
}

export function isGrpcContentType(contentType: string | undefined): boolean {
  if (contentType === undefined || !contentType.startsWith('application/grpc')) return false
  return contentType.length === 16 || contentType.charCodeAt(16) === 0x2b
}

export interface BuiltReply {
  readonly headers: ResponseHeaderMap
  readonly body: Buffer
}

/** `isHead`: the body is announced but not sent. */
export function buildLocalReply(reply: LocalReply, isGrpc: boolean, isHead: boolean): BuiltReply {
  const headers = new ResponseHeaderMap()
  if (isGrpc) {
    headers.status = 200
    headers.fields.push('content-type', 'application/grpc')
    headers.fields.push('grpc-status', String(reply.grpcStatus ?? httpToGrpcStatus(reply.status)))
    if (reply.body !== '') headers.fields.push('grpc-message', percentEncode(reply.body))
    addAll(headers, reply.headers)
    return { headers, body: NO_BODY }
  }
  headers.status = reply.status
  const body = reply.body === '' ? NO_BODY : Buffer.from(reply.body)
  if (body.length > 0) headers.fields.push('content-length', String(body.length), 'content-type', 'text/plain')
  addAll(headers, reply.headers)
  return { headers, body: isHead ? NO_BODY : body }
}

const NO_BODY = Buffer.alloc(0)

function addAll(headers: ResponseHeaderMap, more: readonly string[] | undefined): void {
  if (more === undefined) return
  for (let i = 0; i < more.length; i += 2) headers.set(more[i], more[i + 1])
}

/** grpc-message is percent-encoded: everything outside printable ASCII, and `%` itself (gRPC over HTTP/2, Responses). */
function percentEncode(text: string): string {
  let encoded = ''
  for (const byte of Buffer.from(text)) {
    encoded +=
      byte < 0x20 || byte > 0x7e || byte === 0x25
        ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte)
  }
  return encoded
}
