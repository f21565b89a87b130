import { describe, expect, test } from '@jest/globals'
import type { RequestHeaderMap } from '../header-map.ts'
import { HeaderMap } from '../header-map.ts'
import { ClientRig, requestHeaders } from '../../../test/support/http1-rigs.ts'
import type { Http1Options } from './http1-options.ts'

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const UPGRADE = requestHeaders('GET', '/', 'a', 'connection', 'upgrade', 'upgrade', 'foo')
const CONNECT = requestHeaders('CONNECT', undefined, 'b:80')

function written(headers: RequestHeaderMap, body: readonly string[], options: Partial<Http1Options> = {}): string {
  const rig = new ClientRig(options)
  const encoder = rig.request(headers, body.length === 0)
  body.forEach((chunk, i) => encoder.sendData(Buffer.from(chunk), i === body.length - 1))
  return rig.takeOutput()
}

describe('a request is framed by', () => {
  test.each<[string, RequestHeaderMap, readonly string[], string]>([
    [
      'nothing for GET',
      requestHeaders('GET', '/p?q', 'a:80', 'x', 'y'),
      [],
      'GET /p?q HTTP/1.1\r\nhost: a:80\r\nx: y\r\n\r\n',
    ],
    ...['HEAD', 'DELETE', 'TRACE'].map((method): [string, RequestHeaderMap, readonly string[], string] => [
      `nothing for ${method}`,
      requestHeaders(method, '/', 'a'),
      [],
      `${method} / HTTP/1.1\r\nhost: a\r\n\r\n`,
    ]),
    ...['POST', 'PUT', 'PATCH', 'OPTIONS', 'MSEARCH'].map(
      (method): [string, RequestHeaderMap, readonly string[], string] => [
        `a length of 0 for ${method}`,
        requestHeaders(method, '/', 'a'),
        [],
        `${method} / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n`,
      ],
    ),
    [
      'chunks',
      requestHeaders('GET', '/', 'a'),
      ['ab', 'c'],
      'GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n',
    ],
    [
      'its length',
      requestHeaders('POST', '/', 'a', 'content-length', '03'),
      ['ab', 'c'],
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 03\r\n\r\nabc',
    ],
    [
      'the codec alone',
      requestHeaders('POST', '/', 'a', 'transfer-encoding', 'identity', 'host', 'evil'),
      ['x'],
      'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    ],
    ['nothing for an upgrade', UPGRADE, [], 'GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n'],
    ['nothing for CONNECT', CONNECT, [], 'CONNECT b:80 HTTP/1.1\r\nhost: b:80\r\n\r\n'],
    ['an empty Host', requestHeaders('GET', '/', ''), [], 'GET / HTTP/1.1\r\nhost: \r\n\r\n'],
  ])('%s', (_, headers, body, expected) => {
    expect(written(headers, body)).toBe(expected)
  })

  test('trailers where enabled', () => {
    for (const [enableTrailers, expected] of [
      [true, '0\r\nx: y\r\n\r\n'],
      [false, '0\r\n\r\n'],
    ] as const) {
      const rig = new ClientRig({ enableTrailers })
      rig.request(requestHeaders('POST', '/', 'a'), false).sendTrailers(new HeaderMap(['x', 'y']))
      expect(rig.takeOutput()).toBe(`POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${expected}`)
    }
  })
})

test('the request line carries the URL for a forward proxy', () => {
  const headers = requestHeaders('GET', '/p', 'a')
  headers.scheme = 'http'
  expect(written(headers, [], { sendFullyQualifiedUrl: true })).toBe('GET http://a/p HTTP/1.1\r\nhost: a\r\n\r\n')
  expect(written(CONNECT, [], { sendFullyQualifiedUrl: true })).toBe('CONNECT b:80 HTTP/1.1\r\nhost: b:80\r\n\r\n')
})

test('names are written in proper case where asked', () => {
  expect(written(requestHeaders('POST', '/', 'a', 'x-a', 'b'), [], { headerKeyFormat: 'proper-case' })).toBe(
    'POST / HTTP/1.1\r\nHost: a\r\nX-A: b\r\nContent-Length: 0\r\n\r\n',
  )
})

test('names are written as they were spelled, with the lines that the codec adds', () => {
  const headers = requestHeaders('POST', '/', 'a', 'x-a', 'b', 'x-added', 'c')
  headers.spelling = new Map([
    ['host', 'HOST'],
    ['x-a', 'x-A'],
    ['transfer-encoding', 'transfer-Encoding'],
  ])
  const head = 'POST / HTTP/1.1\r\nHOST: a\r\nx-A: b\r\nx-added: c\r\n'
  expect(written(headers, [], { headerKeyFormat: 'proper-case' })).toBe(`${head}content-length: 0\r\n\r\n`)
  expect(written(headers, ['z'])).toBe(`${head}transfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n\r\n`)
})

describe('what would be a request of its own is never written:', () => {
  test.each<[string, RequestHeaderMap]>([
    ['CR LF in a value', requestHeaders('GET', '/', 'a', 'x', 'y\r\n\r\nGET /evil HTTP/1.1')],
    ['NUL in a value', requestHeaders('GET', '/', 'a', 'x', 'y\0')],
    ['LF in a name', requestHeaders('GET', '/', 'a', 'x\n', 'y')],
    ['a blank in the path', requestHeaders('GET', '/ HTTP/1.1', 'a')],
    ['CR LF in the path', requestHeaders('GET', '/\r\nx: y', 'a')],
    ['an empty path', requestHeaders('GET', '', 'a')],
    ['no path', requestHeaders('GET', undefined, 'a')],
    ['CR LF in the authority', requestHeaders('GET', '/', 'a\r\nx: y')],
    ['no authority', Object.assign(requestHeaders('GET', '/', ''), { authority: undefined })],
    ['a blank in the method', requestHeaders('GET /evil', '/', 'a')],
    ['no method', requestHeaders('', '/', 'a')],
    ['two lengths', requestHeaders('GET', '/', 'a', 'content-length', '0', 'content-length', '0')],
    ['an invalid length', requestHeaders('GET', '/', 'a', 'content-length', '-1')],
    ['a length without its body', requestHeaders('POST', '/', 'a', 'content-length', '3')],
  ])('%s', (_, headers) => {
    const rig = new ClientRig()
    rig.request(headers)
    expect(rig.log.events).toEqual([])
    rig.runQueue()
    expect(rig.log.events).toEqual(['reset protocol error http1.codec_error', 'error http1.codec_error'])
    expect(rig.takeOutput()).toBe('')
    expect(rig.codec.openableStreams).toBe(0)
  })

  test('a body longer than its length', () => {
    const rig = new ClientRig()
    const encoder = rig.request(requestHeaders('POST', '/', 'a', 'content-length', '3'), false)
    encoder.sendData(Buffer.from('abcGET /evil'), false)
    rig.runQueue()
    expect(rig.takeOutput()).toBe('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n')
    expect(rig.log.events.at(-1)).toBe('error http1.codec_error')
  })

  test('data before the head', () => {
    const rig = new ClientRig()
    rig.open().sendData(Buffer.from('GET /evil'), false)
    rig.runQueue()
    expect(rig.takeOutput()).toBe('')
    expect(rig.log.events.at(-1)).toBe('error http1.codec_error')
  })
})

describe('a connection', () => {
  test('takes one request after another', () => {
    const rig = new ClientRig()
    expect(rig.codec.openableStreams).toBe(1)
    rig.request()
    expect([rig.codec.openableStreams, rig.codec.activeStreams]).toEqual([0, 1])
    expect(() => rig.open()).toThrow('takes no request')
    rig.feed(OK)
    expect([rig.codec.openableStreams, rig.codec.activeStreams]).toEqual([1, 0])
    rig.request()
    rig.feed(OK)
    expect(rig.log.events).toEqual([
      '200 {content-length: 2}', 'data "ok"', 'end', 'capacity',
      '200 {content-length: 2}', 'data "ok"', 'end', 'capacity',
    ]) // prettier-ignore
  })

  test('is not used again when the response ended before the request', () => {
    const rig = new ClientRig()
    const encoder = rig.request(requestHeaders('POST', '/', 'a'), false)
    rig.feed(OK)
    expect(rig.log.events.slice(-2)).toEqual(['end', 'goaway'])
    expect(rig.codec.openableStreams).toBe(0)
    rig.takeOutput()
    expect(encoder.sendData(Buffer.from('late'), true)).toBe(true)
    expect(rig.takeOutput()).toBe('')
  })

  test('is used again when the request ended before the response did', () => {
    const rig = new ClientRig()
    const encoder = rig.request(requestHeaders('POST', '/', 'a'), false)
    rig.feed(OK.slice(0, -1))
    encoder.sendData(Buffer.from('x'), true)
    rig.feed('k')
    expect(rig.log.events.at(-1)).toBe('capacity')
    expect(rig.codec.openableStreams).toBe(1)
  })

  test('is as it was when a stream is reset before anything was sent', () => {
    const rig = new ClientRig()
    rig.open().reset('local reset')
    expect(rig.codec.openableStreams).toBe(1)
    expect(rig.log.events).toEqual(['capacity'])
  })

  test('is cut when a stream is reset later', () => {
    const rig = new ClientRig()
    rig.request().reset('local reset')
    expect(rig.control).toEqual(['reset'])
    expect(rig.log.events).toEqual(['goaway'])
    expect(rig.codec.shouldClose).toBe(true)
  })

  test('that ends while idle takes no request', () => {
    const rig = new ClientRig()
    rig.codec.inputEnded()
    expect(rig.codec.openableStreams).toBe(0)
    expect(rig.log.events).toEqual(['goaway'])
  })

  test.each(['220 smtp ready\r\n', 'H2', 'HTTP/2.0 200 OK\r\n', 'S'])(
    'whose server begins with %j is not waited for until a head is complete',
    (greeting) => {
      const rig = new ClientRig()
      rig.request()
      rig.feed(greeting)
      expect(rig.log.events).toEqual(['reset protocol error http1.codec_error', 'error http1.codec_error'])
    },
  )

  test.each(['H', 'HTTP/', 'HTTP/1.', 'HTTP/1.1 200 OK\r\n'])('whose server has sent %j is waited for', (beginning) => {
    const rig = new ClientRig()
    rig.request()
    rig.feed(beginning)
    rig.feed(OK.slice(beginning.length))
    expect(rig.log.events).toContain('end')
  })

  test('that is gone resets its stream', () => {
    const rig = new ClientRig()
    rig.request()
    rig.codec.connectionClosed('remote connection failure')
    expect(rig.log.events).toEqual(['reset remote connection failure'])
    expect(rig.codec.shouldClose).toBe(true)
  })

  test('that is gone has not completed a body without a length', () => {
    const rig = new ClientRig()
    rig.request()
    rig.feed('HTTP/1.1 200 OK\r\n\r\npart')
    rig.codec.connectionClosed('connection termination')
    expect(rig.log.events.at(-1)).toBe('reset connection termination')
  })
})

describe('bytes behind an upgrade request', () => {
  test.each([
    ['an upgrade', UPGRADE, 'HTTP/1.1 101 Switching Protocols\r\nupgrade: foo\r\nconnection: upgrade\r\n\r\n'],
    ['CONNECT', CONNECT, 'HTTP/1.1 200 OK\r\n\r\n'],
  ])('by %s wait until the server agrees', (_, headers, answer) => {
    const rig = new ClientRig()
    const encoder = rig.request(headers, false)
    rig.takeOutput()
    expect(encoder.sendData(Buffer.from('early '), false)).toBe(false)
    expect(encoder.sendData(Buffer.from('bytes'), false)).toBe(false)
    expect(encoder.bufferedBytes).toBe(11)
    expect(rig.takeOutput()).toBe('')
    rig.feed(answer + 'raw')
    expect(rig.takeOutput()).toBe('early bytes')
    expect(rig.log.events.slice(1)).toEqual(['writable', 'data "raw"'])
    expect(encoder.sendData(Buffer.from('!'), true)).toBe(true)
    expect(rig.takeOutput()).toBe('!')
    expect(rig.control).toEqual(['half-close'])
    expect(rig.codec.activeStreams).toBe(1)
    rig.codec.inputEnded()
    expect(rig.log.events.slice(-2)).toEqual(['end', 'goaway'])
    expect(rig.codec.shouldClose).toBe(true)
  })

  test('that is refused are dropped, and the connection with them', () => {
    for (const status of ['404 Not Found', '200 OK']) {
      const rig = new ClientRig()
      const encoder = rig.request(UPGRADE, false)
      rig.takeOutput()
      encoder.sendData(Buffer.from('GET /evil HTTP/1.1\r\n\r\n'), true)
      rig.feed(OK.replace('200 OK', status))
      expect(rig.takeOutput()).toBe('')
      expect(rig.log.events.slice(-2)).toEqual(['end', 'goaway'])
    }
  })

  test('with their end leave with it', () => {
    const rig = new ClientRig()
    const encoder = rig.request(CONNECT, false)
    encoder.sendData(Buffer.from('all'), true)
    rig.takeOutput()
    rig.feed('HTTP/1.1 200 OK\r\n\r\n')
    expect(rig.takeOutput()).toBe('all')
    expect(rig.control).toEqual(['half-close'])
    rig.feed('answer')
    rig.codec.inputEnded()
    expect(rig.log.events).toEqual(['200 {}', 'data "answer"', 'end', 'goaway'])
  })

  test('a tunnel whose server ends first goes on sending', () => {
    const rig = new ClientRig()
    const encoder = rig.request(CONNECT, false)
    rig.feed('HTTP/1.1 200 OK\r\n\r\n')
    rig.codec.inputEnded()
    rig.takeOutput()
    encoder.sendData(Buffer.from('still'), false)
    expect(rig.takeOutput()).toBe('still')
    expect(rig.codec.shouldClose).toBe(false)
    encoder.sendData(Buffer.alloc(0), true)
    expect(rig.codec.shouldClose).toBe(true)
  })
})

describe('back pressure', () => {
  test('of the consumer stops the connection and keeps what has come', () => {
    const rig = new ClientRig()
    const encoder = rig.request()
    encoder.pauseRead()
    rig.feed(OK)
    expect(rig.log.events).toEqual([])
    encoder.resumeRead()
    rig.runQueue()
    expect(rig.control).toEqual(['readable false', 'readable true'])
    expect(rig.log.events.at(-1)).toBe('capacity')
  })

  test('holds back the end of the connection, which then loses nothing', () => {
    const rig = new ClientRig()
    const encoder = rig.request()
    rig.feed('HTTP/1.1 200 OK\r\n\r\nfirst')
    encoder.pauseRead()
    rig.feed(' last')
    rig.codec.inputEnded()
    rig.codec.connectionClosed('connection termination')
    expect(rig.log.events).toEqual(['200 {}', 'data "first"'])
    encoder.resumeRead()
    rig.runQueue()
    expect(rig.log.events.slice(2)).toEqual(['data " last"', 'end', 'goaway'])
  })

  test('of the server reaches the sender, who is told when there is room', () => {
    const rig = new ClientRig()
    const encoder = rig.request(requestHeaders('POST', '/', 'a'), false)
    rig.sink.isWritable = false
    expect(encoder.sendData(Buffer.from('x'), false)).toBe(false)
    rig.sink.isWritable = true
    rig.codec.onTransportWritable()
    rig.codec.onTransportWritable()
    expect(rig.log.events).toEqual(['writable'])
  })
})
