// Group `headers`: what the connection manager and the router do to header sections in both directions, and to paths.

import type { JsonObject, ServiceSpec } from '../case.ts'
import { get, raw, request, separately, sequence } from '../exchanges.ts'
import { answers, casesOf, echo, http1, onHeaders as onRequestHeaders, pod } from '../pod-programs.ts'
import { direct, header, REST, route } from './routes.ts'
import { typed } from '../envoy-json.ts'

const withHcm = (hcm: JsonObject): ServiceSpec => ({ hcm })

const withRoute = (extra: JsonObject, action: JsonObject = {}): ServiceSpec => ({
  routes: [route('mutated', { prefix: '/' }, action, extra)],
})

/** A pod that answers 200 with these header lines and no body. */
const answering = (...lines: string[]): ReturnType<typeof pod> =>
  pod(() => answers(`HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}content-length: 0\r\n\r\n`))

const setFilterState = (key: string, format: string): JsonObject => ({
  name: 'envoy.filters.http.set_filter_state',
  typed_config: typed('envoy.extensions.filters.http.set_filter_state.v3.Config', {
    on_request_headers: [
      {
        object_key: key,
        factory_key: 'envoy.string',
        format_string: { text_format_source: { inline_string: format } },
      },
    ],
  }),
})

const routerWith = (options: JsonObject): JsonObject => ({
  http_filters: [
    {
      name: 'envoy.filters.http.router',
      typed_config: typed('envoy.extensions.filters.http.router.v3.Router', options),
    },
  ],
})

const INTERNAL_ONLY = {
  'x-envoy-retry-on': '5xx',
  'x-envoy-max-retries': '3',
  'x-envoy-upstream-rq-timeout-ms': '1000',
  'x-envoy-upstream-rq-per-try-timeout-ms': '500',
  'x-envoy-upstream-alt-stat-name': 'alt',
  'x-envoy-internal': 'true',
  'x-envoy-external-address': '1.2.3.4',
  'x-envoy-force-trace': 'true',
  'x-envoy-original-path': '/elsewhere',
  'x-envoy-original-host': 'elsewhere',
  'x-envoy-decorator-operation': 'op',
  'x-envoy-downstream-service-cluster': 'c',
  'x-envoy-expected-rq-timeout-ms': '7',
  'x-envoy-attempt-count': '9',
  'x-envoy-hedge-on-per-try-timeout': 'true',
  'x-envoy-retriable-status-codes': '500',
  'x-envoy-ip-tags': 't',
  'x-envoy-original-url': 'u',
}

