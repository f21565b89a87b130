// The sink of an HTTP/1 codec. There are no queues in between, so what tells senders to stop is the connection itself.

import type { ByteSink } from '../byte-sink.ts'

export interface Http1Sink extends ByteSink {
  /** False: more than enough waits; `onTransportWritable` must follow. A sink without it never pushes back. */
  readonly isWritable?: boolean
}
