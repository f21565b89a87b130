// HTTP/1 as no proper client writes it. `SMUGGLED` marks what must not be found at a destination, whatever else is.

export interface Malformed {
  readonly what: string
  readonly bytes: string
}

const HOST = 'host: web\r\n'
/** A whole request in one: if the bytes before it are framed differently by two readers, the second reader runs it. */
const HIDDEN = 'GET /SMUGGLED HTTP/1.1\r\nhost: web\r\n\r\n'

const head = (what: string, fields: string, requestLine = 'GET /SMUGGLED HTTP/1.1'): Malformed => ({
  what,
  bytes: `${requestLine}\r\n${fields}\r\n`,
})
/** A head in order, then a body that hides a request. */
const body = (what: string, fields: string, content: string): Malformed => ({
  what,
  bytes: `POST /visible HTTP/1.1\r\n${HOST}${fields}\r\n${content}`,
})

export const MALFORMED_HTTP1: readonly Malformed[] = [
  head('no host', ''),
  head('two hosts', `${HOST}host: other\r\n`),
  head('a host with a space', 'host: w eb\r\n'),
  head('a space before the colon', `${HOST}x-field : 1\r\n`),
  head('a name that is empty', `${HOST}: 1\r\n`),
  head('a line without a colon', `${HOST}nonsense\r\n`),
  head('NUL in a value', `${HOST}x-field: a\0b\r\n`),
  head('a bare CR in a value', `${HOST}x-field: a\rb\r\n`),
  head('a control character in a name', `${HOST}x\x01field: 1\r\n`),
  head('a method with a colon', HOST, 'G:T /SMUGGLED HTTP/1.1'),
  head('no version', HOST, 'GET /SMUGGLED'),
  head('a version of its own', HOST, 'GET /SMUGGLED HTTP/7.3'),
  head('HTTP/1.0, which is not allowed here', HOST, 'GET /SMUGGLED HTTP/1.0'),
  head('a space in the path', HOST, 'GET /SMUGGLED x HTTP/1.1'),
  head('a path that does not begin with a slash', HOST, 'GET SMUGGLED HTTP/1.1'),
  head('a head of more than 60 KiB', `${HOST}x-field: ${'v'.repeat(61 << 10)}\r\n`),
  head('101 fields', `${HOST}${'x-field: 1\r\n'.repeat(101)}`),
  ...['+5', '-5', '0x5', '5 5', '5,6', '5;', '', '99999999999999999999'].map((value) =>
    head(`content-length: "${value}"`, `${HOST}content-length: ${value}\r\n`, 'POST /SMUGGLED HTTP/1.1'),
  ),
  body('two content-lengths', `content-length: 0\r\ncontent-length: ${HIDDEN.length}\r\n`, HIDDEN),
  body('content-length and chunks', 'content-length: 5\r\ntransfer-encoding: chunked\r\n', `0\r\n\r\n${HIDDEN}`),
  ...['xchunked', 'chunked, identity', 'identity', 'gzip, x-chunked', '"chunked"'].map((value) =>
    body(`transfer-encoding: ${value}`, `transfer-encoding: ${value}\r\n`, `0\r\n\r\n${HIDDEN}`),
  ),
  body('a chunk size that is no number', 'transfer-encoding: chunked\r\n', `zz\r\n\r\n${HIDDEN}`),
  body('a chunk size with a sign', 'transfer-encoding: chunked\r\n', `+5\r\n\r\n${HIDDEN}`),
  body('a chunk size of 17 digits', 'transfer-encoding: chunked\r\n', `10000000000000000\r\n${HIDDEN}`),
  body('a chunk longer than it says', 'transfer-encoding: chunked\r\n', `1\r\nab\r\n0\r\n\r\n${HIDDEN}`),
]
