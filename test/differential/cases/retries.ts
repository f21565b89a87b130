// Group `retries`: when a request is tried again, how often, where and after which wait; what retries cost; the time-outs of a
// try, a stream and a gRPC call; a second attempt beside a slow one.

import type { ClusterSpec, JsonObject, PodProgram, ServiceSpec } from '../case.ts'
import { httpProtocolOptions, typed } from '../envoy-json.ts'
import { get, h2Request, h2Sequence, inHttp2, pause, request, separately, sequence } from '../exchanges.ts'
import { answers, casesOf, http1, http2, onHeaders, pod, silent } from '../pod-programs.ts'
import { REST, retrying, routed } from './routes.ts'

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const HALF = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'
const status = (code: number, ...lines: string[]): string =>
  `HTTP/1.1 ${code} Status\r\n${lines.map((line) => `${line}\r\n`).join('')}content-length: 0\r\n\r\n`
const DOWN = status(503)

/** The cluster's protocol options, which replace istiod's. */
const overHttp1 = (options: JsonObject): ClusterSpec => ({
  pods: ['a'],
  extra: { typed_extension_protocol_options: httpProtocolOptions(options) },
})

const HTTP1 = { explicit_http_config: { http_protocol_options: {} } }

const inClusters = (service: ServiceSpec, backend: ClusterSpec): ServiceSpec => ({ ...service, clusters: { backend } })
const overHttp2 = (service: ServiceSpec): ServiceSpec => inClusters(service, { pods: ['a'], http2: true })
const limited = (thresholds: JsonObject): ClusterSpec => ({
  pods: ['a'],
  extra: { circuit_breakers: { thresholds: [thresholds] } },
})

/** The router adds no x-envoy-* headers: what is left of the time when a retry is sent differs from run to run. */
const quiet = (service: ServiceSpec): ServiceSpec => ({
  ...service,
  hcm: { ...service.hcm, http_filters: [routerWith({ suppress_envoy_headers: true })] },
})
const routerWith = (options: JsonObject): JsonObject => ({
  name: 'envoy.filters.http.router',
  typed_config: typed('envoy.extensions.filters.http.router.v3.Router', options),
})

/** Clients of 10.0.0.0/8 are internal: what their x-envoy-* headers ask for is done. */
const trusting = (service: ServiceSpec, hcm: JsonObject = {}): ServiceSpec => ({
  ...service,
  hcm: {
    ...service.hcm,
    internal_address_config: { cidr_ranges: [{ address_prefix: '10.0.0.0', prefix_len: 8 }] },
    ...hcm,
  },
})
const internal = (headers: Readonly<Record<string, string>>): string =>
  get('/', { 'x-forwarded-for': '10.1.2.3', ...headers })
const external = (headers: Readonly<Record<string, string>>): string =>
  get('/', { 'x-forwarded-for': '8.8.8.8', ...headers })

/** Over all connections, the n-th request gets the n-th answer, each a list of steps: header section, data, trailers, reset. */
type H2Step =
  | { readonly headers: readonly (readonly [string, string])[]; readonly end?: boolean }
  | { readonly trailers: readonly (readonly [string, string])[] }
  | { readonly reset: number }
  | { readonly goaway: number }

const h2Answers = (...list: (readonly H2Step[])[]): PodProgram => {
  let answered = 0
  return http2((wire, stream) => {
    for (const step of list[Math.min(answered++, list.length - 1)]) {
      if ('headers' in step) wire.headers(stream.id, [...step.headers], step.end ?? true)
      else if ('trailers' in step) wire.headers(stream.id, [...step.trailers], true)
      else if ('reset' in step) wire.reset(stream.id, step.reset)
      else wire.frame(7, 0, 0, Buffer.from([0, 0, 0, 0, 0, 0, 0, step.goaway]))
    }
  })
}

