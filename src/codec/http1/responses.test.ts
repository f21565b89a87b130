import { describe, expect, test } from '@jest/globals'
import { bytesOf, ClientRig, requestHeaders, splits } from '../../../test/support/http1-rigs.ts'
import type { Http1Options } from './http1-options.ts'

/** `end`: the server closes behind the bytes. */
interface Variant extends Partial<Http1Options> {
  readonly method?: string
  readonly upgrade?: boolean
  readonly end?: boolean
}

type Case = readonly [name: string, input: string, events: readonly string[], variant?: Variant]

const ok = (lines: string, body = '', status = '200 OK'): string => `HTTP/1.1 ${status}\r\n${lines}\r\n${body}`
const chunked = (body: string): string => ok('Transfer-Encoding: chunked\r\n', body)
const TWO = ok('content-length: 2\r\n', 'ok')
const TWO_EVENTS = ['200 {content-length: 2}', 'data "ok"', 'end', 'capacity']
const BROKEN = ['reset protocol error http1.codec_error', 'error http1.codec_error']
const brokenBy = (detail: string): string[] => [`reset protocol error ${detail}`, `error ${detail}`]
const CHUNKED_HEAD = '200 {transfer-encoding: chunked}'

const VALID: readonly Case[] = [
  ['a body of a declared length', TWO, TWO_EVENTS],
  ['an empty body', ok('content-length: 0\r\n'), ['200 {content-length: 0}', 'end', 'capacity']],
  ['chunks', chunked('2\r\nok\r\n1\r\n!\r\n0\r\n\r\n'), [CHUNKED_HEAD, 'data "ok!"', 'end', 'capacity']],
  [
    'chunks and trailers, dropped',
    chunked('2\r\nok\r\n0\r\nx: 1\r\n\r\n'),
    [CHUNKED_HEAD, 'data "ok"', 'end', 'capacity'],
  ],
  [
    'chunks and trailers',
    chunked('2\r\nok\r\n0\r\nGRPC-Status: 1\r\n\r\n'),
    [CHUNKED_HEAD, 'data "ok"', 'trailers {grpc-status: 1}', 'end', 'capacity'],
    { enableTrailers: true },
  ],
  [
    'a body that the end of the connection ends',
    ok('', 'until the end'),
    ['200 {}', 'data "until the end"', 'end', 'goaway'],
    { end: true },
  ],
  ['an empty body that the end of the connection ends', ok(''), ['200 {}', 'end', 'goaway'], { end: true }],
  ['a folded line', ok('content-length: 0\r\nx: 1\r\n 2\r\n'), ['200 {content-length: 0, x: 1 2}', 'end', 'capacity']],
  [
    'connection: close',
    ok('content-length: 0\r\nConnection: Close\r\n'),
    ['200 {content-length: 0, connection: Close}', 'end', 'goaway'],
  ],
  [
    'proxy-connection: close',
    ok('content-length: 0\r\nproxy-connection: close\r\n'),
    ['200 {content-length: 0, proxy-connection: close}', 'end', 'goaway'],
  ],
  [
    'HTTP/1.0, which closes',
    'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok',
    ['200 {content-length: 2}', 'data "ok"', 'end', 'goaway'],
  ],
  [
    'HTTP/1.0 that keeps alive',
    'HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok',
    ['200 {content-length: 2, connection: keep-alive}', 'data "ok"', 'end', 'capacity'],
  ],
  [
    'chunks over HTTP/1.0, without reuse',
    'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ['200 {connection: keep-alive, transfer-encoding: chunked}', 'end', 'goaway'],
  ],
  ['a later minor version', 'HTTP/1.2 200 OK\r\ncontent-length: 2\r\n\r\nok', TWO_EVENTS],
  ['no reason phrase', ok('content-length: 2\r\n', 'ok', '200'), TWO_EVENTS],
  ['an empty reason phrase', ok('content-length: 2\r\n', 'ok', '200 '), TWO_EVENTS],
  ['obs-text in the reason phrase', ok('content-length: 2\r\n', 'ok', '200 \xff\tx'), TWO_EVENTS],
  ['an unknown status', ok('content-length: 0\r\n', '', '600 x'), ['600 {content-length: 0}', 'end', 'capacity']],
  ['204', ok('', '', '204 No Content'), ['204 {}', 'end', 'capacity']],
  [
    '204 with a length of zero, dropped',
    ok('content-length: 0\r\n', '', '204 No Content'),
    ['204 {}', 'end', 'capacity'],
  ],
  ['304 with a length', ok('content-length: 5\r\n', '', '304 x'), ['304 {content-length: 5}', 'end', 'capacity']],
  [
    '304 with chunked coding',
    ok('transfer-encoding: chunked\r\n', '', '304 x'),
    ['304 {transfer-encoding: chunked}', 'end', 'capacity'],
  ],
  [
    'HEAD with a length',
    ok('content-length: 5\r\n'),
    ['200 {content-length: 5}', 'end', 'capacity'],
    { method: 'HEAD' },
  ],
  [
    'HEAD with chunked coding',
    ok('transfer-encoding: chunked\r\n'),
    [CHUNKED_HEAD, 'end', 'capacity'],
    { method: 'HEAD' },
  ],
  ['HEAD without either', ok(''), ['200 {}', 'end', 'capacity'], { method: 'HEAD' }],
  ...[100, 102, 103, 104].map((status): Case => [
    `${status} and the response`,
    ok('x: y\r\n', '', `${status} x`) + TWO,
    [`informational ${status} {x: y}`, ...TWO_EVENTS],
  ]),
  ['105, dropped, and the response', ok('x: y\r\n', '', '105 x') + TWO, TWO_EVENTS],
  [
    '100 with a length of zero, dropped',
    ok('content-length: 0\r\n', '', '100 x') + TWO,
    ['informational 100 {}', ...TWO_EVENTS],
  ],
  [
    '101 to an upgrade request, and raw bytes',
    ok('upgrade: foo\r\nconnection: upgrade\r\n', 'HTTP/1.1 raw', '101 x'),
    ['101 {upgrade: foo, connection: upgrade}', 'data "HTTP/1.1 raw"'],
    { upgrade: true },
  ],
  ['200 to an upgrade request', TWO, ['200 {content-length: 2}', 'data "ok"', 'end', 'goaway'], { upgrade: true }],
  [
    '200 to CONNECT, whose length and coding do not count',
    ok('content-length: 5\r\nTransfer-encoding: gzip\r\n', 'raw'),
    ['200 {}', 'data "raw"'],
    { method: 'CONNECT' },
  ],
  [
    '403 to CONNECT',
    ok('content-length: 2\r\n', 'no', '403 x'),
    ['403 {content-length: 2}', 'data "no"', 'end', 'goaway'],
    { method: 'CONNECT' },
  ],
  [
    'a head of 79 KiB',
    ok(`content-length: 0\r\nx: ${'x'.repeat(79 * 1024)}\r\n`),
    [`200 {content-length: 0, x: ${'x'.repeat(79 * 1024)}}`, 'end', 'capacity'],
  ],
]

