// envoy.filters.http.grpc_web: lets browsers, which see no trailers, call gRPC services. Requests become gRPC; in responses the
// trailers become a last message, and in the text format everything is Base64 (gRPC-Web protocol, PROTOCOL-WEB.md).

import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../../../codec/header-map.ts'
import { GrpcWebSchema } from '../../../envoy/generated/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.js'
import { httpToGrpcStatus, isGrpcContentType } from '../../format/grpc-status.ts'
import type { Exchange } from '../../http/exchange.ts'
import { CONTINUE } from '../../http/filter.ts'
import type { HttpFilter, HttpFilterFactory } from '../../http/filter.ts'
import { percentEncode } from '../../http/local-reply.ts'
import { Base64Decoder, encodeBase64, MessageEncoder } from './base64-stream.ts'

const BINARY = new Set(['application/grpc-web', 'application/grpc-web+proto'])
const TEXT = new Set(['application/grpc-web-text', 'application/grpc-web-text+proto'])
/** The flag in front of a message that says that it holds trailers. */
const TRAILERS = 0x80
/** For statuses that gRPC has no word for. */
const UNKNOWN = 2
const NOTHING = Buffer.alloc(0)

export const grpcWeb: HttpFilterFactory<typeof GrpcWebSchema> = {
  name: 'envoy.filters.http.grpc_web',
  config: GrpcWebSchema,
  compile: (): HttpFilter<unknown> => ({
    runtime: undefined,
    onRequest(exchange, headers, _endStream, _runtime, slot) {
      const type = headers.get('content-type') ?? ''
      const isText = TEXT.has(type)
      if (!isText && !BINARY.has(type)) return CONTINUE
      exchange.slots[slot] = new WebCall(isText, TEXT.has(headers.get('accept') ?? ''))
      becomeGrpc(headers)
      return CONTINUE
    },
    onRequestData(exchange, chunk, endStream, _runtime, slot) {
      return callOf(exchange, slot)?.decodeRequest(exchange, chunk, endStream)
    },
    onResponse(exchange, headers, endStream, _runtime, slot) {
      callOf(exchange, slot)?.beginResponse(headers, endStream, exchange.info.localReplyBody)
    },
    onResponseData(exchange, chunk, endStream, _runtime, slot) {
      return callOf(exchange, slot)?.encodeResponse(chunk, endStream)
    },
    onResponseTrailers(exchange, trailers, _runtime, slot) {
      return callOf(exchange, slot)?.encodeTrailers(trailers)
    },
  }),
}

function callOf(exchange: Exchange, slot: number): WebCall | undefined {
  return exchange.slots[slot] as WebCall | undefined
}

function becomeGrpc(headers: RequestHeaderMap): void {
  // Of the text, if it is one.
  headers.delete('content-length')
  headers.set('content-type', 'application/grpc')
  headers.set('te', 'trailers')
  headers.set('grpc-accept-encoding', 'identity')
}

class WebCall {
  private readonly decoder: Base64Decoder | undefined
  private readonly encoder: MessageEncoder | undefined
  /** The response is no gRPC: its status says what can be said. */
  private dropsBody = false

  constructor(requestIsText: boolean, responseIsText: boolean) {
    this.decoder = requestIsText ? new Base64Decoder() : undefined
    this.encoder = responseIsText ? new MessageEncoder() : undefined
  }

  decodeRequest(exchange: Exchange, chunk: Buffer, endStream: boolean): Buffer | undefined {
    if (this.decoder === undefined) return undefined
    const decoded = this.decoder.decode(chunk)
    if (decoded !== undefined && (!endStream || this.decoder.isComplete)) return decoded
    const details = decoded === undefined ? 'grpc_base_64_decode_failed' : 'grpc_base_64_decode_failed_bad_size'
    exchange.localReply({ status: 400, body: 'Bad gRPC-web request, invalid base64 data.', details })
    return undefined
  }

  /** @param message what the proxy says itself, if the response is its own */
  beginResponse(headers: ResponseHeaderMap, endStream: boolean, message: string): void {
    this.dropsBody = !endStream && !isGrpcContentType(headers.get('content-type'))
    headers.set('content-type', `application/grpc-web${this.encoder === undefined ? '' : '-text'}+proto`)
    if (!this.dropsBody) return
    headers.delete('content-length')
    if (message !== '') headers.set('grpc-message', percentEncode(message))
    headers.set('grpc-status', String(httpToGrpcStatus(headers.status) ?? UNKNOWN))
    headers.set('content-length', '0')
  }

  encodeResponse(chunk: Buffer, endStream: boolean): Buffer | undefined {
    return this.dropsBody ? NOTHING : this.encoder?.encode(chunk, endStream)
  }

  encodeTrailers(trailers: HeaderMap): Buffer {
    if (this.dropsBody) return NOTHING
    const { fields } = trailers
    let text = ''
    for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}:${fields[i + 1]}\r\n`
    const message = Buffer.allocUnsafe(5 + text.length)
    message[0] = TRAILERS
    message.writeUInt32BE(text.length, 1)
    message.write(text, 5, 'latin1')
    return this.encoder === undefined ? message : encodeBase64(message)
  }
}
