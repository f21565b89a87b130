// Group `filters`: HTTP filters that change, count or limit messages and need no group of their own.

import type { JsonObject, ServiceSpec } from '../case.ts'
import { typed } from '../envoy-json.ts'
import { get, h2Request, h2Sequence, inHttp2, pause, raw, request, separately, sequence } from '../exchanges.ts'
import { answers, casesOf, http2, http2Echo, onHeaders, pod } from '../pod-programs.ts'
import { direct, header, REST, route } from './routes.ts'

const MUTATION = 'envoy.filters.http.header_mutation'
const OVERWRITE = 'OVERWRITE_IF_EXISTS_OR_ADD'

const mutation = (mutations: JsonObject, more: JsonObject = {}): JsonObject => ({
  name: MUTATION,
  typed_config: typed('envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', { mutations, ...more }),
})

const mutating = (mutations: JsonObject): JsonObject => ({
  typed_per_filter_config: {
    [MUTATION]: typed('envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute', { mutations }),
  },
})

const append = (...args: Parameters<typeof header>): JsonObject => ({ append: header(...args) })

/** Adds the word to a header of the request and one of the response. */
const both = (word: string, action?: string): JsonObject => ({
  request_mutations: [append('x-order', word, action)],
  response_mutations: [append('x-order', word, action)],
})

const levels = (more: JsonObject = {}, action?: string): ServiceSpec => ({
  filters: [mutation(both('filter', action), more)],
  routeConfig: mutating(both('config', action)),
  virtualHost: mutating(both('host', action)),
  routes: [
    route(
      'weighted',
      { path: '/weighted' },
      {
        weighted_clusters: { clusters: [{ name: '<<backend>>', weight: 1, ...mutating(both('cluster', action)) }] },
      },
    ),
    route('own', { path: '/own' }, {}, mutating(both('route', action))),
    REST,
  ],
})

const GRPC = h2Request({ ':method': 'POST', ':path': '/pkg.Service/Call' }, [['content-type', 'application/grpc']])
const WEB: JsonObject = {
  name: 'envoy.filters.http.grpc_web',
  typed_config: typed('envoy.extensions.filters.http.grpc_web.v3.GrpcWeb'),
}
const MESSAGE = '\0\0\0\0\x02hi'
const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64')

const web: ServiceSpec = { filters: [WEB], routes: [REST], clusters: { backend: { pods: ['a'], http2: true } } }

/** A gRPC server: one message in two pieces, and trailers. */
const grpcPod = pod(() =>
  http2(async (wire, stream) => {
    wire.headers(stream.id, [
      [':status', '200'],
      ['content-type', 'application/grpc+proto'],
    ])
    wire.data(stream.id, '\0\0\0\0\x05he')
    await pause(20)
    wire.data(stream.id, 'llo')
    wire.headers(
      stream.id,
      [
        ['grpc-status', '0'],
        ['grpc-message', 'all well'],
      ],
      true,
    )
  }),
)

/** Whether a request that is refused has been begun upstream is a matter of time. */
const blindPod = pod(() => async (tunnel) => {
  await tunnel.untilEnded(60_000)
  tunnel.end()
})

const webCall = (type: string, body: string, headers: Readonly<Record<string, string>> = {}): string =>
  request('POST', '/pkg.Service/Call', { 'content-type': type, ...headers }, body)

const STATS: JsonObject = {
  name: 'envoy.filters.http.grpc_stats',
  typed_config: typed('envoy.extensions.filters.http.grpc_stats.v3.FilterConfig', {
    emit_filter_state: true,
    stats_for_all_methods: false,
  }),
}

