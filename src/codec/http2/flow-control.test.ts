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
  readFrames,
  request,
  rstStream,
  setting,
  windowUpdate,
} from '../../../test/codec/frames.ts'
import { RecordingServer, type RecordedRequest } from '../../../test/codec/recorder.ts'
import { RunQueue } from '../../../test/codec/run-queue.ts'
import { MemorySink } from '../byte-sink.ts'
import { HeaderMap, ResponseHeaderMap } from '../header-map.ts'
import type { CodecError } from '../http-stream.ts'
import { DEFAULT_HTTP2_OPTIONS, type Http2Options } from './options.ts'
import { Http2ServerCodec } from './server-codec.ts'

class Harness {
  readonly sink = new MemorySink()
  readonly server = new RecordingServer()
  readonly queue = new RunQueue()
  readonly codec: Http2ServerCodec

  constructor(options: Partial<Http2Options> = {}, settings?: Buffer) {
    this.codec = new Http2ServerCodec(this.sink, this.server, {
      ...DEFAULT_HTTP2_OPTIONS,
      defer: this.queue.defer,
      ...options,
    })
    this.receive(clientStart(settings))
    this.sink.take()
  }

  receive(...parts: Buffer[]): CodecError | undefined {
    const error = this.codec.dispatch(Buffer.concat(parts))
    this.queue.run()
    return error
  }

  /** Opens a stream and returns its request; `answered`: 200 was sent and forgotten. */
  open(streamId: number, answered = true): RecordedRequest {
    this.receive(headersFrame(streamId, request({ ':method': 'POST' })))
    const opened = this.server.requests[this.server.requests.length - 1]
    if (answered) {
      const headers = new ResponseHeaderMap()
      headers.status = 200
      opened.encoder.sendHeaders(headers, false)
      this.sink.take()
    }
    return opened
  }

  written(): string[] {
    return describeFrames(this.sink.take())
  }

  connectionCredit(): number {
    return readFrames(this.sink.take())
      .filter(({ type, streamId }) => type === FRAME.WINDOW_UPDATE && streamId === 0)
      .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0)
  }
}

const LARGE_WINDOWS = Buffer.concat([setting(4, 0x7fffffff)])

