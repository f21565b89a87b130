// Group `errors`: what a client and the access log are told when something goes wrong or is forbidden: no route, no cluster,
// no host, refused and broken connections, time-outs, retries, access policy.

import type { JsonObject, ServiceSpec } from '../case.ts'
import { typed } from '../envoy-json.ts'
import {
  get,
  h2Request,
  h2Sequence,
  noteAnswers,
  pause,
  raw,
  request,
  separately,
  sequence,
  untilAnswered,
} from '../exchanges.ts'
import { answers, casesOf, echo, http1, http2Echo, mirror, onConnect, onHeaders, pod, silent } from '../pod-programs.ts'
import { DEFAULT_RETRY_POLICY } from '../service-configuration.ts'
import { direct, header, onHeaders as matchHeaders, REST, retrying, route, routed } from './routes.ts'

const NO_RETRY: ServiceSpec = { routes: [REST] }

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const UNAVAILABLE = 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\ndown'

/** The access-policy filter, with policies by name. */
const rbac = (action: 'ALLOW' | 'DENY' | 'LOG', policies: Readonly<Record<string, JsonObject>>): JsonObject => ({
  name: 'envoy.filters.http.rbac',
  typed_config: typed('envoy.extensions.filters.http.rbac.v3.RBAC', {
    rules: { action, policies },
    shadow_rules_stat_prefix: 'istio_dry_run_allow_',
  }),
})

const policy = (permission: JsonObject, principal: JsonObject = { any: true }): JsonObject => ({
  permissions: [permission],
  principals: [principal],
})

const peer = (match: JsonObject): JsonObject => ({
  filter_state: { key: 'io.istio.peer_principal', string_match: match },
})

/** Sends a GET as each of the identities, on connections of their own. */
const asEach = (...identities: (readonly [string, string])[]) => {
  return async (actor: Parameters<ReturnType<typeof sequence>>[0]): Promise<void> => {
    for (const identity of identities) {
      const { tunnel } = await actor.open({ identity, fresh: true })
      tunnel.write(get('/'))
      await untilAnswered(tunnel, ['GET'], 1)
      await noteAnswers(actor, tunnel, ['GET'])
    }
  }
}

