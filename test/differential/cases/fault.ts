// Group `fault`: injected delays and aborts, by configuration and by headers of the request.

import type { JsonObject, ServiceSpec } from '../case.ts'
import { typed } from '../envoy-json.ts'
import { get, h2Request, h2Sequence, request, separately, sequence } from '../exchanges.ts'
import { casesOf, pod, silent } from '../pod-programs.ts'
import { direct, header, onHeaders as matchHeaders, REST, route } from './routes.ts'

const NAME = 'envoy.filters.http.fault'
const ALWAYS: JsonObject = { numerator: 100 }

const faults = (fields: JsonObject = {}): JsonObject =>
  typed('envoy.extensions.filters.http.fault.v3.HTTPFault', fields)

const filter = (fields: JsonObject = {}): JsonObject => ({ name: NAME, typed_config: faults(fields) })

/** Per-filter configuration of one level. */
const perRoute = (fields: JsonObject): JsonObject => ({ typed_per_filter_config: { [NAME]: faults(fields) } })

const onFilter = (fields: JsonObject): ServiceSpec => ({ filters: [filter(fields)], routes: [REST] })

const onRoute = (fields: JsonObject, extra: JsonObject = {}): ServiceSpec => ({
  filters: [filter()],
  routes: [route('only', { prefix: '/' }, {}, { ...perRoute(fields), ...extra })],
})

const abort = (status: number, extra: JsonObject = {}): JsonObject => ({
  abort: { http_status: status, percentage: ALWAYS, ...extra },
})

const delay = (fixed: string): JsonObject => ({ delay: { fixed_delay: fixed, percentage: ALWAYS } })

/** Notes for each exchange that it took as long as the delay says, or that it did not. */
const timed = (atLeastMs: number, exchange: ReturnType<typeof sequence>): ReturnType<typeof sequence> => {
  return async (actor) => {
    const startedMs = performance.now()
    await exchange(actor)
    actor.note('was delayed', performance.now() - startedMs >= atLeastMs)
  }
}

const byHeaders: JsonObject = {
  delay: { header_delay: {}, percentage: ALWAYS },
  abort: { header_abort: {}, percentage: ALWAYS },
}