describe('what we receive', () => {
  const OPTIONS = { initialStreamWindowBytes: 1000, maxStreamWindowBytes: 4000 }

  test('is credited when half a window is used, and the window doubles while its owner keeps pace', () => {
    const harness = new Harness(OPTIONS)
    harness.open(1)
    harness.receive(dataFrame(1, Buffer.alloc(499)))
    expect(harness.written()).toEqual([])
    harness.receive(dataFrame(1, Buffer.alloc(1)))
    expect(harness.written()).toEqual(['WINDOW_UPDATE 1 1500'])
    harness.receive(dataFrame(1, Buffer.alloc(1000)))
    expect(harness.written()).toEqual(['WINDOW_UPDATE 1 3000'])
    harness.receive(dataFrame(1, Buffer.alloc(2000)))
    expect(harness.written()).toEqual(['WINDOW_UPDATE 1 2000'])
  })

  test('is not credited while the stream is paused, is kept up to the window, and comes when it goes on', () => {
    const harness = new Harness(OPTIONS)
    const { encoder, events, ...request } = harness.open(1)
    encoder.pauseRead()
    const error = harness.receive(...Array.from({ length: 1000 }, (_, i) => dataFrame(1, Buffer.of(i))))
    expect(error).toBeUndefined()
    expect(harness.written()).toEqual([])
    expect(events).toEqual(['headers'])
    encoder.resumeRead()
    expect(events).toEqual(['headers'])
    harness.queue.run()
    expect(events.slice(1)).toEqual(['data 1000'])
    expect(harness.written()).toEqual(['WINDOW_UPDATE 1 1000'])
    expect(request.resetDetail).toBe('')
  })

  test('is not credited when the owner pauses on being given it, until it goes on', () => {
    const harness = new Harness(OPTIONS)
    const paused = harness.open(1)
    paused.onData = () => paused.encoder.pauseRead()
    harness.receive(dataFrame(1, Buffer.alloc(600)))
    expect(harness.written()).toEqual([])
    paused.encoder.resumeRead()
    expect(harness.written()).toEqual(['WINDOW_UPDATE 1 600'])
  })

  test('gets back the padding too', () => {
    const harness = new Harness(OPTIONS)
    harness.open(1)
    harness.receive(encodeFrame(FRAME.DATA, FLAG.PADDED, 1, Buffer.concat([Buffer.of(255), Buffer.alloc(300 + 255)])))
    expect(harness.written()).toEqual(['WINDOW_UPDATE 1 1556'])
  })

  test('beyond a stream window resets the stream, beyond the connection window ends the connection', () => {
    const harness = new Harness({ ...OPTIONS, connectionWindowBytes: 65_535 })
    harness.open(1).encoder.pauseRead()
    expect(harness.receive(dataFrame(1, Buffer.alloc(1001)))).toBeUndefined()
    expect(harness.written()).toEqual(['RST_STREAM 1 3'])
    const connection = new Harness({ connectionWindowBytes: 65_535, maxFrameSize: 1 << 20 })
    connection.open(1)
    expect(connection.receive(dataFrame(1, Buffer.alloc(65_536)))).toBeDefined()
    expect(connection.written()).toEqual(['GOAWAY 1 3'])
  })

  test('counts against the connection on receipt, also when paused, padded, ignored or unknown', () => {
    const harness = new Harness({ connectionWindowBytes: 65_535 })
    harness.open(1).encoder.pauseRead()
    harness.open(3).encoder.reset('local reset')
    harness.sink.take()
    harness.receive(dataFrame(1, Buffer.alloc(16_000)))
    harness.receive(dataFrame(3, Buffer.alloc(16_000)))
    expect(harness.connectionCredit()).toBe(0)
    harness.receive(encodeFrame(FRAME.DATA, FLAG.PADDED, 1, Buffer.concat([Buffer.of(255), Buffer.alloc(768 + 255)])))
    expect(harness.connectionCredit()).toBe(33_024)
  })

  test('grows windows only within the budget, which gets back what ended streams had', () => {
    let available = 2500
    const receiveBudget = {
      tryGrow: (bytes: number) => {
        if (bytes > available) return false
        available -= bytes
        return true
      },
      release: (bytes: number) => void (available += bytes),
    }
    const harness = new Harness({ ...OPTIONS, receiveBudget })
    for (const id of [1, 3, 5]) {
      harness.open(id)
      harness.receive(dataFrame(id, Buffer.alloc(500)))
    }
    expect(available).toBe(500)
    expect(harness.written()).toEqual(['WINDOW_UPDATE 5 500'])
    harness.receive(rstStream(1, 8), dataFrame(3, '', FLAG.END_STREAM))
    expect(available).toBe(1500)
    harness.server.requests[1].encoder.sendData(Buffer.alloc(0), true)
    expect(available).toBe(2500)
  })

  test('may exceed a small initial window until the peer has acknowledged it', () => {
    const server = new RecordingServer()
    const sink = new MemorySink()
    const codec = new Http2ServerCodec(sink, server, { ...DEFAULT_HTTP2_OPTIONS, initialStreamWindowBytes: 100 })
    server.onRequest = ({ encoder }) => encoder.pauseRead()
    const begin = clientStart().subarray(0, 33)
    codec.dispatch(Buffer.concat([begin, headersFrame(1, GET), dataFrame(1, Buffer.alloc(10_000))]))
    expect(describeFrames(sink.take())).toEqual([])
    codec.dispatch(encodeFrame(FRAME.SETTINGS, FLAG.ACK, 0))
    codec.dispatch(Buffer.concat([headersFrame(3, GET), dataFrame(3, Buffer.alloc(101))]))
    expect(describeFrames(sink.take())).toEqual(['RST_STREAM 3 3'])
  })

  test('keeps trailers and the end behind data of a paused stream, and gives up all of it on a reset', () => {
    const harness = new Harness()
    const kept = harness.open(1)
    const lost = harness.open(3)
    for (const each of [kept, lost]) each.encoder.pauseRead()
    harness.receive(dataFrame(1, 'a'), headersFrame(1, [['t', '1']], FLAG.END_STREAM))
    harness.receive(dataFrame(3, 'b', FLAG.END_STREAM), rstStream(3, 8))
    for (const each of [kept, lost]) each.encoder.resumeRead()
    harness.queue.run()
    expect(kept.events).toEqual(['headers', 'data 1', 'trailers, end'])
    expect(lost.events).toEqual(['headers', 'reset: remote reset'])
  })

  test('stops again when the owner pauses while it is given what waited', () => {
    const harness = new Harness()
    const paused = harness.open(1)
    paused.encoder.pauseRead()
    harness.receive(dataFrame(1, Buffer.alloc(3000)), dataFrame(1, Buffer.alloc(5000)))
    const onData = paused.onData.bind(paused)
    paused.onData = (chunk, endStream) => {
      onData(chunk, endStream)
      paused.encoder.pauseRead()
    }
    paused.encoder.resumeRead()
    harness.queue.run()
    const first = paused.body.length
    expect(first).toBeLessThan(8000)
    for (let i = 0; i < 5; i++) {
      paused.encoder.resumeRead()
      harness.queue.run()
    }
    expect(paused.body.length).toBe(8000)
  })
})