const grpc = (code: number): H2Step[] => [
  {
    headers: [
      [':status', '200'],
      ['content-type', 'application/grpc'],
      ['grpc-status', String(code)],
    ],
  },
]
const grpcTrailers = (code: number): H2Step[] => [
  {
    headers: [
      [':status', '200'],
      ['content-type', 'application/grpc'],
    ],
    end: false,
  },
  { trailers: [['grpc-status', String(code)]] },
]
const grpcRequest = (...extra: (readonly [string, string])[]): ReturnType<typeof h2Request> =>
  h2Request({ ':method': 'POST', ':path': '/service/Method' }, [['content-type', 'application/grpc'], ...extra])

/** Over all connections, the n-th request gets the n-th answer after a wait. */
const afterWaits = (...list: (readonly [waitMs: number, answer: string])[]): PodProgram => {
  let answered = 0
  return http1(() => {
    const [waitMs, answer] = list[Math.min(answered++, list.length - 1)]
    return [{ waitMs }, answer]
  })
}

const hedging = (policy: JsonObject, action: JsonObject = {}): ServiceSpec =>
  quiet(
    retrying(
      { retry_on: '5xx', per_try_timeout: '0.3s', ...policy },
      { hedge_policy: { hedge_on_per_try_timeout: true }, timeout: '5s', ...action },
    ),
  )

