import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { FRAME, describeFrames, encodeFrame, serverStart } from '../../../test/codec/frames.ts'
import { RecordedResponse, RecordingClient } from '../../../test/codec/recorder.ts'
import { RunQueue } from '../../../test/codec/run-queue.ts'
import { MemorySink, type ByteSink } from '../byte-sink.ts'
import { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../header-map.ts'
import type { CodecError, RequestDecoder, ResponseEncoder, ServerCodecCallbacks } from '../http-stream.ts'
import { Http2ClientCodec } from './client-codec.ts'
import { DEFAULT_HTTP2_OPTIONS, type Http2Options, type ReceiveBudget } from './options.ts'
import { Http2ServerCodec } from './server-codec.ts'

/** Sends every request's body back, with back-pressure, and its trailers. */
class Echo implements RequestDecoder {
  private readonly encoder: ResponseEncoder

  constructor(encoder: ResponseEncoder) {
    this.encoder = encoder
  }

  onHeaders(request: RequestHeaderMap, endStream: boolean): void {
    const headers = new ResponseHeaderMap(['x-path', request.path ?? '', ...request.fields])
    headers.status = 200
    this.encoder.sendHeaders(headers, endStream)
  }

  onData(chunk: Buffer, endStream: boolean): void {
    if (!this.encoder.sendData(chunk, endStream)) this.encoder.pauseRead()
  }

  onTrailers(trailers: HeaderMap): void {
    this.encoder.sendTrailers(trailers)
  }

  onReset(): void {}

  onWritable(): void {
    this.encoder.resumeRead()
  }
}

const ECHO: ServerCodecCallbacks = {
  setReadable: () => undefined,
  newStream: (encoder) => new Echo(encoder),
  onGoaway: () => undefined,
}

class CountedBudget implements ReceiveBudget {
  taken = 0

  tryGrow(bytes: number): boolean {
    if (this.taken + bytes > 500_000) return false
    this.taken += bytes
    return true
  }

  release(bytes: number): void {
    this.taken -= bytes
  }
}

function requestHeaders(path: string, fields: string[]): RequestHeaderMap {
  const headers = new RequestHeaderMap(fields)
  headers.method = 'POST'
  headers.scheme = 'http'
  headers.authority = 'a.example'
  headers.path = path
  return headers
}

/** One client's request under way: sends its body piece by piece, as far as it may. */
class Upload {
  readonly response = new RecordedResponse()
  readonly body: Buffer
  private readonly trailers: boolean
  private sent = 0
  private finished = false
  private mayWrite = true

  constructor(client: Http2ClientCodec, path: string, fields: string[], body: Buffer, trailers: boolean) {
    this.body = body
    this.trailers = trailers
    this.response.encoder = client.newStream(this.response)
    this.response.onWritable = () => {
      this.mayWrite = true
    }
    this.response.encoder.sendHeaders(requestHeaders(path, fields), false)
  }

  step(size: number): void {
    const encoder = this.response.encoder
    if (this.finished || !this.mayWrite || encoder === undefined) return
    const piece = this.body.subarray(this.sent, this.sent + size)
    this.sent += piece.length
    this.finished = this.sent === this.body.length
    this.mayWrite = encoder.sendData(Buffer.from(piece), this.finished && !this.trailers)
    if (this.finished && this.trailers) encoder.sendTrailers(new HeaderMap(['x-sum', String(this.body.length)]))
  }
}

function bodyOf(length: number, seed: number): Buffer {
  const body = Buffer.alloc(length)
  for (let i = 0; i < length; i++) body[i] = (i * 31 + seed * 17) & 0xff
  return body
}

/** Two codecs and what lies between them: bytes in pieces of the given sizes, from memory that is overwritten afterwards. */
class Pair {
  readonly toServer = new MemorySink()
  readonly toClient = new MemorySink()
  readonly queue = new RunQueue()
  readonly client: Http2ClientCodec
  readonly server: Http2ServerCodec
  private readonly pieces: readonly number[]
  private nextPiece = 0

  constructor(options: Http2Options, pieces: readonly number[]) {
    this.pieces = pieces
    const shared = { ...options, defer: this.queue.defer }
    this.server = new Http2ServerCodec(this.toClient, ECHO, shared)
    this.client = new Http2ClientCodec(this.toServer, new RecordingClient(), shared)
  }

  /** Moves everything once; false when nothing was, or is now, to be moved. */
  exchange(): boolean {
    const up = this.toServer.take()
    const down = this.toClient.take()
    this.deliver(up, (piece) => this.server.dispatch(piece))
    this.deliver(down, (piece) => this.client.dispatch(piece))
    this.server.onTransportWritable()
    this.client.onTransportWritable()
    this.queue.run()
    return up.length + down.length + this.toServer.bufferedBytes + this.toClient.bufferedBytes > 0
  }

  private deliver(bytes: Buffer, dispatch: (piece: Buffer) => CodecError | undefined): void {
    for (let at = 0; at < bytes.length;) {
      const size = this.pieces[this.nextPiece++ % this.pieces.length]
      const piece = Buffer.from(bytes.subarray(at, at + size))
      expect(dispatch(piece)).toBeUndefined()
      piece.fill(0xff)
      at += size
    }
  }
}

describe('client and server joined', () => {
  const settings = fc.record({
    initialStreamWindowBytes: fc.oneof(fc.integer({ min: 20, max: 3000 }), fc.integer({ min: 3000, max: 200_000 })),
    maxStreamWindowBytes: fc.integer({ min: 20, max: 400_000 }),
    connectionWindowBytes: fc.integer({ min: 65_535, max: 1_000_000 }),
    hpackTableSize: fc.constantFrom(0, 100, 4096, 65_536),
    maxSinkBytes: fc.integer({ min: 100, max: 200_000 }),
    streamHighWatermarkBytes: fc.integer({ min: 100, max: 100_000 }),
    maxFrameSize: fc.constantFrom(16_384, 1 << 20),
  })
  const upload = fc.record({
    length: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 80_000 })),
    trailers: fc.boolean(),
    fields: fc.array(fc.constantFrom('a', 'b', 'x'.repeat(3000)), { maxLength: 8 }),
  })
  const pieces = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 100, max: 70_000 })), {
    minLength: 1,
    maxLength: 20,
  })

  test('carry every byte both ways, whatever the windows, limits, splits and pauses', () => {
    const property = fc.property(
      settings,
      fc.array(upload, { minLength: 1, maxLength: 6 }),
      pieces,
      fc.integer({ min: 100, max: 50_000 }),
      fc.nat(5),
      (limits, uploads, splits, step, pauseEvery) => {
        const budget = new CountedBudget()
        const options = { ...DEFAULT_HTTP2_OPTIONS, ...limits, receiveBudget: budget }
        // Small windows make many small frames, and the peer as many WINDOW_UPDATEs.
        const pair = new Pair({ ...options, maxWindowUpdateFramesPerDataFrameSent: 1000 }, splits)
        const running = uploads.map(({ length, trailers, fields }, i) => {
          const flat = fields.flatMap((value, at) => [`x-${at}`, value])
          return new Upload(pair.client, `/${i}`, flat, bodyOf(length, i), trailers)
        })
        for (let turn = 0; running.some(({ response }) => !response.ended); turn++) {
          expect(turn).toBeLessThan(500_000)
          running.forEach((each, i) => {
            each.step(step)
            // Readers that pause now and then.
            if (pauseEvery > 0 && (turn + i) % (pauseEvery + 1) === 0) each.response.encoder?.pauseRead()
            else each.response.encoder?.resumeRead()
          })
          pair.exchange()
        }
        running.forEach(({ response, body }, i) => {
          expect(response.headers?.get('x-path')).toBe(`/${i}`)
          expect(response.body.equals(body)).toBe(true)
          expect(response.trailers?.fields).toEqual(uploads[i].trailers ? ['x-sum', String(body.length)] : undefined)
        })
        while (pair.exchange());
        expect([pair.client.activeStreams, pair.server.activeStreams, budget.taken]).toEqual([0, 0, 0])
      },
    )
    fc.assert(property, { seed: 9113, numRuns: 40 })
  }, 60_000)

  test('give everything back when streams are reset at any moment', () => {
    const property = fc.property(
      settings,
      fc.array(fc.tuple(fc.integer({ min: 1, max: 60_000 }), fc.nat(12), fc.boolean()), { minLength: 1, maxLength: 8 }),
      pieces,
      (limits, streams, splits) => {
        const budget = new CountedBudget()
        const options = { ...DEFAULT_HTTP2_OPTIONS, ...limits, receiveBudget: budget }
        const pair = new Pair({ ...options, maxWindowUpdateFramesPerDataFrameSent: 1000 }, splits)
        const running = streams.map(([length], i) => new Upload(pair.client, `/${i}`, [], bodyOf(length, i), false))
        for (let turn = 0; turn <= 13; turn++) {
          running.forEach((each, i) => {
            each.step(10_000)
            if (streams[i][2]) each.response.encoder?.pauseRead()
            if (streams[i][1] === turn) each.response.encoder?.reset('local reset')
          })
          pair.exchange()
        }
        for (const { response } of running) response.encoder?.reset('local reset')
        while (pair.exchange());
        expect([pair.client.activeStreams, pair.server.activeStreams, budget.taken]).toEqual([0, 0, 0])
        const again = new Upload(pair.client, '/again', [], bodyOf(100, 1), false)
        again.step(100)
        while (pair.exchange());
        expect(again.response.body.length).toBe(100)
      },
    )
    fc.assert(property, { seed: 2, numRuns: 60 })
  }, 60_000)
})