describe('what we send', () => {
  test('stops at the stream window and goes on when it is opened', () => {
    const harness = new Harness({}, setting(4, 10))
    const { encoder } = harness.open(1)
    encoder.sendData(Buffer.alloc(25), true)
    expect(encoder.bufferedBytes).toBe(15)
    expect(harness.written()).toEqual(['DATA 1 10'])
    harness.receive(windowUpdate(1, 5))
    expect(harness.written()).toEqual(['DATA 1 5'])
    harness.receive(windowUpdate(1, 100))
    expect(harness.written()).toEqual(['DATA 1 10, end'])
  })

  test('stops at the connection window, and all streams share it when it is opened', () => {
    const harness = new Harness({}, LARGE_WINDOWS)
    const first = harness.open(1)
    const second = harness.open(3)
    first.encoder.sendData(Buffer.alloc(65_535 + 40_000), true)
    second.encoder.sendData(Buffer.alloc(20_000), true)
    harness.sink.take()
    harness.receive(windowUpdate(0, 60_000))
    expect(harness.written()).toEqual([
      'DATA 1 16384',
      'DATA 3 16384',
      'DATA 1 16384',
      'DATA 3 3616, end',
      'DATA 1 7232, end',
    ])
  })

  test('follows changes of the initial window, also below zero (RFC 9113 6.9.2)', () => {
    const harness = new Harness({}, setting(4, 100))
    const { encoder } = harness.open(1)
    encoder.sendData(Buffer.alloc(150), false)
    expect(harness.written()).toEqual(['DATA 1 100'])
    harness.receive(encodeFrame(FRAME.SETTINGS, 0, 0, setting(4, 40)), windowUpdate(1, 60))
    expect(harness.written()).toEqual([])
    harness.receive(windowUpdate(1, 1))
    expect(harness.written()).toEqual(['DATA 1 1'])
    harness.receive(encodeFrame(FRAME.SETTINGS, 0, 0, setting(4, 1000)))
    expect(harness.written()).toEqual(['DATA 1 49'])
  })

  test('a SETTINGS frame that makes a window too large ends the connection', () => {
    const harness = new Harness({}, setting(4, 100))
    harness.open(1)
    harness.receive(windowUpdate(1, 0x7fffffff - 100))
    expect(harness.receive(encodeFrame(FRAME.SETTINGS, 0, 0, setting(4, 101)))).toBeDefined()
    expect(harness.written()).toEqual(['GOAWAY 1 3'])
  })

  test('ends behind what waits: END_STREAM, trailers, and both without any window', () => {
    const harness = new Harness({}, setting(4, 1))
    const [first, second, third] = [1, 3, 5].map((id) => harness.open(id).encoder)
    first.sendData(Buffer.from('ab'), false)
    first.sendData(Buffer.alloc(0), true)
    second.sendData(Buffer.from('ab'), false)
    second.sendTrailers(new HeaderMap(['t', '1']))
    third.sendData(Buffer.from('a'), false)
    third.sendData(Buffer.alloc(0), true)
    expect(harness.written()).toEqual(['DATA 1 1', 'DATA 3 1', 'DATA 5 1, end'])
    harness.receive(windowUpdate(1, 1), windowUpdate(3, 1))
    expect(harness.written()).toEqual(['DATA 1 1, end', 'DATA 3 1', 'HEADERS 3 t=1, end'])
  })

  test('waits in its stream while the sink is full, and owners are told when there is room, not within their call', () => {
    const harness = new Harness({ maxSinkBytes: 1000, streamHighWatermarkBytes: 400 }, LARGE_WINDOWS)
    const stream = harness.open(1)
    expect(stream.encoder.sendData(Buffer.alloc(900), false)).toBe(true)
    expect(stream.encoder.sendData(Buffer.alloc(900), false)).toBe(false)
    expect(stream.encoder.bufferedBytes).toBe(0)
    expect(stream.encoder.sendData(Buffer.alloc(300), false)).toBe(false)
    expect(stream.encoder.bufferedBytes).toBe(300)
    expect(harness.codec.wantsWrite).toBe(true)
    harness.sink.take()
    harness.codec.onTransportWritable()
    expect(stream.events).toEqual(['headers'])
    harness.queue.run()
    expect(stream.events).toEqual(['headers', 'writable'])
    expect([stream.encoder.bufferedBytes, harness.codec.wantsWrite]).toEqual([0, false])
    expect(harness.written()).toEqual(['DATA 1 300'])
  })

  test('takes its place behind streams that already wait for the sink', () => {
    const harness = new Harness({ maxSinkBytes: 100 }, LARGE_WINDOWS)
    const [first, second] = [1, 3].map((id) => harness.open(id).encoder)
    first.sendData(Buffer.alloc(200), false)
    first.sendData(Buffer.alloc(10), true)
    harness.sink.take()
    second.sendData(Buffer.alloc(20), true)
    harness.codec.onTransportWritable()
    expect(harness.written()).toEqual(['DATA 1 10, end', 'DATA 3 20, end'])
  })

  test('above the high watermark of a stream asks its owner to stop, until half of it is gone', () => {
    const harness = new Harness({ streamHighWatermarkBytes: 100 }, setting(4, 0))
    const stream = harness.open(1)
    expect(stream.encoder.sendData(Buffer.alloc(100), false)).toBe(true)
    expect(stream.encoder.sendData(Buffer.alloc(1), false)).toBe(false)
    harness.receive(windowUpdate(1, 50))
    expect(stream.events).toEqual(['headers'])
    harness.receive(windowUpdate(1, 1))
    expect(stream.events).toEqual(['headers', 'writable'])
  })

  test('is forgotten with its stream', () => {
    const harness = new Harness({}, setting(4, 0))
    const stream = harness.open(1)
    stream.encoder.sendData(Buffer.alloc(100_000), false)
    harness.receive(rstStream(1, 8), windowUpdate(1, 1000))
    expect([stream.encoder.bufferedBytes, harness.codec.wantsWrite]).toEqual([0, false])
    expect(stream.events).toEqual(['headers', 'reset: remote reset'])
    expect(harness.written()).toEqual([])
  })

  test('in large pieces reaches the sink without a copy of our own', () => {
    const harness = new Harness({}, LARGE_WINDOWS)
    const { encoder } = harness.open(1)
    const chunk = Buffer.alloc(40_000, 'x')
    const written: Uint8Array[] = []
    const write = harness.sink.write.bind(harness.sink)
    harness.sink.write = (bytes) => {
      written.push(bytes)
      write(bytes)
    }
    encoder.sendData(chunk, true)
    expect(written.map((bytes) => [bytes.buffer === chunk.buffer, bytes.length])).toEqual([
      [true, 16_384],
      [true, 16_384],
    ])
    expect(harness.written()).toEqual(['DATA 1 16384', 'DATA 1 16384', 'DATA 1 7232, end'])
  })
})