export const faultCases = casesOf('fault', {
  'abort-by-filter': { service: onFilter(abort(418)), exchange: sequence(get('/'), request('HEAD', '/')) },
  'abort-by-route': { service: onRoute(abort(503)), exchange: sequence(get('/'), get('/again')) },
  'abort-of-a-post': {
    service: onRoute(abort(400)),
    exchange: separately(request('POST', '/', {}, 'body'), request('POST', '/', { expect: '100-continue' }, 'body')),
  },
  'abort-over-http2': { service: onRoute(abort(500)), exchange: h2Sequence(h2Request(), h2Request()) },
  'abort-with-body': {
    service: onRoute(abort(503, { response_body: 'injected, not real' })),
    exchange: sequence(get('/')),
  },
  'abort-of-grpc': {
    service: onRoute(abort(503)),
    exchange: h2Sequence(h2Request({ ':method': 'POST' }, [['content-type', 'application/grpc']])),
  },
  'abort-with-grpc-status': {
    service: onRoute({ abort: { grpc_status: 8, percentage: ALWAYS } }),
    exchange: h2Sequence(h2Request({ ':method': 'POST' }, [['content-type', 'application/grpc']]), h2Request()),
  },
  'abort-with-grpc-status-over-http1': {
    service: onRoute({ abort: { grpc_status: 14, percentage: ALWAYS } }),
    exchange: sequence(get('/')),
  },
  'abort-gets-the-headers-of-the-route': {
    service: onRoute(abort(503), { response_headers_to_add: [header('x-route', 'added')] }),
    exchange: sequence(get('/')),
  },
  'share-of-nobody': {
    service: onRoute({ abort: { http_status: 503, percentage: { numerator: 0 } } }),
    exchange: sequence(get('/')),
  },
  'share-not-given': { service: onRoute({ abort: { http_status: 503 } }), exchange: sequence(get('/')) },
  'share-of-a-million': {
    service: onRoute({ abort: { http_status: 503, percentage: { numerator: 1000000, denominator: 'MILLION' } } }),
    exchange: sequence(get('/')),
  },
  delay: { service: onRoute(delay('0.2s')), exchange: timed(200, sequence(get('/'))) },
  'delay-of-a-body': {
    service: onRoute(delay('0.1s')),
    exchange: timed(100, separately(request('POST', '/', {}, 'a body that waits'))),
  },
  'delay-over-http2': { service: onRoute(delay('0.1s')), exchange: timed(200, h2Sequence(h2Request(), h2Request())) },
  'delay-then-abort': {
    service: onRoute({ ...delay('0.1s'), ...abort(503) }),
    exchange: timed(100, sequence(get('/'))),
  },
  'delay-longer-than-the-timeout-of-the-route': {
    service: {
      filters: [filter(delay('0.3s'))],
      routes: [route('only', { prefix: '/' }, { timeout: '0.2s' })],
    },
    exchange: timed(300, sequence(get('/'))),
  },
  'timeout-counts-from-behind-the-delay': {
    service: {
      filters: [filter(delay('0.2s'))],
      routes: [route('only', { prefix: '/' }, { timeout: '0.2s' })],
    },
    pods: pod(() => silent()),
    exchange: timed(380, sequence(get('/'))),
  },
  'client-leaves-during-the-delay': {
    service: onRoute(delay('5s')),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write(get('/'))
      await new Promise((resolve) => setTimeout(resolve, 100))
      tunnel.reset(8)
      await tunnel.untilEnded()
    },
  },
  'route-stands-in-for-the-filter': {
    service: {
      filters: [filter(abort(418))],
      routes: [
        route('own', { path: '/own' }, {}, perRoute(abort(503))),
        route('none', { path: '/none' }, {}, perRoute({})),
        route(
          'off',
          { path: '/off' },
          {},
          {
            typed_per_filter_config: { [NAME]: typed('envoy.config.route.v3.FilterConfig', { disabled: true }) },
          },
        ),
        direct('direct', { path: '/direct' }, 200, 'hello', perRoute(abort(501))),
        REST,
      ],
    },
    exchange: separately(...['/', '/own', '/none', '/off', '/direct'].map((path) => get(path))),
  },
  'virtual-host-and-weighted-cluster': {
    service: {
      filters: [filter()],
      virtualHost: perRoute(abort(500)),
      routes: [
        route(
          'weighted',
          { path: '/weighted' },
          {
            weighted_clusters: { clusters: [{ name: '<<backend>>', weight: 1, ...perRoute(abort(501)) }] },
          },
        ),
        route('own', { path: '/own' }, {}, perRoute(abort(502))),
        REST,
      ],
    },
    exchange: separately(get('/'), get('/own'), get('/weighted')),
  },
  'only-requests-with-headers': {
    service: onFilter({ ...abort(503), headers: [{ name: 'x-user', string_match: { exact: 'tester' } }] }),
    exchange: separately(get('/', { 'x-user': 'tester' }), get('/', { 'x-user': 'other' }), get('/')),
  },
  'only-requests-of-nodes': {
    service: onFilter({ ...abort(503), downstream_nodes: ['one', 'two'] }),
    exchange: separately(
      get('/', { 'x-envoy-downstream-service-node': 'two' }),
      get('/', { 'x-envoy-downstream-service-node': 'three' }),
      get('/'),
    ),
  },
  'only-requests-to-a-cluster': {
    service: {
      filters: [filter({ ...abort(503), upstream_cluster: '<<backend>>' })],
      clusters: { backend: { pods: ['a'] }, other: { pods: ['a'] } },
      routes: [route('other', matchHeaders({ name: 'x-other', present_match: true }), { cluster: '<<other>>' }), REST],
    },
    exchange: separately(get('/'), get('/', { 'x-other': '1' })),
  },
  'no-more-than-so-many': {
    service: onFilter({ ...abort(503), max_active_faults: 0 }),
    exchange: sequence(get('/')),
  },
  'abort-by-header': {
    service: onFilter(byHeaders),
    exchange: separately(
      ...['503', '200', '199', '600', 'x', ' 404 ', '-1', ''].map((value) =>
        get('/', { 'x-envoy-fault-abort-request': value }),
      ),
      get('/'),
    ),
  },
  'abort-by-header-with-grpc-status': {
    service: onFilter(byHeaders),
    exchange: h2Sequence(
      h2Request({ ':method': 'POST' }, [
        ['content-type', 'application/grpc'],
        ['x-envoy-fault-abort-grpc-request', '7'],
      ]),
      h2Request({}, [
        ['x-envoy-fault-abort-request', '429'],
        ['x-envoy-fault-abort-grpc-request', '7'],
      ]),
      h2Request({}, [['x-envoy-fault-abort-grpc-request', '99']]),
    ),
  },
  'headers-may-lower-the-share-only': {
    service: onFilter({
      abort: { header_abort: {}, percentage: { numerator: 0 } },
      delay: { header_delay: {}, percentage: ALWAYS },
    }),
    exchange: separately(
      get('/', { 'x-envoy-fault-abort-request': '503', 'x-envoy-fault-abort-request-percentage': '100' }),
      get('/', { 'x-envoy-fault-delay-request': '2000', 'x-envoy-fault-delay-request-percentage': '0' }),
      get('/', { 'x-envoy-fault-delay-request': '20', 'x-envoy-fault-delay-request-percentage': 'x' }),
    ),
  },
  'delay-by-header': {
    service: onFilter(byHeaders),
    exchange: timed(150, separately(get('/', { 'x-envoy-fault-delay-request': '150' }))),
  },
  'delay-by-header-that-is-none': {
    service: onFilter(byHeaders),
    exchange: separately(
      ...['0', '-5', '1.5', 'soon'].map((value) => get('/', { 'x-envoy-fault-delay-request': value })),
    ),
  },
  'headers-without-control': {
    service: onFilter(delay('0.001s')),
    exchange: sequence(get('/', { 'x-envoy-fault-abort-request': '503', 'x-envoy-fault-delay-request': '1000' })),
  },
})