export const errorsCases = casesOf('errors', {
  'no-route-with-body': {
    service: { routes: [route('only', { path: '/only' })] },
    exchange: separately(request('POST', '/x', {}, 'body'), get('/x')),
  },
  'no-virtual-host': {
    service: { virtualHosts: [{ name: 'only', domains: ['only.test'], routes: [REST] }] },
    exchange: sequence(get('/')),
  },
  'no-cluster': { service: routed({ cluster: 'missing' }), exchange: sequence(get('/'), get('/again')) },
  'no-cluster-with-code': {
    service: routed({ cluster: 'missing', cluster_not_found_response_code: 'INTERNAL_SERVER_ERROR' }),
    exchange: sequence(get('/'), request('POST', '/')),
  },
  'no-cluster-in-weights': {
    service: routed({
      weighted_clusters: { clusters: [{ name: 'missing', weight: 1 }] },
      cluster_not_found_response_code: 'NOT_FOUND',
    }),
    exchange: sequence(get('/')),
  },
  'no-healthy-host': {
    service: { routes: [REST], clusters: { backend: { pods: [] } } },
    exchange: sequence(get('/'), request('HEAD', '/')),
  },
  'no-healthy-host-with-retries': { service: { clusters: { backend: { pods: [] } } }, exchange: sequence(get('/')) },
  'no-healthy-host-over-http2': {
    service: { routes: [REST], clusters: { backend: { pods: [] } } },
    exchange: h2Sequence(h2Request()),
  },
  'unhealthy-host': {
    service: {
      routes: [REST],
      clusters: {
        backend: {
          pods: [],
          extra: {
            load_assignment: {
              cluster_name: '<<backend>>',
              endpoints: [
                {
                  lb_endpoints: [
                    {
                      endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: 9 } } },
                      health_status: 'UNHEALTHY',
                    },
                  ],
                },
              ],
            },
            transport_socket: undefined,
          },
        },
      },
    },
    exchange: sequence(get('/')),
  },
  'maintenance-by-direct-response': {
    service: { routes: [direct('down', { prefix: '/' }, 503, 'maintenance')] },
    exchange: sequence(get('/')),
  },

  'pod-refuses-the-tunnel': {
    service: NO_RETRY,
    pods: pod(() => mirror(), { reply: () => ({ status: 503 }) }),
    exchange: sequence(get('/')),
    logs: ['originate'],
  },
  'pod-denies-the-tunnel': {
    service: NO_RETRY,
    pods: pod(() => mirror(), { reply: () => ({ status: 401 }) }),
    exchange: sequence(get('/')),
    logs: ['originate'],
  },
  'pod-resets-the-tunnel': {
    service: NO_RETRY,
    pods: pod(() => mirror(), { reply: () => ({ reset: 8 }) }),
    exchange: sequence(get('/')),
    logs: ['originate'],
  },
  'pod-absent': {
    service: NO_RETRY,
    pods: pod(() => mirror(), { reach: 'absent' }),
    exchange: sequence(get('/')),
    logs: ['originate'],
  },
  'pod-absent-with-default-retries': { pods: pod(() => mirror(), { reach: 'absent' }), exchange: sequence(get('/')) },
  'plain-pod-absent': {
    service: {
      routes: [REST],
      clusters: {
        backend: {
          pods: [],
          extra: {
            load_assignment: {
              cluster_name: '<<backend>>',
              endpoints: [
                {
                  lb_endpoints: [
                    { endpoint: { address: { socket_address: { address: '127.0.0.77', port_value: 9 } } } },
                  ],
                },
              ],
            },
            transport_socket: undefined,
          },
        },
      },
    },
    exchange: sequence(get('/'), request('HEAD', '/')),
  },
  'plain-pod-absent-with-default-retries': {
    service: {
      routes: [route('only', { prefix: '/' }, { retry_policy: DEFAULT_RETRY_POLICY })],
      clusters: {
        backend: {
          pods: [],
          extra: {
            load_assignment: {
              cluster_name: '<<backend>>',
              endpoints: [
                {
                  lb_endpoints: [
                    { endpoint: { address: { socket_address: { address: '127.0.0.77', port_value: 9 } } } },
                  ],
                },
              ],
            },
            transport_socket: undefined,
          },
        },
      },
    },
    exchange: sequence(get('/')),
  },
  'pod-accepts-and-closes': {
    service: NO_RETRY,
    pods: pod(() => onHeaders('end')),
    exchange: sequence(get('/'), request('POST', '/', {}, 'body'), request('HEAD', '/')),
  },
  'pod-accepts-and-resets': { service: NO_RETRY, pods: pod(() => onHeaders('reset')), exchange: sequence(get('/')) },
  'pod-closes-mid-headers': {
    service: NO_RETRY,
    pods: pod(() => onHeaders('HTTP/1.1 200 OK\r\nx-a:', { waitMs: 20 }, 'end')),
    exchange: sequence(get('/')),
  },
  'pod-closes-mid-body': {
    service: NO_RETRY,
    pods: pod(() => onHeaders('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf', { waitMs: 20 }, 'end')),
    exchange: sequence(get('/')),
  },
  'pod-closes-mid-chunk': {
    service: NO_RETRY,
    pods: pod(() => onHeaders('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab', { waitMs: 20 }, 'end')),
    exchange: sequence(get('/')),
  },
  'pod-closes-mid-body-over-http2': {
    service: NO_RETRY,
    pods: pod(() => onHeaders('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf', { waitMs: 20 }, 'end')),
    exchange: h2Sequence(h2Request()),
  },
  'pod-speaks-first': {
    service: NO_RETRY,
    pods: pod(() => onConnect('220 smtp ready\r\n')),
    exchange: sequence(get('/')),
  },
  'pod-answers-after-refused-reuse': {
    pods: pod(() => answers([OK, { waitMs: 20 }, 'end'])),
    exchange: async (actor) => {
      await sequence(get('/1'))(actor)
      await new Promise((resolve) => setTimeout(resolve, 100))
      await sequence(get('/2'))(actor)
    },
  },
  'client-leaves-while-waiting': {
    pods: pod(() => silent()),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write(get('/'))
      await actor.poll(() => actor.seenByPods() === 1)
      tunnel.reset(8)
      await tunnel.untilEnded()
    },
  },
  'client-leaves-mid-response': {
    pods: pod(() => http1(() => ['HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'])),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write(get('/'))
      await tunnel.until(() => tunnel.received.toString('latin1').endsWith('half'))
      tunnel.reset(8)
      await tunnel.untilEnded()
    },
  },

  'timeout-of-the-route': {
    service: routed({ timeout: '0.2s' }),
    pods: pod(() => silent()),
    exchange: sequence(get('/'), request('HEAD', '/')),
  },
  'timeout-of-the-route-over-http2': {
    service: routed({ timeout: '0.2s' }),
    pods: pod(() => silent()),
    exchange: h2Sequence(h2Request()),
  },
  'timeout-after-headers': {
    service: routed({ timeout: '0.3s' }),
    pods: pod(() => onHeaders('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf')),
    exchange: sequence(get('/')),
  },
  'timeout-per-try': {
    service: retrying({ retry_on: 'reset', num_retries: 1, per_try_timeout: '0.15s' }, { timeout: '2s' }),
    pods: pod(() => silent()),
    exchange: sequence(get('/')),
  },
  'timeout-per-try-then-answer': {
    service: retrying({ retry_on: 'reset', num_retries: 1, per_try_timeout: '0.2s' }, { timeout: '3s' }),
    pods: pod(() => {
      let requests = 0
      return http1(() => (requests++ === 0 ? [] : [OK]))
    }),
    exchange: sequence(get('/')),
  },
  'timeout-per-try-not-retried': {
    service: retrying({ retry_on: 'connect-failure', per_try_timeout: '0.15s' }, { timeout: '2s' }),
    pods: pod(() => silent()),
    exchange: sequence(get('/')),
  },
  'timeout-with-a-slow-request': {
    service: routed({ timeout: '0.2s' }),
    exchange: raw(['POST'], [request('POST', '/', { 'content-length': '4' }), 'bo', 'dy']),
  },
  'timeout-of-idle-stream': {
    service: routed({ idle_timeout: '0.2s' }),
    pods: pod(() => silent()),
    exchange: sequence(get('/')),
  },
  'timeout-of-idle-stream-before-the-end': {
    service: routed({ idle_timeout: '0.2s' }),
    exchange: raw(['POST'], [request('POST', '/', { 'content-length': '4' }), 'bo']),
  },
  'timeout-of-idle-stream-mid-body': {
    service: routed({ idle_timeout: '0.2s' }),
    pods: pod(() => onHeaders('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf')),
    exchange: sequence(get('/')),
  },
  'timeout-of-request-headers': {
    service: { hcm: { request_headers_timeout: '0.2s' } },
    exchange: raw(['GET'], ['GET / HTTP/1.1\r\nhost: a\r\n']),
  },
  'timeout-of-the-request': {
    service: { hcm: { request_timeout: '0.2s' } },
    exchange: raw(['POST'], [request('POST', '/', { 'content-length': '4' }), 'bo']),
  },
  'timeout-of-the-stream': {
    service: { ...NO_RETRY, hcm: { common_http_protocol_options: { max_stream_duration: '0.2s' } } },
    pods: pod(() => silent()),
    exchange: sequence(get('/')),
  },
  'timeout-of-the-stream-by-route': {
    service: routed({ max_stream_duration: { max_stream_duration: '0.2s' } }),
    pods: pod(() => silent()),
    exchange: sequence(get('/')),
  },
  'timeout-of-an-open-tunnel': {
    service: NO_RETRY,
    pods: pod(() => mirror(), { reply: () => 'never' }),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write(get('/'))
      await untilAnswered(tunnel, ['GET'], 1, 700)
      actor.note('after 700 ms', tunnel.received.toString('latin1'))
    },
  },

  'retry-on-5xx': {
    service: retrying({ retry_on: '5xx' }),
    pods: pod(() => answers(UNAVAILABLE, UNAVAILABLE, OK)),
    exchange: sequence(get('/')),
  },
  'retry-limit': {
    service: retrying({ retry_on: '5xx' }),
    pods: pod(() => answers(UNAVAILABLE)),
    exchange: sequence(get('/')),
  },
  'retry-by-default-not-on-503': { pods: pod(() => answers(UNAVAILABLE)), exchange: sequence(get('/')) },
  'retry-by-default-not-after-a-reset': { pods: pod(() => onHeaders('reset')), exchange: sequence(get('/')) },
  'retry-on-codes': {
    service: retrying({ retry_on: 'retriable-status-codes', retriable_status_codes: [418, 429] }),
    pods: pod(() =>
      answers(
        'HTTP/1.1 418 Teapot\r\ncontent-length: 0\r\n\r\n',
        'HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\n\r\n',
        UNAVAILABLE,
        OK,
      ),
    ),
    exchange: sequence(get('/'), get('/next')),
  },
  'retry-on-gateway-error': {
    service: retrying({ retry_on: 'gateway-error' }),
    pods: pod(() =>
      answers(
        'HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n',
        'HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n',
        OK,
      ),
    ),
    exchange: sequence(get('/'), get('/next')),
  },
  'retry-on-4xx': {
    service: retrying({ retry_on: 'retriable-4xx' }),
    pods: pod(() =>
      answers(
        'HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\n\r\n',
        'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n',
        OK,
      ),
    ),
    exchange: sequence(get('/'), get('/next')),
  },
  'retry-on-headers': {
    service: retrying({ retry_on: 'retriable-headers', retriable_headers: [{ name: 'x-retry', present_match: true }] }),
    pods: pod(() => answers('HTTP/1.1 200 OK\r\nx-retry: 1\r\ncontent-length: 0\r\n\r\n', OK)),
    exchange: sequence(get('/')),
  },
  'retry-only-some-requests': {
    service: retrying({
      retry_on: '5xx',
      retriable_request_headers: [{ name: ':method', string_match: { exact: 'GET' } }],
    }),
    pods: pod(() => answers(UNAVAILABLE, OK, UNAVAILABLE, OK)),
    exchange: sequence(get('/'), request('POST', '/', {}, 'body')),
  },
  'retry-repeats-the-body': {
    service: retrying({ retry_on: '5xx' }),
    pods: pod(() => answers(UNAVAILABLE, OK)),
    exchange: sequence(request('PUT', '/', { 'x-a': 'b' }, 'r'.repeat(20_000))),
  },
  'retry-not-with-a-big-body': {
    service: {
      routes: [
        route('only', { prefix: '/' }, { retry_policy: { retry_on: '5xx' } }, { request_body_buffer_limit: '1024' }),
      ],
    },
    pods: pod(() => answers(UNAVAILABLE, OK)),
    exchange: sequence(request('PUT', '/', {}, 'r'.repeat(20_000))),
  },
  'retry-after-reset': {
    service: retrying({ retry_on: 'reset' }),
    pods: pod(() => {
      let connections = 0
      return (tunnel, recorder) => (connections++ === 0 ? onHeaders('reset') : echo())(tunnel, recorder)
    }),
    exchange: sequence(get('/')),
  },
  'retry-not-after-response-headers': {
    service: retrying({ retry_on: '5xx,reset' }),
    pods: pod(() => onHeaders('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf', { waitMs: 20 }, 'end')),
    exchange: sequence(get('/')),
  },
  'retry-by-client-headers-is-ignored': {
    service: NO_RETRY,
    pods: pod(() => answers(UNAVAILABLE, OK)),
    exchange: sequence(get('/', { 'x-envoy-retry-on': '5xx', 'x-envoy-max-retries': '3' })),
  },
  'retry-rate-limited-response': {
    service: retrying({ retry_on: '5xx' }),
    pods: pod(() => answers('HTTP/1.1 503 Slow\r\nx-envoy-ratelimited: true\r\ncontent-length: 0\r\n\r\n', OK)),
    exchange: sequence(get('/')),
  },
  'retry-policy-of-the-virtual-host': {
    service: { routes: [REST], virtualHost: { retry_policy: { retry_on: '5xx', num_retries: 1 } } },
    pods: pod(() => answers(UNAVAILABLE, OK)),
    exchange: sequence(get('/')),
  },

  'overflow-of-pending-requests': {
    service: {
      routes: [REST],
      clusters: {
        backend: {
          pods: ['a'],
          extra: { circuit_breakers: { thresholds: [{ max_connections: 1, max_pending_requests: 1 }] } },
        },
      },
    },
    pods: pod(() => silent()),
    exchange: async (actor) => {
      const first = await actor.open()
      first.tunnel.write(get('/first'))
      await actor.poll(() => actor.seenByPods() === 1, 1_000)
      const waiting = await actor.open()
      waiting.tunnel.write(get('/waiting'))
      await pause(60)
      const refused = await actor.open()
      refused.tunnel.write(get('/refused'))
      await untilAnswered(refused.tunnel, ['GET'], 1)
      await noteAnswers(actor, refused.tunnel, ['GET'])
      first.tunnel.reset()
      await actor.poll(() => actor.seenByPods() === 2)
    },
  },

  'policy-allows-by-identity': {
    service: {
      filters: [
        rbac('ALLOW', {
          'ns[test]-policy[allow]-rule[0]': policy(
            { any: true },
            peer({ exact: 'spiffe://cluster.local/ns/default/sa/client' }),
          ),
        }),
      ],
      routes: [REST],
    },
    exchange: asEach(['default', 'client'], ['default', 'other'], ['elsewhere', 'client']),
  },
  'policy-identity-matchers': {
    service: {
      filters: [
        rbac('ALLOW', {
          regex: policy({ any: true }, peer({ safe_regex: { regex: '.*/ns/regex-.*/.*' } })),
          prefix: policy({ any: true }, peer({ prefix: 'spiffe://cluster.local/ns/prefix' })),
          suffix: policy({ any: true }, peer({ suffix: '/sa/suffix' })),
        }),
      ],
      routes: [REST],
    },
    exchange: asEach(['regex-a', 'x'], ['prefix-b', 'x'], ['c', 'suffix'], ['d', 'x']),
  },
  'policy-denies-by-path-and-method': {
    service: {
      filters: [
        rbac('DENY', {
          'ns[test]-policy[deny]-rule[0]': policy({
            and_rules: {
              rules: [
                {
                  or_rules: {
                    rules: [
                      { header: { name: ':method', string_match: { exact: 'DELETE' } } },
                      { header: { name: ':method', string_match: { prefix: 'P' } } },
                    ],
                  },
                },
                {
                  or_rules: {
                    rules: [{ url_path: { path: { exact: '/admin' } } }, { url_path: { path: { prefix: '/admin/' } } }],
                  },
                },
              ],
            },
          }),
        }),
      ],
      routes: [REST],
    },
    exchange: sequence(
      get('/admin'),
      request('DELETE', '/admin?x'),
      request('POST', '/admin/x'),
      request('DELETE', '/adminx'),
      request('PUT', '/x/../admin'),
      request('DELETE', '/Admin'),
    ),
  },
  'policy-allows-by-header-and-host': {
    service: {
      filters: [
        rbac('ALLOW', {
          header: policy({ header: { name: 'x-token', string_match: { exact: 'good' } } }),
          host: policy({ header: { name: ':authority', string_match: { suffix: '.example.com', ignore_case: true } } }),
        }),
      ],
      routes: [REST],
    },
    exchange: sequence(
      get('/', { 'x-token': 'good' }),
      get('/', { 'x-token': 'bad' }),
      get('/', { host: 'A.Example.Com' }),
      get('/'),
      'GET / HTTP/1.1\r\nhost: a\r\nx-token: good\r\nx-token: bad\r\n\r\n',
    ),
  },
  'policy-not-rules': {
    service: {
      filters: [
        rbac('ALLOW', {
          rule: policy(
            { not_rule: { or_rules: { rules: [{ url_path: { path: { prefix: '/private' } } }] } } },
            { not_id: { or_ids: { ids: [peer({ exact: 'spiffe://cluster.local/ns/bad/sa/bad' })] } } },
          ),
        }),
      ],
      routes: [REST],
    },
    exchange: async (actor) => {
      await sequence(get('/public'), get('/private/x'))(actor)
      await asEach(['bad', 'bad'])(actor)
    },
  },
  'policy-by-address-and-port': {
    service: {
      filters: [
        rbac('ALLOW', {
          remote: policy({ destination_port: 80 }, { remote_ip: { address_prefix: '127.0.0.0', prefix_len: 8 } }),
        }),
      ],
      routes: [REST],
    },
    exchange: sequence(get('/'), get('/', { 'x-forwarded-for': '8.8.8.8' })),
  },
  'policy-by-direct-address': {
    service: {
      filters: [
        rbac('DENY', {
          direct: policy({ any: true }, { direct_remote_ip: { address_prefix: '127.0.0.1', prefix_len: 32 } }),
        }),
      ],
      routes: [REST],
    },
    exchange: sequence(get('/')),
  },
  'policy-by-other-port': {
    service: { filters: [rbac('ALLOW', { port: policy({ destination_port: 81 }) })], routes: [REST] },
    exchange: sequence(get('/')),
  },
  'policy-by-destination-address': {
    service: {
      filters: [rbac('ALLOW', { vip: policy({ destination_ip: { address_prefix: '127.0.0.0', prefix_len: 8 } }) })],
      routes: [REST],
    },
    exchange: sequence(get('/')),
  },
  'policy-by-path-template': {
    service: {
      filters: [
        rbac('ALLOW', {
          template: policy({
            uri_template: {
              name: 'uri-template',
              typed_config: typed('envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig', {
                path_template: '/a/*/b/**',
              }),
            },
          }),
        }),
      ],
      routes: [REST],
    },
    exchange: sequence(get('/a/x/b/y/z'), get('/a/x/b'), get('/a/x/y/b/z')),
  },
  'policy-nothing-allowed': { service: { filters: [rbac('ALLOW', {})], routes: [REST] }, exchange: sequence(get('/')) },
  'policy-without-rules': {
    service: {
      filters: [
        { name: 'envoy.filters.http.rbac', typed_config: typed('envoy.extensions.filters.http.rbac.v3.RBAC', {}) },
      ],
      routes: [REST],
    },
    exchange: sequence(get('/')),
  },
  'policy-deny-before-allow': {
    service: {
      filters: [
        rbac('DENY', { deny: policy({ url_path: { path: { exact: '/no' } } }) }),
        rbac('ALLOW', { allow: policy({ header: { name: ':method', string_match: { exact: 'GET' } } }) }),
      ],
      routes: [REST],
    },
    exchange: sequence(get('/no'), get('/yes'), request('PUT', '/yes')),
  },
  'policy-log-only': {
    service: { filters: [rbac('LOG', { log: policy({ any: true }) })], routes: [REST] },
    exchange: sequence(get('/')),
  },
  'policy-first-name-wins': {
    service: { filters: [rbac('DENY', { b: policy({ any: true }), a: policy({ any: true }) })], routes: [REST] },
    exchange: sequence(get('/')),
  },
  'policy-disabled-by-route': {
    service: {
      filters: [rbac('DENY', { all: policy({ any: true }) })],
      routes: [
        route(
          'open',
          { prefix: '/open' },
          {},
          {
            typed_per_filter_config: {
              'envoy.filters.http.rbac': typed('envoy.extensions.filters.http.rbac.v3.RBACPerRoute', {}),
            },
          },
        ),
        REST,
      ],
    },
    exchange: sequence(get('/open'), get('/closed')),
  },
  'policy-denies-grpc': {
    service: {
      filters: [rbac('DENY', { all: policy({ any: true }) })],
      routes: [REST],
      clusters: { backend: { pods: ['a'], http2: true } },
    },
    pods: pod(() => http2Echo()),
    exchange: h2Sequence(h2Request({ ':method': 'POST' }, [['content-type', 'application/grpc']])),
  },
  'policy-denies-with-response-headers': {
    service: {
      filters: [rbac('DENY', { all: policy({ any: true }) })],
      routes: [
        route(
          'only',
          { prefix: '/' },
          {},
          { response_headers_to_add: [header('x-added', '%RESPONSE_CODE%-%RESPONSE_CODE_DETAILS%')] },
        ),
      ],
    },
    exchange: separately(request('POST', '/', {}, 'body'), request('HEAD', '/')),
  },
  'policy-for-tcp': {
    service: {
      protocol: 'tcp',
      networkFilters: [
        {
          name: 'envoy.filters.network.rbac',
          typed_config: typed('envoy.extensions.filters.network.rbac.v3.RBAC', {
            stat_prefix: 'tcp.',
            rules: {
              policies: {
                'ns[test]-policy[tcp]-rule[0]': policy(
                  { any: true },
                  peer({ exact: 'spiffe://cluster.local/ns/default/sa/client' }),
                ),
              },
            },
          }),
        },
      ],
    },
    pods: pod(() => mirror()),
    exchange: async (actor) => {
      for (const identity of [
        ['default', 'client'],
        ['other', 'client'],
      ] as const) {
        const { tunnel } = await actor.open({ identity, fresh: true })
        tunnel.write('hello')
        await tunnel.until(() => tunnel.received.length === 5 || tunnel.ending !== undefined)
        actor.note('received', tunnel.received.toString('latin1'))
        actor.note('connection', tunnel.ending ?? 'open')
      }
    },
  },

  'local-reply-mapped': {
    service: {
      routes: [route('only', { path: '/only' })],
      hcm: {
        local_reply_config: {
          mappers: [
            {
              filter: {
                status_code_filter: { comparison: { op: 'EQ', value: { default_value: 404, runtime_key: 'x' } } },
              },
              status_code: 410,
              body: { inline_string: 'gone' },
              headers_to_add: [header('x-mapped', 'yes')],
            },
          ],
          body_format: { json_format: { code: '%RESPONSE_CODE%', body: '%LOCAL_REPLY_BODY%' } },
        },
      },
    },
    exchange: sequence(get('/none'), get('/only')),
  },
  'header-dependent-errors': {
    service: {
      routes: [
        route('missing', matchHeaders({ name: 'x-to', string_match: { exact: 'missing' } }), { cluster: 'missing' }),
        REST,
      ],
    },
    exchange: sequence(get('/', { 'x-to': 'missing' }), get('/'), get('/', { 'x-to': 'missing' })),
  },
})