const PREDICATES = {
  previous: {
    name: 'previous',
    typed_config: typed('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
  },
  canary: {
    name: 'canary',
    typed_config: typed('envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate'),
  },
}

const GRPC_CONDITIONS: readonly (readonly [string, number])[] = [
  ['cancelled', 1],
  ['deadline-exceeded', 4],
  ['resource-exhausted', 8],
  ['internal', 13],
  ['unavailable', 14],
]

export const retriesCases = casesOf('retries', {
  ...Object.fromEntries(
    GRPC_CONDITIONS.map(([condition, code]) => [
      `on-grpc-${condition}`,
      {
        service: overHttp2(retrying({ retry_on: condition })),
        pods: pod(() => h2Answers(grpc(code), grpc(0), grpc(code === 1 ? 2 : 1), grpcTrailers(code))),
        exchange: h2Sequence(grpcRequest(), grpcRequest(), grpcRequest()),
      },
    ]),
  ),
  'on-http-and-grpc': {
    service: overHttp2(retrying({ retry_on: 'unavailable,5xx, nonsense' })),
    pods: pod(() => h2Answers([{ headers: [[':status', '500']] }], grpc(14), grpc(0))),
    exchange: h2Sequence(grpcRequest()),
  },
  'on-refused-stream': {
    service: overHttp2(retrying({ retry_on: 'refused-stream' })),
    pods: pod(() => h2Answers([{ reset: 7 }], [{ reset: 7 }], [{ headers: [[':status', '200']] }], [{ reset: 2 }])),
    exchange: h2Sequence(h2Request(), h2Request()),
  },
  'on-connect-failure-not-refused-stream': {
    service: overHttp2(retrying({ retry_on: 'connect-failure' })),
    pods: pod(() => h2Answers([{ reset: 7 }])),
    exchange: h2Sequence(h2Request()),
  },
  'on-reset-of-a-stream': {
    service: overHttp2(retrying({ retry_on: 'reset' })),
    pods: pod(() => h2Answers([{ reset: 2 }], [{ reset: 8 }], [{ headers: [[':status', '204']] }])),
    exchange: h2Sequence(h2Request()),
  },
  'on-goaway-before-the-request': {
    service: overHttp2(retrying({ retry_on: 'refused-stream' })),
    pods: pod(() => h2Answers([{ goaway: 0 }], [{ headers: [[':status', '200']] }])),
    exchange: h2Sequence(h2Request()),
  },
  'on-reset-before-request': {
    service: retrying({ retry_on: 'reset-before-request' }),
    pods: pod(() => onHeaders('reset')),
    exchange: sequence(get('/')),
  },
  'not-when-rate-limited': {
    service: retrying({ retry_on: '5xx,retriable-status-codes', retriable_status_codes: [429] }),
    pods: pod(() => answers(status(429, 'x-envoy-ratelimited: true'), status(503, 'x-envoy-ratelimited: 1'), OK)),
    exchange: sequence(get('/1'), get('/2')),
  },
  'on-envoy-ratelimited': {
    service: retrying({ retry_on: 'envoy-ratelimited' }),
    pods: pod(() => answers(status(429, 'x-envoy-ratelimited: true'), OK, status(429), OK)),
    exchange: sequence(get('/1'), get('/2')),
  },
  'on-headers-that-match-any': {
    service: retrying({
      retry_on: 'retriable-headers',
      retriable_headers: [
        { name: 'x-a', string_match: { prefix: 'again' } },
        { name: ':status', string_match: { exact: '418' } },
      ],
    }),
    pods: pod(() => answers(status(200, 'x-a: again-1'), status(418), OK, status(200, 'x-a: no'))),
    exchange: sequence(get('/1'), get('/2')),
  },
  'headers-without-the-condition': {
    service: retrying({ retry_on: '5xx', retriable_headers: [{ name: 'x-a', present_match: true }] }),
    pods: pod(() => answers(status(200, 'x-a: 1'), OK)),
    exchange: sequence(get('/')),
  },
  'none-are-left': {
    service: retrying({ retry_on: '5xx', num_retries: 0 }),
    pods: pod(() => answers(DOWN, OK)),
    exchange: sequence(get('/')),
  },
  'one-by-default': {
    service: routed({ retry_policy: { retry_on: '5xx' } }),
    pods: pod(() => answers(DOWN, DOWN, OK)),
    exchange: sequence(get('/')),
  },
  'policy-of-the-virtual-host': {
    service: {
      routes: [REST],
      virtualHost: { retry_policy: { retry_on: '5xx', num_retries: 2 } },
    },
    pods: pod(() => answers(DOWN, DOWN, OK)),
    exchange: sequence(get('/')),
  },
  'policy-of-the-route-in-place-of-its-host': {
    service: {
      ...retrying({ retry_on: 'gateway-error', num_retries: 1 }),
      virtualHost: { retry_policy: { retry_on: '5xx', num_retries: 3 } },
    },
    pods: pod(() => answers(status(500), DOWN, DOWN, OK)),
    exchange: sequence(get('/1'), get('/2')),
  },
  'attempts-are-counted': {
    service: {
      ...retrying({ retry_on: '5xx' }),
      virtualHost: {
        include_request_attempt_count: true,
        include_attempt_count_in_response: true,
        include_is_timeout_retry_header: true,
      },
    },
    pods: pod(() => answers(DOWN, OK)),
    exchange: sequence(get('/'), get('/')),
  },
  'attempts-after-a-time-out-are-told': {
    service: {
      ...quiet(retrying({ retry_on: 'reset', per_try_timeout: '0.3s' }, { timeout: '5s' })),
      virtualHost: { include_request_attempt_count: true, include_is_timeout_retry_header: true },
    },
    pods: pod(() => afterWaits([60_000, OK], [0, OK])),
    exchange: sequence(get('/')),
  },
  'to-the-same-host-when-there-is-no-other': {
    service: retrying({
      retry_on: '5xx',
      retry_host_predicate: [PREDICATES.previous, PREDICATES.canary],
      host_selection_retry_max_attempts: '3',
    }),
    pods: pod(() => answers(DOWN, OK)),
    exchange: sequence(get('/')),
  },
  'with-body-and-trailers': {
    service: overHttp2(retrying({ retry_on: '5xx' })),
    pods: pod(() => h2Answers([{ headers: [[':status', '503']] }], [{ headers: [[':status', '200']] }])),
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }), false)
      wire.data(1, 'a body', false)
      wire.headers(1, [['x-trailer', 'yes']], true)
      await wire.untilDone(1)
    }),
  },
  'of-a-head-request': {
    service: retrying({ retry_on: '5xx' }),
    pods: pod(() => answers(DOWN, status(200))),
    exchange: sequence(request('HEAD', '/')),
  },
  'too-much-body-while-waiting': {
    service: {
      routes: [
        {
          name: 'only',
          match: { prefix: '/' },
          route: {
            cluster: '<<backend>>',
            timeout: '0s',
            retry_policy: {
              retry_on: '5xx',
              retry_back_off: { base_interval: '0.5s' },
              rate_limited_retry_back_off: { reset_headers: [{ name: 'retry-after' }] },
            },
          },
          request_body_buffer_limit: '1000',
        },
      ],
    },
    pods: pod(() => onHeaders(status(503, 'retry-after: 5'))),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write(request('POST', '/', { 'content-length': '4000' }, '').replace('\r\n\r\n', '\r\n\r\nsome'))
      await actor.poll(() => actor.seenByPods() >= 1)
      await pause(150)
      tunnel.write('x'.repeat(3996))
      await tunnel.until(() => tunnel.received.includes('upstream') || tunnel.ending !== undefined, 3000)
      actor.note('status line', tunnel.received.toString('latin1').split('\r\n')[0])
      actor.note('body', tunnel.received.toString('latin1').split('\r\n\r\n')[1])
    },
  },

  'wait-that-the-response-asks-for': {
    service: quiet(
      retrying(
        {
          retry_on: '5xx',
          rate_limited_retry_back_off: { reset_headers: [{ name: 'Retry-After', format: 'SECONDS' }] },
        },
        { timeout: '0.5s' },
      ),
    ),
    pods: pod(() => answers(status(503, 'retry-after: 2'), OK)),
    exchange: sequence(get('/')),
  },
  'wait-is-too-long': {
    service: quiet(
      retrying(
        {
          retry_on: '5xx',
          rate_limited_retry_back_off: { reset_headers: [{ name: 'retry-after' }], max_interval: '1.5s' },
        },
        { timeout: '0.5s' },
      ),
    ),
    pods: pod(() => answers(status(503, 'retry-after: 2'), OK)),
    exchange: sequence(get('/')),
  },
  'wait-until-a-time-that-is-over': {
    service: quiet(
      retrying(
        {
          retry_on: '5xx',
          rate_limited_retry_back_off: { reset_headers: [{ name: 'x-reset', format: 'UNIX_TIMESTAMP' }] },
        },
        { timeout: '0.5s' },
      ),
    ),
    pods: pod(() => answers(status(503, 'x-reset: 1600000000'), status(503, 'x-reset: soon'), OK)),
    exchange: sequence(get('/')),
  },
  'wait-is-told-by-the-second-header': {
    service: quiet(
      retrying(
        {
          retry_on: '5xx',
          rate_limited_retry_back_off: {
            reset_headers: [{ name: 'x-reset', format: 'UNIX_TIMESTAMP' }, { name: 'retry-after' }],
          },
        },
        { timeout: '0.5s' },
      ),
    ),
    pods: pod(() => answers(status(503, 'x-reset: 1', 'retry-after: 2'), OK)),
    exchange: sequence(get('/')),
  },

  'breaker-is-open': {
    service: inClusters(retrying({ retry_on: '5xx' }), limited({ max_retries: 0 })),
    pods: pod(() => answers(DOWN, OK)),
    exchange: sequence(get('/')),
  },
  'budget-is-spent': {
    service: inClusters(
      retrying({ retry_on: '5xx' }),
      limited({ retry_budget: { budget_percent: { value: 0 }, min_retry_concurrency: 0 } }),
    ),
    pods: pod(() => answers(DOWN, OK)),
    exchange: sequence(get('/')),
  },
  'budget-allows-one': {
    service: inClusters(
      retrying({ retry_on: '5xx' }),
      limited({ max_retries: 0, retry_budget: { budget_percent: { value: 0 }, min_retry_concurrency: 1 } }),
    ),
    pods: pod(() => answers(DOWN, OK)),
    exchange: sequence(get('/')),
  },
  'budget-of-all-requests': {
    service: inClusters(
      retrying({ retry_on: '5xx' }),
      limited({ retry_budget: { budget_percent: { value: 100 }, min_retry_concurrency: 0 } }),
    ),
    pods: pod(() => answers(DOWN, OK)),
    exchange: sequence(get('/')),
  },

  'asked-by-an-internal-request': {
    service: trusting(routed({})),
    pods: pod(() => answers(DOWN, DOWN, DOWN, OK)),
    exchange: sequence(internal({ 'x-envoy-retry-on': '5xx', 'x-envoy-max-retries': '3' })),
  },
  'asked-by-an-external-request': {
    service: trusting(routed({})),
    pods: pod(() => answers(DOWN, OK)),
    exchange: sequence(external({ 'x-envoy-retry-on': '5xx', 'x-envoy-max-retries': '3' })),
  },
  'asked-on-top-of-the-policy': {
    service: trusting(retrying({ retry_on: 'retriable-status-codes', retriable_status_codes: [418] })),
    pods: pod(() => answers(status(418), status(420), OK)),
    exchange: sequence(internal({ 'x-envoy-retriable-status-codes': '420, 421' })),
  },
  'asked-for-headers': {
    service: trusting(routed({})),
    pods: pod(() => answers(status(200, 'x-again: 1'), OK)),
    exchange: sequence(
      internal({ 'x-envoy-retry-on': 'retriable-headers', 'x-envoy-retriable-header-names': 'X-Again, x-other' }),
    ),
  },
  'asked-for-grpc': {
    service: trusting(overHttp2(routed({}))),
    pods: pod(() => h2Answers(grpc(14), grpc(0))),
    exchange: h2Sequence(
      grpcRequest(['x-forwarded-for', '10.1.2.3'], ['x-envoy-retry-grpc-on', 'unavailable,5xx'], ['x-kept', '1']),
    ),
  },
  'asked-for-no-retry': {
    service: trusting(retrying({ retry_on: '5xx' })),
    pods: pod(() => answers(DOWN, OK)),
    exchange: sequence(internal({ 'x-envoy-max-retries': '0' })),
  },
  'asked-only-for-more-retries': {
    service: trusting(routed({})),
    pods: pod(() => answers(DOWN, OK)),
    exchange: sequence(internal({ 'x-envoy-max-retries': '3' })),
  },
  'time-out-asked-for': {
    service: trusting(routed({ timeout: '9s' })),
    pods: pod(() => silent()),
    exchange: separately(
      internal({ 'x-envoy-upstream-rq-timeout-ms': '300' }),
      internal({ 'x-envoy-upstream-rq-timeout-ms': '300', 'x-envoy-upstream-rq-timeout-alt-response': '1' }),
    ),
  },
  'time-out-per-try-asked-for': {
    service: trusting(retrying({ retry_on: 'reset', num_retries: 1 }, { timeout: '9s' })),
    pods: pod(() => silent()),
    exchange: sequence(internal({ 'x-envoy-upstream-rq-per-try-timeout-ms': '300' })),
  },
  'time-out-per-try-beyond-the-whole': {
    service: retrying({ retry_on: 'reset', per_try_timeout: '0.3s' }, { timeout: '0.25s' }),
    pods: pod(() => silent()),
    exchange: sequence(get('/')),
  },
  'time-out-of-the-whole-with-retries': {
    service: retrying({ retry_on: 'reset', num_retries: 9, per_try_timeout: '0.4s' }, { timeout: '1s' }),
    pods: pod(() => onHeaders()),
    exchange: sequence(get('/')),
  },
  'time-out-expected-and-respected': {
    service: trusting(routed({ timeout: '9s' }), {
      http_filters: [routerWith({ respect_expected_rq_timeout: true })],
    }),
    pods: pod(() => silent()),
    exchange: separately(
      internal({ 'x-envoy-expected-rq-timeout-ms': '300', 'x-envoy-upstream-rq-timeout-ms': '8000' }),
      internal({ 'x-envoy-upstream-rq-timeout-ms': '300' }),
    ),
  },
  'time-out-expected-and-not-respected': {
    service: trusting(routed({ timeout: '0.3s' })),
    pods: pod(() => silent()),
    exchange: sequence(internal({ 'x-envoy-expected-rq-timeout-ms': '8000' })),
  },

  'idle-try': {
    service: retrying({ retry_on: 'connect-failure', per_try_idle_timeout: '0.3s' }, { timeout: '9s' }),
    pods: pod(() => silent()),
    exchange: sequence(get('/')),
  },
  'idle-try-is-retried': {
    service: quiet(retrying({ retry_on: 'reset', per_try_idle_timeout: '0.3s' }, { timeout: '9s' })),
    pods: pod(() => afterWaits([60_000, OK], [0, OK])),
    exchange: sequence(get('/')),
  },
  'idle-try-in-its-response': {
    service: retrying({ retry_on: 'reset', per_try_idle_timeout: '0.3s' }, { timeout: '9s' }),
    pods: pod(() => onHeaders(HALF)),
    exchange: sequence(get('/')),
  },
  'idle-try-that-goes-on': {
    service: retrying({ retry_on: 'reset', per_try_idle_timeout: '0.7s' }, { timeout: '9s' }),
    pods: pod(() => onHeaders({ waitMs: 300 }, HALF, { waitMs: 300 }, 'half', { waitMs: 300 }, '..')),
    exchange: sequence(get('/')),
  },

  'stream-of-the-cluster-lives-too-long': {
    service: inClusters(
      routed({}),
      overHttp1({ ...HTTP1, common_http_protocol_options: { max_stream_duration: '0.3s' } }),
    ),
    pods: pod(() => silent()),
    exchange: sequence(get('/')),
  },
  'stream-of-the-cluster-is-retried': {
    service: inClusters(
      retrying({ retry_on: 'reset' }),
      overHttp1({ ...HTTP1, common_http_protocol_options: { max_stream_duration: '0.3s' } }),
    ),
    pods: pod(() => afterWaits([60_000, OK], [0, OK])),
    exchange: sequence(get('/')),
  },
  'stream-of-the-cluster-in-its-response': {
    service: inClusters(
      routed({}),
      overHttp1({ ...HTTP1, common_http_protocol_options: { max_stream_duration: '0.3s' } }),
    ),
    pods: pod(() => onHeaders(HALF)),
    exchange: sequence(get('/')),
  },
  'stream-that-an-internal-request-limits': {
    service: trusting(
      inClusters(routed({}), overHttp1({ ...HTTP1, common_http_protocol_options: { max_stream_duration: '9s' } })),
    ),
    pods: pod(() => silent()),
    exchange: sequence(internal({ 'x-envoy-upstream-stream-duration-ms': '300' })),
  },
  'stream-that-an-external-request-limits': {
    service: trusting(
      inClusters(routed({}), overHttp1({ ...HTTP1, common_http_protocol_options: { max_stream_duration: '0.3s' } })),
    ),
    pods: pod(() => silent()),
    exchange: sequence(external({ 'x-envoy-upstream-stream-duration-ms': '9000' })),
  },
  'stream-that-the-request-alone-limits': {
    service: trusting(routed({})),
    pods: pod(() => afterWaits([700, OK], [0, OK])),
    exchange: sequence(internal({ 'x-envoy-upstream-stream-duration-ms': '300' })),
  },
  'stream-without-the-limit-of-the-manager': {
    service: {
      ...routed({ max_stream_duration: { max_stream_duration: '0s' } }),
      hcm: { common_http_protocol_options: { max_stream_duration: '0.1s' } },
    },
    pods: pod(() => afterWaits([400, OK], [0, OK])),
    exchange: sequence(get('/')),
  },

  'grpc-deadline': {
    service: overHttp2(routed({ max_grpc_timeout: '0s' })),
    pods: pod(() => http2(() => undefined)),
    exchange: h2Sequence(grpcRequest(['grpc-timeout', '300m'])),
  },
  'grpc-deadline-is-capped': {
    service: overHttp2(routed({ max_grpc_timeout: '0.3s' })),
    pods: pod(() => http2(() => undefined)),
    exchange: h2Sequence(grpcRequest(['grpc-timeout', '9S']), grpcRequest(), grpcRequest(['grpc-timeout', 'soon'])),
  },
  'grpc-deadline-with-offset': {
    service: overHttp2(routed({ max_grpc_timeout: '9s', grpc_timeout_offset: '8.8s' })),
    pods: pod(() => http2(() => undefined)),
    exchange: h2Sequence(grpcRequest(['grpc-timeout', '9S'])),
  },
  'grpc-deadline-of-the-stream': {
    service: overHttp2(routed({ max_stream_duration: { grpc_timeout_header_max: '0.3s' } })),
    pods: pod(() => http2(() => undefined)),
    exchange: h2Sequence(grpcRequest(['grpc-timeout', '9S'])),
  },
  'grpc-deadline-of-the-stream-with-offset': {
    service: overHttp2(
      routed({ max_stream_duration: { grpc_timeout_header_max: '0s', grpc_timeout_header_offset: '8.8s' } }),
    ),
    pods: pod(() => http2(() => undefined)),
    exchange: h2Sequence(grpcRequest(['grpc-timeout', '9S'])),
  },
  'grpc-deadline-of-the-stream-that-is-no-grpc': {
    service: overHttp2(
      routed({ max_stream_duration: { max_stream_duration: '0.3s', grpc_timeout_header_max: '9000s' } }),
    ),
    pods: pod(() => http2(() => undefined)),
    exchange: h2Sequence(h2Request({}, [['grpc-timeout', '200000u']]), h2Request({}, [['grpc-timeout', '5']])),
  },
  'grpc-deadline-per-try': {
    service: overHttp2(
      retrying({ retry_on: 'reset', num_retries: 1, per_try_timeout: '0.3s' }, { max_grpc_timeout: '0s' }),
    ),
    pods: pod(() => http2(() => undefined)),
    exchange: h2Sequence(grpcRequest(['grpc-timeout', '9S'])),
  },

  'hedge-answers-first': {
    service: hedging({}),
    pods: pod(() => afterWaits([60_000, OK], [0, OK])),
    exchange: sequence(get('/')),
  },
  'hedged-attempt-answers-first': {
    service: hedging({}),
    pods: pod(() => afterWaits([550, OK], [60_000, status(200, 'x-late: 1')])),
    exchange: sequence(get('/')),
  },
  'hedge-fails-and-the-hedged-attempt-answers': {
    service: hedging({ num_retries: 1 }),
    pods: pod(() => afterWaits([800, OK], [0, DOWN])),
    exchange: sequence(get('/')),
  },
  'hedge-is-retried': {
    service: hedging({ num_retries: 2 }),
    pods: pod(() => afterWaits([60_000, OK], [0, DOWN], [0, status(200, 'x-third: 1')])),
    exchange: sequence(get('/')),
  },
  'hedge-without-retries-left': {
    service: hedging({ num_retries: 0 }),
    pods: pod(() => afterWaits([600, OK], [0, DOWN])),
    exchange: sequence(get('/')),
  },
  'hedge-until-the-whole-time-is-over': {
    service: hedging({ num_retries: 1 }, { timeout: '0.8s' }),
    pods: pod(() => onHeaders()),
    exchange: sequence(get('/')),
  },
  'hedge-asked-for': {
    service: trusting(hedging({}, { hedge_policy: {} })),
    pods: pod(() => afterWaits([60_000, OK], [0, OK])),
    exchange: sequence(internal({ 'x-envoy-hedge-on-per-try-timeout': 'true' })),
  },
  'hedge-both-fail': {
    service: hedging({ num_retries: 1 }),
    pods: pod(() => afterWaits([800, status(500)], [0, DOWN])),
    exchange: sequence(get('/')),
  },
})
