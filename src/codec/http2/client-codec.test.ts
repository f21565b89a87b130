import { describe, expect, test } from '@jest/globals'
import {
  FLAG,
  FRAME,
  dataFrame,
  describeFrames,
  encodeFrame,
  headersFrame,
  readFrames,
  rstStream,
  serverStart,
  setting,
  uint32,
  windowUpdate,
} from '../../../test/codec/frames.ts'
import { RecordedResponse, RecordingClient } from '../../../test/codec/recorder.ts'
import { RunQueue } from '../../../test/codec/run-queue.ts'
import { HpackDecoder, type HeaderField } from '../../../test/support/hpack-wire.ts'
import { MemorySink } from '../byte-sink.ts'
import { HeaderMap, RequestHeaderMap } from '../header-map.ts'
import type { CodecError } from '../http-stream.ts'
import { Http2ClientCodec } from './client-codec.ts'
import { DEFAULT_HTTP2_OPTIONS, type Http2Options } from './options.ts'

class Harness {
  readonly sink = new MemorySink()
  readonly queue = new RunQueue()
  readonly hpack = new HpackDecoder()
  readonly codec: Http2ClientCodec
  readonly client = new RecordingClient()

  constructor(options: Partial<Http2Options> = {}, settings?: Buffer) {
    this.codec = new Http2ClientCodec(this.sink, this.client, {
      ...DEFAULT_HTTP2_OPTIONS,
      defer: this.queue.defer,
      ...options,
    })
    this.receive(serverStart(settings))
    this.written()
  }

  receive(...parts: Buffer[]): CodecError | undefined {
    const error = this.codec.dispatch(Buffer.concat(parts))
    this.queue.run()
    return error
  }

  written(): string[] {
    return describeFrames(this.sink.take(), this.hpack)
  }

  send(headers: RequestHeaderMap, endStream = true): RecordedResponse {
    const response = new RecordedResponse()
    response.encoder = this.codec.newStream(response)
    response.encoder.sendHeaders(headers, endStream)
    return response
  }
}

function get(method = 'GET', ...fields: string[]): RequestHeaderMap {
  const headers = new RequestHeaderMap(fields)
  headers.method = method
  headers.scheme = 'http'
  headers.authority = 'a.example'
  headers.path = '/'
  return headers
}

const OK: readonly HeaderField[] = [[':status', '200']]