export const filtersCases = casesOf('filters', {
  'mutation-of-all-kinds': {
    service: {
      filters: [
        mutation({
          request_mutations: [
            append('x-added', 'twice'),
            append('x-added', 'twice'),
            append('x-present', 'other', 'ADD_IF_ABSENT'),
            append('x-absent', 'new', 'ADD_IF_ABSENT'),
            append('x-over', 'written', OVERWRITE),
            append('x-missing', 'nothing', 'OVERWRITE_IF_EXISTS'),
            { remove: 'x-gone' },
            { remove: 'x-removed-then-added' },
            append('x-removed-then-added', 'again'),
            append('x-path', '%REQ(:PATH)%'),
            append('x-empty', ''),
            append('x-kept-empty', '', OVERWRITE, { keep_empty_value: true }),
          ],
          response_mutations: [
            append('x-code', '%RESPONSE_CODE%'),
            { remove: 'x-pod' },
            append('x-over', 'b', OVERWRITE),
          ],
        }),
      ],
      routes: [REST],
    },
    exchange: sequence(
      get('/', { 'x-present': '1', 'x-over': 'a', 'x-gone': '1', 'x-removed-then-added': '1' }),
      get('/'),
    ),
  },
  'mutation-by-matching-names': {
    service: {
      filters: [
        mutation({
          request_mutations: [
            { remove_on_match: { key_matcher: { prefix: 'x-secret-' } } },
            { remove_on_match: { key_matcher: { exact: 'X-Exact', ignore_case: true } } },
          ],
        }),
      ],
      routes: [REST],
    },
    exchange: sequence(get('/', { 'x-secret-a': '1', 'X-Secret-B': '2', 'x-exact': '3', 'x-other': '4' })),
  },
  'mutation-of-several-levels': { service: levels(), exchange: separately(get('/'), get('/own'), get('/weighted')) },
  'mutation-where-the-last-level-counts': {
    service: levels({}, OVERWRITE),
    exchange: separately(get('/'), get('/own'), get('/weighted')),
  },
  'mutation-where-the-most-specific-counts': {
    service: levels({ most_specific_header_mutations_wins: true }, OVERWRITE),
    exchange: separately(get('/'), get('/own'), get('/weighted')),
  },
  'mutation-does-not-choose-the-route': {
    service: {
      filters: [mutation({ request_mutations: [append('x-canary', 'yes')] })],
      routes: [direct('canary', { prefix: '/', headers: [{ name: 'x-canary', present_match: true }] }, 418), REST],
    },
    exchange: sequence(get('/')),
  },
  'mutation-of-answers-of-the-proxy': {
    service: {
      filters: [mutation(both('filter'))],
      routes: [
        direct('direct', { path: '/direct' }, 200, 'hello', mutating(both('route'))),
        route('nowhere', { path: '/nowhere' }, { cluster: 'missing' }),
      ],
    },
    exchange: separately(get('/direct'), get('/nowhere'), get('/unknown')),
  },
  'mutation-of-failures': {
    service: { filters: [mutation(both('filter'))], routes: [REST] },
    pods: pod(() => onHeaders('end')),
    exchange: sequence(get('/')),
  },
  'mutation-of-trailers': {
    service: {
      filters: [
        mutation({
          request_trailers_mutations: [append('x-more', 'trailers'), { remove: 'x-gone' }],
          response_trailers_mutations: [append('x-more', 'trailers'), { remove: 'x-gone' }],
        }),
      ],
      routes: [REST],
      clusters: { backend: { pods: ['a'], http2: true } },
    },
    pods: pod(() =>
      http2((wire, stream) => {
        wire.headers(stream.id, [[':status', '200']])
        wire.data(stream.id, 'body')
        wire.headers(
          stream.id,
          [
            ['x-trailer', '1'],
            ['x-gone', '1'],
          ],
          true,
        )
      }),
    ),
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }))
      wire.data(1, 'body')
      wire.headers(
        1,
        [
          ['x-trailer', '1'],
          ['x-gone', '1'],
        ],
        true,
      )
      await wire.untilDone(1)
    }),
  },
  'mutation-switched-off-on-a-route': {
    service: {
      filters: [mutation(both('filter'))],
      routes: [
        route(
          'off',
          { path: '/off' },
          {},
          {
            typed_per_filter_config: { [MUTATION]: typed('envoy.config.route.v3.FilterConfig', { disabled: true }) },
          },
        ),
        REST,
      ],
    },
    exchange: separately(get('/off'), get('/')),
  },
  'grpc-stats-change-nothing': {
    service: { filters: [STATS], routes: [REST], clusters: { backend: { pods: ['a'], http2: true } } },
    pods: pod(() => http2Echo()),
    exchange: h2Sequence(GRPC, h2Request()),
  },
  'grpc-stats-over-http1': {
    service: { filters: [STATS], routes: [REST] },
    pods: pod(() => answers('HTTP/1.1 200 OK\r\ngrpc-status: 0\r\ncontent-length: 0\r\n\r\n')),
    exchange: sequence(request('POST', '/pkg.Service/Call', { 'content-type': 'application/grpc' }, '\0\0\0\0\x02hi')),
  },

  'grpc-web': {
    service: web,
    pods: grpcPod,
    exchange: separately(webCall('application/grpc-web', MESSAGE), webCall('application/grpc-web+proto', MESSAGE)),
  },
  'grpc-web-over-http2': {
    service: web,
    pods: grpcPod,
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }, [['content-type', 'application/grpc-web+proto']]))
      wire.data(1, MESSAGE, true)
      await wire.untilDone(1)
    }),
  },
  'grpc-web-as-text': {
    service: web,
    pods: grpcPod,
    exchange: separately(
      webCall('application/grpc-web-text', base64(MESSAGE), { accept: 'application/grpc-web-text' }),
      webCall('application/grpc-web-text+proto', base64(MESSAGE), { accept: 'application/grpc-web-text+proto' }),
      webCall('application/grpc-web-text', base64(MESSAGE), { accept: '*/*' }),
      webCall('application/grpc-web', MESSAGE, { accept: 'application/grpc-web-text' }),
    ),
  },
  'grpc-web-as-text-in-pieces': {
    service: web,
    pods: grpcPod,
    exchange: raw(
      ['POST'],
      [
        'POST /pkg.Service/Call HTTP/1.1\r\nhost: service.test\r\ncontent-type: application/grpc-web-text\r\ntransfer-encoding: chunked\r\n\r\n',
        '3\r\nAAA\r\n',
        '5\r\nAAAJo\r\n',
        '2\r\naQ\r\n',
        '2\r\n==\r\n',
        '0\r\n\r\n',
      ],
    ),
  },
  'grpc-web-as-text-of-two-parts': {
    service: web,
    pods: blindPod,
    exchange: sequence(webCall('application/grpc-web-text', base64(MESSAGE) + base64(MESSAGE))),
  },
  'grpc-web-that-is-no-base64': {
    service: web,
    pods: blindPod,
    exchange: separately(
      webCall('application/grpc-web-text', 'AAAA!!!!'),
      webCall('application/grpc-web-text', 'AAAAA'),
    ),
  },
  'grpc-web-with-trailers-only': {
    service: web,
    pods: pod(() =>
      http2((wire, stream) =>
        wire.headers(
          stream.id,
          [
            [':status', '200'],
            ['content-type', 'application/grpc'],
            ['grpc-status', '5'],
            ['grpc-message', 'not there'],
          ],
          true,
        ),
      ),
    ),
    exchange: separately(
      webCall('application/grpc-web', MESSAGE),
      webCall('application/grpc-web-text', base64(MESSAGE), { accept: 'application/grpc-web-text' }),
    ),
  },
  'grpc-web-and-answers-of-the-proxy': {
    service: { ...web, routes: [route('nowhere', { prefix: '/' }, { cluster: 'missing' })] },
    exchange: separately(webCall('application/grpc-web', MESSAGE), webCall('text/plain', 'x')),
  },
  'grpc-web-leaves-others-alone': {
    service: web,
    pods: grpcPod,
    exchange: sequence(
      webCall('application/grpc', MESSAGE),
      webCall('application/grpc-web+json', MESSAGE),
      webCall('application/json', '{}'),
    ),
  },
})
