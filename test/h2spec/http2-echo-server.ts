// A plain-text HTTP/2 server (prior knowledge) on the codec alone, without the proxy: what h2spec and codec tests talk to.
// Every request is answered with 200 and its own body, or a short text when it has none.

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { MemorySink } from '../../src/codec/byte-sink.ts'
import { ResponseHeaderMap, type HeaderMap, type RequestHeaderMap } from '../../src/codec/header-map.ts'
import type { RequestDecoder, ResponseEncoder, ServerCodecCallbacks } from '../../src/codec/http-stream.ts'
import { DEFAULT_HTTP2_OPTIONS, type Http2Options } from '../../src/codec/http2/options.ts'
import { Http2ServerCodec } from '../../src/codec/http2/server-codec.ts'

const EMPTY = Buffer.alloc(0)
const GREETING = Buffer.from('hello from the codec\n')

class EchoStream implements RequestDecoder {
  private readonly encoder: ResponseEncoder

  constructor(encoder: ResponseEncoder) {
    this.encoder = encoder
  }

  onHeaders(_headers: RequestHeaderMap, endStream: boolean): void {
    const headers = new ResponseHeaderMap(['content-type', 'text/plain', 'server', 'echo'])
    headers.status = 200
    this.encoder.sendHeaders(headers, false)
    if (endStream) this.encoder.sendData(GREETING, true)
  }

  onData(chunk: Buffer, endStream: boolean): void {
    if (!this.encoder.sendData(chunk, endStream)) this.encoder.pauseRead()
  }

  onTrailers(_trailers: HeaderMap): void {
    this.encoder.sendData(EMPTY, true)
  }

  onReset(): void {}

  onWritable(): void {
    this.encoder.resumeRead()
  }
}

const ECHO: ServerCodecCallbacks = {
  setReadable: () => undefined,
  newStream: (encoder) => new EchoStream(encoder),
  onGoaway: () => undefined,
}

function serve(socket: Socket, options: Http2Options): void {
  const sink = new MemorySink()
  let writing = false
  const flush = (): void => {
    if (writing || sink.bufferedBytes === 0) return
    writing = true
    socket.write(sink.take(), () => {
      writing = false
      codec.onTransportWritable()
      flush()
    })
  }
  const codec = new Http2ServerCodec(sink, ECHO, {
    ...options,
    defer: (task, argument) =>
      queueMicrotask(() => {
        task(argument)
        flush()
      }),
  })
  socket.setNoDelay(true)
  socket.on('data', (chunk) => {
    const error = codec.dispatch(chunk as Buffer)
    if (error === undefined) flush()
    else socket.end(sink.take())
  })
  socket.on('error', () => socket.destroy())
  socket.on('end', () => socket.end())
  socket.on('close', () => codec.connectionClosed('remote connection failure'))
  flush()
}

/** Starts the server on `port` of 127.0.0.1, 0 for any; `close` ends it with all its connections. */
export async function startHttp2EchoServer(
  port = 0,
  options: Partial<Http2Options> = {},
): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serve(socket, { ...DEFAULT_HTTP2_OPTIONS, ...options })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