/** Delivers within the writer's call, as connections in memory do, and lends one shared buffer. */
class SynchronousSink implements ByteSink {
  buffer: Buffer = Buffer.alloc(0)
  epoch = 0
  readonly bufferedBytes = 0
  deliver: (chunk: Buffer) => void = () => undefined

  reserve(size: number): number {
    this.buffer = Buffer.alloc(size)
    return 0
  }

  commit(size: number): void {
    this.epoch++
    if (size > 0) this.deliver(this.buffer.subarray(0, size))
  }

  write(chunk: Uint8Array): void {
    this.deliver(chunk as Buffer)
  }
}

describe('a transport that delivers within the call of the writer', () => {
  test('carries large bodies both ways at once, frames never cut into each other', () => {
    const toServer = new SynchronousSink()
    const toClient = new SynchronousSink()
    const queue = new RunQueue()
    const options = { ...DEFAULT_HTTP2_OPTIONS, connectionWindowBytes: 65_535, defer: queue.defer }
    const errors: CodecError[] = []
    const early: Buffer[] = []
    toClient.deliver = (chunk) => void early.push(Buffer.from(chunk))
    const server = new Http2ServerCodec(toClient, ECHO, options)
    toServer.deliver = (chunk) => {
      const error = server.dispatch(chunk)
      if (error !== undefined) errors.push(error)
    }
    const client = new Http2ClientCodec(toServer, new RecordingClient(), options)
    toClient.deliver = (chunk) => {
      const error = client.dispatch(chunk)
      if (error !== undefined) errors.push(error)
    }
    for (const chunk of early) toClient.deliver(chunk)
    const uploads = [100_000, 300_000, 16_384, 0, 65_535].map(
      (length, i) => new Upload(client, `/${i}`, [], bodyOf(length, i), i % 2 === 1),
    )
    for (let turn = 0; turn < 100; turn++) {
      for (const each of uploads) each.step(40_000)
      queue.run()
    }
    expect(errors).toEqual([])
    for (const { response, body } of uploads) expect(response.body.equals(body)).toBe(true)
    expect([client.activeStreams, server.activeStreams]).toEqual([0, 0])
  })

  test('may answer between the header and the payload of a large frame: what that provokes comes behind it', () => {
    const sink = new SynchronousSink()
    const written: Buffer[] = []
    sink.deliver = (chunk) => void written.push(Buffer.from(chunk))
    const queue = new RunQueue()
    const options = { ...DEFAULT_HTTP2_OPTIONS, defer: queue.defer }
    const client = new Http2ClientCodec(sink, new RecordingClient(), options)
    client.dispatch(serverStart())
    const upload = new Upload(client, '/', [], bodyOf(16_384, 1), false)
    written.length = 0
    let answered = false
    sink.deliver = (chunk) => {
      written.push(Buffer.from(chunk))
      if (answered) return
      answered = true
      expect(client.dispatch(encodeFrame(FRAME.PING, 0, 0, '12345678'))).toBeUndefined()
    }
    upload.step(16_384)
    queue.run()
    expect(describeFrames(Buffer.concat(written))).toEqual(['DATA 1 16384, end', 'PING 3132333435363738, ack'])
  })
})
