// HTTP/1 codecs with everything around them in memory: what a codec tells its owner becomes a list of events, and its output
// is text. Pieces of one body are joined, so that a list does not depend on how the input was split.

import { MemorySink } from '../../src/codec/byte-sink.ts'
import type { HeaderMap } from '../../src/codec/header-map.ts'
import { RequestHeaderMap, ResponseHeaderMap } from '../../src/codec/header-map.ts'
import type {
  ClientCodecCallbacks,
  CodecError,
  ConnectionControl,
  RequestDecoder,
  RequestEncoder,
  ResetReason,
  ResponseDecoder,
  ResponseEncoder,
  ServerCodecCallbacks,
} from '../../src/codec/http-stream.ts'
import { Http1ClientCodec } from '../../src/codec/http1/client-codec.ts'
import {
  DEFAULT_HTTP1_CLIENT_OPTIONS,
  DEFAULT_HTTP1_OPTIONS,
  type Http1Options,
} from '../../src/codec/http1/http1-options.ts'
import { Http1ServerCodec } from '../../src/codec/http1/server-codec.ts'

const EMPTY = Buffer.alloc(0)

/** A sink whose owner says when it is full. */
export class RigSink extends MemorySink {
  isWritable = true
}

export class EventLog {
  private readonly list: string[] = []
  private body: string | undefined = undefined

  add(event: string): void {
    this.flushBody()
    this.list.push(event)
  }

  data(chunk: Buffer, endStream: boolean): void {
    const text = chunk.toString('latin1')
    this.body = (this.body ?? '') + text
    if (endStream) this.add('end')
  }

  get events(): readonly string[] {
    this.flushBody()
    return this.list
  }

  private flushBody(): void {
    const { body } = this
    this.body = undefined
    if (body !== undefined && body !== '') this.list.push(`data ${JSON.stringify(body)}`)
  }
}

/** `name: value` of all fields, in order. */
export function fieldsText(headers: HeaderMap): string {
  const parts: string[] = []
  for (let i = 0; i < headers.fields.length; i += 2) parts.push(`${headers.fields[i]}: ${headers.fields[i + 1]}`)
  return parts.join(', ')
}

function describeRequest(headers: RequestHeaderMap): string {
  const { method, scheme, authority, path } = headers
  const parts = [method, path ?? '-', authority ?? '-']
  if (scheme !== undefined) parts.push(scheme)
  return `${parts.join(' ')} {${fieldsText(headers)}}`
}

function describeError(error: CodecError): string {
  return error.status === undefined ? `error ${error.detail}` : `error ${error.detail} ${error.status} ${error.body}`
}

export type Responder = (encoder: ResponseEncoder, headers: RequestHeaderMap | undefined, rig: ServerRig) => void

export function responseHeaders(status: number, ...fields: string[]): ResponseHeaderMap {
  const headers = new ResponseHeaderMap(fields)
  headers.status = status
  return headers
}

export function requestHeaders(
  method: string,
  path: string | undefined,
  authority: string,
  ...fields: string[]
): RequestHeaderMap {
  const headers = new RequestHeaderMap(fields)
  headers.method = method
  headers.path = path
  headers.authority = authority
  return headers
}

/** A server codec that answers every complete request with `respond`, by default with an empty 200. */
export class ServerRig implements ServerCodecCallbacks, ConnectionControl {
  readonly sink = new RigSink()
  readonly log = new EventLog()
  readonly codec: Http1ServerCodec
  readonly encoders: ResponseEncoder[] = []
  readonly control: string[] = []
  respond: Responder = (encoder) => encoder.sendHeaders(responseHeaders(200), true)
  output = ''
  private inputReady = false

  constructor(options: Partial<Http1Options> = {}) {
    this.codec = new Http1ServerCodec(this.sink, this, { ...DEFAULT_HTTP1_OPTIONS, ...options })
  }

  /** Dispatches one chunk, which is overwritten afterwards as a connection's buffer is, and what the codec asks for. */
  feed(bytes: Buffer | string): void {
    const chunk = Buffer.from(bytes as string, 'latin1')
    this.note(this.codec.dispatch(chunk))
    chunk.fill(0x21)
    this.runQueue()
    this.output += this.sink.take().toString('latin1')
  }

  /** What the connection's run queue would do. */
  runQueue(): void {
    while (this.inputReady) {
      this.inputReady = false
      this.note(this.codec.dispatch(EMPTY))
    }
  }

  takeOutput(): string {
    const taken = this.output + this.sink.take().toString('latin1')
    this.output = ''
    return taken
  }

  newStream(encoder: ResponseEncoder): RequestDecoder {
    this.encoders.push(encoder)
    return new RecordingRequestDecoder(this, encoder)
  }

  onGoaway(): void {
    this.log.add('goaway')
  }

