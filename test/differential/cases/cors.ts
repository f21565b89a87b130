// Group `cors`: preflight requests, which origins may read a response, and how the policies of several levels join.

import type { JsonObject, ServiceSpec } from '../case.ts'
import { typed } from '../envoy-json.ts'
import { get, h2Request, h2Sequence, request, separately, sequence } from '../exchanges.ts'
import { answers, casesOf, onHeaders, pod } from '../pod-programs.ts'
import { direct, header, redirect, REST, route } from './routes.ts'

const NAME = 'envoy.filters.http.cors'
const FILTER: JsonObject = { name: NAME, typed_config: typed('envoy.extensions.filters.http.cors.v3.Cors') }

const FRIEND = 'https://friend.test'
const FRIENDLY: JsonObject = { allow_origin_string_match: [{ exact: FRIEND }] }

/** Per-filter configuration of one level. */
const policy = (fields: JsonObject = {}): JsonObject => ({
  typed_per_filter_config: { [NAME]: typed('envoy.extensions.filters.http.cors.v3.CorsPolicy', fields) },
})

const onRoute = (fields: JsonObject, extra: JsonObject = {}): ServiceSpec => ({
  filters: [FILTER],
  routes: [route('only', { prefix: '/' }, {}, { ...policy(fields), ...extra })],
})

const chance = (numerator: number): JsonObject => ({ default_value: { numerator } })

const preflight = (origin: string, more: Readonly<Record<string, string>> = {}): string =>
  request('OPTIONS', '/', { origin, 'access-control-request-method': 'PUT', ...more })

const FULL: JsonObject = {
  ...FRIENDLY,
  allow_methods: 'GET, PUT',
  allow_headers: 'x-a, x-b',
  expose_headers: 'x-told',
  max_age: '600',
  allow_credentials: true,
}