describe('the client', () => {
  test('begins with preface and SETTINGS, without push, and opens the connection window at once', () => {
    const sink = new MemorySink()
    new Http2ClientCodec(sink, new RecordingClient(), { ...DEFAULT_HTTP2_OPTIONS, connectionWindowBytes: 1_000_000 })
    const [settings, update] = readFrames(sink.take())
    expect(settings.payload.toString('hex')).toBe('000200000000' + '000100001000' + '000400008000')
    expect([update.streamId, update.payload.readUInt32BE(0)]).toEqual([0, 1_000_000 - 65_535])
  })

  test('sends requests and receives headers, data and trailers', () => {
    const harness = new Harness()
    const response = harness.send(get('POST', 'accept', '*/*', 'connection', 'close'), false)
    response.encoder?.sendData(Buffer.from('abc'), true)
    expect(harness.written()).toEqual([
      'HEADERS 1 :method=POST :scheme=http :authority=a.example :path=/ accept=*/*',
      'DATA 1 3, end',
    ])
    harness.receive(
      headersFrame(1, [
        [':status', '103'],
        ['link', 'x'],
      ]),
      headersFrame(1, [
        [':status', '200'],
        ['server', 'y'],
      ]),
      dataFrame(1, 'hello'),
      headersFrame(1, [['grpc-status', '0']], FLAG.END_STREAM),
    )
    expect(response.events).toEqual(['informational 103', 'headers', 'data 5', 'trailers, end'])
    expect(response.headers).toMatchObject({ status: 200, fields: ['server', 'y'] })
    expect(response.trailers?.fields).toEqual(['grpc-status', '0'])
    expect(harness.codec.activeStreams).toBe(0)
  })

  test('sends plain CONNECT with nothing but :method and :authority, whatever else is set', () => {
    const harness = new Harness()
    harness.send(get('CONNECT', 'traceparent', 't'), false)
    expect(harness.written()).toEqual(['HEADERS 1 :method=CONNECT :authority=a.example traceparent=t'])
  })

  test('sends extended CONNECT in full, and knows whether the server allows it', () => {
    const harness = new Harness({}, setting(8, 1))
    expect(harness.codec.peerAllowsConnectProtocol).toBe(true)
    const headers = get('CONNECT')
    headers.protocol = 'websocket'
    harness.send(headers, false)
    expect(harness.written()).toEqual([
      'HEADERS 1 :method=CONNECT :scheme=http :authority=a.example :path=/ :protocol=websocket',
    ])
    expect(new Harness().codec.peerAllowsConnectProtocol).toBe(false)
  })

  test('numbers streams in the order of their headers', () => {
    const harness = new Harness()
    const first = harness.codec.newStream(new RecordedResponse())
    const second = harness.codec.newStream(new RecordedResponse())
    second.sendHeaders(get('HEAD'), true)
    first.sendHeaders(get(), true)
    expect(harness.written().map((frame) => frame.slice(0, 22))).toEqual([
      'HEADERS 1 :method=HEAD',
      'HEADERS 3 :method=GET ',
    ])
  })

  test('gives a stream the windows that are in force when its headers are sent', () => {
    const harness = new Harness()
    const stream = harness.codec.newStream(new RecordedResponse())
    harness.receive(encodeFrame(FRAME.SETTINGS, 0, 0, setting(4, 3)))
    harness.written()
    stream.sendHeaders(get('POST'), false)
    stream.sendData(Buffer.from('abcd'), true)
    expect(harness.written().at(-1)).toBe('DATA 1 3')
    harness.receive(windowUpdate(1, 1))
    expect(harness.written()).toEqual(['DATA 1 1, end'])
  })

  test('sends headers beyond one frame as CONTINUATION, nothing in between', () => {
    const harness = new Harness()
    const value = 'v'.repeat(9000)
    harness.send(get('GET', 'a', value, 'b', value, 'c', value, 'd', value))
    const frames = readFrames(harness.sink.take())
    expect(frames.map(({ type, flags, payload }) => [type, flags, payload.length > 16_384])).toEqual([
      [FRAME.HEADERS, FLAG.END_STREAM, false],
      [FRAME.CONTINUATION, 0, false],
      [FRAME.CONTINUATION, FLAG.END_HEADERS, false],
    ])
    const fields = harness.hpack.decode(Buffer.concat(frames.map(({ payload }) => payload)))
    expect(fields.slice(4)).toEqual(['a', 'b', 'c', 'd'].map((name) => [name, value]))
  })

  test('keeps fields that came as never-indexed so', () => {
    const harness = new Harness()
    const headers = get('GET', 'x-api-key', 'k', 'authorization', 'secret')
    headers.neverIndexed = ['x-api-key']
    harness.send(headers)
    harness.sink.take()
    harness.send(headers)
    const block = readFrames(harness.sink.take())[0].payload.toString('latin1')
    expect(block).toContain('\x10\x09x-api-key\x01k')
    expect(block).toContain('\x1f\x08\x06secret')
  })

  test('resets a request that was complete with an error code: the response is no longer wanted', () => {
    const harness = new Harness()
    const first = harness.send(get())
    const second = harness.send(get('POST'), false)
    harness.written()
    first.encoder?.reset('remote reset')
    second.encoder?.reset('local reset')
    expect(harness.written()).toEqual(['RST_STREAM 1 8', 'RST_STREAM 3 2'])
    expect(harness.codec.activeStreams).toBe(0)
  })

  test('closes with an empty DATA frame instead of trailers without fields', () => {
    const harness = new Harness()
    const response = harness.send(get('POST'), false)
    harness.sink.take()
    response.encoder?.sendTrailers(new HeaderMap())
    expect(describeFrames(harness.sink.take())).toEqual(['DATA 1 0, end'])
  })
})

