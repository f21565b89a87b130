// Group `ext-authz`: what an authorization service learns of a request, over gRPC and over HTTP, what its answer does to the
// request and its response, and what happens without an answer.

import type { JsonObject, PodProgram, ServiceSpec } from '../case.ts'
import { typed } from '../envoy-json.ts'
import { get, h2Request, h2Sequence, raw, request, separately, sequence } from '../exchanges.ts'
import { answers, casesOf, echo, http1, http2, silent } from '../pod-programs.ts'
import { allowed, denied, errored, framed, headerOption, OK_STATUS, readCheckRequest, textStruct } from '../../support/check-messages.ts' // prettier-ignore
import type { Message } from '../../support/protobuf-wire.ts'
import { header, REST, route } from './routes.ts'

const NAME = 'envoy.filters.http.ext_authz'
const APPEND = 0
const ADD_IF_ABSENT = 1
const OVERWRITE_OR_ADD = 2
const OVERWRITE_IF_EXISTS = 3

const filter = (fields: JsonObject): JsonObject => ({
  name: NAME,
  typed_config: typed('envoy.extensions.filters.http.ext_authz.v3.ExtAuthz', {
    transport_api_version: 'V3',
    ...fields,
  }),
})

const GRPC: JsonObject = { grpc_service: { envoy_grpc: { cluster_name: '<<authz>>' }, timeout: '2s' } }

const http = (fields: JsonObject = {}, uri: JsonObject = {}): JsonObject => ({
  http_service: {
    server_uri: { uri: 'http://authz.test', cluster: '<<authz>>', timeout: '2s', ...uri },
    ...fields,
  },
})

const CLUSTERS = (http2: boolean): ServiceSpec['clusters'] => ({
  backend: { pods: ['a'] },
  authz: { pods: ['authz'], http2 },
})

const overGrpc = (fields: JsonObject = {}, extra: ServiceSpec = {}): ServiceSpec => ({
  filters: [filter({ ...GRPC, ...fields })],
  routes: [REST],
  clusters: CLUSTERS(true),
  ...extra,
})

const overHttp = (service: JsonObject = {}, fields: JsonObject = {}, extra: ServiceSpec = {}): ServiceSpec => ({
  filters: [filter({ ...http(service), ...fields })],
  routes: [REST],
  clusters: CLUSTERS(false),
  ...extra,
})

const pods =
  (authz: () => PodProgram, a: () => PodProgram = echo) =>
  () => ({
    a: { program: a() },
    authz: { program: authz() },
  })

/** Answers checks in turn, and notes what each was about. */
function grpcServer(...list: Message[]): PodProgram {
  let answered = 0
  return http2(
    (wire, stream) => {
      wire.headers(stream.id, [
        [':status', '200'],
        ['content-type', 'application/grpc'],
      ])
      wire.data(stream.id, framed(list[Math.min(answered++, list.length - 1)]), false)
      wire.headers(stream.id, [['grpc-status', '0']], true)
    },
    (stream) => ({
      headers: stream.sections[0].map(([name, value]) => `${name}: ${value}`).sort(),
      check: readCheckRequest(stream.body),
    }),
  )
}

/** Answers with a status in the trailers, or alone in the headers. */
function failingGrpcServer(status: string, isTrailersOnly = false): PodProgram {
  return http2(
    (wire, stream) => {
      const head = [
        [':status', '200'],
        ['content-type', 'application/grpc'],
      ] as const
      if (isTrailersOnly) wire.headers(stream.id, [...head, ['grpc-status', status]], true)
      else {
        wire.headers(stream.id, head)
        wire.headers(stream.id, [['grpc-status', status]], true)
      }
    },
    () => 'a check',
  )
}

const list = (...exact: string[]): JsonObject => ({ patterns: exact.map((one) => ({ exact: one })) })
const perRoute = (fields: JsonObject): JsonObject => ({
  typed_per_filter_config: { [NAME]: typed('envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute', fields) },
})

const answer = (status: string, headers: Readonly<Record<string, string>> = {}, body = ''): string =>
  `HTTP/1.1 ${status}\r\n${Object.entries({ ...headers, 'content-length': String(body.length) })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n${body}`

