// The headers that Envoy keeps once: a second value is joined to the first with a comma instead of making a second entry.
// Asked of Envoy 1.40 by appending to each. `set-cookie`, `cookie` and all unknown names are kept as separate entries.

const BOTH = [
  'cache-control',
  'content-encoding',
  'content-type',
  'via',
  'x-envoy-attempt-count',
  'x-envoy-decorator-operation',
  'x-request-id',
]

/** Of requests. */
export const INLINE_REQUEST_HEADERS: ReadonlySet<string> = new Set([
  ...BOTH,
  'accept',
  'accept-encoding',
  'access-control-request-method',
  'authorization',
  'grpc-accept-encoding',
  'grpc-timeout',
  'if-match',
  'origin',
  'pragma',
  'referer',
  'te',
  'user-agent',
  'x-client-trace-id',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-original-path',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
])

/** Of responses. */
export const INLINE_RESPONSE_HEADERS: ReadonlySet<string> = new Set([
  ...BOTH,
  'access-control-allow-origin',
  'date',
  'etag',
  'grpc-message',
  'grpc-status',
  'location',
  'server',
  'vary',
  'x-envoy-upstream-service-time',
])
