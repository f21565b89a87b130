// Group `mirror`: copies of requests that go to further clusters (request_mirror_policies), and that the client never notices.

import type { ClusterSpec, JsonObject, PodSpec, ServiceSpec } from '../case.ts'
import { get, h2Request, h2Sequence, inHttp2, pause, raw, request, separately, sequence } from '../exchanges.ts'
import { casesOf, echo, http2Echo, onHeaders, silent } from '../pod-programs.ts'
import type { PodProgram } from '../case.ts'
import { direct, header, redirect, route } from './routes.ts'

type Exchange = ReturnType<typeof sequence>

const CLUSTERS: Readonly<Record<string, ClusterSpec>> = {
  backend: { pods: ['a'] },
  mirror: { pods: ['m'] },
  second: { pods: ['n'] },
}

const to = (cluster: string, more: JsonObject = {}): JsonObject => ({ cluster, ...more })

const share = (numerator: number, denominator = 'HUNDRED'): JsonObject => ({
  runtime_fraction: { default_value: { numerator, denominator } },
})

const mirroring = (policies: JsonObject[], action: JsonObject = {}, extra: JsonObject = {}): ServiceSpec => ({
  clusters: CLUSTERS,
  routes: [route('only', { prefix: '/' }, { request_mirror_policies: policies, ...action }, extra)],
})

/** Pods `a` for the request, `m` and `n` for its copies. */
const pods =
  (mirror: () => PodProgram = echo, spec: Partial<PodSpec> = {}, main: () => PodProgram = echo) =>
  (): Readonly<Record<string, PodSpec>> => ({
    a: { program: main() },
    m: { ...spec, program: mirror() },
    n: { program: echo() },
  })

/** Waits until the pods have noted so many requests, and then a little for more. */
const seen = (count: number, exchange: Exchange): Exchange => {
  return async (actor) => {
    await exchange(actor)
    actor.note('all seen', await actor.poll(() => actor.seenByPods() >= count, 3_000))
    await pause(100)
  }
}