describe('responses', () => {
  test.each([
    [
      'to HEAD',
      'HEAD',
      [
        [':status', '200'],
        ['content-length', '100'],
      ],
    ],
    [
      '304',
      'GET',
      [
        [':status', '304'],
        ['content-length', '100'],
      ],
    ],
    ['204', 'GET', [[':status', '204']]],
  ] as const)('%s have no content, whatever content-length says', (_what, method, fields) => {
    const harness = new Harness()
    const response = harness.send(get(method))
    expect(harness.receive(headersFrame(1, fields, FLAG.END_STREAM))).toBeUndefined()
    expect(response.events).toEqual(['headers, end'])
    const second = harness.send(get(method))
    harness.written()
    expect(harness.receive(headersFrame(3, fields), dataFrame(3, 'x'))).toBeUndefined()
    expect(harness.written()).toEqual(['RST_STREAM 3 1'])
    expect(second.events).toEqual(['headers', 'reset: protocol error'])
  })

  test('to CONNECT may be followed by any number of bytes', () => {
    const harness = new Harness()
    const response = harness.send(get('CONNECT'), false)
    expect(harness.receive(headersFrame(1, [...OK, ['content-length', '1']]), dataFrame(1, 'tunnel'))).toBeUndefined()
    expect(response.body.toString()).toBe('tunnel')
  })

  test.each([
    ['without a status', [['server', 'x']]],
    ['with a status of four digits', [[':status', '2000']]],
    ['with two statuses', [...OK, ...OK]],
    ['with a request field', [...OK, [':path', '/']]],
    ['101', [[':status', '101']]],
  ] as const)('that are malformed (%s) are protocol errors', (_what, fields) => {
    const lenient = new Harness({ overrideStreamErrorOnInvalidHttpMessage: true })
    const response = lenient.send(get())
    lenient.written()
    expect(lenient.receive(headersFrame(1, fields))).toBeUndefined()
    expect(lenient.written()).toEqual(['RST_STREAM 1 1'])
    expect(response.events).toEqual(['reset: protocol error'])
    const strict = new Harness()
    strict.send(get())
    expect(strict.receive(headersFrame(1, fields))).toBeDefined()
  })

  test('with DATA before headers are protocol errors of their stream', () => {
    const harness = new Harness()
    const response = harness.send(get())
    harness.written()
    expect(harness.receive(dataFrame(1, 'x'))).toBeUndefined()
    expect(harness.written()).toEqual(['RST_STREAM 1 1'])
    expect(response.resetReason).toBe('protocol error')
  })

  test('that end with an informational one are protocol errors of the connection', () => {
    const harness = new Harness()
    const response = harness.send(get())
    const error = harness.receive(headersFrame(1, [[':status', '100']], FLAG.END_STREAM))
    expect(error?.detail).toBe('http2.violation.of.messaging.rule')
    expect(response.resetReason).toBe('protocol error')
  })

  test('that are complete stay valid when the server then wants no more of the request', () => {
    const harness = new Harness()
    const response = harness.send(get('POST'), false)
    response.encoder?.pauseRead()
    harness.receive(headersFrame(1, OK), dataFrame(1, 'answer', FLAG.END_STREAM), rstStream(1, 0))
    expect(response.events).toEqual(['headers'])
    expect(harness.codec.activeStreams).toBe(1)
    response.encoder?.resumeRead()
    harness.queue.run()
    expect(response.events).toEqual(['headers', 'data 6, end', 'reset: remote reset'])
    expect(harness.codec.activeStreams).toBe(0)
  })

  test('that are complete are delivered even when the connection is gone, others are lost', () => {
    const harness = new Harness()
    const complete = harness.send(get())
    const cut = harness.send(get())
    complete.encoder?.pauseRead()
    cut.encoder?.pauseRead()
    harness.receive(
      headersFrame(1, OK),
      dataFrame(1, 'all', FLAG.END_STREAM),
      headersFrame(3, OK),
      dataFrame(3, 'some'),
    )
    harness.codec.connectionClosed('connection termination')
    for (const response of [complete, cut]) response.encoder?.resumeRead()
    harness.queue.run()
    expect(complete.events).toEqual(['headers', 'data 3, end'])
    expect(cut.events).toEqual(['headers', 'reset: connection termination'])
    expect(harness.codec.activeStreams).toBe(0)
  })

  test.each([
    ['PUSH_PROMISE', encodeFrame(FRAME.PUSH_PROMISE, FLAG.END_HEADERS, 1, uint32(2)), 'GOAWAY 0 1'],
    ['HEADERS of the server own stream', headersFrame(2, OK), 'GOAWAY 0 1'],
    ['HEADERS on an idle stream', headersFrame(99, OK), 'GOAWAY 0 1'],
    ['ENABLE_PUSH of 1', encodeFrame(FRAME.SETTINGS, 0, 0, setting(2, 1)), 'GOAWAY 0 1'],
  ])('%s end the connection', (_what, bytes, expected) => {
    const harness = new Harness()
    harness.send(get())
    harness.written()
    expect(harness.receive(bytes)).toBeDefined()
    expect(harness.written()).toEqual([expected])
  })
})

