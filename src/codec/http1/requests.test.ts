import { describe, expect, test } from '@jest/globals'
import { bytesOf, ServerRig, splits } from '../../../test/support/http1-rigs.ts'
import type { Http1Options } from './http1-options.ts'

type Case = readonly [name: string, input: string, events: readonly string[], options?: Partial<Http1Options>]

const get = (lines = ''): string => `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`
const post = (lines: string, body = ''): string => `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n${body}`
const chunked = (body: string, lines = ''): string => post(`Transfer-Encoding: chunked\r\n${lines}`, body)
const line = (requestLine: string): string => `${requestLine}\r\nHost: a\r\n\r\n`

const OK = (fields = ''): string[] => [`GET / a {${fields}}`, 'end']
const BAD = ['error http1.codec_error 400 Bad Request']
const CHARACTERS = ['error http1.invalid_characters 400 Bad Request']
const URL = ['error http1.invalid_url 400 Bad Request']
const VERSION = ['error low_version 426 Upgrade Required']
const CODING = ['error http1.invalid_transfer_encoding 501 Not Implemented']
const CHUNKED_HEAD = 'POST / a {transfer-encoding: chunked}'
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: s\r\n\r\n'

const VALID: readonly Case[] = [
  ['a request', get(), OK()],
  ['empty lines before a request', '\r\n\r\n' + get(), OK()],
  ['names in any case, values without outer blanks', get('X-A:\t one  two \t\r\nx-B:\r\n'), OK('x-a: one  two, x-b: ')],
  ['folded lines', get('x: a \r\n  b\r\n\tc \r\ny: d\r\n'), OK('x: a   b\tc, y: d')],
  [
    'folded lines that look like fields',
    get('x: a\r\n Transfer-Encoding: chunked\r\n'),
    OK('x: a Transfer-Encoding: chunked'),
  ],
  ['blank folded lines', get('x: a\r\n \r\n\t \r\ny:\r\n b\r\nz:\r\n \r\n'), OK('x: a, y: b, z: ')],
  ['obs-text and tabs in values', get('x: a\xe9\xff\tb\r\n'), OK('x: a\xe9\xff\tb')],
  ['all token characters in a name', get("x!#$%&'*+-.^_`|~09: b\r\n"), OK("x!#$%&'*+-.^_`|~09: b")],
  ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', ['GET /  {}', 'end']],
  ['no Host, which the manager refuses', 'GET / HTTP/1.1\r\n\r\n', ['GET / - {}', 'end']],
  ['runs of blanks in the request line', line('GET  \t/  HTTP/1.1 '), OK()],
  ['any visible ASCII in a path', line('GET /"<>\\^`{|}?x#y HTTP/1.1'), ['GET /"<>\\^`{|}?x#y a {}', 'end']],
  ['OPTIONS *', line('OPTIONS * HTTP/1.1'), ['OPTIONS * a {}', 'end']],
  ['an absolute URL, which replaces Host', line('GET http://b:80/p?q HTTP/1.1'), ['GET /p?q b:80 http {}', 'end']],
  ['an absolute URL without a path', line('GET HTTPS://b HTTP/1.1'), ['GET / b https {}', 'end']],
  ['an absolute URL with a query only', line('GET http://b?x HTTP/1.1'), ['GET ?x b http {}', 'end']],
  ['an absolute URL with userinfo, dropped', line('GET http://u:p@b/ HTTP/1.1'), ['GET / b http {}', 'end']],
  ['an absolute URL with an IPv6 host', line('GET http://[::1]:80/ HTTP/1.1'), ['GET / [::1]:80 http {}', 'end']],
  ['an absolute URL beside an invalid Host', 'GET http://b/ HTTP/1.1\r\nHost: a b\r\n\r\n', ['GET / b http {}', 'end']],
  [
    'an absolute URL as a path when they are not allowed',
    line('GET http://b/ HTTP/1.1'),
    ['GET http://b/ a {}', 'end'],
    { allowAbsoluteUrl: false },
  ],
  ['QUERY', line('QUERY / HTTP/1.1'), ['QUERY / a {}', 'end']],
  ['a custom method where allowed', line('BREW / HTTP/1.1'), ['BREW / a {}', 'end'], { allowCustomMethods: true }],
  [
    'a body of a declared length',
    post('content-length: 3\r\n', 'abc'),
    ['POST / a {content-length: 3}', 'data "abc"', 'end'],
  ],
  [
    'a length with a leading zero',
    post('content-length: 03\r\n', 'abc'),
    ['POST / a {content-length: 03}', 'data "abc"', 'end'],
  ],
  ['a length of zero', post('content-length: 0\r\n'), ['POST / a {content-length: 0}', 'end']],
  ['a GET with a body', get('content-length: 1\r\n') + 'x', ['GET / a {content-length: 1}', 'data "x"', 'end']],
  ['chunks', chunked('3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n'), [CHUNKED_HEAD, 'data "abc0123456789"', 'end']],
  ['leading zeros in chunk sizes', chunked('0003\r\nabc\r\n000\r\n\r\n'), [CHUNKED_HEAD, 'data "abc"', 'end']],
  [
    'chunk extensions',
    chunked('1;a=b;c\r\nx\r\n1 ; q="\\";\xff"\r\ny\r\n0;z\r\n\r\n'),
    [CHUNKED_HEAD, 'data "xy"', 'end'],
  ],
  ['an empty chunked body', chunked('0\r\n\r\n'), [CHUNKED_HEAD, 'end']],
  [
    'CHUNKED in capitals',
    post('transfer-encoding: CHUNKED\r\n', '0\r\n\r\n'),
    ['POST / a {transfer-encoding: CHUNKED}', 'end'],
  ],
  ['trailers, dropped by default', chunked('1\r\nx\r\n0\r\nX-T: 1\r\n\r\n'), [CHUNKED_HEAD, 'data "x"', 'end']],
  [
    'trailers where enabled, without what frames or routes',
    chunked('1\r\nx\r\n0\r\nX-T: 1\r\n 2\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: b\r\n\r\n'),
    [CHUNKED_HEAD, 'data "x"', 'trailers {x-t: 1 2}', 'end'],
    { enableTrailers: true },
  ],
  [
    'trailers of which nothing is left',
    chunked('0\r\nHost: b\r\n\r\n'),
    [CHUNKED_HEAD, 'end'],
    { enableTrailers: true },
  ],
  [
    'pipelined requests',
    get() + post('content-length: 2\r\n', 'hi') + chunked('1\r\nx\r\n0\r\n\r\n') + get(),
    [...OK(), 'POST / a {content-length: 2}', 'data "hi"', 'end', CHUNKED_HEAD, 'data "x"', 'end', ...OK()],
  ],
  [
    'an empty line between requests',
    post('content-length: 1\r\n', 'x') + '\r\n' + get(),
    ['POST / a {content-length: 1}', 'data "x"', 'end', ...OK()],
  ],
  [
    'fields that Connection names, removed',
    get('Connection: x-a, Keep-Alive\r\nX-A: 1\r\nx-b: 2\r\n'),
    OK('connection: x-a, Keep-Alive, x-b: 2'),
  ],
  ['a nominated TE with trailers', get('Connection: te\r\nTE: gzip, trailers\r\n'), OK('connection: te, te: trailers')],
  ['a nominated TE without trailers', get('Connection: te\r\nTE: gzip\r\n'), OK('connection: te')],
  ['a nominated Host', get('Connection: host\r\n'), ['GET / - {connection: host}', 'end']],
  [
    'a nominated Content-Length, which still frames',
    post('Connection: content-length\r\nContent-Length: 3\r\n', 'abc'),
    ['POST / a {connection: content-length}', 'data "abc"', 'end'],
  ],
  [
    'an upgrade to h2c, ignored',
    get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n'),
    OK(),
  ],
  [
    'an upgrade to h2c beside other options',
    get('Connection: foo, Upgrade, close\r\nUpgrade: H2C\r\nfoo: 1\r\n'),
    OK('connection: foo, close'),
  ],
  ['Upgrade without Connection: upgrade', get('Upgrade: websocket\r\n'), OK('upgrade: websocket')],
  [
    'an upgrade request keeps its fields, and raw bytes follow',
    get('Connection: Upgrade, x-a\r\nUpgrade: websocket\r\nx-a: 1\r\n') + SMUGGLED,
    ['GET / a {connection: Upgrade, x-a, upgrade: websocket, x-a: 1}', `data ${JSON.stringify(SMUGGLED)}`],
  ],
  [
    'an upgrade request with a length is raw nevertheless',
    get('Connection: Upgrade\r\nUpgrade: websocket\r\ncontent-length: 1\r\n') + 'xyz',
    ['GET / a {connection: Upgrade, upgrade: websocket, content-length: 1}', 'data "xyz"'],
  ],
  [
    'CONNECT, and raw bytes',
    'CONNECT b:80 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nraw',
    ['CONNECT - b:80 {}', 'data "raw"'],
  ],
  ['CONNECT to an IPv6 address without Host', 'CONNECT [::1]:80 HTTP/1.1\r\n\r\n', ['CONNECT - [::1]:80 {}']],
  ['HTTP/1.0 where accepted', line('GET / HTTP/1.0'), OK(), { acceptHttp10: true }],
  [
    'HTTP/1.0 without Host and with a default',
    'GET / HTTP/1.0\r\n\r\n',
    ['GET / d {}', 'end'],
    { acceptHttp10: true, defaultHostForHttp10: 'd' },
  ],
  [
    'a length beside chunked coding, dropped where allowed',
    post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '4\r\nabcd\r\n0\r\n\r\n'),
    [CHUNKED_HEAD, 'data "abcd"', 'end'],
    { allowChunkedLength: true },
  ],
  [
    'an invalid length beside chunked coding, dropped where allowed',
    post('Transfer-Encoding: chunked\r\nContent-Length: zz\r\n', '0\r\n\r\n') + get(),
    [CHUNKED_HEAD, 'end', ...OK()],
    { allowChunkedLength: true },
  ],
  ['underscores in names', get('x_y: 1\r\n'), OK('x_y: 1')],
  ['names with underscores, dropped', get('x_y: 1\r\nz: 2\r\n'), OK('z: 2'), { headersWithUnderscores: 'drop' }],
  ['as many fields as allowed', get('x: 1\r\ny: 2\r\n'), OK('x: 1, y: 2'), { maxHeaderCount: 3 }],
  ['as many bytes as allowed', get(), OK(), { maxHeaderBytes: get().length }],
  ['as many trailers as allowed', chunked('0\r\nx: 1\r\ny: 2\r\n\r\n'), [CHUNKED_HEAD, 'end'], { maxHeaderCount: 2 }],
]

