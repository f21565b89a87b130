// What can be wrong with an HTTP/1 message: Envoy's response code detail, a sentence for the log, and what a server answers.

import type { CodecError } from '../http-stream.ts'

function badRequest(detail: string, message: string): CodecError {
  return { detail, message, status: 400, body: 'Bad Request' }
}

/** A syntax error that Envoy's parser does not tell apart. */
export function syntaxError(message: string): CodecError {
  return badRequest('http1.codec_error', message)
}

export const INVALID_CHARACTERS = badRequest('http1.invalid_characters', 'a character that the message may not contain')
export const BARE_LINE_END = syntaxError('CR or LF that is no part of a line end')
export const BAD_FIELD_LINE = syntaxError('a field line without a valid name and colon')
export const BAD_START_LINE = syntaxError('a start line that begins with no word')
export const BAD_REQUEST_LINE = syntaxError('malformed request line')
export const UNKNOWN_METHOD = syntaxError('unknown method')
export const BAD_STATUS_LINE = syntaxError('malformed status line')
export const BAD_CONTENT_LENGTH = syntaxError('invalid or repeated Content-Length')
export const REPEATED_HOST = syntaxError('more than one Host line')
export const BAD_CHUNK_LINE = syntaxError('malformed chunk size or extension')
export const LONG_CHUNK_LINE = syntaxError('chunk extensions exceed their limit')
export const BAD_CHUNK_END = syntaxError('chunk data without the CRLF that ends it')
export const TOO_MANY_INTERIM_RESPONSES = syntaxError('too many 1xx responses to one request')
export const UNASKED_SWITCH = syntaxError('101 to a request that asked for no upgrade')
export const UNSOLICITED_BYTES = syntaxError('bytes from the server that no request asked for')
export const BAD_MESSAGE_SENT = syntaxError('a message that cannot be written as HTTP/1')
export const LENGTH_MISMATCH = syntaxError('a body that differs from its Content-Length')

export const HEADERS_TOO_LARGE: CodecError = {
  detail: 'http1.headers_too_large',
  message: 'headers exceed their size limit',
  status: 431,
  body: 'Request Header Fields Too Large',
}
export const TOO_MANY_HEADERS: CodecError = {
  detail: 'http1.too_many_headers',
  message: 'headers exceed their number',
  status: 431,
  body: 'Request Header Fields Too Large',
}
export const LENGTH_AND_CHUNKED = badRequest(
  'http1.content_length_and_chunked_not_allowed',
  'both Content-Length and Transfer-Encoding',
)
export const INVALID_TRANSFER_ENCODING: CodecError = {
  detail: 'http1.invalid_transfer_encoding',
  message: 'a Transfer-Encoding other than chunked',
  status: 501,
  body: 'Not Implemented',
}
export const CONNECTION_REJECTED = badRequest('http1.connection_header_rejected', 'invalid Connection header')
export const BODY_DISALLOWED = badRequest('http1.body_disallowed', 'CONNECT with Content-Length')
export const INVALID_URL = badRequest('http1.invalid_url', 'invalid URL in the request line')
export const INVALID_SCHEME = badRequest('http1.invalid_scheme', 'invalid scheme in the request line')
export const INVALID_AUTHORITY = badRequest('http.invalid_authority', 'invalid Host')
export const UNEXPECTED_UNDERSCORE = badRequest('http1.unexpected_underscore', 'a field name with an underscore')
export const LOW_VERSION: CodecError = {
  detail: 'low_version',
  message: 'unsupported HTTP version',
  status: 426,
  body: 'Upgrade Required',
}
export const TRANSFER_ENCODING_NOT_ALLOWED = badRequest(
  'http1.transfer_encoding_not_allowed',
  'Transfer-Encoding in a response that has no body',
)
export const CONTENT_LENGTH_NOT_ALLOWED = badRequest(
  'http1.content_length_not_allowed',
  'Content-Length in a response that has no body',
)
/** Envoy closes without an answer. */
export const RESPONSE_FLOOD: CodecError = {
  detail: 'codec_error:Too_many_responses_queued.',
  message: 'too many responses queued',
}
/** A server may give up an idle connection so (RFC 9110 15.5.9); it is no protocol error. */
export const IDLE_TIMEOUT: CodecError = {
  detail: 'http1.codec_error',
  message: '408 on an idle connection',
  isIdleTimeout: true,
}

/** The error for whoever can no longer be answered. */
export function withoutReply(error: CodecError): CodecError {
  return { detail: error.detail, message: error.message }
}
