// For tests: owners of streams that write down what they are told.

import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../../src/codec/header-map.ts'
import type {
  ClientCodecCallbacks,
  RequestDecoder,
  RequestEncoder,
  ResetReason,
  ResponseDecoder,
  ResponseEncoder,
  ServerCodecCallbacks,
} from '../../src/codec/http-stream.ts'

/** One message as it arrives: `events` in words, the rest as values. */
class Recorder<Headers extends HeaderMap> {
  readonly events: string[] = []
  headers: Headers | undefined = undefined
  trailers: HeaderMap | undefined = undefined
  resetReason: ResetReason | undefined = undefined
  resetDetail = ''
  private readonly chunks: Buffer[] = []

  /** All data so far. */
  get body(): Buffer {
    return Buffer.concat(this.chunks)
  }

  get ended(): boolean {
    return this.events.some((event) => event.endsWith('end'))
  }

  onHeaders(headers: Headers, endStream: boolean): void {
    this.headers = headers
    this.events.push(endStream ? 'headers, end' : 'headers')
  }

  onData(chunk: Buffer, endStream: boolean): void {
    this.chunks.push(Buffer.from(chunk))
    this.events.push(`data ${chunk.length}${endStream ? ', end' : ''}`)
  }

  onTrailers(trailers: HeaderMap): void {
    this.trailers = trailers
    this.events.push('trailers, end')
  }

  onReset(reason: ResetReason, detail: string): void {
    this.resetReason = reason
    this.resetDetail = detail
    this.events.push(`reset: ${reason}`)
  }

  onWritable(): void {
    this.events.push('writable')
  }
}

export class RecordedRequest extends Recorder<RequestHeaderMap> implements RequestDecoder {
  readonly encoder: ResponseEncoder

  constructor(encoder: ResponseEncoder) {
    super()
    this.encoder = encoder
  }
}

export class RecordedResponse extends Recorder<ResponseHeaderMap> implements ResponseDecoder {
  /** Set by whoever opens the stream. */
  encoder: RequestEncoder | undefined = undefined

  onInformational(headers: ResponseHeaderMap): void {
    this.events.push(`informational ${headers.status}`)
  }
}

/** Keeps every request of one server codec, in order. */
export class RecordingServer implements ServerCodecCallbacks {
  readonly requests: RecordedRequest[] = []
  goaways = 0
  /** Called with each new request, before its headers come. */
  onRequest: (request: RecordedRequest) => void = () => undefined

  setReadable(): void {}

  newStream(encoder: ResponseEncoder): RequestDecoder {
    const request = new RecordedRequest(encoder)
    this.requests.push(request)
    this.onRequest(request)
    return request
  }

  onGoaway(): void {
    this.goaways++
  }
}

/** Counts what a client codec reports. */
export class RecordingClient implements ClientCodecCallbacks {
  goaways = 0
  capacityChanges = 0

  setReadable(): void {}

  onGoaway(): void {
    this.goaways++
  }

  onCapacityChange(): void {
    this.capacityChanges++
  }
}