const REFUSED: readonly Case[] = [
  ...[
    'garbage',
    'http/1.1 200 OK',
    'HTTP/2.0 200 OK',
    'HTTP/1.x 200 OK',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 2x0 OK',
    'HTTP/1.1 -200 OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 0200 OK',
    'HTTP/1.1 099 OK',
    'HTTP/1.1 200OK',
    'HTTP/1.1',
    'HTTP/1.1 ',
    ' HTTP/1.1 200 OK',
  ].map((statusLine): Case => [
    `the status line ${JSON.stringify(statusLine)}`,
    `${statusLine}\r\ncontent-length: 0\r\n\r\n`,
    BROKEN,
  ]),
  ['an empty line before the response', '\r\n' + TWO, BROKEN],
  ['bare LF', 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok', BROKEN],
  ['CR in the reason phrase', ok('content-length: 2\r\n', 'ok', '200 a\rb'), BROKEN],
  ['NUL in the reason phrase', ok('content-length: 2\r\n', 'ok', '200 a\0b'), brokenBy('http1.invalid_characters')],
  ['NUL in a value', ok('x: \0\r\n'), brokenBy('http1.invalid_characters')],
  ['a blank before the colon', ok('x : 1\r\n'), BROKEN],
  ['a folded length', ok('content-length:\r\n 2\r\n', 'ok'), BROKEN],
  ['a name with a parenthesis', ok('x(: 1\r\n'), BROKEN],
  ['two lengths', ok('content-length: 2\r\ncontent-length: 2\r\n', 'ok'), BROKEN],
  ['an invalid length', ok('content-length: +2\r\n', 'ok'), BROKEN],
  ['a list of lengths', ok('content-length: 2, 2\r\n', 'ok'), BROKEN],
  [
    'a length beside chunked coding',
    ok('content-length: 2\r\ntransfer-encoding: chunked\r\n', '0\r\n\r\n'),
    brokenBy('http1.content_length_and_chunked_not_allowed'),
  ],
  [
    'a coding other than chunked',
    ok('transfer-encoding: gzip, chunked\r\n', '0\r\n\r\n'),
    brokenBy('http1.invalid_transfer_encoding'),
  ],
  [
    'two codings',
    ok('transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n', '0\r\n\r\n'),
    brokenBy('http1.invalid_transfer_encoding'),
  ],
  ['204 with a length', ok('content-length: 2\r\n', 'ok', '204 x'), brokenBy('http1.content_length_not_allowed')],
  [
    '204 with chunked coding',
    ok('transfer-encoding: chunked\r\n', '0\r\n\r\n', '204 x'),
    brokenBy('http1.transfer_encoding_not_allowed'),
  ],
  ['100 with a length', ok('content-length: 2\r\n', 'ok', '100 x'), brokenBy('http1.content_length_not_allowed')],
  [
    '100 with chunked coding',
    ok('transfer-encoding: chunked\r\n', '', '100 x'),
    brokenBy('http1.transfer_encoding_not_allowed'),
  ],
  [
    '101 with a length',
    ok('content-length: 2\r\n', 'ok', '101 x'),
    brokenBy('http1.content_length_not_allowed'),
    { upgrade: true },
  ],
  ['101 that nobody asked for', ok('upgrade: foo\r\nconnection: upgrade\r\n', '', '101 x'), BROKEN],
  ['101 to CONNECT is still 101', ok('', '', '101 x'), ['101 {}'], { method: 'CONNECT' }],
  ['a flood of 1xx', ok('', '', '105 x').repeat(101), BROKEN],
  ['too many fields', ok('a: 1\r\nb: 2\r\nc: 3\r\n'), brokenBy('http1.too_many_headers'), { maxHeaderCount: 2 }],
  ['too long a head', ok(`a: ${'x'.repeat(60)}\r\n`), brokenBy('http1.headers_too_large'), { maxHeaderBytes: 60 }],
  ['an invalid chunk size', chunked('zz\r\n'), [CHUNKED_HEAD, ...BROKEN]],
  ['data longer than its chunk', chunked('2\r\nokk\r\n0\r\n\r\n'), [CHUNKED_HEAD, 'data "ok"', ...BROKEN]],
  ['the end before any byte', '', ['reset connection termination'], { end: true }],
  ['the end within the head', 'HTTP/1.1 200', ['reset protocol error http1.codec_error'], { end: true }],
  [
    'the end within a body of a declared length',
    ok('content-length: 9\r\n', 'short'),
    ['200 {content-length: 9}', 'data "short"', 'reset protocol error http1.codec_error'],
    { end: true },
  ],
  [
    'the end within chunks',
    chunked('5\r\nhel'),
    [CHUNKED_HEAD, 'data "hel"', 'reset protocol error http1.codec_error'],
    { end: true },
  ],
]

function eventsOf(parts: readonly string[], variant: Variant): readonly string[] {
  const { method = 'GET', upgrade = false, end = false, ...options } = variant
  const rig = new ClientRig(options)
  const fields = upgrade ? ['connection', 'upgrade', 'upgrade', 'foo'] : []
  const isRaw = upgrade || method === 'CONNECT'
  rig.request(requestHeaders(method, method === 'CONNECT' ? undefined : '/', 'a:80', ...fields), !isRaw)
  for (const part of parts) rig.feed(part)
  if (end) rig.codec.inputEnded()
  rig.runQueue()
  return rig.log.events
}

describe.each([
  ['a client reads', VALID],
  ['a client refuses', REFUSED],
])('%s', (_, cases) => {
  test.each(cases)('%s, however it is split', (_name, input, expected, variant = {}) => {
    const ways = input.length > 5000 ? [[input], bytesOf(input)] : splits(input)
    for (const parts of ways) expect(eventsOf(parts, variant)).toEqual(expected)
  })
})

describe('bytes behind a response', () => {
  const extras = ['X', TWO, 'HTTP/1.1 200 OK\r\n', '\r\n', ok('', '', '100 x')]

  test.each(extras)('%j end the connection, whether they come at once or later', (extra) => {
    for (const response of [TWO, chunked('2\r\nok\r\n0\r\n\r\n'), ok('', '', '204 x')]) {
      const rig = new ClientRig()
      rig.request()
      rig.feed(response + extra)
      expect(rig.log.events.slice(-3)).toEqual(['end', 'goaway', 'error http1.codec_error'])
      expect(rig.codec.openableStreams).toBe(0)

      const late = new ClientRig()
      late.request()
      late.feed(response)
      expect(late.codec.openableStreams).toBe(1)
      late.feed(extra)
      expect(late.log.events.slice(-2)).toEqual(['capacity', 'error http1.codec_error'])
      expect(late.codec.openableStreams).toBe(0)
    }
  })

  test('never answer a request that the end of the response sets off', () => {
    const rig = new ClientRig()
    const answers: string[] = []
    const encoder = rig.open({
      onInformational: () => undefined,
      onHeaders: () => undefined,
      onData: (_chunk, endStream) => {
        if (endStream) answers.push(`open for ${rig.codec.openableStreams}`)
      },
      onTrailers: () => undefined,
      onReset: () => undefined,
      onWritable: () => undefined,
    })
    encoder.sendHeaders(requestHeaders('GET', '/', 'a'), true)
    rig.feed(TWO + TWO)
    expect(answers).toEqual(['open for 0'])
  })

  test('to HEAD are no body', () => {
    const rig = new ClientRig()
    rig.request(requestHeaders('HEAD', '/', 'a'))
    rig.feed(ok('content-length: 5\r\n', 'hello'))
    expect(rig.log.events).toEqual(['200 {content-length: 5}', 'end', 'goaway', 'error http1.codec_error'])
  })

  test('after connection: close are ignored', () => {
    const rig = new ClientRig()
    rig.request()
    rig.feed(ok('content-length: 2\r\nconnection: close\r\n', 'ok'))
    rig.feed(TWO)
    expect(rig.log.events.slice(-2)).toEqual(['end', 'goaway'])
  })
})

test('bytes before the first request end the connection', () => {
  const rig = new ClientRig()
  rig.feed('X')
  expect(rig.log.events).toEqual(['error http1.codec_error'])
  expect(rig.codec.shouldClose).toBe(true)
})

test('bytes before the request was sent reset its stream', () => {
  const rig = new ClientRig()
  rig.open()
  rig.feed(TWO)
  expect(rig.log.events).toEqual(['reset protocol error http1.codec_error', 'error http1.codec_error'])
})

test('a 408 on an idle connection is told apart from a protocol error', () => {
  const rig = new ClientRig()
  expect(rig.codec.dispatch(Buffer.from('HTTP/1.1 408 Request Timeout\r\n\r\n'))).toMatchObject({ isIdleTimeout: true })
})
