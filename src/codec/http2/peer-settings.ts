// The peer's SETTINGS (RFC 9113 6.5): parsed and checked here, put into effect by the connection.

import {
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_TABLE_BYTES,
  DEFAULT_WINDOW_BYTES,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  LARGEST_MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  NO_ERROR,
  PROTOCOL_ERROR,
  SETTINGS_ENABLE_CONNECT_PROTOCOL,
  SETTINGS_ENABLE_PUSH,
  SETTINGS_HEADER_TABLE_SIZE,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_CONCURRENT_STREAMS,
  SETTINGS_MAX_FRAME_SIZE,
} from './frame-constants.ts'

const PARAMETER_BYTES = 6

export class PeerSettings {
  headerTableSize = DEFAULT_TABLE_BYTES
  maxConcurrentStreams: number
  initialWindowSize = DEFAULT_WINDOW_BYTES
  /** RFC 8441: the peer, a server, accepts extended CONNECT. */
  enableConnectProtocol = false
  private readonly isServer: boolean
  private readonly maxParameters: number

  /** `isServer`: the peer is one. `assumedConcurrentStreams` holds until it says otherwise. */
  constructor(isServer: boolean, assumedConcurrentStreams: number, maxParameters: number) {
    this.isServer = isServer
    this.maxConcurrentStreams = assumedConcurrentStreams
    this.maxParameters = maxParameters
  }

  /** Takes over the parameters in payload[start…end). Returns NO_ERROR or the error code of the connection error. */
  apply(payload: Buffer, start: number, end: number): number {
    if ((end - start) % PARAMETER_BYTES !== 0) return FRAME_SIZE_ERROR
    if (end - start > this.maxParameters * PARAMETER_BYTES) return ENHANCE_YOUR_CALM
    for (let at = start; at < end; at += PARAMETER_BYTES) {
      const error = this.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2))
      if (error !== NO_ERROR) return error
    }
    return NO_ERROR
  }

  private set(identifier: number, value: number): number {
    switch (identifier) {
      case SETTINGS_HEADER_TABLE_SIZE:
        this.headerTableSize = value
        return NO_ERROR
      case SETTINGS_ENABLE_PUSH:
        // A server must not send 1 (RFC 9113 6.5.2).
        return value > (this.isServer ? 0 : 1) ? PROTOCOL_ERROR : NO_ERROR
      case SETTINGS_MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value
        return NO_ERROR
      case SETTINGS_INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW_BYTES) return FLOW_CONTROL_ERROR
        this.initialWindowSize = value
        return NO_ERROR
      case SETTINGS_MAX_FRAME_SIZE:
        // We never send larger frames than the smallest that a peer must accept.
        return value < DEFAULT_MAX_FRAME_BYTES || value > LARGEST_MAX_FRAME_BYTES ? PROTOCOL_ERROR : NO_ERROR
      case SETTINGS_ENABLE_CONNECT_PROTOCOL:
        // Once set it may not be withdrawn (RFC 8441 3).
        if (value > 1 || (value === 0 && this.enableConnectProtocol)) return PROTOCOL_ERROR
        this.enableConnectProtocol = value === 1
        return NO_ERROR
      default:
        return NO_ERROR
    }
  }
}
