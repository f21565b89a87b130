// The gRPC status of a response, and the names of statuses.

import type { HeaderMap } from '../../codec/header-map.ts'
import type { StreamInfo } from '../stream/stream-info.ts'

const CAMEL = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
]

const SNAKE = CAMEL.map((name) => (name === 'Canceled' ? 'CANCELLED' : snake(name)))

function snake(name: string): string {
  return name === 'OK' ? name : name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()
}

export function camelStatus(status: number): string {
  return CAMEL[status] ?? String(status)
}

export function snakeStatus(status: number): string {
  return SNAKE[status] ?? String(status)
}

/** `application/grpc`, `application/grpc+proto` and the like; not grpc-web. */
export function isGrpcContentType(contentType: string | undefined): boolean {
  if (contentType === undefined || !contentType.startsWith('application/grpc')) return false
  return contentType.length === 16 || contentType.charCodeAt(16) === 0x2b
}

/** From trailers, else headers, else mapped from the HTTP status; undefined if the request is not gRPC. */
export function grpcStatus(info: StreamInfo): number | undefined {
  if (!isGrpcContentType(info.requestHeaders?.getJoined('content-type'))) return undefined
  return sentStatus(info) ?? httpToGrpcStatus(info.responseCode)
}

/** What a gRPC client would make of the response, whether or not the request is gRPC: 2 (Unknown) when nothing tells. */
export function responseGrpcStatus(info: StreamInfo): number {
  return sentStatus(info) ?? httpToGrpcStatus(info.responseCode) ?? 2
}

function sentStatus(info: StreamInfo): number | undefined {
  return statusIn(info.responseTrailers) ?? statusIn(info.responseHeaders)
}

function statusIn(headers: HeaderMap | undefined): number | undefined {
  const text = headers?.get('grpc-status')
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

/** Envoy's table for responses that carry no gRPC status; undefined for 200 and for none. */
export function httpToGrpcStatus(httpStatus: number): number | undefined {
  switch (httpStatus) {
    case 0:
    case 200:
      return undefined
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
