// Every limit and choice of an HTTP/1 connection, after envoy.config.core.v3.Http1ProtocolOptions and the limits of
// HttpProtocolOptions. The defaults are Envoy's.

export interface Http1Options {
  /** Start line, fields and line ends of one message's head, in octets; a trailer section has the same limit. */
  maxHeaderBytes: number
  /** Field lines of a head, or of a trailer section. */
  maxHeaderCount: number
  /** Server: serves HTTP/1.0; otherwise such requests are answered with 426. */
  acceptHttp10: boolean
  /** Server: the authority of an HTTP/1.0 request without Host; '' leaves it missing. */
  defaultHostForHttp10: string
  /** Server: `GET http://host/path` sets authority, scheme and path. Otherwise the URL is the path. */
  allowAbsoluteUrl: boolean
  /** Trailers pass, in both directions; otherwise they are read, checked and dropped, and never written. */
  enableTrailers: boolean
  /** Server: Content-Length beside `Transfer-Encoding: chunked` is dropped (RFC 9112 6.1); otherwise the request is refused. */
  allowChunkedLength: boolean
  /** Server: any token is a method; otherwise only those that Envoy knows. */
  allowCustomMethods: boolean
  /** Server: `common_http_protocol_options.headers_with_underscores_action`. */
  headersWithUnderscores: 'allow' | 'drop' | 'reject'
  /**
   * How field names are written; they are lower-case in between whatever the peer sent. `preserve-case` remembers the peer's
   * spelling with the headers that are read, and it is written wherever they go.
   */
  headerKeyFormat: 'lower' | 'proper-case' | 'preserve-case'
  /** Client: the request line carries the absolute URL, for peers that are forward proxies. */
  sendFullyQualifiedUrl: boolean
  /** Size, extensions and line end of one chunk's first line, in octets. Envoy takes any length. */
  maxChunkLineBytes: number
  /** Server: bytes of pipelined requests that are kept before the owner is asked to stop reading. */
  maxPipelinedBytes: number
  /** Server: responses that may wait in the sink when another request begins (Envoy's response flood protection). */
  maxOutboundResponses: number
}

export const DEFAULT_HTTP1_OPTIONS: Readonly<Http1Options> = {
  maxHeaderBytes: 60 * 1024,
  maxHeaderCount: 100,
  acceptHttp10: false,
  defaultHostForHttp10: '',
  allowAbsoluteUrl: true,
  enableTrailers: false,
  allowChunkedLength: false,
  allowCustomMethods: false,
  headersWithUnderscores: 'allow',
  headerKeyFormat: 'lower',
  sendFullyQualifiedUrl: false,
  maxChunkLineBytes: 4096,
  maxPipelinedBytes: 64 * 1024,
  maxOutboundResponses: 2,
}

/** What Envoy's clusters have by default: responses may have heads of 80 KiB. */
export const DEFAULT_HTTP1_CLIENT_OPTIONS: Readonly<Http1Options> = {
  ...DEFAULT_HTTP1_OPTIONS,
  maxHeaderBytes: 80 * 1024,
}