const HEADERS = { 'x-a': '1', 'x-b': '2', cookie: 'c=d', authorization: 'Bearer x' }
const BODY = 'twenty bytes of body'

const option = (...args: Parameters<typeof headerOption>): readonly [number, Message] => [2, headerOption(...args)]

export const extAuthzCases = casesOf('ext-authz', {
  'grpc-allows': {
    service: overGrpc(),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: separately(get('/a?b=c', HEADERS)),
  },
  'grpc-allows-over-http2': {
    service: overGrpc(),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: h2Sequence(h2Request({ ':path': '/a?b' }, [['x-a', '1'], ['x-a', '2']])), // prettier-ignore
  },
  'grpc-denies': {
    service: overGrpc(),
    pods: pods(() => grpcServer(denied())),
    exchange: separately(get('/'), request('POST', '/', {}, BODY), request('HEAD', '/')),
  },
  'grpc-denies-a-grpc-request': {
    service: overGrpc(),
    pods: pods(() => grpcServer(denied(), denied({ status: 401, body: 'who?' }))),
    exchange: h2Sequence(
      h2Request({ ':method': 'POST' }, [['content-type', 'application/grpc']]),
      h2Request({ ':method': 'POST' }, [['content-type', 'application/grpc']]),
    ),
  },
  'grpc-denies-with-a-response': {
    service: overGrpc(
      {},
      {
        routes: [REST],
        virtualHost: { response_headers_to_add: [header('x-route', 'route'), header('x-both', 'route')] },
      },
    ),
    pods: pods(() =>
      grpcServer(
        denied({
          status: 401,
          body: '{"why":"no"}',
          headers: [
            option('X-Why', 'no'),
            option('content-type', 'application/json'),
            option('set-cookie', 'a=1'),
            option('set-cookie', 'b=2'),
            option('x-both', 'service'),
          ],
        }),
        denied({ status: 302, headers: [option('location', 'https://login.test/')] }),
        denied({ body: 'only a body' }),
        denied({ status: 200, body: 'denied with 200' }),
      ),
    ),
    exchange: separately(get('/1'), get('/2'), get('/3'), get('/4')),
  },
  'grpc-denied-headers-by-action': {
    service: overGrpc({}, { routes: [REST], virtualHost: { response_headers_to_add: [header('x-there', 'route')] } }),
    pods: pods(() =>
      grpcServer(
        denied({
          headers: [
            option('x-there', 'append', APPEND),
            option('x-new', 'absent', ADD_IF_ABSENT),
            option('x-other', 'overwrite', OVERWRITE_OR_ADD),
            option('x-set', 'x', true),
          ],
        }),
      ),
    ),
    exchange: separately(get('/')),
  },
  'grpc-changes-request-headers': {
    service: overGrpc(),
    pods: pods(() =>
      grpcServer(
        allowed([
          option('x-a', 'default'),
          option('x-new', 'default'),
          option('x-b', 'append', APPEND),
          option('x-c', 'absent', ADD_IF_ABSENT),
          option('x-d', 'absent', ADD_IF_ABSENT),
          option('x-e', 'overwrite', OVERWRITE_OR_ADD),
          option('x-f', 'overwrite', OVERWRITE_OR_ADD),
          option('x-g', 'exists', OVERWRITE_IF_EXISTS),
          option('x-h', 'exists', OVERWRITE_IF_EXISTS),
          option('x-i', 'append-true', true),
          option('x-j', 'append-true', true),
          option('x-k', 'append-false', false),
          option('X-Upper', 'u'),
        ]),
      ),
    ),
    exchange: separately(
      get('/', Object.fromEntries(['a', 'b', 'c', 'e', 'g', 'i', 'k'].map((one) => [`x-${one}`, 'client']))),
    ),
  },
  'grpc-removes-request-headers': {
    service: overGrpc(),
    pods: pods(() => grpcServer(allowed([[5, 'x-a'], [5, 'Cookie'], [5, ':path'], [5, 'host'], [5, 'x-none']]))), // prettier-ignore
    exchange: separately(get('/', HEADERS)),
  },
  'grpc-changes-pseudo-headers': {
    service: overGrpc(),
    pods: pods(() =>
      grpcServer(
        allowed([option(':path', '/other', OVERWRITE_OR_ADD)]),
        allowed([option('host', 'other.test', OVERWRITE_OR_ADD)]),
        allowed([option(':authority', 'other.test', OVERWRITE_OR_ADD)]),
      ),
    ),
    exchange: separately(get('/1'), get('/2'), get('/3')),
  },
  'grpc-changes-response-headers': {
    service: overGrpc(),
    pods: pods(
      () =>
        grpcServer(
          allowed([
            [6, headerOption('x-pod', 'append', APPEND)],
            [6, headerOption('x-new', 'append', APPEND)],
            [6, headerOption('x-over', 'overwrite', OVERWRITE_OR_ADD)],
            [6, headerOption('x-absent', 'absent', ADD_IF_ABSENT)],
            [6, headerOption('x-exists', 'exists', OVERWRITE_IF_EXISTS)],
            [6, headerOption('x-none', 'exists', OVERWRITE_IF_EXISTS)],
            [6, headerOption('x-old', 'append-true', true)],
            [6, headerOption('x-old2', 'append-false', false)],
          ]),
        ),
      () => answers(answer('200 OK', { 'x-pod': 'p', 'x-over': 'p', 'x-absent': 'p', 'x-exists': 'p', 'x-old': 'p' })),
    ),
    exchange: separately(get('/')),
  },
  'grpc-changes-the-query': {
    service: overGrpc(),
    pods: pods(() =>
      grpcServer(
        allowed([[7, [[1, 'a'], [2, 'new']]], [7, [[1, 'z'], [2, '%20']]], [8, 'gone']]), // prettier-ignore
        allowed([[8, 'a']]),
        allowed([[8, 'nothing']]),
        allowed([[7, [[1, 'q'], [2, '1']]]]), // prettier-ignore
      ),
    ),
    exchange: separately(get('/x?gone=1&b=%41&a=old&a=older'), get('/x?a=1'), get('/x?b=2&a=%20'), get('/x')),
  },
  'grpc-writes-metadata': {
    service: overGrpc(
      {},
      {
        routes: [REST],
        virtualHost: {
          request_headers_to_add: [header('x-meta', `%DYNAMIC_METADATA(${NAME}:who)%`)],
          response_headers_to_add: [header('x-meta', `%DYNAMIC_METADATA(${NAME}:who)%`)],
        },
      },
    ),
    pods: pods(() =>
      grpcServer(
        [...OK_STATUS, [4, textStruct({ who: 'me' })]],
        allowed([[3, textStruct({ who: 'inner' })]], [[4, textStruct({ who: 'outer' })]]),
        [...denied(), [4, textStruct({ who: 'denied' })]],
      ),
    ),
    exchange: separately(get('/1'), get('/2'), get('/3')),
  },
  'grpc-metadata-is-not-wanted': {
    service: overGrpc(
      { enable_dynamic_metadata_ingestion: false },
      {
        routes: [REST],
        virtualHost: { request_headers_to_add: [header('x-meta', `%DYNAMIC_METADATA(${NAME}:who)%`)] },
      },
    ),
    pods: pods(() => grpcServer([...OK_STATUS, [4, textStruct({ who: 'me' })]])),
    exchange: separately(get('/')),
  },
  'grpc-authority-and-metadata': {
    service: overGrpc({
      grpc_service: {
        envoy_grpc: { cluster_name: '<<authz>>', authority: 'authz.test' },
        timeout: '1.5s',
        initial_metadata: [{ key: 'X-From', value: 'filter' }],
      },
    }),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: separately(get('/')),
  },
  'grpc-without-envoy-headers': {
    service: overGrpc({
      grpc_service: { envoy_grpc: { cluster_name: '<<authz>>', skip_envoy_headers: true }, timeout: '2s' },
    }),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: separately(get('/')),
  },
  'grpc-shown-headers': {
    service: overGrpc({
      allowed_headers: { patterns: [{ prefix: 'x-' }, { exact: 'COOKIE', ignore_case: true }] },
      disallowed_headers: list('x-b'),
    }),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: separately(get('/', { ...HEADERS, 'x-envoy-auth-partial-body': 'forged' })),
  },
  'grpc-raw-headers': {
    service: overGrpc({ encode_raw_headers: true, disallowed_headers: list('x-request-id') }),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: separately(get('/', { 'x-a': 'caf\xe9' })),
  },
  'grpc-headers-that-are-no-utf8': {
    service: overGrpc(),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: raw(['GET'], [Buffer.from(get('/', { 'x-a': 'caf\xe9 \xc3\xbc' }), 'latin1')]),
  },
  'grpc-body': {
    service: overGrpc({ with_request_body: { max_request_bytes: 30 } }),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: separately(request('POST', '/', {}, BODY), get('/'), request('POST', '/', { 'content-length': '0' })),
  },
  'grpc-body-in-pieces': {
    service: overGrpc({ with_request_body: { max_request_bytes: 30 } }),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: raw(
      ['POST'],
      [
        'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n',
        '6\r\n world\r\n',
        '0\r\n\r\n',
      ],
    ),
  },
  'grpc-body-too-long': {
    service: overGrpc({ with_request_body: { max_request_bytes: 10 } }),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: separately(request('POST', '/', {}, BODY)),
  },
  'grpc-partial-body': {
    service: overGrpc({ with_request_body: { max_request_bytes: 10, allow_partial_message: true } }),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: separately(
      request('POST', '/', {}, BODY),
      request('POST', '/', {}, 'ten bytes!'),
      request('POST', '/', {}, 'short'),
    ),
  },
  'grpc-partial-body-denied': {
    service: overGrpc({ with_request_body: { max_request_bytes: 10, allow_partial_message: true } }),
    pods: pods(() => grpcServer(denied())),
    exchange: separately(request('POST', '/', {}, BODY)),
  },
  'grpc-body-as-bytes': {
    service: overGrpc({ with_request_body: { max_request_bytes: 100, pack_as_bytes: true } }),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: raw(['POST'], [Buffer.from(request('POST', '/', {}, 'caf\xe9'), 'latin1')]),
  },
  'grpc-body-that-is-no-utf8': {
    service: overGrpc({ with_request_body: { max_request_bytes: 100 } }),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: raw(['POST'], [Buffer.from(request('POST', '/', {}, 'caf\xe9'), 'latin1')]),
  },
  'grpc-fails': {
    service: overGrpc(),
    pods: pods(() => failingGrpcServer('14')),
    exchange: separately(get('/'), request('POST', '/', {}, BODY)),
  },
  'grpc-fails-without-a-message': {
    service: overGrpc(),
    pods: pods(() => failingGrpcServer('7', true)),
    exchange: separately(get('/')),
  },
  'grpc-says-ok-without-a-message': {
    service: overGrpc(),
    pods: pods(() => failingGrpcServer('0')),
    exchange: separately(get('/')),
  },
  'grpc-gives-an-error': {
    service: overGrpc({ status_on_error: { code: 'BadGateway' } }),
    pods: pods(() =>
      grpcServer(errored({ status: 429, body: 'slow down', headers: [option('x-why', 'e')] }), errored({})),
    ),
    exchange: separately(get('/1'), get('/2')),
  },
  'grpc-speaks-http1': {
    service: overGrpc(),
    pods: pods(() => answers(answer('200 OK'))),
    exchange: separately(get('/')),
  },
  'grpc-answers-503': {
    service: overGrpc(),
    pods: pods(() =>
      http2(
        (wire, stream) => {
          wire.headers(stream.id, [[':status', '503']], true)
        },
        () => 'a check',
      ),
    ),
    exchange: separately(get('/')),
  },
  'grpc-times-out': {
    service: overGrpc({ grpc_service: { envoy_grpc: { cluster_name: '<<authz>>' }, timeout: '0.1s' } }),
    pods: pods(() =>
      http2(
        () => undefined,
        () => 'a check',
      ),
    ),
    exchange: separately(get('/')),
  },
  'grpc-of-no-host': {
    service: overGrpc({}, { clusters: { backend: { pods: ['a'] }, authz: { pods: [], http2: true } } }),
    exchange: separately(get('/')),
  },
  'status-on-error': {
    service: overGrpc({ status_on_error: { code: 'ServiceUnavailable' } }),
    pods: pods(() => failingGrpcServer('14')),
    exchange: separately(get('/')),
  },
  'failure-is-allowed': {
    service: overGrpc({ failure_mode_allow: true }),
    pods: pods(() => failingGrpcServer('14')),
    exchange: separately(get('/'), request('POST', '/', {}, BODY)),
  },
  'failure-is-allowed-and-said': {
    service: overGrpc({ failure_mode_allow: true, failure_mode_allow_header_add: true }),
    pods: pods(() => failingGrpcServer('14')),
    exchange: separately(get('/', { 'x-envoy-auth-failure-mode-allowed': 'forged' })),
  },
  'failure-mode-allows-no-denial': {
    service: overGrpc({ failure_mode_allow: true }),
    pods: pods(() => grpcServer(denied())),
    exchange: separately(get('/')),
  },
  'invalid-mutations': {
    service: overGrpc({ validate_mutations: true }),
    pods: pods(() =>
      grpcServer(
        allowed([option('x a', 'v')]),
        allowed([option('x-a', 'a\nb', OVERWRITE_OR_ADD)]),
        allowed([[6, headerOption('x-a', 'a\r\nb')]]),
        allowed([[7, [[1, 'a b'], [2, 'c']]]]), // prettier-ignore
        allowed([[5, 'x a']]),
        denied({ headers: [option('x-a', 'a\nb')] }),
      ),
    ),
    exchange: separately(get('/1?x'), get('/2'), get('/3'), get('/4'), get('/5'), get('/6')),
  },
  'filter-is-disabled': {
    service: overGrpc({ filter_enabled: { default_value: { numerator: 0 } } }),
    pods: pods(() => grpcServer(denied())),
    exchange: separately(get('/')),
  },
  'filter-is-disabled-and-denies': {
    service: overGrpc({
      filter_enabled: { default_value: { numerator: 0 } },
      deny_at_disable: { default_value: true, runtime_key: 'x' },
      status_on_error: { code: 'Unauthorized' },
    }),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: separately(get('/')),
  },
  // How istiod asks for CUSTOM policies only: shadow rules before the filter.
  'enabled-by-shadow-rules': {
    service: overGrpc(
      {},
      {
        routes: [REST],
        filters: [
          {
            name: 'envoy.filters.http.rbac',
            typed_config: typed('envoy.extensions.filters.http.rbac.v3.RBAC', {
              shadow_rules: {
                action: 'DENY',
                policies: {
                  'istio-ext-authz-main-ns[x]-policy[y]-rule[0]': {
                    permissions: [{ url_path: { path: { prefix: '/secret' } } }],
                    principals: [{ any: true }],
                  },
                },
              },
              shadow_rules_stat_prefix: 'istio_ext_authz_',
            }),
          },
          filter({
            ...GRPC,
            filter_enabled_metadata: {
              filter: 'envoy.filters.http.rbac',
              path: [{ key: 'istio_ext_authz_shadow_effective_policy_id' }],
              value: { string_match: { prefix: 'istio-ext-authz-main' } },
            },
          }),
        ],
      },
    ),
    pods: pods(() => grpcServer(denied())),
    exchange: separately(get('/open'), get('/secret')),
  },
  'metadata-contexts': {
    service: overGrpc(
      { metadata_context_namespaces: ['envoy.filters.http.rbac', 'none'], route_metadata_context_namespaces: ['ns'] },
      {
        filters: [
          {
            name: 'envoy.filters.http.rbac',
            typed_config: typed('envoy.extensions.filters.http.rbac.v3.RBAC', {
              shadow_rules: { action: 'ALLOW', policies: {} },
            }),
          },
          filter({
            ...GRPC,
            metadata_context_namespaces: ['envoy.filters.http.rbac', 'none'],
            route_metadata_context_namespaces: ['ns'],
          }),
        ],
        routes: [route('only', { prefix: '/' }, {}, { metadata: { filter_metadata: { ns: { a: 'b' }, other: {} } } })],
      },
    ),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: separately(get('/')),
  },
  'peer-certificate-and-tls-session': {
    service: overGrpc({ include_peer_certificate: true, include_tls_session: true }),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: separately(get('/', { 'x-envoy-downstream-service-cluster': 'frontend' })),
  },
  'routes-have-their-say': {
    service: overGrpc(
      { with_request_body: { max_request_bytes: 10, allow_partial_message: true } },
      {
        virtualHosts: [
          {
            name: 'all',
            domains: ['*'],
            ...perRoute({ check_settings: { context_extensions: { host: '1', both: 'host' } } }),
            routes: [
              route('off', { path: '/off' }, {}, perRoute({ disabled: true })),
              route(
                'context',
                { path: '/context' },
                {},
                perRoute({ check_settings: { context_extensions: { route: '1', both: 'route' } } }),
              ),
              route(
                'no-body',
                { path: '/no-body' },
                {},
                perRoute({ check_settings: { disable_request_body_buffering: true } }),
              ),
              route(
                'body',
                { path: '/body' },
                {},
                perRoute({ check_settings: { with_request_body: { max_request_bytes: 50 } } }),
              ),
              REST,
            ],
          },
        ],
      },
    ),
    pods: pods(() => grpcServer(OK_STATUS)),
    exchange: separately(
      get('/off'),
      get('/context'),
      request('POST', '/no-body', {}, BODY),
      request('POST', '/body', {}, BODY),
      request('POST', '/rest', {}, BODY),
    ),
  },
  'no-route': {
    service: overGrpc({}, { routes: [route('only', { path: '/only' })] }),
    pods: pods(() => grpcServer(denied())),
    exchange: separately(get('/nothing')),
  },
  'route-is-chosen-again': {
    service: overGrpc(
      { clear_route_cache: true },
      {
        routes: [route('chosen', { prefix: '/', headers: [{ name: 'x-to', present_match: true }] }), REST],
      },
    ),
    pods: pods(() =>
      grpcServer(allowed([option('x-to', '1', OVERWRITE_OR_ADD)]), OK_STATUS, allowed([option('x-to', '1')])),
    ),
    exchange: separately(get('/1'), get('/2'), get('/3')),
  },
  'route-stays': {
    service: overGrpc(
      {},
      {
        routes: [route('chosen', { prefix: '/', headers: [{ name: 'x-to', present_match: true }] }), REST],
      },
    ),
    pods: pods(() => grpcServer(allowed([option('x-to', '1')]))),
    exchange: separately(get('/')),
  },
  websocket: {
    service: overGrpc({ with_request_body: { max_request_bytes: 10 } }),
    pods: pods(() => grpcServer(denied())),
    exchange: separately(get('/', { connection: 'upgrade', upgrade: 'websocket' })),
  },
  'denied-body-is-cut': {
    service: overGrpc({ max_denied_response_body_bytes: 5 }),
    pods: pods(() => grpcServer(denied({ body: 'a long explanation' }))),
    exchange: separately(get('/')),
  },

  'http-allows': {
    service: overHttp(),
    pods: pods(() => answers(answer('200 OK', { 'x-ok': '1' }))),
    exchange: separately(get('/a?b=c', HEADERS), request('POST', '/', {}, BODY)),
  },
  'http-shown-headers': {
    service: overHttp(
      {
        authorization_request: {
          headers_to_add: [
            { key: 'X-Fixed', value: 'v' },
            { key: 'x-a', value: '%PROTOCOL%' },
          ],
        },
      },
      { allowed_headers: { patterns: [{ prefix: 'x-' }] }, disallowed_headers: list('x-b', 'x-request-id') },
    ),
    pods: pods(() => answers(answer('200 OK'))),
    exchange: separately(get('/', HEADERS)),
  },
  'http-path-prefix': {
    service: overHttp({ path_prefix: '/check' }),
    pods: pods(() => answers(answer('200 OK'))),
    exchange: separately(get('/a?b=c')),
  },
  'http-path-override': {
    service: overHttp({ path_override: '/check' }),
    pods: pods(() => answers(answer('200 OK'))),
    exchange: separately(get('/a?b=c')),
  },
  'http-body': {
    service: overHttp({}, { with_request_body: { max_request_bytes: 10, allow_partial_message: true } }),
    pods: pods(() => answers(answer('200 OK'))),
    exchange: separately(request('POST', '/', {}, BODY), request('POST', '/', {}, 'short'), get('/')),
  },
  'http-statuses': {
    service: overHttp(),
    pods: pods(() =>
      answers(
        ...[
          '201 Created',
          '204 No Content',
          '302 Found',
          '400 Bad Request',
          '401 Unauthorized',
          '404 Not Found',
          '500 Internal Server Error',
          '503 Service Unavailable',
        ].map((status) => answer(status, { 'x-status': status })),
      ),
    ),
    exchange: separately(...Array.from({ length: 8 }, (_, i) => get(`/${i}`))),
  },
  'http-denies-with-a-response': {
    service: overHttp(),
    pods: pods(() =>
      answers(
        answer(
          '401 Unauthorized',
          { 'content-type': 'application/json', 'www-authenticate': 'Basic', 'x-why': 'no', 'set-cookie': 'a=b' },
          '{"no":1}',
        ),
      ),
    ),
    exchange: separately(get('/'), request('HEAD', '/')),
  },
  'http-headers-to-clients': {
    service: overHttp({
      authorization_response: {
        allowed_client_headers: list('x-why'),
        allowed_client_headers_on_success: list('x-ok', 'x-pod'),
      },
    }),
    pods: pods(() =>
      answers(
        answer(
          '401 Unauthorized',
          { 'x-why': 'no', 'x-other': '1', 'www-authenticate': 'Basic', location: '/x' },
          'no',
        ),
        answer('200 OK', { 'x-ok': '1', 'x-pod': 'authz', 'x-other': '1' }),
      ),
    ),
    exchange: separately(get('/1'), get('/2')),
  },
  'http-headers-to-upstream': {
    service: overHttp({
      authorization_response: {
        allowed_upstream_headers: list('x-a', 'x-new'),
        allowed_upstream_headers_to_append: list('x-b', 'x-list'),
      },
    }),
    pods: pods(() =>
      answers(
        answer('200 OK', {
          'x-a': 'authz',
          'x-new': 'authz',
          'x-b': 'authz',
          'x-list': 'authz',
          'x-other': '1',
          'x-envoy-auth-headers-to-remove': 'cookie, X-Gone',
        }),
      ),
    ),
    exchange: separately(get('/', { ...HEADERS, 'x-gone': '1' })),
  },
  'http-metadata-from-headers': {
    service: overHttp(
      { authorization_response: { dynamic_metadata_from_headers: list('x-who') } },
      {},
      {
        routes: [REST],
        virtualHost: { request_headers_to_add: [header('x-meta', `%DYNAMIC_METADATA(${NAME}:x-who)%`)] },
      },
    ),
    pods: pods(() => answers(answer('200 OK', { 'x-who': 'me' }))),
    exchange: separately(get('/')),
  },
  'http-resets': {
    service: overHttp(),
    pods: pods(() => http1(() => ['reset'])),
    exchange: separately(get('/')),
  },
  'http-times-out': {
    service: { ...overHttp(), filters: [filter(http({}, { timeout: '0.1s' }))] },
    pods: pods(() => silent()),
    exchange: separately(get('/')),
  },
  'http-of-no-cluster': {
    service: { ...overHttp(), filters: [filter(http({}, { cluster: 'nowhere' }))] },
    pods: pods(() => silent()),
    exchange: separately(get('/')),
  },
  'several-requests-on-a-connection': {
    service: overHttp(),
    pods: pods(() => answers(answer('200 OK'), answer('403 Forbidden', {}, 'no'), answer('200 OK'))),
    exchange: sequence(request('POST', '/1', {}, BODY), request('POST', '/2', {}, BODY), get('/3')),
  },
})