export const mirrorCases = casesOf(
  'mirror',
  {
    get: { service: mirroring([to('<<mirror>>')]), exchange: seen(2, sequence(get('/?a=b', { 'x-a': '1' }))) },
    'with-body': {
      service: mirroring([to('<<mirror>>')]),
      exchange: seen(2, sequence(request('POST', '/', {}, 'the body'))),
    },
    'with-body-in-pieces-and-trailers': {
      service: mirroring([to('<<mirror>>')]),
      exchange: seen(
        2,
        raw(
          ['POST'],
          [
            'POST / HTTP/1.1\r\nhost: service.test\r\ntransfer-encoding: chunked\r\n\r\n',
            '3\r\nabc\r\n',
            '2\r\nde\r\n',
            '0\r\n\r\n',
          ],
        ),
      ),
    },
    'large-body': {
      service: mirroring([to('<<mirror>>')]),
      exchange: seen(2, sequence(request('POST', '/', {}, 'x'.repeat(300_000)))),
    },
    'over-http2': {
      service: {
        ...mirroring([to('<<mirror>>')]),
        clusters: { backend: { pods: ['a'] }, mirror: { pods: ['m'], http2: true } },
      },
      pods: pods(http2Echo),
      exchange: seen(2, h2Sequence(h2Request())),
    },
    'over-http2-with-trailers': {
      service: {
        ...mirroring([to('<<mirror>>')]),
        clusters: { backend: { pods: ['a'], http2: true }, mirror: { pods: ['m'], http2: true } },
      },
      pods: pods(http2Echo, {}, http2Echo),
      exchange: seen(
        2,
        inHttp2(async (wire) => {
          wire.headers(1, h2Request({ ':method': 'POST' }))
          wire.data(1, 'some body')
          wire.headers(1, [['x-trailer', 'yes']], true)
          await wire.untilDone(1)
        }),
      ),
    },
    'of-grpc': {
      service: {
        ...mirroring([to('<<mirror>>')]),
        clusters: { backend: { pods: ['a'], http2: true }, mirror: { pods: ['m'], http2: true } },
      },
      pods: pods(http2Echo, {}, http2Echo),
      exchange: seen(
        2,
        h2Sequence(
          h2Request({ ':method': 'POST', ':path': '/pkg.Service/Call' }, [
            ['content-type', 'application/grpc'],
            ['te', 'trailers'],
            ['grpc-timeout', '5S'],
          ]),
        ),
      ),
    },
    several: { service: mirroring([to('<<mirror>>'), to('<<second>>')]), exchange: seen(3, sequence(get('/'))) },
    'twice-the-same': {
      service: mirroring([to('<<mirror>>'), to('<<mirror>>')]),
      exchange: seen(3, sequence(get('/'))),
    },
    'share-of-all-and-of-none': {
      service: mirroring([to('<<mirror>>', share(0)), to('<<second>>', share(1_000_000, 'MILLION'))]),
      exchange: seen(2, sequence(get('/'))),
    },
    'cluster-by-header': {
      service: mirroring([{ cluster_header: 'x-copy-to' }]),
      exchange: seen(2, separately(get('/', { 'x-copy-to': 'nowhere' }), get('/', { 'x-copy-to': '' }), get('/'))),
    },
    'to-no-cluster': { service: mirroring([to('missing'), to('<<mirror>>')]), exchange: seen(2, sequence(get('/'))) },
    'to-no-host': {
      service: {
        ...mirroring([to('<<mirror>>')]),
        clusters: { backend: { pods: ['a'] }, mirror: { pods: [] } },
      },
      exchange: seen(1, sequence(get('/'), request('POST', '/', {}, 'body'))),
    },
    'host-with-port': {
      service: mirroring([to('<<mirror>>')]),
      exchange: seen(4, separately(get('/', { host: 'service.test:8080' }), get('/', { host: '[2001:db8::1]:80' }))),
    },
    'host-that-is-an-address': {
      service: mirroring([to('<<mirror>>')]),
      exchange: seen(4, separately(get('/', { host: '10.0.0.1' }), get('/', { host: '[2001:db8::1]' }))),
    },
    'host-without-suffix': {
      service: mirroring([to('<<mirror>>', { disable_shadow_host_suffix_append: true })]),
      exchange: seen(2, sequence(get('/'))),
    },
    'host-of-its-own': {
      service: mirroring([to('<<mirror>>', { host_rewrite_literal: 'copy.test' })]),
      exchange: seen(2, sequence(get('/'))),
    },
    'headers-of-its-own': {
      service: mirroring([
        to('<<mirror>>', {
          request_headers_mutations: [
            { append: header('x-copy', 'yes') },
            { append: header('x-path', '%REQ(:PATH)%') },
            { remove: 'x-a' },
          ],
        }),
      ]),
      exchange: seen(2, sequence(get('/', { 'x-a': '1' }))),
    },
    'sees-what-the-route-changed': {
      service: mirroring(
        [to('<<mirror>>')],
        { prefix_rewrite: '/rewritten', host_rewrite_literal: 'rewritten.test', timeout: '5s' },
        { request_headers_to_add: [header('x-route', 'added')] },
      ),
      exchange: seen(2, sequence(get('/'))),
    },
    'sees-the-number-of-the-attempt': {
      service: { ...mirroring([to('<<mirror>>')]), virtualHost: { include_request_attempt_count: true } },
      exchange: seen(2, sequence(get('/'))),
    },
    'forwarded-headers': {
      service: mirroring([to('<<mirror>>')]),
      exchange: seen(
        2,
        sequence(
          get('/', {
            'x-forwarded-for': '203.0.113.7',
            'x-request-id': '00000000-1111-4222-8333-444444444444',
            'x-envoy-internal': 'false',
          }),
        ),
      ),
    },
    upgrade: {
      service: mirroring([to('<<mirror>>')]),
      pods: pods(onHeaders, {}, () =>
        onHeaders('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello'),
      ),
      exchange: seen(2, async (actor) => {
        const { tunnel } = await actor.open()
        tunnel.write(get('/', { connection: 'upgrade', upgrade: 'websocket' }))
        await tunnel.until(() => tunnel.received.includes('hello'))
        tunnel.end()
        await tunnel.untilEnded()
      }),
    },
    'answer-differs': {
      service: mirroring([to('<<mirror>>')]),
      pods: pods(() => onHeaders('HTTP/1.1 500 Oh no\r\ncontent-length: 3\r\n\r\nbad')),
      exchange: seen(2, sequence(get('/'))),
    },
    'mirror-fails': {
      service: mirroring([to('<<mirror>>')]),
      pods: pods(() => onHeaders('reset')),
      exchange: seen(2, sequence(get('/'))),
    },
    'mirror-is-absent': {
      service: mirroring([to('<<mirror>>')]),
      pods: pods(echo, { reach: 'absent' }),
      exchange: seen(1, sequence(get('/'), request('POST', '/', {}, 'body'))),
    },
    'mirror-never-answers': {
      service: mirroring([to('<<mirror>>')]),
      pods: pods(silent),
      exchange: seen(4, sequence(get('/1'), request('POST', '/2', {}, 'body'))),
    },
    'mirror-answers-when-the-client-is-gone': {
      service: mirroring([to('<<mirror>>')]),
      pods: pods(() => onHeaders({ waitMs: 100 }, 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')),
      exchange: seen(2, sequence(get('/'))),
    },
    'pod-fails': {
      service: mirroring([to('<<mirror>>')]),
      pods: pods(echo, {}, () => onHeaders('end')),
      exchange: seen(2, sequence(get('/'))),
    },
    'pod-never-answers': {
      service: mirroring([to('<<mirror>>')], { timeout: '0.2s' }),
      pods: pods(echo, {}, silent),
      exchange: seen(2, sequence(get('/'))),
    },
    'retries-are-not-mirrored': {
      service: mirroring([to('<<mirror>>')], {
        retry_policy: { retry_on: '5xx', num_retries: 2, retry_back_off: { base_interval: '0.001s' } },
      }),
      pods: pods(echo, {}, () => onHeaders('HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n', 'end')),
      exchange: seen(4, sequence(get('/'))),
    },
    'no-cluster-for-the-request': {
      service: mirroring([to('<<mirror>>')], { cluster: 'missing' }),
      exchange: seen(0, sequence(get('/'))),
    },
    'answers-of-the-proxy': {
      service: {
        clusters: CLUSTERS,
        virtualHost: { request_mirror_policies: [to('<<mirror>>')] },
        routes: [
          direct('direct', { path: '/direct' }, 200, 'hello'),
          redirect('away', { path: '/away' }, { path_redirect: '/there' }),
        ],
      },
      exchange: seen(0, separately(get('/direct'), get('/away'))),
    },
    'policies-of-outer-levels': {
      service: {
        clusters: CLUSTERS,
        routeConfig: { request_mirror_policies: [to('<<second>>')] },
        virtualHost: { request_mirror_policies: [to('<<mirror>>')] },
        routes: [
          route('own', { path: '/own' }, { request_mirror_policies: [to('<<second>>')] }),
          route('rest', { prefix: '/' }),
        ],
      },
      exchange: seen(4, separately(get('/own'), get('/'))),
    },
    'policies-of-the-outermost-level': {
      service: {
        clusters: CLUSTERS,
        routeConfig: { request_mirror_policies: [to('<<second>>')] },
        routes: [route('rest', { prefix: '/' })],
      },
      exchange: seen(2, sequence(get('/'))),
    },
  },
  { pods: pods(), podsInAnyOrder: true },
)