  setReadable(readable: boolean): void {
    this.control.push(`readable ${readable}`)
  }

  onInputReady(): void {
    this.inputReady = true
  }

  onOutputEnd(isComplete: boolean): void {
    this.control.push(isComplete ? 'half-close' : 'reset')
  }

  private note(error: CodecError | undefined): void {
    if (error !== undefined) this.log.add(describeError(error))
  }
}

class RecordingRequestDecoder implements RequestDecoder {
  private readonly rig: ServerRig
  private readonly encoder: ResponseEncoder
  private headers: RequestHeaderMap | undefined = undefined

  constructor(rig: ServerRig, encoder: ResponseEncoder) {
    this.rig = rig
    this.encoder = encoder
  }

  onHeaders(headers: RequestHeaderMap, endStream: boolean): void {
    this.headers = headers
    this.rig.log.add(describeRequest(headers))
    if (endStream) this.end()
  }

  onData(chunk: Buffer, endStream: boolean): void {
    this.rig.log.data(chunk, false)
    if (endStream) this.end()
  }

  onTrailers(trailers: HeaderMap): void {
    this.rig.log.add(`trailers {${fieldsText(trailers)}}`)
    this.end()
  }

  onReset(reason: ResetReason, detail: string): void {
    this.rig.log.add(`reset ${reason} ${detail}`.trimEnd())
  }

  onWritable(): void {
    this.rig.log.add('writable')
  }

  private end(): void {
    this.rig.log.add('end')
    this.rig.respond(this.encoder, this.headers, this.rig)
  }
}

/** A client codec that has sent one request, by default a GET, and records the response. */
export class ClientRig implements ClientCodecCallbacks, ConnectionControl {
  readonly sink = new RigSink()
  readonly log = new EventLog()
  readonly codec: Http1ClientCodec
  readonly control: string[] = []
  private inputReady = false

  constructor(options: Partial<Http1Options> = {}) {
    this.codec = new Http1ClientCodec(this.sink, this, { ...DEFAULT_HTTP1_CLIENT_OPTIONS, ...options })
  }

  open(decoder: ResponseDecoder = new RecordingResponseDecoder(this.log)): RequestEncoder {
    return this.codec.newStream(decoder)
  }

  /** Opens a stream and sends a request without a body. */
  request(headers: RequestHeaderMap = requestHeaders('GET', '/', 'a'), endStream = true): RequestEncoder {
    const encoder = this.open()
    encoder.sendHeaders(headers, endStream)
    return encoder
  }

  feed(bytes: Buffer | string): void {
    const chunk = Buffer.from(bytes as string, 'latin1')
    this.note(this.codec.dispatch(chunk))
    chunk.fill(0x21)
    this.runQueue()
  }

  runQueue(): void {
    while (this.inputReady) {
      this.inputReady = false
      this.note(this.codec.dispatch(EMPTY))
    }
  }

  takeOutput(): string {
    return this.sink.take().toString('latin1')
  }

  onGoaway(): void {
    this.log.add('goaway')
  }

  onCapacityChange(): void {
    this.log.add('capacity')
  }

  setReadable(readable: boolean): void {
    this.control.push(`readable ${readable}`)
  }

  onInputReady(): void {
    this.inputReady = true
  }

  onOutputEnd(isComplete: boolean): void {
    this.control.push(isComplete ? 'half-close' : 'reset')
  }

  private note(error: CodecError | undefined): void {
    if (error !== undefined) this.log.add(describeError(error))
  }
}

export class RecordingResponseDecoder implements ResponseDecoder {
  private readonly log: EventLog

  constructor(log: EventLog) {
    this.log = log
  }

  onInformational(headers: ResponseHeaderMap): void {
    this.log.add(`informational ${headers.status} {${fieldsText(headers)}}`)
  }

  onHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.log.add(`${headers.status} {${fieldsText(headers)}}`)
    if (endStream) this.log.add('end')
  }

  onData(chunk: Buffer, endStream: boolean): void {
    this.log.data(chunk, endStream)
  }

  onTrailers(trailers: HeaderMap): void {
    this.log.add(`trailers {${fieldsText(trailers)}}`)
    this.log.add('end')
  }

  onReset(reason: ResetReason, detail: string): void {
    this.log.add(`reset ${reason} ${detail}`.trimEnd())
  }

  onWritable(): void {
    this.log.add('writable')
  }
}

/** One string per octet of latin1 text. */
export function bytesOf(text: string): string[] {
  return Array.from({ length: text.length }, (_, i) => text[i])
}

/** The ways in which every case is given to a codec: whole, byte by byte, and cut in two at every place. */
export function* splits(text: string): Generator<readonly string[]> {
  yield [text]
  yield bytesOf(text)
  for (let at = 1; at < text.length; at++) yield [text.slice(0, at), text.slice(at)]
}
