import { describe, expect, test } from '@jest/globals'
import {
  FLAG,
  FRAME,
  GET,
  clientStart,
  dataFrame,
  describeFrames,
  encodeFrame,
  headersFrame,
  request,
  rstStream,
  setting,
  uint32,
  windowUpdate,
} from '../../../test/codec/frames.ts'
import { RecordingServer } from '../../../test/codec/recorder.ts'
import { RunQueue } from '../../../test/codec/run-queue.ts'
import { encodeFields, HpackDecoder, type HeaderField } from '../../../test/support/hpack-wire.ts'
import { MemorySink, type ByteSink } from '../byte-sink.ts'
import { HeaderMap, ResponseHeaderMap } from '../header-map.ts'
import type { CodecError } from '../http-stream.ts'
import { DEFAULT_HTTP2_OPTIONS, type Http2Options } from './options.ts'
import { Http2ServerCodec } from './server-codec.ts'

class Harness {
  readonly sink = new MemorySink()
  readonly server = new RecordingServer()
  readonly queue = new RunQueue()
  readonly codec: Http2ServerCodec
  readonly hpack = new HpackDecoder()

  constructor(options: Partial<Http2Options> = {}, settings?: Buffer) {
    this.codec = new Http2ServerCodec(this.sink, this.server, {
      ...DEFAULT_HTTP2_OPTIONS,
      defer: this.queue.defer,
      ...options,
    })
    this.receive(clientStart(settings))
    this.written()
  }

  receive(...parts: Buffer[]): CodecError | undefined {
    const error = this.codec.dispatch(Buffer.concat(parts))
    this.queue.run()
    return error
  }

  /** What was written since the last call, in words. */
  written(): string[] {
    return describeFrames(this.sink.take(), this.hpack)
  }

  get(streamId: number, flags: number = FLAG.END_STREAM): CodecError | undefined {
    return this.receive(headersFrame(streamId, GET, flags))
  }

  answer(index: number, status: number, body = '', ...fields: string[]): void {
    const headers = new ResponseHeaderMap(fields)
    headers.status = status
    this.server.requests[index].encoder.sendHeaders(headers, body === '')
    if (body !== '') this.server.requests[index].encoder.sendData(Buffer.from(body), true)
  }
}

const POST = request({ ':method': 'POST' })
const CONNECT: readonly HeaderField[] = [
  [':method', 'CONNECT'],
  [':authority', '10.0.0.1:80'],
]

