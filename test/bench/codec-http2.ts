// Micro benchmark of the HTTP/2 codec, run by hand: `node test/bench/codec-http2.ts [rounds]`. One exchange is a request with
// headers and a small body, client codec -> bytes -> server codec, and the answer back the same way, all in memory.

import type { ByteSink } from '../../src/codec/byte-sink.ts'
import { RequestHeaderMap, ResponseHeaderMap } from '../../src/codec/header-map.ts'
import type { RequestDecoder, RequestEncoder, ResponseDecoder, ResponseEncoder } from '../../src/codec/http-stream.ts'
import { Http2ClientCodec } from '../../src/codec/http2/client-codec.ts'
import { DEFAULT_HTTP2_OPTIONS } from '../../src/codec/http2/options.ts'
import { Http2ServerCodec } from '../../src/codec/http2/server-codec.ts'

/** Exchanges per batch: what one read of a busy connection carries. */
const BATCH = 16
const MEASUREMENTS = 7
const rounds = Number(process.argv[2] ?? 20_000)

/** Lends what was written without copying it out, so that only the codecs are measured. */
class BenchSink implements ByteSink {
  buffer: Buffer = Buffer.allocUnsafeSlow(1 << 20)
  epoch = 0
  bufferedBytes = 0

  reserve(): number {
    return this.bufferedBytes
  }

  commit(size: number): void {
    this.bufferedBytes += size
  }

  write(chunk: Uint8Array): void {
    this.buffer.set(chunk, this.bufferedBytes)
    this.bufferedBytes += chunk.length
  }

  lend(): Buffer {
    return this.buffer.subarray(0, this.bufferedBytes)
  }

  clear(): void {
    this.bufferedBytes = 0
    this.epoch++
  }
}

const responseHeaders = new ResponseHeaderMap([
  'content-type',
  'application/json',
  'content-length',
  '1024',
  'date',
  'Mon, 24 Nov 2026 10:00:00 GMT',
  'server',
  'istio-envoy',
  'x-envoy-upstream-service-time',
  '1',
])
responseHeaders.status = 200
const responseBody = Buffer.alloc(1024, 'x')

class Answer implements RequestDecoder {
  encoder: ResponseEncoder

  constructor(encoder: ResponseEncoder) {
    this.encoder = encoder
  }

  onHeaders(_headers: RequestHeaderMap, endStream: boolean): void {
    if (endStream) this.answer()
  }

  onData(_chunk: Buffer, endStream: boolean): void {
    if (endStream) this.answer()
  }

  onTrailers(): void {}

  onReset(): void {
    throw new Error('reset')
  }

  onWritable(): void {}

  private answer(): void {
    this.encoder.sendHeaders(responseHeaders, false)
    this.encoder.sendData(responseBody, true)
  }
}

class Ask implements ResponseDecoder {
  onInformational(): void {}

  onHeaders(headers: ResponseHeaderMap): void {
    if (headers.status !== 200) throw new Error('wrong status')
  }

  onData(_chunk: Buffer, endStream: boolean): void {
    if (endStream) answered++
  }

  onTrailers(): void {}

  onReset(): void {
    throw new Error('reset')
  }

  onWritable(): void {}
}

let answered = 0
let requestId = 0

function requestHeaders(): RequestHeaderMap {
  const headers = new RequestHeaderMap([
    'user-agent',
    'curl/8.5.0',
    'accept',
    '*/*',
    'x-request-id',
    `6f0b1a2c-1111-4222-8333-${String(requestId++).padStart(12, '0')}`,
    'x-forwarded-proto',
    'http',
    'content-length',
    '16',
  ])
  headers.method = 'POST'
  headers.scheme = 'http'
  headers.authority = 'reviews.default.svc.cluster.local:9080'
  headers.path = '/api/v1/products/0'
  return headers
}

const requestBody = Buffer.from('0123456789abcdef')

function exchange(client: Http2ClientCodec, server: Http2ServerCodec, toServer: BenchSink, toClient: BenchSink): void {
  for (let i = 0; i < BATCH; i++) {
    const stream: RequestEncoder = client.newStream(new Ask())
    stream.sendHeaders(requestHeaders(), false)
    stream.sendData(requestBody, true)
  }
  deliver(toServer, server)
  deliver(toClient, client)
}

function deliver(sink: BenchSink, codec: Http2ClientCodec | Http2ServerCodec): void {
  if (sink.bufferedBytes === 0) return
  const error = codec.dispatch(sink.lend())
  if (error !== undefined) throw new Error(error.message)
  sink.clear()
}

const toServer = new BenchSink()
const toClient = new BenchSink()
const options = { ...DEFAULT_HTTP2_OPTIONS }
const server = new Http2ServerCodec(
  toClient,
  { setReadable: () => undefined, newStream: (encoder) => new Answer(encoder), onGoaway: () => undefined },
  options,
)
const client = new Http2ClientCodec(
  toServer,
  { setReadable: () => undefined, onGoaway: () => undefined, onCapacityChange: () => undefined },
  options,
)

const results: number[] = []
for (let measurement = 0; measurement < MEASUREMENTS; measurement++) {
  const before = answered
  const start = process.hrtime.bigint()
  for (let i = 0; i < rounds; i++) {
    exchange(client, server, toServer, toClient)
    if (i % 16 === 0) await Promise.resolve()
  }
  results.push(Number(process.hrtime.bigint() - start) / (answered - before))
}
results.sort((a, b) => a - b)
const median = results[MEASUREMENTS >> 1]
process.stdout.write(
  `${Math.round(median)} ns per exchange (median of ${MEASUREMENTS}; ${Math.round(results[0])} to ${Math.round(results[MEASUREMENTS - 1])})\n`,
)
