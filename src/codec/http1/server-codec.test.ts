import { describe, expect, test } from '@jest/globals'
import { HeaderMap } from '../header-map.ts'
import type { ResponseEncoder } from '../http-stream.ts'
import { responseHeaders, ServerRig, type Responder } from '../../../test/support/http1-rigs.ts'
import type { Http1Options } from './http1-options.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const CLOSE_GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
const UPGRADE = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n'
const CONNECT = 'CONNECT b:80 HTTP/1.1\r\nHost: b\r\n\r\n'
const POST_5 = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n'
const wait: Responder = () => undefined

const sending =
  (status: number, fields: readonly string[], ...body: readonly string[]): Responder =>
  (encoder) => {
    encoder.sendHeaders(responseHeaders(status, ...fields), body.length === 0)
    body.forEach((chunk, i) => encoder.sendData(Buffer.from(chunk), i === body.length - 1))
  }

/** What a server writes to answer `request` so. */
function answerTo(request: string, respond: Responder, options: Partial<Http1Options> = {}): string {
  const rig = new ServerRig(options)
  rig.respond = respond
  rig.feed(request)
  return rig.takeOutput()
}

/** A rig with one request in progress whose response is sent by hand. */
function serving(request = GET, options: Partial<Http1Options> = {}): { rig: ServerRig; encoder: ResponseEncoder } {
  const rig = new ServerRig(options)
  rig.respond = wait
  rig.feed(request)
  return { rig, encoder: rig.encoders[0] }
}

