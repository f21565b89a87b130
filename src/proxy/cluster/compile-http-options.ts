// Envoy's HTTP protocol options over the codecs' own; used by clusters and connection managers alike.

import type { Http1Options } from '../../codec/http1/http1-options.ts'
import type { Http2Options } from '../../codec/http2/options.ts'
import type {
  Http1ProtocolOptions,
  Http2ProtocolOptions,
} from '../../envoy/generated/envoy/config/core/v3/protocol_pb.js'

export function compileHttp1Options(message: Http1ProtocolOptions | undefined, base: Http1Options): Http1Options {
  if (message === undefined) return base
  return {
    ...base,
    acceptHttp10: message.acceptHttp10,
    defaultHostForHttp10: message.defaultHostForHttp10,
    allowAbsoluteUrl: message.allowAbsoluteUrl ?? base.allowAbsoluteUrl,
    enableTrailers: message.enableTrailers,
    allowChunkedLength: message.allowChunkedLength,
    allowCustomMethods: message.allowCustomMethods,
    headerKeyFormat: headerKeyFormat(message),
    sendFullyQualifiedUrl: message.sendFullyQualifiedUrl,
  }
}

/** The only stateful formatter is preserve_case. */
function headerKeyFormat(message: Http1ProtocolOptions): Http1Options['headerKeyFormat'] {
  switch (message.headerKeyFormat?.headerFormat.case) {
    case 'properCaseWords':
      return 'proper-case'
    case 'statefulFormatter':
      return 'preserve-case'
    default:
      return 'lower'
  }
}

/**
 * Window sizes are upper bounds here: streams start at `base.initialStreamWindowBytes` and grow to the configured size while
 * their consumers keep pace, so that a stalled one cannot hold megabytes.
 */
export function compileHttp2Options(message: Http2ProtocolOptions | undefined, base: Http2Options): Http2Options {
  if (message === undefined) return base
  const maxStreamWindowBytes = message.initialStreamWindowSize ?? base.maxStreamWindowBytes
  return {
    ...base,
    hpackTableSize: message.hpackTableSize ?? base.hpackTableSize,
    maxConcurrentStreams: message.maxConcurrentStreams ?? base.maxConcurrentStreams,
    maxStreamWindowBytes,
    initialStreamWindowBytes: Math.min(base.initialStreamWindowBytes, maxStreamWindowBytes),
    connectionWindowBytes: message.initialConnectionWindowSize ?? base.connectionWindowBytes,
    allowConnect: message.allowConnect,
    maxOutboundFrames: message.maxOutboundFrames ?? base.maxOutboundFrames,
    maxOutboundControlFrames: message.maxOutboundControlFrames ?? base.maxOutboundControlFrames,
    maxConsecutiveEmptyDataFrames:
      message.maxConsecutiveInboundFramesWithEmptyPayload ?? base.maxConsecutiveEmptyDataFrames,
    maxPriorityFramesPerStream: message.maxInboundPriorityFramesPerStream ?? base.maxPriorityFramesPerStream,
    maxWindowUpdateFramesPerDataFrameSent:
      message.maxInboundWindowUpdateFramesPerDataFrameSent ?? base.maxWindowUpdateFramesPerDataFrameSent,
    overrideStreamErrorOnInvalidHttpMessage:
      message.overrideStreamErrorOnInvalidHttpMessage ?? base.overrideStreamErrorOnInvalidHttpMessage,
  }
}