describe('requests', () => {
  test('arrive with their pseudo-header fields as properties and the rest in order', () => {
    const { server, ...harness } = new Harness()
    harness.codec.dispatch(headersFrame(1, [...GET, ['accept', '*/*'], ['x-a', '1'], ['x-a', '2']], FLAG.END_STREAM))
    const { headers, events } = server.requests[0]
    expect(headers).toMatchObject({ method: 'GET', scheme: 'http', authority: 'a.example', path: '/' })
    expect(headers?.fields).toEqual(['accept', '*/*', 'x-a', '1', 'x-a', '2'])
    expect(events).toEqual(['headers, end'])
  })

  test('are answered with headers, data and trailers', () => {
    const harness = new Harness()
    harness.receive(headersFrame(1, POST), dataFrame(1, 'body', FLAG.END_STREAM))
    expect(harness.server.requests[0].events).toEqual(['headers', 'data 4, end'])
    const headers = new ResponseHeaderMap(['server', 'x'])
    headers.status = 200
    const { encoder } = harness.server.requests[0]
    encoder.sendHeaders(headers, false)
    encoder.sendData(Buffer.from('hello'), false)
    encoder.sendTrailers(new HeaderMap(['grpc-status', '0']))
    expect(harness.written()).toEqual(['HEADERS 1 :status=200 server=x', 'DATA 1 5', 'HEADERS 1 grpc-status=0, end'])
    expect(harness.codec.activeStreams).toBe(0)
  })

  test('get informational responses before the final one', () => {
    const harness = new Harness()
    harness.get(1)
    const early = new ResponseHeaderMap(['link', '</a>'])
    early.status = 103
    harness.server.requests[0].encoder.sendInformational(early)
    harness.answer(0, 204)
    expect(harness.written()).toEqual(['HEADERS 1 :status=103 link=</a>', 'HEADERS 1 :status=204, end'])
  })

  test('arrive the same whatever the transport makes of them', () => {
    const padded = (data: string, padding: number): Buffer =>
      Buffer.concat([Buffer.of(padding), Buffer.from(data), Buffer.alloc(padding)])
    const block = encodeFields([...POST, ['x-long', 'v'.repeat(50)]])
    const bytes = Buffer.concat([
      clientStart(setting(4, 100_000)),
      encodeFrame(FRAME.HEADERS, 0, 1, block.subarray(0, 20)),
      encodeFrame(FRAME.CONTINUATION, 0, 1, block.subarray(20, 50)),
      encodeFrame(FRAME.CONTINUATION, FLAG.END_HEADERS, 1, block.subarray(50)),
      encodeFrame(FRAME.DATA, FLAG.PADDED, 1, padded('hello ', 7)),
      encodeFrame(FRAME.PRIORITY, 0, 1, Buffer.of(0, 0, 0, 3, 9)),
      encodeFrame(0xbe, 0xff, 1, 'unknown frame'),
      dataFrame(1, 'world'),
      encodeFrame(FRAME.DATA, FLAG.PADDED | FLAG.END_STREAM, 1, padded('!', 3)),
      encodeFrame(
        FRAME.HEADERS,
        FLAG.END_HEADERS | FLAG.PRIORITY | FLAG.PADDED | FLAG.END_STREAM,
        3,
        Buffer.concat([Buffer.of(2, 0, 0, 0, 0, 16), encodeFields(GET), Buffer.alloc(2)]),
      ),
      encodeFrame(FRAME.PING, 0, 0, '12345678'),
    ])
    const outcome = (pieces: Buffer[]): unknown => {
      const sink = new MemorySink()
      const server = new RecordingServer()
      const codec = new Http2ServerCodec(sink, server, DEFAULT_HTTP2_OPTIONS)
      for (const piece of pieces) expect(codec.dispatch(piece)).toBeUndefined()
      const [post, get] = server.requests
      return [post.headers, post.body.toString(), post.ended, get.headers, get.ended, describeFrames(sink.take())]
    }
    const whole = outcome([bytes])
    expect(whole).toMatchObject([{ method: 'POST' }, 'hello world!', true, { method: 'GET' }, true, expect.anything()])
    expect(outcome([...bytes].map((octet) => Buffer.of(octet)))).toEqual(whole)
    for (let at = 1; at < bytes.length; at++)
      expect(outcome([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole)
  })

  test('have their cookie crumbs joined and Host taken for a missing authority', () => {
    const harness = new Harness()
    harness.receive(
      headersFrame(
        1,
        [
          ...request({ ':authority': undefined }),
          ['cookie', 'a=1'],
          ['host', 'h.example'],
          ['cookie', 'b=2'],
          ['x', 'y'],
          ['cookie', 'c=3'],
        ],
        FLAG.END_STREAM,
      ),
    )
    const { headers } = harness.server.requests[0]
    expect(headers?.authority).toBe('h.example')
    expect(headers?.fields).toEqual(['cookie', 'a=1; b=2; c=3', 'x', 'y'])
  })

  test('have one authority: Host beside :authority is dropped', () => {
    const harness = new Harness()
    harness.receive(headersFrame(1, [...GET, ['host', 'evil.example']], FLAG.END_STREAM))
    expect(harness.server.requests[0].headers).toMatchObject({ authority: 'a.example', fields: [] })
  })

  test('keep the names of never-indexed fields for the next hop', () => {
    const harness = new Harness()
    const secret = Buffer.concat([Buffer.of(0x10, 9), Buffer.from('x-api-key'), Buffer.of(1), Buffer.from('k')])
    const block = Buffer.concat([encodeFields(GET), secret])
    harness.receive(encodeFrame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, 1, block))
    expect(harness.server.requests[0].headers?.neverIndexed).toEqual(['x-api-key'])
  })

  test('may be CONNECT with an authority only, whose content-length does not bound the tunnel', () => {
    const harness = new Harness()
    harness.receive(headersFrame(1, CONNECT), dataFrame(1, 'tunnelled'))
    harness.receive(headersFrame(3, [...CONNECT, ['content-length', '3']]))
    harness.receive(dataFrame(3, 'more than three'))
    expect(harness.server.requests[0].headers).toMatchObject({ method: 'CONNECT', authority: '10.0.0.1:80' })
    expect(harness.server.requests[0].headers?.path).toBeUndefined()
    expect(harness.server.requests.map((each) => each.body.toString())).toEqual(['tunnelled', 'more than three'])
  })

  test('may be extended CONNECT where that is allowed', () => {
    const fields = [...request({ ':method': 'CONNECT' }), [':protocol', 'websocket'] as const]
    const allowing = new Harness({ allowConnect: true })
    expect(allowing.receive(headersFrame(1, fields))).toBeUndefined()
    expect(allowing.server.requests[0].headers?.protocol).toBe('websocket')
    expect(new Harness().receive(headersFrame(1, fields))?.detail).toBe('http2.invalid.header.field')
    const withoutConnect = [...GET, [':protocol', 'websocket'] as const]
    const another = new Harness({ allowConnect: true })
    expect(another.receive(headersFrame(1, withoutConnect))?.detail).toBe('http2.violation.of.messaging.rule')
  })
})

describe('malformed requests', () => {
  const FIELD = 'http2.invalid.header.field'
  const MESSAGE = 'http2.violation.of.messaging.rule'
  const CASES: readonly (readonly [string, readonly HeaderField[], string])[] = [
    ['an upper-case name', [...GET, ['X-A', '1']], FIELD],
    ['an empty name', [...GET, ['', '1']], FIELD],
    ['a space in a name', [...GET, ['x a', '1']], FIELD],
    ['a colon in a name', [...GET, ['x:a', '1']], FIELD],
    ['a line feed in a value', [...GET, ['x', 'a\nb']], FIELD],
    ['a carriage return in a value', [...GET, ['x', 'a\rb']], FIELD],
    ['NUL in a value', [...GET, ['x', 'a\0b']], FIELD],
    ['DEL in a value', [...GET, ['x', 'a\x7fb']], FIELD],
    ['connection', [...GET, ['connection', 'close']], FIELD],
    ['transfer-encoding', [...GET, ['transfer-encoding', 'chunked']], FIELD],
    ['upgrade', [...GET, ['upgrade', 'h2c']], FIELD],
    ['keep-alive', [...GET, ['keep-alive', '1']], FIELD],
    ['proxy-connection', [...GET, ['proxy-connection', 'x']], FIELD],
    ['te other than trailers', [...GET, ['te', 'gzip']], FIELD],
    ['a content-length that is no number', [...GET, ['content-length', '+5']], FIELD],
    ['an empty content-length', [...GET, ['content-length', '']], FIELD],
    ['two content-lengths', [...POST, ['content-length', '5'], ['content-length', '6']], FIELD],
    ['an unknown pseudo-header field', [...GET, [':foo', 'x']], FIELD],
    ['a response pseudo-header field', [...GET, [':status', '200']], FIELD],
    ['a pseudo-header field behind a regular one', [['x', 'y'], ...GET], FIELD],
    ['a repeated pseudo-header field', [...GET, [':path', '/b']], FIELD],
    ['a method that is no token', request({ ':method': 'GE T' }), FIELD],
    ['a path with a space', request({ ':path': '/a b' }), FIELD],
    ['a path with CR LF', request({ ':path': '/a\r\nx: y' }), FIELD],
    ['an empty path', request({ ':path': '' }), FIELD],
    ['a scheme that is none', request({ ':scheme': 'ht tp' }), FIELD],
    ['userinfo in the authority', request({ ':authority': 'user@a.example' }), FIELD],
    ['two Host fields', [...request({ ':authority': undefined }), ['host', 'a'], ['host', 'b']], FIELD],
    ['an empty Host', [...request({ ':authority': undefined }), ['host', '']], FIELD],
    ['no method', request({ ':method': undefined }), MESSAGE],
    ['no scheme', request({ ':scheme': undefined }), MESSAGE],
    ['no path', request({ ':path': undefined }), MESSAGE],
    ['no authority', request({ ':authority': undefined }), MESSAGE],
    ['an empty authority', request({ ':authority': '' }), FIELD],
    ['a relative path', request({ ':path': 'a' }), MESSAGE],
    ['an asterisk with GET', request({ ':path': '*' }), MESSAGE],
    ['CONNECT without authority', [[':method', 'CONNECT']], MESSAGE],
    ['CONNECT with a scheme', [...CONNECT, [':scheme', 'https']], MESSAGE],
    ['CONNECT with a path', [...CONNECT, [':path', '/']], MESSAGE],
    [':protocol where it is not allowed', [...GET, [':protocol', 'websocket']], FIELD],
    ['less data than content-length', [...GET, ['content-length', '5']], MESSAGE],
  ]

  test.each(CASES)('%s: end the connection by default, as in Envoy', (_what, fields, detail) => {
    const harness = new Harness()
    harness.get(1)
    expect(harness.receive(headersFrame(3, fields, FLAG.END_STREAM))?.detail).toBe(detail)
    expect(harness.written()).toEqual(['GOAWAY 3 1'])
    expect(harness.server.requests.map(({ events }) => events)).toEqual([
      ['headers, end', 'reset: protocol error'],
      ['reset: protocol error'],
    ])
    expect(harness.server.requests[1].resetDetail).toBe(detail)
    expect(harness.codec.activeStreams).toBe(0)
  })

  test.each(CASES)('%s: end their stream only, with override_stream_error_on_invalid_http_message', (_what, fields) => {
    const harness = new Harness({ overrideStreamErrorOnInvalidHttpMessage: true })
    harness.get(1)
    expect(harness.receive(headersFrame(3, fields, FLAG.END_STREAM))).toBeUndefined()
    expect(harness.written()).toEqual(['RST_STREAM 3 1'])
    expect(harness.server.requests[1].events).toEqual(['reset: protocol error'])
    harness.answer(0, 200)
    expect(harness.written()).toEqual(['HEADERS 1 :status=200, end'])
  })

  test('cost the other streams of the connection, which then have another detail, the newest first', () => {
    const harness = new Harness()
    const ended: string[] = []
    for (const id of [1, 3, 5]) harness.get(id)
    harness.server.requests.forEach(
      (each, i) => (each.onReset = (_reason, detail) => void ended.push(`${i} ${detail}`)),
    )
    harness.receive(headersFrame(3, [[':path', '/']], FLAG.END_STREAM))
    const others = 'codec_error:The_user_callback_function_failed'
    expect(ended).toEqual([`2 ${others}`, '1 http2.unknown.nghttp2.error', `0 ${others}`])
  })

  test.each([
    ['more data than content-length', dataFrame(1, 'abcd')],
    ['less data than content-length', dataFrame(1, 'ab', FLAG.END_STREAM)],
  ] as const)('%s: end their stream only, as in Envoy', (_what, bytes) => {
    const harness = new Harness()
    expect(harness.receive(headersFrame(1, [...POST, ['content-length', '3']]), bytes)).toBeUndefined()
    expect(harness.written()).toEqual(['RST_STREAM 1 1'])
    const { events, resetReason, resetDetail } = harness.server.requests[0]
    expect(events).toEqual(['headers', 'reset: protocol error'])
    expect([resetReason, resetDetail]).toEqual(['protocol error', 'http2.remote_reset'])
  })

  const BODIES = [
    ['less data before trailers', headersFrame(1, [['x', 'y']], FLAG.END_STREAM)],
    ['trailers without END_STREAM', headersFrame(1, [['x', 'y']])],
    ['a pseudo-header field in trailers', headersFrame(1, [[':path', '/']], FLAG.END_STREAM)],
  ] as const

  test.each(BODIES)('%s: end the connection or, with the override, the stream', (_what, bytes) => {
    const begin = headersFrame(1, [...POST, ['content-length', '3']])
    expect(new Harness().receive(begin, bytes)?.detail).toMatch(/^http2\./)
    const lenient = new Harness({ overrideStreamErrorOnInvalidHttpMessage: true })
    expect(lenient.receive(begin, bytes)).toBeUndefined()
    expect(lenient.written()).toEqual(['RST_STREAM 1 1'])
    expect(lenient.server.requests[0].events.at(-1)).toBe('reset: protocol error')
  })

  test.each([
    ['too many fields', Array.from({ length: 101 }, (_, i): HeaderField => [`x-${i}`, ''])],
    ['the same cookie crumb over and over', Array.from({ length: 101 }, (): HeaderField => ['cookie', 'a'])],
    ['fields that are too large together', Array.from({ length: 4 }, (): HeaderField => ['x', 'v'.repeat(16_000)])],
  ])('%s reset the stream with INTERNAL_ERROR, as in Envoy', (_what, extra) => {
    const harness = new Harness({ maxFrameSize: 1 << 20 })
    expect(harness.receive(headersFrame(1, [...GET, ...extra], FLAG.END_STREAM))).toBeUndefined()
    expect(harness.written()).toEqual(['RST_STREAM 1 2'])
    const { resetReason, resetDetail } = harness.server.requests[0]
    expect([resetReason, resetDetail]).toEqual(['remote reset', 'http2.too_many_headers'])
    expect(harness.get(3)).toBeUndefined()
    expect(harness.server.requests[1].events).toEqual(['headers, end'])
  })

  test('a field beyond 64 KiB is a compression error', () => {
    const harness = new Harness({ maxFrameSize: 1 << 20 })
    expect(harness.receive(headersFrame(1, [...GET, ['x', 'v'.repeat(70_000)]]))).toBeDefined()
    expect(harness.written()).toEqual(['GOAWAY 1 9'])
  })

  test('one entry of the dynamic table referred to 100,000 times costs nothing but the stream', () => {
    const harness = new Harness({ maxFrameSize: 1 << 20 })
    const entry = Buffer.concat([Buffer.of(0x40, 1, 0x78, 0x7f, 0xa1, 0x1e), Buffer.alloc(4000, 'v')])
    const block = Buffer.concat([encodeFields(GET), entry, Buffer.alloc(100_000, 0xbe)])
    expect(harness.receive(encodeFrame(FRAME.HEADERS, FLAG.END_HEADERS, 1, block))).toBeUndefined()
    expect(harness.written()).toEqual(['RST_STREAM 1 2'])
  })

  test.each([
    ['allow', ['x_y', '1'], []],
    ['drop', [], []],
    ['reject', undefined, ['RST_STREAM 1 2']],
  ] as const)('names with underscores: %s', (action, fields, written) => {
    const harness = new Harness({ headersWithUnderscores: action })
    expect(harness.receive(headersFrame(1, [...GET, ['x_y', '1']], FLAG.END_STREAM))).toBeUndefined()
    expect(harness.server.requests[0].headers?.fields).toEqual(fields)
    expect(harness.written()).toEqual(written)
    if (action === 'reject') expect(harness.server.requests[0].resetDetail).toBe('http2.unexpected_underscore')
  })
})

describe('streams', () => {
  test('of the first flight are not refused below 100, later ones above the limit are', () => {
    const server = new RecordingServer()
    const sink = new MemorySink()
    const codec = new Http2ServerCodec(sink, server, { ...DEFAULT_HTTP2_OPTIONS, maxConcurrentStreams: 10 })
    codec.dispatch(Buffer.concat([clientStart().subarray(0, 33)]))
    for (let id = 1; id <= 201; id += 2) codec.dispatch(headersFrame(id, CONNECT))
    expect(server.requests.length).toBe(100)
    expect(describeFrames(sink.take())).toEqual(['RST_STREAM 201 7'])
    for (let i = 0; i < 95; i++) server.requests[i].encoder.reset('local reset')
    codec.dispatch(encodeFrame(FRAME.SETTINGS, FLAG.ACK, 0))
    sink.take()
    for (let id = 203; id < 219; id += 2) codec.dispatch(headersFrame(id, CONNECT))
    expect(server.requests.length).toBe(105)
    expect(describeFrames(sink.take())).toEqual(['RST_STREAM 213 7', 'RST_STREAM 215 7', 'RST_STREAM 217 7'])
  })

  test('announce themselves as reset by the peer, in Envoy words', () => {
    const harness = new Harness()
    for (const [id, code] of [
      [1, 8],
      [3, 7],
      [5, 10],
    ])
      harness.receive(headersFrame(id, GET), rstStream(id, code))
    expect(harness.server.requests.map(({ resetReason, resetDetail }) => [resetReason, resetDetail])).toEqual([
      ['remote reset', 'http2.remote_reset'],
      ['remote refused stream reset', 'http2.remote_refuse'],
      ['remote error with CONNECT request', 'http2.remote_reset'],
    ])
    expect(harness.codec.activeStreams).toBe(0)
  })

  test.each([
    ['local reset', 2],
    ['local refused stream reset', 7],
    ['remote reset', 8],
    ['connection termination', 2],
    ['remote error with CONNECT request', 10],
    ['protocol error', 1],
    ['overload manager reset', 11],
  ] as const)('reset by their owner for "%s" say so with code %d', (reason, code) => {
    const harness = new Harness()
    harness.get(1, 0)
    harness.server.requests[0].encoder.reset(reason)
    harness.queue.run()
    expect(harness.written()).toEqual([`RST_STREAM 1 ${code}`])
    expect(harness.server.requests[0].events).toEqual(['headers'])
  })

  test('answered before the request ended are reset with NO_ERROR, after all of the answer', () => {
    const harness = new Harness({ maxSinkBytes: 1 })
    harness.get(1, 0)
    harness.answer(0, 413, 'too much')
    const { encoder } = harness.server.requests[0]
    expect(encoder.bufferedBytes).toBe(8)
    encoder.reset('local reset')
    expect(harness.receive(dataFrame(1, 'ignored'))).toBeUndefined()
    expect(harness.written()).toEqual(['HEADERS 1 :status=413', 'DATA 1 8, end', 'RST_STREAM 1 0'])
    expect(harness.server.requests[0].events).toEqual(['headers'])
    expect(harness.codec.activeStreams).toBe(0)
  })

  test('that the peer gives no window for the rest of their answer are reset without it', () => {
    const harness = new Harness({}, setting(4, 3))
    harness.get(1, 0)
    harness.answer(0, 413, 'too much')
    harness.server.requests[0].encoder.reset('local reset')
    expect(harness.written()).toEqual(['HEADERS 1 :status=413', 'DATA 1 3', 'RST_STREAM 1 2'])
    expect(harness.codec.activeStreams).toBe(0)
  })

  test('that we reset may still get frames of a peer that does not know', () => {
    const harness = new Harness()
    harness.get(1, 0)
    harness.server.requests[0].encoder.reset('local reset')
    harness.written()
    const late = [
      dataFrame(1, 'late'),
      headersFrame(1, [['x', 'y']], FLAG.END_STREAM),
      windowUpdate(1, 5),
      rstStream(1, 8),
    ]
    expect(harness.receive(...late)).toBeUndefined()
    expect(harness.written()).toEqual([])
    expect(harness.server.requests[0].events).toEqual(['headers'])
  })

  test.each([
    ['DATA after the end', [dataFrame(1, 'x')], 'GOAWAY 1 5'],
    ['HEADERS after the end', [headersFrame(1, GET)], 'GOAWAY 1 5'],
    ['DATA after a reset', [rstStream(1, 8), dataFrame(1, 'x')], 'GOAWAY 1 5'],
    ['HEADERS after a reset', [rstStream(1, 8), headersFrame(1, GET)], 'GOAWAY 1 5'],
    ['DATA on an idle stream', [dataFrame(3, 'x')], 'GOAWAY 1 1'],
    ['RST_STREAM on an idle stream', [rstStream(3, 0)], 'GOAWAY 1 1'],
    ['WINDOW_UPDATE on an idle stream', [windowUpdate(3, 1)], 'GOAWAY 1 1'],
    ['HEADERS on an even stream', [headersFrame(2, GET)], 'GOAWAY 1 1'],
    ['HEADERS on stream 0', [headersFrame(0, GET)], 'GOAWAY 1 1'],
    ['PUSH_PROMISE', [encodeFrame(FRAME.PUSH_PROMISE, 4, 1, uint32(2))], 'GOAWAY 1 1'],
    ['CONTINUATION without HEADERS', [encodeFrame(FRAME.CONTINUATION, 4, 1)], 'GOAWAY 1 1'],
    [
      'a frame inside a header block',
      [encodeFrame(FRAME.HEADERS, 0, 3), encodeFrame(FRAME.PING, 0, 0, '12345678')],
      'GOAWAY 3 1',
    ],
    ['a stream that depends on itself', [encodeFrame(FRAME.PRIORITY, 0, 3, Buffer.of(0, 0, 0, 3, 1))], 'GOAWAY 1 1'],
    ['more padding than payload', [encodeFrame(FRAME.DATA, FLAG.PADDED, 1, Buffer.of(5, 0))], 'GOAWAY 1 1'],
    ['a frame above the maximum size', [dataFrame(1, Buffer.alloc(16_385))], 'GOAWAY 1 6'],
    ['a PING of 7 octets', [encodeFrame(FRAME.PING, 0, 0, '1234567')], 'GOAWAY 1 6'],
    ['SETTINGS of 5 octets', [encodeFrame(FRAME.SETTINGS, 0, 0, '12345')], 'GOAWAY 1 6'],
    ['SETTINGS on a stream', [encodeFrame(FRAME.SETTINGS, 0, 1)], 'GOAWAY 1 1'],
    ['an acknowledgement with content', [encodeFrame(FRAME.SETTINGS, FLAG.ACK, 0, setting(1, 1))], 'GOAWAY 1 6'],
    ['ENABLE_PUSH of 2', [encodeFrame(FRAME.SETTINGS, 0, 0, setting(2, 2))], 'GOAWAY 1 1'],
    ['MAX_FRAME_SIZE below 16384', [encodeFrame(FRAME.SETTINGS, 0, 0, setting(5, 16_383))], 'GOAWAY 1 1'],
    ['INITIAL_WINDOW_SIZE above 2^31-1', [encodeFrame(FRAME.SETTINGS, 0, 0, setting(4, 0x80000000))], 'GOAWAY 1 3'],
    ['a header block that does not decode', [encodeFrame(FRAME.HEADERS, 4, 3, Buffer.of(0x80))], 'GOAWAY 3 9'],
    ['WINDOW_UPDATE of 0', [windowUpdate(1, 0)], 'GOAWAY 1 1'],
    ['WINDOW_UPDATE of 0 on the connection', [windowUpdate(0, 0)], 'GOAWAY 1 1'],
    ['a connection window beyond 2^31-1', [windowUpdate(0, 0x7fffffff)], 'GOAWAY 1 3'],
  ])('%s: is an error of the connection', (_what, bytes, expected) => {
    const harness = new Harness()
    harness.get(1)
    const error = harness.receive(...bytes)
    expect(harness.written()).toEqual([expected])
    expect(error).toBeDefined()
    expect(harness.server.requests[0].events.at(-1)).toMatch(/^reset: (protocol error|remote reset)$/)
  })

  test('end alone when their window goes beyond 2^31-1', () => {
    const harness = new Harness()
    harness.get(1)
    expect(harness.receive(windowUpdate(1, 0x7fffffff))).toBeUndefined()
    expect(harness.written()).toEqual(['RST_STREAM 1 3'])
    expect(harness.server.requests[0].events.at(-1)).toBe('reset: protocol error')
  })

  test.each([
    ['not the preface', 'GET / HTTP/1.1\r\n\r\n'],
    [
      'no SETTINGS first',
      `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${encodeFrame(FRAME.PING, 0, 0, '12345678').toString('latin1')}`,
    ],
  ])('a connection that begins with %s ends', (_what, text) => {
    const sink = new MemorySink()
    const codec = new Http2ServerCodec(sink, new RecordingServer(), DEFAULT_HTTP2_OPTIONS)
    expect(codec.dispatch(Buffer.from(text, 'latin1'))?.detail).toBe('codec_error:The_user_callback_function_failed')
    expect(describeFrames(sink.take())).toEqual(['GOAWAY 0 1'])
  })

  test.each([
    ['is cut off', () => undefined],
    [
      'does not decode',
      (harness: Harness) => void harness.receive(encodeFrame(FRAME.CONTINUATION, 4, 1, Buffer.of(0x80))),
    ],
  ])('begin with their first frame, also when the header block %s', (_what, goOn) => {
    const harness = new Harness()
    harness.receive(encodeFrame(FRAME.HEADERS, 0, 1, 'x'))
    expect(harness.server.requests.map(({ events }) => events)).toEqual([[]])
    goOn(harness)
    harness.codec.connectionClosed('connection termination')
    harness.queue.run()
    expect(harness.server.requests.map(({ events }) => events)).toEqual([[expect.stringMatching(/^reset: /)]])
    expect(harness.codec.activeStreams).toBe(0)
  })

  test('that cannot complete are lost with their connection, and everything is let go of', () => {
    const harness = new Harness()
    harness.get(1, 0)
    harness.get(3)
    harness.codec.connectionClosed('connection termination')
    harness.queue.run()
    expect(harness.server.requests.map(({ events }) => events.at(-1))).toEqual([
      'reset: connection termination',
      'reset: connection termination',
    ])
    harness.answer(0, 200, 'nobody listens')
    expect(harness.codec.activeStreams).toBe(0)
    expect(harness.written()).toEqual([])
  })

  test('whose client gives up with NO_ERROR are lost although a part of the request still waits for its owner', () => {
    const harness = new Harness()
    harness.get(1, 0)
    const [paused] = harness.server.requests
    paused.encoder.pauseRead()
    harness.receive(dataFrame(1, 'waits', FLAG.END_STREAM), rstStream(1, 0))
    expect(paused.events).toEqual(['headers', 'reset: remote reset'])
    expect(harness.codec.activeStreams).toBe(0)
  })

  test('are told of a reset outside of any call, and not when they reset themselves meanwhile', () => {
    const harness = new Harness()
    harness.get(1, 0)
    harness.codec.dispatch(rstStream(1, 8))
    expect(harness.server.requests[0].events).toEqual(['headers'])
    harness.server.requests[0].encoder.reset('local reset')
    harness.queue.run()
    expect(harness.server.requests[0].events).toEqual(['headers'])
  })

  test('that all ended are reported once, when there is nothing left', () => {
    let idle = 0
    const harness = new Harness({ onIdle: () => idle++ })
    harness.get(1)
    harness.get(3)
    harness.answer(0, 200)
    harness.queue.run()
    expect(idle).toBe(0)
    harness.answer(1, 200)
    harness.queue.run()
    expect(idle).toBe(1)
  })
})

describe('a graceful end', () => {
  test('is announced first, then begins: streams above the last one are ignored, those below go on', () => {
    const harness = new Harness()
    harness.get(1, 0)
    harness.codec.shutdownNotice()
    harness.get(3)
    harness.codec.goAway()
    expect(harness.written()).toEqual(['GOAWAY 2147483647 0', 'GOAWAY 3 0'])
    expect(harness.receive(headersFrame(5, POST), dataFrame(5, 'x', FLAG.END_STREAM))).toBeUndefined()
    expect(harness.server.requests.length).toBe(2)
    expect(harness.receive(dataFrame(1, 'x', FLAG.END_STREAM))).toBeUndefined()
    harness.answer(0, 200)
    harness.answer(1, 200)
    expect(harness.written()).toEqual(['HEADERS 1 :status=200, end', 'HEADERS 3 :status=200, end'])
    expect(harness.codec.activeStreams).toBe(0)
  })

  test('of the client is reported once', () => {
    const harness = new Harness()
    const goaway = encodeFrame(FRAME.GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(0), Buffer.from('bye')]))
    harness.receive(goaway, goaway)
    expect(harness.server.goaways).toBe(1)
  })
})

