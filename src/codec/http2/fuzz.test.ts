import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  GET,
  clientStart,
  dataFrame,
  encodeFrame,
  headersFrame,
  request,
  serverStart,
} from '../../../test/codec/frames.ts'
import { RecordedResponse, RecordingClient, RecordingServer } from '../../../test/codec/recorder.ts'
import { RunQueue } from '../../../test/codec/run-queue.ts'
import { MemorySink } from '../byte-sink.ts'
import { RequestHeaderMap, ResponseHeaderMap } from '../header-map.ts'
import { Http2ClientCodec } from './client-codec.ts'
import { DEFAULT_HTTP2_OPTIONS, type Http2Options } from './options.ts'
import { Http2ServerCodec } from './server-codec.ts'

// The invariant: whatever comes, a codec either goes on or ends in a CodecError; it never throws, never keeps more than its
// windows and limits allow, and after the end of the connection holds nothing.

const RUNS = 1500

const frame = fc
  .record({
    type: fc.oneof({ weight: 9, arbitrary: fc.nat(9) }, { weight: 1, arbitrary: fc.nat(255) }),
    flags: fc.oneof(fc.constantFrom(0, 1, 4, 5, 8, 0x20, 0x2d), fc.nat(255)),
    streamId: fc.oneof(fc.nat(9), fc.constantFrom(0x7fffffff, 0x80000001)),
    payload: fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(new Uint8Array(4), new Uint8Array(8))),
  })
  .map(({ type, flags, streamId, payload }) => encodeFrame(type, flags, streamId, payload))

const good = fc.constantFrom(
  headersFrame(1, GET, 1),
  headersFrame(1, request({ ':method': 'POST' })),
  headersFrame(3, GET),
  headersFrame(5, [[':status', '200']]),
  headersFrame(1, [[':status', '200']]),
  headersFrame(3, [[':status', '200']], 1),
  dataFrame(1, 'some data'),
  dataFrame(3, Buffer.alloc(5000)),
  dataFrame(1, '', 1),
)

const conversation = fc.array(fc.oneof({ weight: 2, arbitrary: good }, { weight: 1, arbitrary: frame }), {
  maxLength: 30,
})

/** Flips some octets of a conversation. */
const damaged = fc
  .tuple(conversation, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }))
  .map(([frames, flips]) => {
    const bytes = Buffer.concat(frames)
    for (const [at, value] of flips) if (bytes.length > 0) bytes[at % bytes.length] = value
    return bytes
  })

const choices = fc.record({
  overrideStreamErrorOnInvalidHttpMessage: fc.boolean(),
  allowConnect: fc.boolean(),
  initialStreamWindowBytes: fc.constantFrom(0, 100, 65_535),
  maxHeaderCount: fc.constantFrom(3, 100),
})

interface Codec {
  dispatch(chunk: Buffer): unknown
  connectionClosed(reason: 'connection termination'): void
  onTransportWritable(): void
  readonly activeStreams: number
}

function feed(codec: Codec, queue: RunQueue, bytes: Buffer, pieces: readonly number[]): void {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = pieces[i % pieces.length]
    const error = codec.dispatch(Buffer.from(bytes.subarray(at, at + size)))
    queue.run()
    codec.onTransportWritable()
    if (error !== undefined) return
    at += size
  }
}

const splits = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 })

describe('whatever comes', () => {
  test('a server goes on or ends in an error, and holds nothing afterwards', () => {
    const property = fc.property(damaged, choices, splits, fc.nat(7), (bytes, options, pieces, manners) => {
      const queue = new RunQueue()
      const owner = new RecordingServer()
      owner.onRequest = (recorded) => {
        const headers = new ResponseHeaderMap()
        headers.status = 200
        if ((manners & 1) !== 0) recorded.encoder.sendHeaders(headers, false)
        if ((manners & 2) !== 0) recorded.encoder.pauseRead()
        if ((manners & 4) !== 0) recorded.encoder.sendData(Buffer.alloc(2000), true)
      }
      const full: Http2Options = { ...DEFAULT_HTTP2_OPTIONS, ...options, defer: queue.defer }
      const codec = new Http2ServerCodec(new MemorySink(), owner, full)
      feed(codec, queue, Buffer.concat([clientStart(), bytes]), pieces)
      for (const recorded of owner.requests) {
        recorded.encoder.resumeRead()
        recorded.encoder.reset('local reset')
        expect(recorded.encoder.bufferedBytes).toBe(0)
      }
      codec.connectionClosed('connection termination')
      queue.run()
      expect(codec.activeStreams).toBe(0)
      for (const { events } of owner.requests) {
        const resets = events.filter((event) => event.startsWith('reset'))
        expect(resets.length).toBeLessThanOrEqual(1)
        if (resets.length === 1) expect(events.at(-1)).toBe(resets[0])
      }
    })
    fc.assert(property, { seed: 1, numRuns: RUNS })
  }, 60_000)

  test('a client goes on or ends in an error, and every stream hears its end once', () => {
    const property = fc.property(damaged, choices, splits, fc.boolean(), (bytes, options, pieces, pause) => {
      const queue = new RunQueue()
      const full: Http2Options = { ...DEFAULT_HTTP2_OPTIONS, ...options, defer: queue.defer }
      const callbacks = new RecordingClient()
      const codec = new Http2ClientCodec(new MemorySink(), callbacks, full)
      const responses = ['GET', 'POST', 'CONNECT'].map((method) => {
        const response = new RecordedResponse()
        const headers = new RequestHeaderMap()
        Object.assign(headers, { method, scheme: 'http', authority: 'a', path: '/' })
        response.encoder = codec.newStream(response)
        response.encoder.sendHeaders(headers, method === 'GET')
        if (pause) response.encoder.pauseRead()
        return response
      })
      feed(codec, queue, Buffer.concat([serverStart(), bytes]), pieces)
      codec.connectionClosed('connection termination')
      for (const { encoder } of responses) encoder?.resumeRead()
      queue.run()
      expect(codec.activeStreams).toBe(0)
      for (const { events, ended } of responses) {
        const resets = events.filter((event) => event.startsWith('reset'))
        expect(resets.length).toBeLessThanOrEqual(1)
        expect(ended || resets.length === 1).toBe(true)
      }
    })
    fc.assert(property, { seed: 2, numRuns: RUNS })
  }, 60_000)

  test('pure noise ends a server at once', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 200 }), (noise) => {
        const codec = new Http2ServerCodec(new MemorySink(), new RecordingServer(), DEFAULT_HTTP2_OPTIONS)
        expect(codec.dispatch(Buffer.from(noise))).toBeDefined()
      }),
      { seed: 3, numRuns: 200 },
    )
  })
})
