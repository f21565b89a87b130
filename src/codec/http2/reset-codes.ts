// Error codes of RST_STREAM (RFC 9113 7) to reset reasons and back.

import type { ResetReason } from '../http-stream.ts'
import {
  CANCEL,
  CONNECT_ERROR,
  ENHANCE_YOUR_CALM,
  INTERNAL_ERROR,
  NO_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
} from './frame-constants.ts'

/**
 * What the peer is told about a stream that our side resets. `responseComplete`: we, a server, sent the whole response, so the
 * reset only says that the rest of the request is not needed (RFC 9113 8.1).
 */
export function resetCode(reason: ResetReason, responseComplete: boolean): number {
  switch (reason) {
    case 'local refused stream reset':
      return REFUSED_STREAM
    case 'remote error with CONNECT request':
      return CONNECT_ERROR
    case 'protocol error':
      return PROTOCOL_ERROR
    case 'overload manager reset':
      return ENHANCE_YOUR_CALM
    default:
      break
  }
  if (responseComplete) return NO_ERROR
  // The party at our other side went away: nobody wants the rest.
  return reason === 'remote reset' || reason === 'remote refused stream reset' ? CANCEL : INTERNAL_ERROR
}

/** What the peer's RST_STREAM means. */
export function resetReason(code: number): ResetReason {
  if (code === REFUSED_STREAM) return 'remote refused stream reset'
  if (code === CONNECT_ERROR) return 'remote error with CONNECT request'
  return 'remote reset'
}

/** Envoy's response code detail for it. */
export function resetDetail(code: number): string {
  return code === REFUSED_STREAM ? 'http2.remote_refuse' : 'http2.remote_reset'
}
