// The one interface for every hop: a TLS socket, an HTTP/2 CONNECT stream and an in-process internal connection all are a
// Connection, so Istio's three hops are function calls.

import type { ByteSink } from '../../codec/byte-sink.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'

/** How a connection ended. `remote`: the peer closed or reset it, or the network did. `local`: we did. */
export type CloseEvent = 'remote' | 'local'

/**
 * The reason of a reset by which a chain behind an internal listener says that its own upstream refused the connection. Nothing
 * was carried, so to whoever dialled the listener this is a connect that failed. The words are Envoy's.
 */
export const CONNECT_REFUSED = 'delayed connect error: Invalid argument'

/**
 * What the user of a connection is told. `onData` may be called synchronously, from within a write at the other end;
 * `onWritable` and `onClose` are never called inside a call made by the same handler: they go on the worker's run queue.
 */
export interface ConnectionHandler {
  /** Bytes, borrowed until the call returns. */
  onData(chunk: Buffer): void
  /** The peer will send no more (FIN, END_STREAM, close_notify); writing goes on. */
  onEnd(): void
  /** After `write` returned false: less than the low watermark waits. */
  onWritable(): void
  /** The connection is gone in both directions. Called exactly once, also after `reset` and a complete `end`. */
  onClose(event: CloseEvent, reason: string): void
}

export interface Connection extends ByteSink {
  readonly facts: ConnectionFacts
  /** The one user of this connection; replaced when a listener filter hands over to a network filter. */
  handler: ConnectionHandler
  /** Borrows `chunk` until it returns. `isWritable` tells afterwards whether to stop. */
  write(chunk: Uint8Array): void
  /** False above the high watermark; `onWritable` follows. */
  readonly isWritable: boolean
  /** Half-close: what was written is sent, then FIN or END_STREAM. Idempotent. */
  end(): void
  /** Both directions end now, what waits is lost; the peer sees a reset where the transport has one. */
  reset(reason: string): void
  /** No `onData` until `resumeRead`; calls do not nest. */
  pauseRead(): void
  resumeRead(): void
  /** False once `onClose` is due or was called. */
  readonly isOpen: boolean
}