describe('pieces of one message', () => {
  test('travel in one DATA frame while it still lies at the end of the sink', () => {
    const harness = new Harness()
    const { encoder } = harness.open(1)
    encoder.sendData(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), false)
    encoder.sendData(Buffer.from('body'), false)
    encoder.sendData(Buffer.alloc(0), true)
    const [frame] = readFrames(harness.sink.take())
    expect([frame.flags, frame.payload.toString()]).toEqual([FLAG.END_STREAM, 'HTTP/1.1 200 OK\r\n\r\nbody'])
  })

  test('end a message without data in its HEADERS frame', () => {
    const harness = new Harness()
    const { encoder } = harness.open(1, false)
    const headers = new ResponseHeaderMap()
    headers.status = 200
    encoder.sendHeaders(headers, false)
    encoder.sendData(Buffer.alloc(0), true)
    expect(harness.written()).toEqual(['HEADERS 1 :status=200, end'])
  })

  test('do not, when bytes that are not ours follow the frame, or lie where it lay', () => {
    const harness = new Harness()
    const { encoder } = harness.open(1)
    encoder.sendData(Buffer.from('a'), false)
    const foreign = encodeFrame(0xbe, 0, 0, 'x')
    harness.sink.write(foreign)
    encoder.sendData(Buffer.from('b'), false)
    expect(harness.written()).toEqual(['DATA 1 1', 'DATA 1 1'])
    encoder.sendData(Buffer.from('c'), false)
    harness.sink.take()
    harness.sink.write(foreign)
    encoder.sendData(Buffer.from('d'), true)
    expect(harness.written()).toEqual(['DATA 1 1, end'])
  })

  test('do not, when the sink was emptied, another frame came in between, or the frame is full', () => {
    const harness = new Harness()
    const { encoder } = harness.open(1)
    const other = harness.open(3)
    encoder.sendData(Buffer.from('a'), false)
    const first = harness.written()
    encoder.sendData(Buffer.from('b'), false)
    other.encoder.sendData(Buffer.from('c'), false)
    encoder.sendData(Buffer.from('d'), false)
    encoder.sendData(Buffer.alloc(16_383), false)
    encoder.sendData(Buffer.from('e'), true)
    expect([...first, ...harness.written()]).toEqual([
      'DATA 1 1',
      'DATA 1 1',
      'DATA 3 1',
      'DATA 1 16384',
      'DATA 1 1, end',
    ])
  })
})
