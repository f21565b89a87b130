// A unary gRPC call of a filter: one message there, one back, over the async client. Bytes only: what they mean is the
// caller's business.

import { frameMessage, unframeMessage } from '../../codec/grpc/message-frame.ts'
import { RequestHeaderMap } from '../../codec/header-map.ts'
import { httpToGrpcStatus } from '../format/grpc-status.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import type { AsyncCall, AsyncClient, AsyncReceiver, AsyncResponse } from './async-client.ts'

/** Of envoy.config.core.v3.GrpcService with envoy_grpc. */
export interface GrpcTarget {
  readonly cluster: string
  readonly authority: string
  /** 0: none. */
  readonly timeoutMs: number
  readonly maxMessageBytes: number
  /** Lower-case name, value … */
  readonly initialMetadata: readonly string[]
  readonly sendsEnvoyHeaders: boolean
}

export interface GrpcReceiver {
  onGrpcMessage(message: Buffer): void
  /** Any end without exactly one message and status 0; `status` is gRPC's. */
  onGrpcFailure(status: number): void
}

const UNKNOWN = 2
const INTERNAL = 13
const UNAVAILABLE = 14
const DEADLINE_EXCEEDED = 4

/** `path` is `/package.Service/Method`. */
export function callGrpc(
  client: AsyncClient,
  target: GrpcTarget,
  path: string,
  message: Uint8Array,
  downstreamConnection: ConnectionFacts | undefined,
  receiver: GrpcReceiver,
): AsyncCall {
  const request = {
    cluster: target.cluster,
    headers: grpcHeaders(target, path),
    body: frameMessage(message),
    timeoutMs: target.timeoutMs,
    maxBodyBytes: target.maxMessageBytes,
    downstreamConnection,
    isHttp2: true,
    sendsInternal: target.sendsEnvoyHeaders,
    sendsForwardedFor: target.sendsEnvoyHeaders,
  }
  return client.send(request, new Receiver(receiver))
}

function grpcHeaders(target: GrpcTarget, path: string): RequestHeaderMap {
  const headers = new RequestHeaderMap()
  headers.method = 'POST'
  headers.scheme = 'http'
  headers.authority = target.authority
  headers.path = path
  headers.add('te', 'trailers')
  if (target.timeoutMs > 0) headers.add('grpc-timeout', `${Math.ceil(target.timeoutMs)}m`)
  headers.add('content-type', 'application/grpc')
  const { initialMetadata } = target
  for (let i = 0; i < initialMetadata.length; i += 2) headers.add(initialMetadata[i], initialMetadata[i + 1])
  return headers
}

class Receiver implements AsyncReceiver {
  private readonly receiver: GrpcReceiver

  constructor(receiver: GrpcReceiver) {
    this.receiver = receiver
  }

  onAsyncResponse(response: AsyncResponse): void {
    const status = statusOf(response)
    const message = status === 0 ? unframeMessage(response.body) : undefined
    if (message === undefined) this.receiver.onGrpcFailure(status === 0 ? INTERNAL : status)
    else this.receiver.onGrpcMessage(message)
  }

  onAsyncFailure(failure: string): void {
    this.receiver.onGrpcFailure(failure === 'timeout' ? DEADLINE_EXCEEDED : UNAVAILABLE)
  }
}

/** The status stands in the trailers, or in the headers when there is nothing else (Trailers-Only). */
function statusOf({ headers, trailers }: AsyncResponse): number {
  if (headers.status !== 200) return httpToGrpcStatus(headers.status) ?? UNKNOWN
  const text = trailers?.get('grpc-status') ?? headers.get('grpc-status')
  return text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : UNKNOWN
}