export const headersCases = casesOf('headers', {
  'request-add-actions': {
    service: withRoute({
      request_headers_to_add: [
        header('x-append', 'new'),
        header('x-if-absent', 'new', 'ADD_IF_ABSENT'),
        header('x-overwrite', 'new', 'OVERWRITE_IF_EXISTS_OR_ADD'),
        header('x-only-existing', 'new', 'OVERWRITE_IF_EXISTS'),
      ],
    }),
    exchange: sequence(
      get('/none'),
      get('/all', { 'x-append': 'old', 'x-if-absent': 'old', 'x-overwrite': 'old', 'x-only-existing': 'old' }),
      'GET /twice HTTP/1.1\r\nhost: service.test\r\nx-overwrite: 1\r\nx-overwrite: 2\r\nx-append: 1\r\nx-append: 2\r\n\r\n',
    ),
  },
  'response-add-actions': {
    service: withRoute({
      response_headers_to_add: [
        header('x-append', 'new'),
        header('x-if-absent', 'new', 'ADD_IF_ABSENT'),
        header('x-overwrite', 'new', 'OVERWRITE_IF_EXISTS_OR_ADD'),
        header('x-only-existing', 'new', 'OVERWRITE_IF_EXISTS'),
        header('X-Upper-Case', 'New'),
      ],
      response_headers_to_remove: ['x-secret'],
    }),
    pods: pod(() =>
      answers(
        'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-secret: 1\r\n\r\n',
        'HTTP/1.1 200 OK\r\nx-append: old\r\nx-if-absent: old\r\nx-overwrite: old\r\nx-only-existing: old\r\ncontent-length: 0\r\n\r\n',
        'HTTP/1.1 200 OK\r\nx-overwrite: 1\r\nx-overwrite: 2\r\nX-Secret: 2\r\nx-secret: 3\r\ncontent-length: 0\r\n\r\n',
      ),
    ),
    exchange: sequence(get('/1'), get('/2'), get('/3')),
  },
  'mutation-levels': {
    service: {
      routes: [
        route(
          'mutated',
          { prefix: '/' },
          {},
          {
            request_headers_to_add: [header('x-level', 'route')],
            response_headers_to_add: [header('x-level', 'route')],
          },
        ),
      ],
      virtualHost: {
        request_headers_to_add: [header('x-level', 'host')],
        response_headers_to_add: [header('x-level', 'host')],
      },
      routeConfig: {
        request_headers_to_add: [header('x-level', 'config')],
        response_headers_to_add: [header('x-level', 'config')],
      },
    },
    exchange: sequence(get('/', { 'x-level': 'client' })),
  },
  'mutation-levels-most-specific-wins': {
    service: {
      routes: [
        route(
          'mutated',
          { prefix: '/' },
          {},
          {
            request_headers_to_add: [header('x-level', 'route', 'OVERWRITE_IF_EXISTS_OR_ADD')],
            request_headers_to_remove: ['x-removed'],
          },
        ),
      ],
      virtualHost: {
        request_headers_to_add: [header('x-level', 'host', 'OVERWRITE_IF_EXISTS_OR_ADD'), header('x-removed', 'host')],
      },
      routeConfig: {
        most_specific_header_mutations_wins: true,
        request_headers_to_add: [header('x-level', 'config', 'OVERWRITE_IF_EXISTS_OR_ADD')],
      },
    },
    exchange: sequence(get('/', { 'x-level': 'client', 'x-removed': 'client' })),
  },
  'request-remove': {
    service: withRoute({ request_headers_to_remove: ['X-Secret', 'cookie', 'user-agent'] }),
    exchange: sequence(
      'GET / HTTP/1.1\r\nHost: service.test\r\nX-Secret: 1\r\nx-secret: 2\r\nx-secrets: 3\r\nCookie: a=b\r\nUser-Agent: x\r\n\r\n',
    ),
  },
  'mutations-of-direct-responses': {
    service: {
      routes: [
        direct('direct', { path: '/direct' }, 200, 'hello', {
          response_headers_to_add: [
            header('x-added', 'yes'),
            header('content-type', 'text/html', 'OVERWRITE_IF_EXISTS_OR_ADD'),
          ],
        }),
        { ...REST, response_headers_to_add: [header('x-rest', 'yes')] },
      ],
      virtualHost: { response_headers_to_add: [header('x-host', 'yes')] },
    },
    exchange: sequence(get('/direct'), get('/')),
  },
  'empty-values': {
    service: withRoute({
      request_headers_to_add: [
        header('x-dropped', '%REQ(x-missing)%'),
        header('x-kept', '%REQ(x-missing)%', 'APPEND_IF_EXISTS_OR_ADD', { keep_empty_value: true }),
        header('x-dash', 'a%REQ(x-missing)%b'),
      ],
    }),
    exchange: sequence(get('/'), get('/', { 'x-missing': 'here' })),
  },
  'format-request': {
    service: withRoute({
      request_headers_to_add: [
        header('x-req', '%REQ(x-a?x-b)%'),
        header('x-cut', '%REQ(x-a):3%'),
        header('x-path', '%REQ(:PATH)%'),
        header('x-method', '%REQ(:METHOD)%'),
        header('x-authority', '%REQ(:AUTHORITY)%'),
        header('x-protocol', '%PROTOCOL%'),
        header('x-percent', '100%%'),
        header('x-route', '%ROUTE_NAME%'),
        header('x-local', '%DOWNSTREAM_LOCAL_ADDRESS%'),
        header('x-local-ip', '%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%'),
        header('x-local-port', '%DOWNSTREAM_LOCAL_PORT%'),
        header('x-remote-ip', '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%'),
        header('x-direct-ip', '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%'),
        header('x-peer', '%FILTER_STATE(io.istio.peer_principal:PLAIN)%'),
        header('x-year', '%START_TIME(%Y)%'),
      ],
    }),
    exchange: sequence(get('/p?q', { 'x-a': 'abcdef' }), get('/', { 'x-b': 'second' })),
  },
  'format-response': {
    service: withRoute({
      response_headers_to_add: [
        header('x-code', '%RESPONSE_CODE%'),
        header('x-details', '%RESPONSE_CODE_DETAILS%'),
        header('x-flags', '%RESPONSE_FLAGS%'),
        header('x-upstream', '%UPSTREAM_HOST%'),
        header('x-cluster', '%UPSTREAM_CLUSTER%'),
        header('x-resp', '%RESP(x-pod)%'),
        header('x-req', '%REQ(x-a)%'),
        header('x-received', '%BYTES_RECEIVED%'),
      ],
    }),
    exchange: sequence(request('POST', '/', { 'x-a': '1' }, 'four')),
  },
  'format-filter-state': {
    service: {
      filters: [setFilterState('test.value', 'v-%REQ(x-a)%')],
      routes: [
        route(
          'mutated',
          { prefix: '/' },
          {},
          {
            request_headers_to_add: [
              header('x-state', '%FILTER_STATE(test.value:PLAIN)%'),
              header('x-authority', '%FILTER_STATE(io.istio.connect_authority:PLAIN)%'),
              header('x-local', '%FILTER_STATE(io.istio.local_principal:PLAIN)%'),
              header('x-none', '%FILTER_STATE(no.such:PLAIN)%'),
            ],
          },
        ),
      ],
    },
    exchange: sequence(get('/', { 'x-a': 'one' }), get('/')),
  },

  'x-forwarded-for-is-kept': {
    exchange: sequence(
      get('/'),
      get('/', { 'x-forwarded-for': '1.2.3.4' }),
      get('/', { 'x-forwarded-for': '1.2.3.4, 5.6.7.8' }),
    ),
  },
  'x-forwarded-for-remote-address': {
    service: withHcm({ use_remote_address: true }),
    exchange: sequence(get('/'), get('/', { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https' })),
  },
  'x-forwarded-for-trusted-hops': {
    service: {
      ...withRoute({ request_headers_to_add: [header('x-remote', '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%')] }),
      hcm: { xff_num_trusted_hops: 1 },
    },
    exchange: sequence(
      get('/', { 'x-forwarded-for': '1.1.1.1, 2.2.2.2, 3.3.3.3' }),
      get('/', { 'x-forwarded-for': '1.1.1.1' }),
      get('/', { 'x-forwarded-for': 'junk, 2.2.2.2' }),
      get('/'),
    ),
  },
  'x-forwarded-proto-and-port': {
    service: withHcm({ append_x_forwarded_port: true }),
    exchange: sequence(
      get('/'),
      get('/', { 'x-forwarded-proto': 'https' }),
      get('/', { 'x-forwarded-proto': 'HTTPS' }),
      get('/', { 'x-forwarded-proto': 'bogus' }),
      get('/', { 'x-forwarded-port': '1234' }),
    ),
  },
  'scheme-transformation': {
    service: {
      ...withRoute({ request_headers_to_add: [header('x-scheme', '%REQ(:SCHEME)%')] }),
      hcm: { scheme_header_transformation: { scheme_to_overwrite: 'https' } },
    },
    exchange: sequence(get('/'), get('/', { 'x-forwarded-proto': 'http' })),
  },
  'client-certificate-header-is-removed': {
    exchange: sequence(get('/', { 'x-forwarded-client-cert': 'By=spiffe://a;URI=spiffe://b' })),
  },
  'client-certificate-header-is-forwarded': {
    service: withHcm({ forward_client_cert_details: 'ALWAYS_FORWARD_ONLY' }),
    exchange: sequence(get('/', { 'x-forwarded-client-cert': 'By=spiffe://a;URI=spiffe://b' })),
  },
  'internal-headers-are-removed': { exchange: sequence(get('/', INTERNAL_ONLY)) },
  'internal-only-headers-of-the-route-configuration': {
    service: { routeConfig: { internal_only_headers: ['x-private', 'X-Also'] } },
    exchange: sequence(get('/', { 'x-private': '1', 'x-also': '2', 'x-public': '3' })),
  },

  'request-id': {
    exchange: sequence(
      get('/'),
      get('/', { 'x-request-id': 'any-string' }),
      get('/', { 'x-request-id': '00000000-1111-4222-8333-444444444444' }),
      get('/', { 'x-request-id': '00000000-1111-9222-8333-444444444444' }),
      get('/', { 'x-request-id': '' }),
    ),
  },
  'request-id-in-response': {
    service: withHcm({ always_set_request_id_in_response: true }),
    exchange: sequence(get('/', { 'x-request-id': 'given' }), get('/')),
  },
  'request-id-not-generated': {
    service: withHcm({ generate_request_id: false }),
    exchange: sequence(get('/'), get('/', { 'x-request-id': 'given' })),
  },

  'server-overwrite': { pods: answering('server: mine', 'x-a: b'), exchange: sequence(get('/')) },
  'server-append-if-absent': {
    service: withHcm({ server_header_transformation: 'APPEND_IF_ABSENT' }),
    pods: pod(() =>
      answers(
        'HTTP/1.1 200 OK\r\nserver: mine\r\ncontent-length: 0\r\n\r\n',
        'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
      ),
    ),
    exchange: sequence(get('/'), get('/')),
  },
  'server-pass-through': {
    service: withHcm({ server_header_transformation: 'PASS_THROUGH' }),
    pods: pod(() =>
      answers(
        'HTTP/1.1 200 OK\r\nserver: mine\r\ncontent-length: 0\r\n\r\n',
        'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
      ),
    ),
    exchange: sequence(get('/'), get('/')),
  },
  'date-of-the-upstream-is-kept': {
    pods: answering('date: Thu, 01 Jan 1970 00:00:00 UTC', 'x-a: b'),
    exchange: sequence(get('/')),
  },
  'hop-by-hop-request': {
    exchange: sequence(
      get('/', { connection: 'keep-alive', 'keep-alive': 'timeout=5' }),
      get('/', { connection: 'x-hop, X-Other', 'x-hop': '1', 'x-other': '2', 'x-stays': '3' }),
      get('/', { 'proxy-connection': 'keep-alive' }),
      get('/', { 'proxy-authorization': 'Basic x', 'proxy-authenticate': 'y', trailer: 'x-t' }),
      get('/', { upgrade: 'foo' }),
    ),
  },
  'hop-by-hop-te': {
    exchange: sequence(
      get('/', { te: 'trailers' }),
      get('/', { te: 'gzip, trailers;q=0.5' }),
      get('/', { te: 'gzip' }),
      get('/', { te: 'trailers', connection: 'te' }),
      get('/', { te: 'gzip', connection: 'te' }),
    ),
  },
  'hop-by-hop-response': {
    pods: answering(
      'connection: keep-alive, x-hop',
      'x-hop: 1',
      'keep-alive: timeout=5',
      'proxy-connection: x',
      'upgrade: y',
      'trailer: z',
      'x-a: b',
    ),
    exchange: sequence(get('/'), get('/')),
  },
  'upstream-connection-close': {
    pods: pod(() => answers(['HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok', 'end'])),
    exchange: sequence(get('/1'), get('/2')),
  },
  'client-connection-close': { exchange: sequence(get('/', { connection: 'close' })) },
  'client-proxy-connection-close': { exchange: sequence(get('/', { 'proxy-connection': 'close' })) },
  'max-requests-per-connection': {
    service: withHcm({ common_http_protocol_options: { max_requests_per_connection: 2 } }),
    exchange: sequence(get('/1'), get('/2'), get('/3')),
  },

  'expect-continue-proxied': {
    pods: pod(() => answers(['HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'])),
    exchange: raw(['POST'], [request('POST', '/', { expect: '100-continue', 'content-length': '4' }), 'body']),
  },
  'expect-continue-answered': {
    service: withHcm({ proxy_100_continue: false }),
    exchange: raw(['POST'], [request('POST', '/', { expect: '100-Continue', 'content-length': '4' }), 'body']),
  },
  'expect-unknown': { exchange: sequence(request('POST', '/', { expect: '200-ok' }, 'body')) },
  'interim-responses': {
    pods: pod(() =>
      answers([
        'HTTP/1.1 100 Continue\r\nx-i: 1\r\n\r\n',
        { waitMs: 30 },
        'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n',
        { waitMs: 30 },
        'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
      ]),
    ),
    exchange: sequence(get('/')),
  },
  'interim-responses-dropped': {
    service: withHcm({ proxy_100_continue: false }),
    pods: pod(() =>
      answers(['HTTP/1.1 100 Continue\r\n\r\n', { waitMs: 30 }, 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok']),
    ),
    exchange: sequence(get('/')),
  },

  'head-responses': {
    pods: pod(() =>
      answers(
        'HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n',
        'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
        'HTTP/1.1 200 OK\r\nx-none: 1\r\n\r\n',
        'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n',
      ),
    ),
    exchange: sequence(request('HEAD', '/1'), request('HEAD', '/2'), request('HEAD', '/3'), request('HEAD', '/4')),
  },
  'statuses-without-body': {
    pods: pod(() =>
      answers(
        'HTTP/1.1 204 No Content\r\nx-a: 1\r\n\r\n',
        'HTTP/1.1 304 Not Modified\r\netag: "x"\r\n\r\n',
        'HTTP/1.1 304 Not Modified\r\ncontent-length: 77\r\n\r\n',
        'HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n',
      ),
    ),
    exchange: sequence(get('/1'), get('/2'), get('/3'), get('/4')),
  },
  'unusual-statuses': {
    pods: pod(() =>
      answers(
        'HTTP/1.1 299 Odd Reason\r\ncontent-length: 0\r\n\r\n',
        'HTTP/1.1 418\r\ncontent-length: 0\r\n\r\n',
        'HTTP/1.1 599 \r\ncontent-length: 0\r\n\r\n',
        'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\ndown',
      ),
    ),
    exchange: sequence(get('/1'), get('/2'), get('/3'), get('/4')),
  },
  'order-and-repeats': {
    pods: answering('set-cookie: a=1', 'x-b: 2', 'Set-Cookie: c=3', 'x-b: 4', 'X-MiXed: Case'),
    exchange: sequence(
      'GET / HTTP/1.1\r\nHost: service.test\r\nX-B: 1\r\nx-a: 2\r\nx-B: 3\r\nCookie: a=1\r\nCookie: b=2\r\nAccept: */*\r\nAccept: text/x\r\n\r\n',
    ),
  },
  'header-case-proper': {
    service: withHcm({ http_protocol_options: { header_key_format: { proper_case_words: {} } } }),
    pods: answering('x-lower-case: 1', 'ETAG: 2'),
    exchange: sequence(get('/')),
  },
  'header-case-preserved': {
    service: {
      hcm: {
        http_protocol_options: {
          header_key_format: {
            stateful_formatter: {
              name: 'preserve_case',
              typed_config: typed(
                'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig',
              ),
            },
          },
        },
      },
      clusters: {
        backend: {
          pods: ['a'],
          extra: {
            typed_extension_protocol_options: {
              'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
                explicit_http_config: {
                  http_protocol_options: {
                    header_key_format: {
                      stateful_formatter: {
                        name: 'preserve_case',
                        typed_config: typed(
                          'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig',
                        ),
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
    pods: answering('X-From-Pod: 1', 'ETag: 2'),
    exchange: sequence('GET / HTTP/1.1\r\nHost: service.test\r\nX-CuStOm: 1\r\nACCEPT: x\r\n\r\n'),
  },
  via: {
    service: withHcm({ via: 'waypoint' }),
    pods: answering('via: pod'),
    exchange: sequence(get('/'), get('/', { via: '1.1 client' })),
  },
  referer: {
    exchange: sequence(
      get('/', { referer: 'http://ok.test/x' }),
      get('/', { referer: 'not a url' }),
      get('/', { referer: 'http://user@ok.test/' }),
      get('/', { referer: 'http://ok.test/#f' }),
      get('/', { referer: '/relative' }),
    ),
  },
  'user-agent-added': {
    service: withHcm({ add_user_agent: true }),
    exchange: sequence(get('/'), get('/', { 'user-agent': 'mine' })),
  },
  'suppressed-envoy-headers': {
    service: {
      ...withRoute({}, { prefix_rewrite: '/new', timeout: '5s', host_rewrite_literal: 'h.test' }),
      hcm: routerWith({ suppress_envoy_headers: true }),
    },
    exchange: sequence(get('/old')),
  },
  'expected-timeout-header': {
    service: withRoute({}, { timeout: '5s', retry_policy: { retry_on: '5xx', per_try_timeout: '2s' } }),
    exchange: sequence(get('/')),
  },
  'attempt-count': {
    service: {
      ...withRoute({}, { retry_policy: { retry_on: '5xx', num_retries: 2 } }),
      virtualHost: { include_request_attempt_count: true, include_attempt_count_in_response: true },
    },
    pods: pod(() =>
      answers(
        'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n',
        'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
      ),
    ),
    exchange: sequence(get('/'), get('/')),
  },
  'strict-header-check': {
    service: {
      hcm: {
        ...routerWith({ strict_check_headers: ['x-envoy-upstream-rq-timeout-ms'] }),
        internal_address_config: { cidr_ranges: [{ address_prefix: '10.0.0.0', prefix_len: 8 }] },
      },
    },
    exchange: sequence(
      get('/', { 'x-forwarded-for': '10.1.1.1', 'x-envoy-upstream-rq-timeout-ms': 'x' }),
      get('/', { 'x-forwarded-for': '10.1.1.1', 'x-envoy-upstream-rq-timeout-ms': '3000' }),
      get('/', { 'x-forwarded-for': '11.1.1.1', 'x-envoy-upstream-rq-timeout-ms': 'x' }),
    ),
  },
  'underscores-dropped': {
    service: withHcm({ common_http_protocol_options: { headers_with_underscores_action: 'DROP_HEADER' } }),
    exchange: sequence(get('/', { x_under: '1', 'x-dash': '2' })),
  },
  'underscores-rejected': {
    service: withHcm({ common_http_protocol_options: { headers_with_underscores_action: 'REJECT_REQUEST' } }),
    exchange: sequence(get('/', { x_under: '1' })),
  },

  'path-normalisation': {
    exchange: sequence(
      get('/a/b/../c'),
      get('/../../x'),
      get('/a/./b/.'),
      get('/a/%2e%2E/b'),
      get('/a%2fb'),
      get('/%41%7e%2d%5f'),
      get('/a\\b'),
      get('/a//b'),
      get('/a b'.replace(' ', '%20')),
      get('/a?x=/../y%41'),
      get('/..%2fa'),
      get('/|"<>^`{}'),
      get('/a;b=c/../d'),
    ),
  },
  'path-normalisation-off': {
    service: withHcm({ normalize_path: false }),
    exchange: sequence(get('/a/../b'), get('/%41'), get('/a\\b'), get('/a//b')),
  },
  'path-rejected': {
    exchange: separately(get('/a%00b'), get('/a#fragment'), get('/a%zz'), get('/%'), get('a'), get('*')),
  },
  'merge-slashes': {
    service: withHcm({ merge_slashes: true }),
    exchange: sequence(get('//a///b//'), get('/a//b?x=//y'), get('/a/..//b'), get('/%2f/a')),
  },
  'escaped-slashes-rejected': {
    service: withHcm({ path_with_escaped_slashes_action: 'REJECT_REQUEST' }),
    exchange: separately(get('/a%2Fb'), get('/a%5cb'), get('/ok?x=%2f')),
  },
  'escaped-slashes-redirected': {
    service: withHcm({ path_with_escaped_slashes_action: 'UNESCAPE_AND_REDIRECT' }),
    exchange: separately(get('/a%2Fb?x=%2f'), get('/a%5cb'), get('/ok')),
  },
  'escaped-slashes-unescaped': {
    service: withHcm({ path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD', merge_slashes: true }),
    exchange: sequence(get('/a%2Fb?x=%2f'), get('/a%5cb'), get('/a/%2f/b'), get('/a%2f..%2fb')),
  },

  'response-before-the-request-ends': {
    pods: pod(() => onRequestHeaders('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nearly')),
    exchange: raw(['POST'], [request('POST', '/', { 'content-length': '100' }) + 'part']),
  },
  'answer-with-body-and-hash': {
    pods: pod(() =>
      http1(() => [
        'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
        'a000\r\n',
        Buffer.alloc(40_960, 'x'),
        '\r\n0\r\n\r\n',
      ]),
    ),
    exchange: sequence(request('POST', '/', {}, 'y'.repeat(30_000))),
  },
  'echoed-host': { pods: pod(() => echo('fixed')), exchange: sequence(get('/', { host: 'HOST.test:80' })) },
})