const REFUSED: readonly Case[] = [
  ['a blank before the method', ' ' + get(), BAD],
  ['an empty request line after LF only', '\n' + get(), BAD],
  ['an empty request line after CR only', '\r' + get(), BAD],
  ['bare LF throughout', 'GET / HTTP/1.1\nHost: a\n\n', BAD],
  ['bare LF behind a field', 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n', BAD],
  ['bare LF as the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\n', BAD],
  ['bare CR in a value', get('x: a\rb\r\n'), BAD],
  ['bare CR behind a field', 'GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n', BAD],
  ['CR CR LF', get('x: a\r\r\n'), BAD],
  ['CR in a name', get('x\ry: a\r\n'), BAD],
  ['CR in the request line', line('GET /\rx HTTP/1.1'), BAD],
  ['NUL in a value', get('x: a\0b\r\n'), CHARACTERS],
  ['a control character in a value', get('x: a\x01b\r\n'), CHARACTERS],
  ['DEL in a value', get('x: a\x7fb\r\n'), CHARACTERS],
  ['NUL in a name', get('x\0y: a\r\n'), CHARACTERS],
  ['a name that begins with DEL', get('\x7f: a\r\n'), CHARACTERS],
  ...['Transfer-Encoding:\r\n chunked', 'Content-Length: 0\r\n 1', 'Host:\r\n b', 'Connection: close\r\n\t'].map(
    (field): Case => [`the folded field ${JSON.stringify(field)}`, post(`${field}\r\n`), BAD],
  ),
  ['NUL in a folded line', get('x: a\r\n b\0\r\n'), CHARACTERS],
  ['bare LF behind a folded line', get('x: a\r\n b\n'), BAD],
  ['a folded first line', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', BAD],
  ['a blank before the colon', get('x : a\r\n'), BAD],
  ['a tab before the colon', get('x\t: a\r\n'), BAD],
  ['Transfer-Encoding with a blank before the colon', post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'), BAD],
  ['an empty name', get(': a\r\n'), BAD],
  ['a line without a colon', get('xa\r\n'), BAD],
  ...bytesOf('()<>@,;\\"/[]?={} \xe9').map((character): Case => [
    `a name with ${JSON.stringify(character)}`,
    get(`x${character}y: a\r\n`),
    BAD,
  ]),
  ['two Host lines', get('Host: b\r\n'), BAD],
  ['two equal Host lines', get('Host: a\r\n'), BAD],
  ['two Host lines beside an absolute URL', 'GET http://b/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', BAD],
  ...['a b', 'a/b', 'u@a', 'a\\b', 'a?b', 'a#b', '<a>', 'a\tb', 'a\xe9'].map((host): Case => [
    `Host ${JSON.stringify(host)}`,
    `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    ['error http.invalid_authority 400 Bad Request'],
  ]),
  ...['get / HTTP/1.1', 'Get / HTTP/1.1', 'BREW / HTTP/1.1', 'G@T / HTTP/1.1', '/ HTTP/1.1', 'M-SEARCH / HTTP/1.1'].map(
    (requestLine): Case => [`the method of ${requestLine}`, line(requestLine), BAD],
  ),
  ['a custom method that is no token', line('B(EW / HTTP/1.1'), BAD, { allowCustomMethods: true }],
  ...[
    'GET /a b HTTP/1.1',
    'GET /caf\xe9 HTTP/1.1',
    'GET abc HTTP/1.1',
    'GET ?x HTTP/1.1',
    'GET a:80 HTTP/1.1',
    'GET http:/b/ HTTP/1.1',
    'GET :// HTTP/1.1',
    'GET HTTP/1.1',
    'GET / http/1.1',
    'GET / HTTP/1.10',
    'GET / HTTP/1.',
    'GET / HTTP/01.1',
    'GET / HTTP 1.1',
    'GET / HTTPS/1.1',
    'GET http://b#f HTTP/1.1',
    '\x80\x81 / HTTP/1.1',
    'garbage',
  ].map((requestLine): Case => [`the request line ${JSON.stringify(requestLine)}`, line(requestLine), BAD]),
  ['a control character in the path', line('GET /\x01 HTTP/1.1'), CHARACTERS],
  ['DEL in the path', line('GET /\x7f HTTP/1.1'), CHARACTERS],
  ['NUL in the path', line('GET /\0 HTTP/1.1'), CHARACTERS],
  ['a TLS client hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', BAD],
  ['GET *', line('GET * HTTP/1.1'), URL],
  ...[
    'http:///p',
    'http://b:99999/',
    'http://b:a/',
    'http://b:/',
    'http://[::1/',
    'http://b\\p',
    'http://b%2ec/',
    'http://u@v@b/',
    'http://b:1:2/',
    'http://[]:1/',
    'http://[::1]x/',
    'http://:80/',
    'http://b_c/',
    'http://b,c/',
    'http://[::g]/',
  ].map((url): Case => [`the URL ${url}`, line(`GET ${url} HTTP/1.1`), URL]),
  ['the scheme ws', line('GET ws://b/ HTTP/1.1'), ['error http1.invalid_scheme 400 Bad Request']],
  ...['b', '/b', 'http://b/', 'b:99999', 'u@b:80', ':80', '*', '::1:80', 'b:80/', 'b:'].map((target): Case => [
    `CONNECT ${target}`,
    line(`CONNECT ${target} HTTP/1.1`),
    URL,
  ]),
  [
    'CONNECT with a length',
    'CONNECT b:80 HTTP/1.1\r\nHost: b\r\nContent-Length: 3\r\n\r\nabc',
    ['error http1.body_disallowed 400 Bad Request'],
  ],
  ['CONNECT with chunked coding', 'CONNECT b:80 HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n', CODING],
  ...['GET / HTTP/1.2', 'GET / HTTP/2.0', 'GET / HTTP/1.0', 'GET / HTTP/0.9', 'GET /'].map((requestLine): Case => [
    `the version of ${requestLine}`,
    line(requestLine),
    VERSION,
  ]),
  ...['GET / HTTP/1.2', 'GET / HTTP/0.9', 'GET /'].map((requestLine): Case => [
    `the version of ${requestLine} beside HTTP/1.0`,
    line(requestLine),
    VERSION,
    { acceptHttp10: true },
  ]),
  ...[
    '+3',
    '-3',
    '0x3',
    '3 3',
    '',
    '3,3',
    '3, 4',
    '1e3',
    '3;x',
    '3.0',
    '9007199254740992',
    '18446744073709551616',
    '\xb3',
  ].map((length): Case => [`the length ${JSON.stringify(length)}`, post(`Content-Length: ${length}\r\n`, 'abc'), BAD]),
  ['two equal lengths', post('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc'), BAD],
  ['two lengths', post('Content-Length: 3\r\nContent-Length: 4\r\n', 'abcd'), BAD],
  [
    'two lengths where chunked coding allows one',
    post('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc'),
    BAD,
    { allowChunkedLength: true },
  ],
  [
    'an invalid length without chunked coding where one may be dropped',
    post('Content-Length: x\r\n'),
    BAD,
    { allowChunkedLength: true },
  ],
  ...[
    ['CL.TE', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'],
    ['TE.CL', 'Transfer-Encoding: chunked\r\nContent-Length: 3\r\n'],
    ['CL.TE behind a nomination', 'Connection: content-length\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n'],
  ].map(([name, lines]): Case => [
    name,
    post(lines, `0\r\n\r\n${SMUGGLED}`),
    ['error http1.content_length_and_chunked_not_allowed 400 Bad Request'],
  ]),
  ...[
    'identity',
    'gzip, chunked',
    'chunked, identity',
    'chunked, chunked',
    'xchunked',
    '"chunked"',
    'chunked;q=1',
    '',
    'chunked,',
    '\xa0chunked',
  ].map((coding): Case => [
    `the coding ${JSON.stringify(coding)}`,
    post(`Transfer-Encoding: ${coding}\r\n`, `0\r\n\r\n${SMUGGLED}`),
    CODING,
  ]),
  ['a coding behind a vertical tab', post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'), CHARACTERS],
  ['two codings', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', '0\r\n\r\n'), CODING],
  [
    'the coding chunked twice',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    CODING,
  ],
  ...['x-forwarded-for', 'X-Forwarded-Host', 'x-forwarded-proto', ':path', 'a,b,c,d,e,f,g,h,i,j'].map((value): Case => [
    `Connection: ${value}`,
    get(`Connection: ${value}\r\n`),
    ['error http1.connection_header_rejected 400 Bad Request'],
  ]),
  [
    'a nominated TE of 256 bytes',
    get(`Connection: te\r\nTE: ${'x'.repeat(256)}\r\n`),
    ['error http1.connection_header_rejected 400 Bad Request'],
  ],
  [
    'a name with an underscore',
    get('x_y: 1\r\n'),
    ['error http1.unexpected_underscore 400 Bad Request'],
    { headersWithUnderscores: 'reject' },
  ],
  [
    'too many fields',
    get('x: 1\r\ny: 2\r\n'),
    ['error http1.too_many_headers 431 Request Header Fields Too Large'],
    { maxHeaderCount: 2 },
  ],
  [
    'too many bytes',
    get(),
    ['error http1.headers_too_large 431 Request Header Fields Too Large'],
    { maxHeaderBytes: get().length - 1 },
  ],
  [
    'too long a path, before its end',
    `GET /${'x'.repeat(60)}`,
    ['error http1.headers_too_large 431 Request Header Fields Too Large'],
    { maxHeaderBytes: 50 },
  ],
  [
    'an invalid line that is too long',
    `GET /\0${'x'.repeat(60)}\r\n`,
    ['error http1.headers_too_large 431 Request Header Fields Too Large'],
    { maxHeaderBytes: 50 },
  ],
  ['an invalid line within the limit', `GET /\0\r\n${'x'.repeat(60)}\r\n`, CHARACTERS, { maxHeaderBytes: 50 }],
]

const BROKEN_BODIES: readonly Case[] = [
  ...[
    'g',
    '0x3',
    '+3',
    '-3',
    ' 3',
    '3g',
    '3 3',
    '3 x',
    '',
    ';a',
    '3;a\0b',
    '3;a\nb',
    '3;a\rb',
    '3\r',
    '\xb3',
    '20000000000000',
    'fffffffffffffffff',
  ].map((size): Case => [
    `the chunk size ${JSON.stringify(size)}`,
    chunked(`${size}\r\nabc\r\n0\r\n\r\n`),
    [CHUNKED_HEAD, ...BAD],
  ]),
  ['a chunk size that ends with LF', chunked('3\nabc\r\n0\r\n\r\n'), [CHUNKED_HEAD, ...BAD]],
  ['data longer than its chunk', chunked('3\r\nabcd\r\n0\r\n\r\n'), [CHUNKED_HEAD, 'data "abc"', ...BAD]],
  ['data that ends with LF', chunked('3\r\nabc\n0\r\n\r\n'), [CHUNKED_HEAD, 'data "abc"', ...BAD]],
  ['data without its CRLF', chunked('3\r\nabc0\r\n\r\n'), [CHUNKED_HEAD, 'data "abc"', ...BAD]],
  ['data with CR and a letter', chunked('3\r\nabc\rx0\r\n\r\n'), [CHUNKED_HEAD, 'data "abc"', ...BAD]],
  ['a body that ends with LF', chunked('0\r\n\n'), [CHUNKED_HEAD, ...BAD]],
  ['a trailer without a colon', chunked('0\r\nxx\r\n\r\n'), [CHUNKED_HEAD, ...BAD]],
  ['a trailer with a blank in its name', chunked('0\r\nx t: 1\r\n\r\n'), [CHUNKED_HEAD, ...BAD]],
  ['a trailer with NUL', chunked('0\r\nx: \0\r\n\r\n'), [CHUNKED_HEAD, ...CHARACTERS]],
  ['a trailer that ends with LF', chunked('0\r\nx: a\n\r\n'), [CHUNKED_HEAD, ...BAD]],
  ["a request behind the last chunk's line", chunked(`0\r\n${SMUGGLED}`), [CHUNKED_HEAD, ...BAD]],
  [
    'chunk extensions beyond their limit',
    chunked(`1;${'x'.repeat(20)}\r\n`),
    [CHUNKED_HEAD, ...BAD],
    { maxChunkLineBytes: 20 },
  ],
  [
    'zeros in a chunk size beyond their limit',
    chunked(`${'0'.repeat(20)}1\r\n`),
    [CHUNKED_HEAD, ...BAD],
    { maxChunkLineBytes: 20 },
  ],
  [
    'too many trailers',
    chunked('0\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n'),
    [CHUNKED_HEAD, 'error http1.too_many_headers 431 Request Header Fields Too Large'],
    { maxHeaderCount: 2 },
  ],
  [
    'too long a trailer',
    chunked(`0\r\na: ${'x'.repeat(80)}\r\n\r\n`),
    [CHUNKED_HEAD, 'error http1.headers_too_large 431 Request Header Fields Too Large'],
    { maxHeaderBytes: 80 },
  ],
]

function eventsOf(parts: readonly string[], options: Partial<Http1Options>): readonly string[] {
  const rig = new ServerRig({ maxOutboundResponses: Infinity, ...options })
  for (const part of parts) rig.feed(part)
  return rig.log.events
}

describe.each([
  ['a server reads', VALID],
  ['a server refuses', REFUSED],
  ['a server refuses, in a body,', BROKEN_BODIES],
])('%s', (_, cases) => {
  test.each(cases)('%s, however it is split', (_name, input, expected, options = {}) => {
    for (const parts of splits(input)) expect(eventsOf(parts, options)).toEqual(expected)
  })
})

test('what follows a refused request is never read', () => {
  for (const [, input, expected, options = {}] of [...REFUSED, ...BROKEN_BODIES]) {
    // An unfinished head would swallow it.
    if (!input.endsWith('\r\n')) continue
    const rig = new ServerRig(options)
    rig.feed(input + SMUGGLED)
    rig.feed(SMUGGLED)
    expect(rig.log.events.filter((event) => event.includes('/smuggled '))).toEqual([])
    expect(rig.log.events.slice(0, expected.length)).toEqual(expected)
  }
})