describe('a response is framed by', () => {
  const head = GET.replace('GET', 'HEAD')
  const http10 = { acceptHttp10: true }
  const old = 'GET / HTTP/1.0\r\nHost: a\r\n\r\n'
  const oldKept = 'GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n'

  test.each<[string, string, Responder, string, Partial<Http1Options>?]>([
    [
      'the length that it has',
      GET,
      sending(200, ['content-length', '2'], 'ok'),
      '200 OK\r\ncontent-length: 2\r\n\r\nok',
    ],
    ['a length of 0 without a body', GET, sending(200, ['x', 'y']), '200 OK\r\nx: y\r\ncontent-length: 0\r\n\r\n'],
    [
      'chunks without a length',
      GET,
      sending(200, [], 'hello', 'world!', ''),
      '200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\nworld!\r\n0\r\n\r\n',
    ],
    [
      'a last chunk beside its end',
      GET,
      sending(200, [], '0123456789abcdefg'),
      '200 OK\r\ntransfer-encoding: chunked\r\n\r\n11\r\n0123456789abcdefg\r\n0\r\n\r\n',
    ],
    ['nothing for 204', GET, sending(204, []), '204 No Content\r\n\r\n'],
    ['nothing for 204 that claims a body', GET, sending(204, [], 'no'), '204 No Content\r\n\r\n'],
    ['nothing for 304', GET, sending(304, []), '304 Not Modified\r\n\r\n'],
    [
      'the length of what 304 stands for',
      GET,
      sending(304, ['content-length', '5']),
      '304 Not Modified\r\ncontent-length: 5\r\n\r\n',
    ],
    ['chunked to HEAD, without a body', head, sending(200, [], 'body'), '200 OK\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['chunked to HEAD, header-only', head, sending(200, []), '200 OK\r\ntransfer-encoding: chunked\r\n\r\n'],
    [
      'a length to HEAD, without a body',
      head,
      sending(200, ['content-length', '4'], 'body'),
      '200 OK\r\ncontent-length: 4\r\n\r\n',
    ],
    ['the codec alone', GET, sending(200, ['transfer-encoding', 'gzip']), '200 OK\r\ncontent-length: 0\r\n\r\n'],
    [
      'the end of the connection for HTTP/1.0',
      old,
      sending(200, [], 'ok'),
      '200 OK\r\nconnection: close\r\n\r\nok',
      http10,
    ],
    [
      'a length for HTTP/1.0 that is kept',
      oldKept,
      sending(200, ['content-length', '2'], 'ok'),
      '200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok',
      http10,
    ],
    [
      'the end of the connection for HTTP/1.0 that was to be kept',
      oldKept,
      sending(200, [], 'ok'),
      '200 OK\r\nconnection: close\r\n\r\nok',
      http10,
    ],
    ['nothing for an unknown status of HTTP/1.1', GET, sending(598, []), '598 Unknown\r\ncontent-length: 0\r\n\r\n'],
  ])('%s', (_, request, respond, expected, options = {}) => {
    const version = request.includes('HTTP/1.0') ? 'HTTP/1.0' : 'HTTP/1.1'
    expect(answerTo(request, respond, options)).toBe(`${version} ${expected}`)
  })

  test('chunks larger than any slab', () => {
    const body = 'x'.repeat(20_000)
    expect(answerTo(GET, sending(200, [], body, 'y'))).toBe(
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4e20\r\n${body}\r\n1\r\ny\r\n0\r\n\r\n`,
    )
    expect(answerTo(GET, sending(200, [], body))).toContain(`\r\n4e20\r\n${body}\r\n0\r\n\r\n`)
  })

  test('trailers where enabled, without what frames or routes', () => {
    const respond: Responder = (encoder) => {
      encoder.sendHeaders(responseHeaders(200), false)
      encoder.sendTrailers(new HeaderMap(['grpc-status', '0', 'content-length', '3', 'x-t', 'y']))
    }
    const start = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n'
    expect(answerTo(GET, respond)).toBe(`${start}\r\n`)
    expect(answerTo(GET, respond, { enableTrailers: true })).toBe(`${start}grpc-status: 0\r\nx-t: y\r\n\r\n`)
    expect(answerTo(GET, respond, { enableTrailers: true, headerKeyFormat: 'proper-case' })).toContain(
      'Grpc-Status: 0\r\nX-T: y',
    )
  })
})

test('field names are written in proper case where asked', () => {
  const fields = ['content-type', 'a', 'x-b3-traceid', 'b', 'foo$b#$are', 'c', 'te', 'd', 'x-1a', 'e']
  expect(answerTo(CLOSE_GET, sending(200, fields), { headerKeyFormat: 'proper-case' })).toBe(
    'HTTP/1.1 200 OK\r\nContent-Type: a\r\nX-B3-Traceid: b\r\nFoo$B#$Are: c\r\nTe: d\r\nX-1a: e\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
  )
})

describe('the spelling of field names', () => {
  const request = 'GET / HTTP/1.1\r\nHost: a\r\nX-iD: 1\r\nx-Id: 2\r\nCONTENT-TYPE: t\r\n\r\n'

  function spelled(headerKeyFormat: Http1Options['headerKeyFormat']): unknown {
    let spelling: unknown
    answerTo(request, (_encoder, headers) => (spelling = headers?.spelling), { headerKeyFormat })
    return spelling
  }

  test('is kept where asked: of several the first', () => {
    expect(spelled('preserve-case')).toEqual(
      new Map([
        ['host', 'Host'],
        ['x-id', 'X-iD'],
        ['content-type', 'CONTENT-TYPE'],
      ]),
    )
  })

  test('is otherwise forgotten', () => {
    expect(spelled('lower')).toBeUndefined()
    expect(spelled('proper-case')).toBeUndefined()
  })
})

describe('what would be a message of its own', () => {
  test.each([
    ['CR LF in a value', ['x', 'a\r\nSet-Cookie: b']],
    ['CR in a value', ['x', 'a\rb']],
    ['LF in a value', ['x', 'a\nb']],
    ['NUL in a value', ['x', 'a\0b']],
    ['a character that becomes LF in latin1', ['x', 'a\u010ab']],
    ['a control character in a value', ['x', 'a\x1bb']],
    ['CR LF in a name', ['x\r\ny', 'a']],
    ['a colon in a name', ['x: y', 'a']],
    ['an empty name', ['', 'a']],
    ['a length in words', ['content-length', 'two']],
    ['two lengths', ['content-length', '2', 'content-length', '3']],
    ['a length above zero without a body', ['content-length', '2']],
  ])('%s is never written: the stream is reset', (_, fields) => {
    const { rig, encoder } = serving()
    encoder.sendHeaders(responseHeaders(200, ...fields), true)
    expect(rig.log.events).toEqual(['GET / a {}', 'end'])
    rig.runQueue()
    expect(rig.log.events.slice(2)).toEqual(['reset protocol error http1.codec_error', 'error http1.codec_error'])
    expect(rig.takeOutput()).toBe('')
    expect(rig.codec.shouldClose).toBe(true)
  })

  test.each([99, 100, 103, 1000, 200.5, NaN, 0])('status %d is no final response', (status) => {
    const { rig, encoder } = serving()
    encoder.sendHeaders(responseHeaders(status), true)
    rig.runQueue()
    expect(rig.takeOutput()).toBe('')
    expect(rig.log.events.at(-1)).toBe('error http1.codec_error')
  })

  test('a body longer than its length is cut off before the excess', () => {
    const { rig, encoder } = serving()
    encoder.sendHeaders(responseHeaders(200, 'content-length', '3'), false)
    encoder.sendData(Buffer.from('ab'), false)
    encoder.sendData(Buffer.from('cd'), false)
    encoder.sendData(Buffer.from('e'), true)
    rig.runQueue()
    expect(rig.takeOutput()).toBe('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab')
    expect(rig.log.events.slice(-2)).toEqual(['reset protocol error http1.codec_error', 'error http1.codec_error'])
  })

  test('a body shorter than its length ends the connection', () => {
    const { rig, encoder } = serving(GET + GET)
    encoder.sendHeaders(responseHeaders(200, 'content-length', '3'), false)
    encoder.sendData(Buffer.from('ab'), true)
    rig.runQueue()
    expect(rig.log.events.at(-1)).toBe('error http1.codec_error')
    expect(rig.encoders).toHaveLength(1)
  })

  test('101 to a request that asked for no upgrade is not sent', () => {
    const { rig, encoder } = serving()
    encoder.sendHeaders(responseHeaders(101, 'upgrade', 'foo', 'connection', 'upgrade'), false)
    rig.runQueue()
    expect(rig.takeOutput()).toBe('')
  })

  test('a trailer with LF ends the connection instead of the message', () => {
    const { rig, encoder } = serving(GET, { enableTrailers: true })
    encoder.sendHeaders(responseHeaders(200), false)
    encoder.sendTrailers(new HeaderMap(['x', 'a\nb']))
    rig.runQueue()
    expect(rig.takeOutput()).toBe('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
    expect(rig.codec.shouldClose).toBe(true)
  })
})

describe('1xx responses', () => {
  test('precede the response', () => {
    const { rig, encoder } = serving()
    encoder.sendInformational(responseHeaders(100))
    encoder.sendInformational(responseHeaders(103, 'link', '</x>', 'content-length', '5'))
    encoder.sendHeaders(responseHeaders(200), true)
    expect(rig.takeOutput()).toBe(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Unknown\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
    )
  })

  test('are not for HTTP/1.0 clients', () => {
    const { rig, encoder } = serving('GET / HTTP/1.0\r\nHost: a\r\n\r\n', { acceptHttp10: true })
    encoder.sendInformational(responseHeaders(100))
    expect(rig.takeOutput()).toBe('')
  })
})

describe('the connection closes after the response', () => {
  const closes = (rig: ServerRig): void => {
    expect(rig.codec.shouldClose).toBe(true)
    expect(rig.codec.activeStreams).toBe(0)
    expect(rig.control).toContain('half-close')
    rig.feed(GET)
    expect(rig.encoders).toHaveLength(1)
  }

  test.each([
    ['the request says so', CLOSE_GET],
    ['the request says so among other things', GET.replace('\r\n\r\n', '\r\nConnection: foo, Close\r\n\r\n')],
    ['a proxy says so', GET.replace('\r\n\r\n', '\r\nProxy-Connection: close\r\n\r\n')],
  ])('when %s', (_, request) => {
    const { rig, encoder } = serving(request + GET)
    encoder.sendHeaders(responseHeaders(200), true)
    expect(rig.takeOutput()).toBe('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    closes(rig)
  })

  test('when its owner says so, once', () => {
    const { rig, encoder } = serving()
    encoder.sendHeaders(responseHeaders(200, 'connection', 'close', 'x', 'y'), true)
    expect(rig.takeOutput()).toBe('HTTP/1.1 200 OK\r\nconnection: close\r\nx: y\r\ncontent-length: 0\r\n\r\n')
    closes(rig)
  })

  test('when it begins before the request is complete, and may not be completed', () => {
    const { rig, encoder } = serving(POST_5 + 'ab')
    encoder.sendHeaders(responseHeaders(200), false)
    encoder.sendData(Buffer.from('x'), false)
    rig.feed('cde')
    expect(rig.log.events).toEqual(['POST / a {content-length: 5}', 'data "abcde"', 'end'])
    encoder.sendData(Buffer.from('y'), true)
    expect(rig.takeOutput()).toBe(
      'HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n1\r\ny\r\n0\r\n\r\n',
    )
    closes(rig)
  })

  test('when it ends before the request, whose rest is never read as a request', () => {
    const { rig, encoder } = serving(POST_5 + 'ab')
    encoder.sendHeaders(responseHeaders(413), true)
    rig.feed('cde' + GET)
    expect(rig.log.events).toEqual(['POST / a {content-length: 5}', 'data "ab"'])
    closes(rig)
  })

  test('when goAway was called while the request ran', () => {
    const { rig, encoder } = serving()
    rig.codec.goAway()
    expect(rig.codec.shouldClose).toBe(false)
    encoder.sendHeaders(responseHeaders(200), true)
    expect(rig.takeOutput()).toBe('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    closes(rig)
  })

  test('when goAway was called while the response ran', () => {
    const { rig, encoder } = serving()
    encoder.sendHeaders(responseHeaders(200, 'content-length', '1'), false)
    rig.codec.goAway()
    encoder.sendData(Buffer.from('x'), true)
    closes(rig)
  })

  test('when an upgrade was refused, and raw bytes are never read as a request', () => {
    const { rig, encoder } = serving(UPGRADE + GET)
    encoder.sendHeaders(responseHeaders(403), true)
    rig.feed(GET)
    expect(rig.takeOutput()).toBe('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    closes(rig)
  })

  test('when an upgrade was refused whose client had ended', () => {
    const { rig, encoder } = serving(UPGRADE)
    rig.codec.inputEnded()
    encoder.sendHeaders(responseHeaders(403), true)
    expect(rig.takeOutput()).toBe('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    closes(rig)
  })

  test('when the coding of an HTTP/1.0 request cannot be relied on', () => {
    const request =
      'POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
    const { rig, encoder } = serving(request, { acceptHttp10: true })
    encoder.sendHeaders(responseHeaders(200), true)
    expect(rig.takeOutput()).toBe('HTTP/1.0 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    closes(rig)
  })
})

test('goAway closes an idle connection at once', () => {
  const rig = new ServerRig()
  rig.feed(GET)
  expect(rig.codec.shouldClose).toBe(false)
  rig.codec.goAway()
  expect(rig.control).toEqual(['half-close'])
  expect(rig.codec.shouldClose).toBe(true)
})

test('goAway lets a request that has begun to come be answered', () => {
  const rig = new ServerRig()
  rig.feed(GET.slice(0, 10))
  expect(rig.codec.isReadingHead).toBe(true)
  rig.codec.goAway()
  expect(rig.codec.shouldClose).toBe(false)
  rig.feed(GET.slice(10))
  expect(rig.takeOutput()).toContain('connection: close')
  expect(rig.codec.shouldClose).toBe(true)
})

describe('an error', () => {
  test('in a head is answered on a new stream', () => {
    const rig = new ServerRig()
    rig.feed(GET + 'BAD\r\n\r\n' + GET)
    expect(rig.encoders).toHaveLength(2)
    expect(rig.log.events.slice(2)).toEqual(['error http1.codec_error 400 Bad Request'])
    rig.takeOutput()
    rig.encoders[1].sendHeaders(responseHeaders(400, 'content-length', '11'), false)
    rig.encoders[1].sendData(Buffer.from('Bad Request'), true)
    expect(rig.takeOutput()).toBe(
      'HTTP/1.1 400 Bad Request\r\ncontent-length: 11\r\nconnection: close\r\n\r\nBad Request',
    )
    expect(rig.codec.shouldClose).toBe(true)
    expect(rig.control).toEqual(['half-close'])
  })

  test('in a body is answered on its stream', () => {
    const { rig, encoder } = serving(POST_5.replace('Content-Length: 5', 'Transfer-Encoding: chunked') + 'zz\r\n')
    expect(rig.encoders).toHaveLength(1)
    expect(rig.log.events.at(-1)).toBe('error http1.codec_error 400 Bad Request')
    encoder.sendHeaders(responseHeaders(400), true)
    expect(rig.takeOutput()).toContain('400 Bad Request\r\nconnection: close')
    expect(rig.codec.shouldClose).toBe(true)
  })

  test('in a body resets its stream when the response has begun', () => {
    const { rig, encoder } = serving(POST_5.replace('Content-Length: 5', 'Transfer-Encoding: chunked'))
    encoder.sendHeaders(responseHeaders(200), false)
    rig.feed('zz\r\n')
    expect(rig.log.events.slice(1)).toEqual(['reset protocol error http1.codec_error', 'error http1.codec_error'])
    expect(rig.codec.shouldClose).toBe(true)
  })
})

describe('pipelined requests', () => {
  test('wait for the response before them', () => {
    const { rig, encoder } = serving(GET + GET)
    expect(rig.encoders).toHaveLength(1)
    encoder.sendHeaders(responseHeaders(200), true)
    expect(rig.encoders).toHaveLength(1)
    rig.runQueue()
    expect(rig.encoders).toHaveLength(2)
  })

  test('are kept up to the limit, then reading stops until they are served', () => {
    const { rig, encoder } = serving(GET, { maxPipelinedBytes: 40 })
    rig.feed(GET)
    expect(rig.control).toEqual([])
    rig.feed(GET)
    expect(rig.control).toEqual(['readable false'])
    encoder.sendHeaders(responseHeaders(200), true)
    rig.runQueue()
    expect(rig.control).toEqual(['readable false', 'readable true'])
    rig.encoders[1].sendHeaders(responseHeaders(200), true)
    rig.runQueue()
    expect(rig.encoders).toHaveLength(3)
  })

  test('are not a head that comes in pieces: its limit is its own', () => {
    const rig = new ServerRig({ maxPipelinedBytes: 40, maxHeaderBytes: 100 })
    rig.feed('GET / HTTP/1.1\r\nHost: a\r\nx: ')
    rig.feed('y'.repeat(50))
    expect(rig.control).toEqual([])
    rig.feed('\r\n\r\n')
    expect(rig.log.events).toEqual([`GET / a {x: ${'y'.repeat(50)}}`, 'end'])
  })

  test('whose responses are not read by the client end the connection', () => {
    const rig = new ServerRig()
    rig.feed(GET.repeat(10))
    expect(rig.log.events.filter((event) => event === 'end')).toHaveLength(2)
    expect(rig.log.events.slice(-2)).toEqual([
      'reset protocol error codec_error:Too_many_responses_queued.',
      'error codec_error:Too_many_responses_queued.',
    ])
  })

  test('are served without end to a client that reads', () => {
    const rig = new ServerRig()
    for (let i = 0; i < 50; i++) rig.feed(GET)
    expect(rig.log.events.filter((event) => event === 'end')).toHaveLength(50)
  })

  test('wait while the sink is full', () => {
    const rig = new ServerRig()
    rig.sink.isWritable = false
    rig.feed(GET + GET)
    expect(rig.encoders).toHaveLength(1)
    rig.sink.isWritable = true
    rig.codec.onTransportWritable()
    rig.runQueue()
    expect(rig.encoders).toHaveLength(2)
  })
})

describe('the end of the input', () => {
  test('does not lose the answer to a complete request', () => {
    const { rig, encoder } = serving()
    rig.codec.inputEnded()
    encoder.sendHeaders(responseHeaders(200), true)
    expect(rig.takeOutput()).toBe('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    expect(rig.log.events).toEqual(['GET / a {}', 'end'])
    expect(rig.codec.shouldClose).toBe(true)
  })

  test('comes after pipelined requests that wait', () => {
    const { rig, encoder } = serving(GET + GET)
    rig.codec.inputEnded()
    encoder.sendHeaders(responseHeaders(200), true)
    rig.runQueue()
    expect(rig.codec.shouldClose).toBe(false)
    rig.encoders[1].sendHeaders(responseHeaders(200), true)
    expect(rig.codec.shouldClose).toBe(true)
    expect(rig.takeOutput()).toMatch(
      /^HTTP\/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP\/1.1 200 OK\r\nconnection: close/,
    )
  })

  test('resets a request that is not complete', () => {
    const { rig } = serving(POST_5 + 'ab')
    rig.codec.inputEnded()
    expect(rig.log.events.at(-1)).toBe('reset connection termination')
    expect(rig.codec.shouldClose).toBe(true)
  })

  test('closes an idle connection, and one with part of a head', () => {
    for (const input of ['', GET, GET.slice(0, 10)]) {
      const rig = new ServerRig()
      if (input !== '') rig.feed(input)
      rig.codec.inputEnded()
      expect(rig.codec.shouldClose).toBe(true)
      expect(rig.control).toEqual(['half-close'])
    }
  })
})

test('the end of the transport resets a request that waits for its answer', () => {
  const { rig, encoder } = serving()
  rig.codec.connectionClosed('connection termination')
  expect(rig.log.events.at(-1)).toBe('reset connection termination')
  encoder.sendHeaders(responseHeaders(200), true)
  expect(rig.takeOutput()).toBe('')
})

describe('a tunnel', () => {
  const open = (request: string, status: number): { rig: ServerRig; encoder: ResponseEncoder } => {
    const { rig, encoder } = serving(request)
    encoder.sendHeaders(responseHeaders(status), false)
    return { rig, encoder }
  }

  test.each([
    ['an upgrade', UPGRADE, 101, 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['CONNECT', CONNECT, 200, 'HTTP/1.1 200 OK\r\n\r\n'],
  ])('by %s carries raw bytes both ways, each with its own end', (_, request, status, head) => {
    const { rig, encoder } = open(request, status)
    rig.feed(GET)
    expect(rig.log.events.at(-1)).toBe(`data ${JSON.stringify(GET)}`)
    encoder.sendData(Buffer.from('raw'), false)
    expect(rig.takeOutput()).toBe(`${head}raw`)
    encoder.sendData(Buffer.from('last'), true)
    expect(rig.takeOutput()).toBe('last')
    expect(rig.control).toEqual(['half-close'])
    expect(rig.codec.activeStreams).toBe(1)
    rig.feed('more')
    rig.codec.inputEnded()
    expect(rig.log.events.slice(-2)).toEqual(['data "more"', 'end'])
    expect(rig.codec.shouldClose).toBe(true)
  })

  test('goes on sending when the client has ended', () => {
    const { rig, encoder } = open(CONNECT, 200)
    rig.codec.inputEnded()
    encoder.sendData(Buffer.from('raw'), false)
    expect(rig.takeOutput()).toContain('raw')
    expect(rig.codec.shouldClose).toBe(false)
    encoder.sendData(Buffer.alloc(0), true)
    expect(rig.codec.shouldClose).toBe(true)
    expect(rig.control).toEqual(['half-close'])
  })

  test('opens after the client has ended', () => {
    const { rig, encoder } = serving(CONNECT + 'early')
    rig.codec.inputEnded()
    expect(rig.log.events).toEqual(['CONNECT - b:80 {}', 'data "early"', 'end'])
    encoder.sendHeaders(responseHeaders(200, 'content-length', '9'), false)
    encoder.sendData(Buffer.from('late'), true)
    expect(rig.takeOutput()).toBe('HTTP/1.1 200 OK\r\n\r\nlate')
    expect(rig.codec.shouldClose).toBe(true)
  })

  test('is reset with the transport', () => {
    const { rig } = open(CONNECT, 200)
    rig.codec.connectionClosed('connection termination')
    expect(rig.log.events.at(-1)).toBe('reset connection termination')
  })

  test('that is reset after its end resets the connection', () => {
    const { rig, encoder } = open(CONNECT, 200)
    encoder.sendData(Buffer.alloc(0), true)
    encoder.reset('local reset')
    expect(rig.codec.shouldClose).toBe(true)
  })
})

test('a reset cuts the connection', () => {
  const { rig, encoder } = serving()
  encoder.sendHeaders(responseHeaders(200), false)
  encoder.reset('local reset')
  expect(rig.control).toEqual(['reset'])
  expect(rig.codec.shouldClose).toBe(true)
  expect(encoder.sendData(Buffer.from('x'), true)).toBe(true)
  expect(rig.takeOutput()).toBe('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
})

describe('back pressure', () => {
  test('of the reader stops the connection and keeps what has come', () => {
    const { rig, encoder } = serving(POST_5)
    rig.respond = sending(200, [])
    encoder.pauseRead()
    rig.feed('abc')
    rig.feed('de' + GET)
    expect(rig.log.events).toEqual(['POST / a {content-length: 5}'])
    expect(rig.control).toEqual(['readable false'])
    encoder.resumeRead()
    expect(rig.log.events).toEqual(['POST / a {content-length: 5}'])
    rig.runQueue()
    expect(rig.control).toEqual(['readable false', 'readable true'])
    expect(rig.log.events).toEqual(['POST / a {content-length: 5}', 'data "abcde"', 'end', 'GET / a {}', 'end'])
  })

  test('asked for within a chunk holds back the rest of it', () => {
    const rig = new ServerRig()
    rig.respond = wait
    const pieces: string[] = []
    const decoder = {
      onHeaders: () => undefined,
      onTrailers: () => undefined,
      onReset: () => undefined,
      onWritable: () => undefined,
    }
    rig.newStream = (encoder) => ({
      ...decoder,
      onData: (chunk, endStream) => {
        pieces.push(chunk.toString() + (endStream ? '.' : ''))
        encoder.pauseRead()
        rig.encoders.push(encoder)
      },
    })
    rig.feed(POST_5.replace('Content-Length: 5', 'Transfer-Encoding: chunked') + '1\r\na\r\n1\r\nb\r\n0\r\n\r\n')
    expect(pieces).toEqual(['a'])
    rig.encoders[0].resumeRead()
    rig.runQueue()
    expect(pieces).toEqual(['a', 'b.'])
  })

  test('holds back the end of a tunnel', () => {
    const { rig, encoder } = serving(CONNECT)
    encoder.sendHeaders(responseHeaders(200), false)
    encoder.pauseRead()
    rig.codec.inputEnded()
    expect(rig.log.events).toEqual(['CONNECT - b:80 {}'])
    encoder.resumeRead()
    rig.runQueue()
    expect(rig.log.events).toEqual(['CONNECT - b:80 {}', 'end'])
  })

  test('of the client reaches the sender, who is told when there is room', () => {
    const { rig, encoder } = serving()
    encoder.sendHeaders(responseHeaders(200), false)
    expect(encoder.sendData(Buffer.from('x'), false)).toBe(true)
    rig.sink.isWritable = false
    expect(encoder.sendData(Buffer.from('y'), false)).toBe(false)
    rig.sink.isWritable = true
    rig.codec.onTransportWritable()
    rig.codec.onTransportWritable()
    expect(rig.log.events).toEqual(['GET / a {}', 'end', 'writable'])
  })

  test('of a stream that is over does not outlast it', () => {
    const { rig, encoder } = serving(POST_5)
    encoder.pauseRead()
    encoder.sendHeaders(responseHeaders(413), true)
    expect(rig.control).toEqual(['readable false', 'readable true', 'half-close'])
    encoder.pauseRead()
    expect(rig.control).toHaveLength(3)
  })
})

test('bytes that come while a chunk is being parsed are parsed after it', () => {
  const rig = new ServerRig({ maxOutboundResponses: 3 })
  let fed = false
  rig.respond = (encoder) => {
    encoder.sendHeaders(responseHeaders(200), true)
    if (!fed) rig.codec.dispatch(Buffer.from(GET.replace('/', '/late')))
    fed = true
  }
  rig.feed(GET + GET.replace('/', '/second'))
  expect(rig.log.events.filter((event) => event !== 'end')).toEqual([
    'GET / a {}',
    'GET /second a {}',
    'GET /late a {}',
  ])
})

test('heads that come in pieces on several connections at once are not mixed up', () => {
  const heads = [
    'GET /1 HTTP/1.1\r\nHost: one\r\nx-a: 1\r\n\r\n',
    'GET /two HTTP/1.1\r\nlong-name: 22\r\nHost: two\r\n\r\n',
  ]
  const rigs = heads.map(() => new ServerRig())
  for (let at = 0; at < 60; at += 7) heads.forEach((head, i) => rigs[i].feed(head.slice(at, at + 7)))
  expect(rigs.map((rig) => rig.log.events[0])).toEqual(['GET /1 one {x-a: 1}', 'GET /two two {long-name: 22}'])
})

test('a stream that its owner resets while it gets its headers gets nothing more', () => {
  const rig = new ServerRig()
  rig.newStream = (encoder) => {
    encoder.reset('local reset')
    return {
      onHeaders: () => rig.log.add('headers'),
      onData: () => rig.log.add('data'),
      onTrailers: () => undefined,
      onReset: () => rig.log.add('reset'),
      onWritable: () => undefined,
    }
  }
  rig.feed(POST_5 + 'abcde' + GET)
  expect(rig.log.events).toEqual([])
  expect(rig.control).toEqual(['reset'])
})
