// The one table of cases in which Cairn answers otherwise than Envoy on purpose, each with its reason. At most 3 % of all
// cases may stand here, and an entry whose difference no longer occurs fails the run.

export interface KnownDifference {
  /** `group/name` of the case. */
  readonly case: string
  /** Paths in the record that may differ, or their beginnings: `client.0`, `log`. */
  readonly paths: readonly string[]
  readonly reason: string
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    case: 'http2/ping-and-settings-are-acknowledged',
    paths: ['client.1.1.4'],
    reason:
      'Stream windows begin at 64 KiB and grow with their reader, because the window of the connection is given back on receipt, ' +
      'so that a paused stream does not stop the others: 16 MiB each would let a thousand paused uploads hold 16 GiB.',
  },
  {
    case: 'http2/stream-id-going-back',
    paths: ['client.3.1'],
    reason:
      'RFC 9113 5.1.1 makes a stream identifier that goes back a connection error; Envoy leaves the request unanswered.',
  },
  {
    case: 'http2/window-overflow',
    paths: ['client.3.1.end', 'client.5.1'],
    reason:
      'RFC 9113 6.9.1 wants RST_STREAM with FLOW_CONTROL_ERROR for a stream window beyond 2^31-1; Envoy ends the connection.',
  },
  {
    case: 'http2/extended-connect-to-http1-websocket',
    paths: ['client.0.1.end'],
    reason:
      'The end of an upgraded HTTP/1 connection is END_STREAM for the client (RFC 8441 4); Envoy resets the stream, and so makes ' +
      'an orderly end look like a failure.',
  },
  {
    case: 'errors/policy-for-tcp',
    paths: ['pods', 'log.0.bytes_received', 'log.0.cluster', 'log.0.host'],
    reason:
      'The access policy of a TCP service is decided before anything is done for the connection. Envoy decides at the first byte ' +
      'of the client: until then it has a connection to the destination open, and passes on what that says first.',
  },
  {
    case: 'tunnel/outer-settings',
    paths: ['client.0.1.4'],
    reason:
      'Stream windows begin at 64 KiB and grow with their reader, as in http2/ping-and-settings-are-acknowledged.',
  },
  {
    case: 'tunnel/tcp-half-close-by-pod',
    paths: ['pods.0.1', 'log.0.bytes_received', 'terminateLog.0.bytes_received', 'originateLog.0.bytes_received'],
    reason:
      'A destination that has sent all it has to say is still told the rest of what its client says, as ztunnel does it; Envoy ' +
      'drops the bytes that come after the end of the other direction.',
  },
  {
    case: 'tunnel/connect-by-http1-terminated',
    paths: ['pods.1.1'],
    reason:
      'The end of the client in an HTTP/1 CONNECT tunnel is an end for the destination; Envoy takes a half-closed HTTP/1 connection ' +
      'for a broken one and resets the destination, whatever it was about to say.',
  },
  {
    case: 'http1/requests-that-envoy-forgives',
    paths: ['client', 'pods', 'log'],
    reason:
      'What two parsers may read in two ways smuggles requests: bare LF as a line end, anything behind a chunk size but an extension, ' +
      'the framing or the Host in a folded line, two Host lines, userinfo in Host (RFC 9112 2.2, 3.2, 5.2, 7.1). Envoy takes them ' +
      'all; here the answer is 400.',
  },
  {
    case: 'http1/responses-that-envoy-forgives',
    paths: ['client', 'pods', 'log'],
    reason:
      'A status has three digits and is 100 or more (RFC 9112 4, RFC 9110 15), and 101 answers only who asked for an upgrade (RFC ' +
      '9110 15.2.2). Envoy passes such responses on without their body, and after 101 the client waits for ever; here it gets 502.',
  },
  {
    case: 'headers/interim-responses',
    paths: ['client'],
    reason: 'A proxy must forward all 1xx responses (RFC 9110 15.2); Envoy drops those behind the first.',
  },
  {
    case: 'matching/direct-response',
    paths: ['client.4.1.line'],
    reason:
      'A 204 has no body (RFC 9110 15.3.5). Envoy writes the configured one, which the client reads as the next response.',
  },
]