describe('PING', () => {
  test('is answered with the same data', () => {
    const harness = new Harness()
    harness.receive(encodeFrame(FRAME.PING, 0, 0, Buffer.from('3b7cdb7a0b8716b4', 'hex')))
    expect(harness.written()).toEqual(['PING 3b7cdb7a0b8716b4, ack'])
  })

  test('of ours is recognised when it comes back', () => {
    const acknowledged: number[] = []
    const harness = new Harness({ onPingAck: (opaque) => acknowledged.push(opaque) })
    harness.codec.sendPing(0xfedcba98)
    expect(harness.written()).toEqual(['PING 00000000fedcba98'])
    harness.receive(encodeFrame(FRAME.PING, FLAG.ACK, 0, Buffer.from('00000000fedcba98', 'hex')))
    harness.receive(encodeFrame(FRAME.PING, FLAG.ACK, 0, Buffer.from('0000000100000000', 'hex')))
    expect(acknowledged).toEqual([0xfedcba98])
  })
})

describe('floods', () => {
  const repeat = (frame: Buffer, count: number): Buffer[] => Array.from({ length: count }, () => frame)
  const ping = encodeFrame(FRAME.PING, 0, 0, '12345678')

  test.each([
    ['PING', repeat(ping, 1001), 'codec_error:Too_many_control_frames_in_the_outbound_queue.'],
    [
      'SETTINGS',
      repeat(encodeFrame(FRAME.SETTINGS, 0, 0), 1001),
      'codec_error:Too_many_control_frames_in_the_outbound_queue.',
    ],
    [
      'empty DATA',
      [headersFrame(1, POST), ...repeat(dataFrame(1, ''), 2)],
      'codec_error:Too_many_consecutive_frames_with_an_empty_payload',
    ],
    [
      'padding without data',
      [headersFrame(1, POST), ...repeat(encodeFrame(0, FLAG.PADDED, 1, Buffer.of(3, 0, 0, 0)), 2)],
      'codec_error:Too_many_consecutive_frames_with_an_empty_payload',
    ],
    [
      'PRIORITY',
      repeat(encodeFrame(FRAME.PRIORITY, 0, 1, Buffer.of(0, 0, 0, 0, 1)), 101),
      'codec_error:Too_many_PRIORITY_frames',
    ],
    ['WINDOW_UPDATE', repeat(windowUpdate(0, 1), 6), 'codec_error:Too_many_WINDOW_UPDATE_frames'],
    [
      'empty CONTINUATION',
      [encodeFrame(FRAME.HEADERS, 0, 1), ...repeat(encodeFrame(FRAME.CONTINUATION, 0, 1), 2)],
      'codec_error:Too_many_consecutive_frames_with_an_empty_payload',
    ],
    [
      'CONTINUATION',
      [encodeFrame(FRAME.HEADERS, 0, 1, 'x'), ...repeat(encodeFrame(FRAME.CONTINUATION, 0, 1, 'x'), 513)],
      'codec_error:The_user_callback_function_failed',
    ],
    [
      'a header block without end',
      [
        encodeFrame(FRAME.HEADERS, 0, 1, 'x'),
        ...repeat(encodeFrame(FRAME.CONTINUATION, 0, 1, Buffer.alloc(16_384)), 8),
      ],
      'codec_error:The_user_callback_function_failed',
    ],
    [
      'SETTINGS parameters',
      [encodeFrame(FRAME.SETTINGS, 0, 0, Buffer.concat(repeat(setting(99, 1), 33)))],
      'codec_error:The_user_callback_function_failed',
    ],
  ])('of %s end the connection with ENHANCE_YOUR_CALM', (_what, bytes, detail) => {
    const harness = new Harness()
    expect(harness.receive(...bytes)?.detail).toBe(detail)
    expect(harness.written().at(-1)).toMatch(/^GOAWAY \d+ 11$/)
  })

  test('of empty DATA have a detail of their own for the stream that they came on', () => {
    const harness = new Harness()
    harness.get(1, 0)
    harness.get(3, 0)
    harness.receive(...repeat(dataFrame(1, ''), 2))
    expect(harness.server.requests.map(({ resetDetail }) => resetDetail)).toEqual([
      'http2.inbound_empty_frames_flood',
      'codec_error:Too_many_consecutive_frames_with_an_empty_payload',
    ])
  })

  test('of requests whose answers the peer does not read end the connection', () => {
    const harness = new Harness({ maxOutboundFrames: 50 })
    let error: CodecError | undefined
    for (let id = 1; id < 300 && error === undefined; id += 2) {
      error = harness.get(id)
      if (error === undefined) harness.answer((id - 1) / 2, 200)
    }
    expect(error?.detail).toBe('codec_error:Too_many_frames_in_the_outbound_queue.')
    expect(harness.server.requests.length).toBeLessThan(60)
  })

  test('are none while the peer reads what we write', () => {
    const harness = new Harness()
    for (let i = 0; i < 5000; i++) {
      expect(harness.receive(ping)).toBeUndefined()
      harness.sink.take()
    }
  })

  test('are none while the peer reads, although something always waits', () => {
    // A sink from which the older half leaves each time.
    const sink = new MemorySink()
    let left = 0
    const trickling: ByteSink = {
      get buffer() {
        return sink.buffer
      },
      get epoch() {
        return sink.epoch
      },
      get bufferedBytes() {
        return sink.bufferedBytes - left
      },
      reserve: (size) => sink.reserve(size),
      commit: (size) => sink.commit(size),
      write: (chunk) => sink.write(chunk),
    }
    const codec = new Http2ServerCodec(trickling, new RecordingServer(), DEFAULT_HTTP2_OPTIONS)
    codec.dispatch(clientStart())
    for (let i = 0; i < 20_000; i++) {
      expect(codec.dispatch(ping)).toBeUndefined()
      if (i % 200 === 0) left += (sink.bufferedBytes - left) >> 1
      expect(trickling.bufferedBytes).toBeGreaterThan(0)
    }
  })
})
