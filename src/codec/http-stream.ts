// What every HTTP codec offers and expects, whatever the protocol version: streams of one request and one response.
// The words are Envoy's: a decoder receives what the peer sends, an encoder sends. Nothing here does I/O or keeps time.

import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from './header-map.ts'

/** Why a stream ended before its messages did. The texts are those of Envoy's local replies (StreamResetReason). */
export type ResetReason =
  | 'local reset'
  | 'local refused stream reset'
  | 'remote reset'
  | 'remote refused stream reset'
  | 'local connection failure'
  | 'remote connection failure'
  | 'connection timeout'
  | 'connection termination'
  | 'overflow'
  | 'remote error with CONNECT request'
  | 'protocol error'
  | 'overload manager reset'
  | 'HTTP/1 premature upstream half close'

/**
 * Receives one message. Order of calls: onHeaders, onData*, onTrailers?; the last of them carries `endStream` (trailers
 * always do). `onReset` may take the place of any of them and is the last call. Chunks are borrowed: they are valid until
 * the call returns; whoever keeps one copies it.
 */
export interface StreamDecoder<Headers extends HeaderMap> {
  onHeaders(headers: Headers, endStream: boolean): void
  onData(chunk: Buffer, endStream: boolean): void
  onTrailers(trailers: HeaderMap): void
  /** The peer reset the stream, the connection ended, or the message was malformed (`detail` says how, in Envoy's words). */
  onReset(reason: ResetReason, detail: string): void
  /** After `sendData` returned false: there is room again. Never called inside a call made by the decoder's owner. */
  onWritable(): void
}

export interface ResponseDecoder extends StreamDecoder<ResponseHeaderMap> {
  /** A 1xx response other than 101. */
  onInformational(headers: ResponseHeaderMap): void
}

export type RequestDecoder = StreamDecoder<RequestHeaderMap>

/** Sends one message and steers the stream it belongs to. After `endStream` or `reset` nothing more may be sent. */
export interface StreamEncoder<Headers extends HeaderMap> {
  /** Does not keep or change `headers`. */
  sendHeaders(headers: Headers, endStream: boolean): void
  /**
   * Borrows `chunk` until it returns. False: more than the high watermark waits in this stream; stop until `onWritable`.
   * What is sent nevertheless is kept, not lost. `endStream` with an empty chunk ends the message.
   */
  sendData(chunk: Buffer, endStream: boolean): boolean
  sendTrailers(trailers: HeaderMap): void
  /** Ends both directions at once; neither decoder callback follows. */
  reset(reason: ResetReason): void
  /** Bytes accepted by `sendData` and not yet written to the sink. */
  readonly bufferedBytes: number
  /**
   * No further `onData` until `resumeRead`. HTTP/2 withholds this stream's WINDOW_UPDATE and keeps what still arrives (at
   * most the granted window); HTTP/1 asks its owner to stop reading the connection.
   */
  pauseRead(): void
  resumeRead(): void
}

export interface ResponseEncoder extends StreamEncoder<ResponseHeaderMap> {
  sendInformational(headers: ResponseHeaderMap): void
}

export type RequestEncoder = StreamEncoder<RequestHeaderMap>

/** The connection can no longer be used: what was wrong, as Envoy's response code detail and log name it. */
export interface CodecError {
  /** e.g. `http1.invalid_characters`, `http2.unknown.nghttp2.error` (envoy-behaviour 5.2). */
  detail: string
  /** One sentence for the log. */
  message: string
  /**
   * HTTP/1 servers: the stream that `newStream` announced last is not reset; its owner answers on its encoder with this
   * status and `body`, and the encoder adds `connection: close`. If the head itself was malformed, that stream's decoder
   * gets no call at all. Undefined: nothing can be said any more, and all streams were reset.
   */
  status?: number
  body?: string
  /** HTTP/1 clients: the server gave up an idle connection with 408; not to be counted as a protocol error. */
  isIdleTimeout?: boolean
}

/** What an HTTP/1 codec, whose streams are the connection, asks of its owner besides. May be called within a codec's call. */
export interface ConnectionControl {
  /** Call `dispatch` with an empty chunk from the run queue: kept input can go on, or an error waits to be returned. */
  onInputReady(): void
  /**
   * The codec writes no more. `isComplete`: half-close once the sink is written; `activeStreams` is above zero while a tunnel
   * still receives. Otherwise a message was cut: reset the connection, for only that tells the peer.
   */
  onOutputEnd(isComplete: boolean): void
}

/** What the owner of a server-side codec does for it. */
export interface ServerCodecCallbacks {
  /** HTTP/1 cannot pause one stream: the whole connection is to be read no further, or read again. */
  setReadable(readable: boolean): void
  /** A request begins. The returned decoder gets its headers right after. */
  newStream(encoder: ResponseEncoder): RequestDecoder
  /** The peer will open no further streams (HTTP/2 GOAWAY). */
  onGoaway(): void
}

/** What the owner of a client-side codec does for it. */
export interface ClientCodecCallbacks {
  /** HTTP/1 cannot pause one stream: the whole connection is to be read no further, or read again. */
  setReadable(readable: boolean): void
  /** The peer accepts no further streams on this connection (GOAWAY, or `connection: close` on HTTP/1). */
  onGoaway(): void
  /** The number of streams that may be opened now may have changed (SETTINGS, or a stream ended). */
  onCapacityChange(): void
}

interface Codec {
  /**
   * Bytes from the peer, borrowed, split anywhere. An error means: the codec has written what the peer is told (GOAWAY, or
   * for HTTP/1 nothing: the owner answers) and reset its streams; close the connection once the sink is written.
   */
  dispatch(chunk: Buffer): CodecError | undefined
  /**
   * The peer half-closed the transport (FIN, close_notify). Messages that the end completes (a close-delimited body, a
   * tunnel's direction) get their `endStream`; streams that cannot complete are reset with 'connection termination'.
   */
  inputEnded(): void
  /** The transport is gone: every open stream is reset with `reason`. */
  connectionClosed(reason: ResetReason): void
  /** True once the connection serves no further messages: the owner closes it when `activeStreams` is 0 and all is written. */
  readonly shouldClose: boolean
  /** Writes what waits for room in the sink; the owner calls it when the transport drained. */
  onTransportWritable(): void
  /** True while the codec holds output back because the sink is full. */
  readonly wantsWrite: boolean
  /** Streams that are open in either direction. */
  readonly activeStreams: number
}

export interface ServerCodec extends Codec {
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2'
  /** First half of a graceful end: HTTP/2 GOAWAY(2^31-1, NO_ERROR); HTTP/1 nothing yet. */
  shutdownNotice(): void
  /** No new streams from now on: HTTP/2 GOAWAY(last stream, NO_ERROR); HTTP/1 closes after the running response. */
  goAway(): void
}

export interface ClientCodec extends Codec {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2'
  /** Opens a stream. Only while `openableStreams` is above zero. */
  newStream(decoder: ResponseDecoder): RequestEncoder
  /** Streams that may be opened now. */
  readonly openableStreams: number
  /** Streams that may be open at once: until the peer's SETTINGS have come, what was assumed of it. */
  readonly concurrentStreams: number
}