describe('capacity', () => {
  test('is 100 until the server says otherwise, then its limit or ours', () => {
    const harness = new Harness()
    expect(harness.codec.openableStreams).toBe(100)
    harness.receive(encodeFrame(FRAME.SETTINGS, 0, 0, setting(3, 2)))
    expect(harness.codec.openableStreams).toBe(2)
    harness.send(get())
    harness.send(get())
    expect(harness.codec.openableStreams).toBe(0)
    harness.receive(encodeFrame(FRAME.SETTINGS, 0, 0, setting(3, 1)))
    expect(harness.codec.openableStreams).toBe(0)
    harness.receive(encodeFrame(FRAME.SETTINGS, 0, 0, setting(3, 0xffffffff)))
    expect(harness.codec.openableStreams).toBe(DEFAULT_HTTP2_OPTIONS.maxConcurrentStreams - 2)
  })

  test('changes are reported once per event, outside of it', () => {
    const harness = new Harness()
    harness.send(get())
    harness.send(get())
    const before = harness.client.capacityChanges
    harness.codec.dispatch(Buffer.concat([headersFrame(1, OK, FLAG.END_STREAM), headersFrame(3, OK, FLAG.END_STREAM)]))
    expect(harness.client.capacityChanges).toBe(before)
    harness.queue.run()
    expect(harness.client.capacityChanges).toBe(before + 1)
  })

  test('counts streams whose headers are not sent yet, until they are reset', () => {
    const harness = new Harness()
    const stream = harness.codec.newStream(new RecordedResponse())
    expect(harness.codec.openableStreams).toBe(99)
    stream.reset('local reset')
    expect(harness.codec.openableStreams).toBe(100)
    expect(harness.written()).toEqual([])
  })
})

describe('GOAWAY', () => {
  const goaway = (last: number): Buffer => encodeFrame(FRAME.GOAWAY, 0, 0, Buffer.concat([uint32(last), uint32(0)]))

  test('lets streams up to the last one finish and refuses those above, which were not processed', () => {
    const harness = new Harness()
    const first = harness.send(get())
    const second = harness.send(get())
    harness.receive(goaway(0x7fffffff))
    expect([harness.client.goaways, harness.codec.openableStreams]).toEqual([1, 0])
    harness.receive(goaway(1))
    expect(harness.client.goaways).toBe(1)
    expect(second.events).toEqual(['reset: remote refused stream reset'])
    expect(second.resetDetail).toBe('http2.remote_refuse')
    harness.receive(headersFrame(1, OK, FLAG.END_STREAM))
    expect(first.events).toEqual(['headers, end'])
    expect(harness.codec.activeStreams).toBe(0)
  })

  test('refuses a stream whose headers come too late', () => {
    const harness = new Harness()
    const late = new RecordedResponse()
    const stream = harness.codec.newStream(late)
    harness.receive(goaway(0x7fffffff))
    harness.written()
    stream.sendHeaders(get(), true)
    expect(late.events).toEqual([])
    harness.queue.run()
    expect(late.events).toEqual(['reset: remote refused stream reset'])
    expect(harness.written()).toEqual([])
  })
})