export const corsCases = casesOf('cors', {
  preflight: { service: onRoute(FULL), exchange: sequence(preflight(FRIEND), get('/after')) },
  'preflight-over-http2': {
    service: onRoute(FULL),
    exchange: h2Sequence(
      h2Request({ ':method': 'OPTIONS' }, [
        ['origin', FRIEND],
        ['access-control-request-method', 'PUT'],
      ]),
    ),
  },
  'preflight-with-body': {
    service: onRoute(FULL),
    exchange: separately(
      request('OPTIONS', '/', { origin: FRIEND, 'access-control-request-method': 'PUT' }, 'and a body'),
    ),
  },
  'preflight-of-a-stranger-is-forwarded': {
    service: onRoute(FULL),
    exchange: separately(preflight('https://stranger.test'), get('/', { origin: 'https://stranger.test' })),
  },
  'preflight-of-a-stranger-is-answered': {
    service: onRoute({ ...FULL, forward_not_matching_preflights: false }),
    exchange: sequence(preflight('https://stranger.test')),
  },
  'options-that-are-no-preflight': {
    service: onRoute(FULL),
    exchange: separately(
      request('OPTIONS', '/', { origin: FRIEND }),
      request('OPTIONS', '/', { origin: FRIEND, 'access-control-request-method': '' }),
      request('OPTIONS', '/', { 'access-control-request-method': 'PUT' }),
      request('OPTIONS', '/', { origin: '', 'access-control-request-method': 'PUT' }),
    ),
  },
  'simple-request': {
    service: onRoute(FULL),
    exchange: sequence(get('/', { origin: FRIEND }), get('/', { origin: 'https://stranger.test' }), get('/')),
  },
  'simple-request-replaces-what-the-pod-says': {
    service: onRoute(FULL),
    pods: pod(() =>
      answers(
        'HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\naccess-control-allow-credentials: false\r\n' +
          'access-control-expose-headers: x-other\r\ncontent-length: 0\r\n\r\n',
      ),
    ),
    exchange: sequence(get('/', { origin: FRIEND }), get('/', { origin: 'https://stranger.test' })),
  },
  'empty-policy': {
    service: onRoute({}),
    exchange: separately(preflight(FRIEND), get('/', { origin: FRIEND })),
  },
  'any-origin': {
    service: onRoute({ allow_origin_string_match: [{ exact: '*' }], allow_credentials: true }),
    exchange: separately(preflight(FRIEND), get('/', { origin: 'null' })),
  },
  'origins-by-other-matchers': {
    service: onRoute({
      allow_origin_string_match: [
        { prefix: 'https://pre.' },
        { suffix: '.suffix.test' },
        { safe_regex: { regex: 'https://[a-z]+\\.regex\\.test' } },
        { exact: 'HTTPS://CASE.test', ignore_case: true },
      ],
    }),
    exchange: sequence(
      ...[
        'https://pre.test',
        'https://a.suffix.test',
        'https://a.regex.test',
        'https://1.regex.test',
        'https://case.TEST',
        'https://no.test',
      ].map((origin) => get('/', { origin })),
    ),
  },
  'two-origins': {
    service: onRoute(FULL),
    exchange: separately(
      `GET / HTTP/1.1\r\nhost: service.test\r\norigin: ${FRIEND}\r\norigin: ${FRIEND}\r\n\r\n`,
      get('/', { origin: FRIEND }),
    ),
  },
  'asterisks-echo-what-is-asked': {
    service: onRoute({ ...FRIENDLY, allow_methods: '*', allow_headers: '*', expose_headers: '*', max_age: '0' }),
    exchange: separately(
      preflight(FRIEND, { 'access-control-request-headers': 'x-a,x-b' }),
      preflight(FRIEND),
      get('/', { origin: FRIEND }),
    ),
  },
  'private-network': {
    service: onRoute({ ...FRIENDLY, allow_private_network_access: true }),
    exchange: separately(
      preflight(FRIEND, { 'access-control-request-private-network': 'true' }),
      preflight(FRIEND, { 'access-control-request-private-network': 'yes' }),
      preflight(FRIEND),
    ),
  },
  'private-network-forbidden': {
    service: onRoute(FRIENDLY),
    exchange: sequence(preflight(FRIEND, { 'access-control-request-private-network': 'true' })),
  },
  'no-credentials': {
    service: onRoute({ ...FULL, allow_credentials: false }),
    exchange: separately(preflight(FRIEND), get('/', { origin: FRIEND })),
  },
  'levels-join-field-by-field': {
    service: {
      filters: [FILTER],
      routeConfig: policy({ ...FULL, max_age: '1', expose_headers: 'x-whole' }),
      virtualHost: policy({ allow_methods: 'POST', max_age: '2' }),
      routes: [
        route(
          'weighted',
          { prefix: '/weighted' },
          {
            weighted_clusters: {
              clusters: [{ name: '<<backend>>', weight: 1, ...policy({ allow_headers: 'x-weighted' }) }],
            },
          },
        ),
        route('own', { prefix: '/own' }, {}, policy({ allow_credentials: false, max_age: '3' })),
        REST,
      ],
    },
    exchange: separately(
      ...['/', '/own', '/weighted'].flatMap((path) => [
        request('OPTIONS', path, { origin: FRIEND, 'access-control-request-method': 'PUT' }),
        get(path, { origin: FRIEND }),
      ]),
    ),
  },
  'inner-policy-has-its-own-origins': {
    service: {
      filters: [FILTER],
      virtualHost: policy(FULL),
      routes: [
        route('own', { prefix: '/' }, {}, policy({ allow_origin_string_match: [{ exact: 'https://own.test' }] })),
      ],
    },
    exchange: separately(get('/', { origin: FRIEND }), get('/', { origin: 'https://own.test' })),
  },
  'switched-off': {
    service: onRoute({ ...FULL, filter_enabled: chance(0) }),
    exchange: separately(preflight(FRIEND), get('/', { origin: FRIEND })),
  },
  'watched-only': {
    service: onRoute({ ...FULL, filter_enabled: chance(0), shadow_enabled: chance(100) }),
    exchange: separately(preflight(FRIEND), get('/', { origin: FRIEND })),
  },
  'switched-off-within': {
    service: {
      filters: [FILTER],
      virtualHost: policy(FULL),
      routes: [route('own', { prefix: '/off' }, {}, policy({ filter_enabled: chance(0) })), REST],
    },
    exchange: separately(get('/off', { origin: FRIEND }), get('/', { origin: FRIEND })),
  },
  'filter-disabled-on-a-route': {
    service: {
      filters: [FILTER],
      virtualHost: policy(FULL),
      routes: [
        route(
          'off',
          { prefix: '/off' },
          {},
          {
            typed_per_filter_config: { [NAME]: typed('envoy.config.route.v3.FilterConfig', { disabled: true }) },
          },
        ),
        REST,
      ],
    },
    exchange: separately(get('/off', { origin: FRIEND }), get('/', { origin: FRIEND })),
  },
  'without-a-policy': { service: { filters: [FILTER] }, exchange: sequence(preflight(FRIEND), get('/')) },
  'answers-of-the-proxy': {
    service: {
      filters: [FILTER],
      virtualHost: policy(FULL),
      routes: [
        direct('direct', { path: '/direct' }, 200, 'hello'),
        redirect('away', { path: '/away' }, { path_redirect: '/there' }),
        route('nowhere', { path: '/nowhere' }, { cluster: 'missing' }),
      ],
    },
    exchange: separately(...['/direct', '/away', '/nowhere', '/unknown'].map((path) => get(path, { origin: FRIEND }))),
  },
  'failures-of-the-pod': {
    service: onRoute(FULL),
    pods: pod(() => onHeaders('end')),
    exchange: sequence(get('/', { origin: FRIEND })),
  },
  'route-adds-headers': {
    service: onRoute(FULL, {
      response_headers_to_add: [header('x-route', 'added'), header('access-control-allow-origin', 'route')],
    }),
    exchange: separately(preflight(FRIEND), get('/', { origin: FRIEND })),
  },
})
