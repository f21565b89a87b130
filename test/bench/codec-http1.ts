// Micro benchmark of the HTTP/1 codec, run by hand: `node test/bench/codec-http1.ts`. Nanoseconds per message on this
// machine's one core, best of several rounds. Not a test: nothing here fails.

import { MemorySink } from '../../src/codec/byte-sink.ts'
import type { RequestHeaderMap } from '../../src/codec/header-map.ts'
import { ResponseHeaderMap } from '../../src/codec/header-map.ts'
import type { RequestDecoder, RequestEncoder, ResponseDecoder, ResponseEncoder } from '../../src/codec/http-stream.ts'
import { Http1ClientCodec } from '../../src/codec/http1/client-codec.ts'
import { DEFAULT_HTTP1_CLIENT_OPTIONS, DEFAULT_HTTP1_OPTIONS } from '../../src/codec/http1/http1-options.ts'
import { Http1ServerCodec } from '../../src/codec/http1/server-codec.ts'

const ROUNDS = 8
const PER_ROUND = 100_000

const REQUEST = Buffer.from(
  'GET /api/v1/products/42?currency=EUR HTTP/1.1\r\nhost: reviews.default.svc.cluster.local:9080\r\n' +
    'user-agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101\r\naccept: application/json\r\n' +
    'accept-encoding: gzip, deflate\r\nx-request-id: 3e4f9d3a-7f1c-4a2e-9d77-1f7f3f6f0a11\r\n' +
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nx-custom-tenant: blue\r\n\r\n',
)
const BODY = Buffer.alloc(1024, 'x')
const RESPONSE = Buffer.concat([
  Buffer.from(
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1024\r\ndate: Mon, 01 Jan 2024 00:00:00 GMT\r\n' +
      'server: istio-envoy\r\nx-envoy-upstream-service-time: 3\r\ncache-control: no-cache\r\n\r\n',
  ),
  BODY,
])

class IdleOwner implements ResponseDecoder {
  headers: RequestHeaderMap | undefined = undefined
  encoder: ResponseEncoder | undefined = undefined
  readonly decoder: RequestDecoder = {
    onHeaders: (headers) => {
      this.headers = headers
    },
    onData: () => undefined,
    onTrailers: () => undefined,
    onReset: () => undefined,
    onWritable: () => undefined,
  }

  newStream(encoder: ResponseEncoder): RequestDecoder {
    this.encoder = encoder
    return this.decoder
  }

  onInformational(): void {}
  onHeaders(): void {}
  onData(): void {}
  onTrailers(): void {}
  onReset(): void {}
  onWritable(): void {}
  onGoaway(): void {}
  onCapacityChange(): void {}
  setReadable(): void {}
  onInputReady(): void {}
  onOutputEnd(): void {}
}

/** A sink that forgets, as a connection's slab does at its flush. */
class ForgetfulSink extends MemorySink {
  override reserve(size: number): number {
    return super.reserve(size) && 0
  }

  override commit(_size: number): void {}

  override write(_chunk: Uint8Array): void {}
}

const owner = new IdleOwner()
const sink = new ForgetfulSink(64 * 1024)
const server = new Http1ServerCodec(sink, owner, DEFAULT_HTTP1_OPTIONS)
const client = new Http1ClientCodec(sink, owner, DEFAULT_HTTP1_CLIENT_OPTIONS)

const empty = new ResponseHeaderMap([])
empty.status = 204
const answer = new ResponseHeaderMap([
  'content-type', 'application/json', 'content-length', '1024', 'date', 'Mon, 01 Jan 2024 00:00:00 GMT', 'server', 'istio-envoy',
  'x-envoy-upstream-service-time', '3', 'cache-control', 'no-cache',
]) // prettier-ignore
answer.status = 200

function serve(headers: ResponseHeaderMap, body: Buffer | undefined): void {
  server.dispatch(REQUEST)
  const { encoder } = owner
  encoder!.sendHeaders(headers, body === undefined)
  if (body !== undefined) encoder!.sendData(body, true)
}

function ask(headers: RequestHeaderMap): void {
  const encoder: RequestEncoder = client.newStream(owner)
  encoder.sendHeaders(headers, true)
  client.dispatch(RESPONSE)
}

function measure(name: string, run: () => void): number {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime()
    for (let i = 0; i < PER_ROUND; i++) run()
    const [seconds, nanoseconds] = process.hrtime(start)
    best = Math.min(best, (seconds * 1e9 + nanoseconds) / PER_ROUND)
  }
  console.log(`${name.padEnd(64)} ${best.toFixed(0).padStart(6)} ns`)
  return best
}

serve(empty, undefined)
// A HeaderMap as the codec made it, strings cut from the head included: what a proxy sends on.
const parsed = owner.headers!
const chunked = new ResponseHeaderMap(['content-type', 'application/json'])
chunked.status = 200

const small = measure('server: request head of 7 fields, answered with 204 and no field', () => serve(empty, undefined))
const large = measure('server: the same, answered with 6 fields and 1 KiB', () => serve(answer, BODY))
console.log(
  `${'  so a response head of 6 fields and its body'.padEnd(64)} ${(large - small).toFixed(0).padStart(6)} ns more`,
)
measure('server: the same, answered with 1 KiB in a chunk', () => serve(chunked, BODY))
measure('client: request of 7 fields, response of 6 fields and 1 KiB', () => ask(parsed))
