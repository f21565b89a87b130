// Numbers of RFC 9113: frame types (6), flags, settings (6.5.2), error codes (7).

export const FRAME_HEADER_BYTES = 9

export const DATA = 0
export const HEADERS = 1
export const PRIORITY = 2
export const RST_STREAM = 3
export const SETTINGS = 4
export const PUSH_PROMISE = 5
export const PING = 6
export const GOAWAY = 7
export const WINDOW_UPDATE = 8
export const CONTINUATION = 9

export const FLAG_ACK = 0x1
export const FLAG_END_STREAM = 0x1
export const FLAG_END_HEADERS = 0x4
export const FLAG_PADDED = 0x8
export const FLAG_PRIORITY = 0x20

export const SETTINGS_HEADER_TABLE_SIZE = 1
export const SETTINGS_ENABLE_PUSH = 2
export const SETTINGS_MAX_CONCURRENT_STREAMS = 3
export const SETTINGS_INITIAL_WINDOW_SIZE = 4
export const SETTINGS_MAX_FRAME_SIZE = 5
/** RFC 8441 3. */
export const SETTINGS_ENABLE_CONNECT_PROTOCOL = 8

export const NO_ERROR = 0
export const PROTOCOL_ERROR = 1
export const INTERNAL_ERROR = 2
export const FLOW_CONTROL_ERROR = 3
export const STREAM_CLOSED = 5
export const FRAME_SIZE_ERROR = 6
export const REFUSED_STREAM = 7
export const CANCEL = 8
export const COMPRESSION_ERROR = 9
export const CONNECT_ERROR = 10
export const ENHANCE_YOUR_CALM = 11

/** Window of a stream and of the connection until SETTINGS and WINDOW_UPDATE say otherwise (RFC 9113 6.9.2). */
export const DEFAULT_WINDOW_BYTES = 65_535
/** Largest window, and largest stream identifier. */
export const MAX_WINDOW_BYTES = 0x7fffffff
export const MAX_STREAM_ID = 0x7fffffff
/** Smallest value that a peer may have for SETTINGS_MAX_FRAME_SIZE, and the largest frame that we send. */
export const DEFAULT_MAX_FRAME_BYTES = 16_384
/** SETTINGS_HEADER_TABLE_SIZE until it is set. */
export const DEFAULT_TABLE_BYTES = 4096
export const LARGEST_MAX_FRAME_BYTES = 16_777_215

export const CONNECTION_PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')
