// Group `matching`: which route a request takes, by path, header, query parameter, method and host, and what a redirect or
// a rewrite makes of it. The route's name stands in the access log, the rewritten request in what the pod received.

import type { JsonObject } from '../case.ts'
import { get, request, sequence } from '../exchanges.ts'
import { casesOf, echo } from '../pod-programs.ts'
import { direct, onHeaders, onQuery, redirect, REST, route } from './routes.ts'

const twoPods = (): ReturnType<typeof pods> => pods('a', 'b')

function pods(...names: string[]): Record<string, { program: ReturnType<typeof echo> }> {
  return Object.fromEntries(names.map((name) => [name, { program: echo(`from ${name}`) }]))
}

const TWO_CLUSTERS = { one: { pods: ['a'] }, two: { pods: ['b'] } }

const hosts = (name: string, ...domains: string[]): JsonObject => ({
  name,
  domains,
  routes: [route(`${name}-route`, { prefix: '/' })],
})

export const matchingCases = casesOf('matching', {
  'default-route': { exchange: sequence(get('/'), get('/again')) },

  'path-prefix': {
    service: { routes: [route('api', { prefix: '/api' }), REST] },
    exchange: sequence(get('/api'), get('/api/x?y'), get('/apix'), get('/ap'), get('/API'), get('/')),
  },
  'path-prefix-without-case': {
    service: { routes: [route('api', { prefix: '/Api', case_sensitive: false }), REST] },
    exchange: sequence(get('/api'), get('/API/x'), get('/aPi?Q'), get('/ap')),
  },
  'path-exact': {
    service: { routes: [route('exact', { path: '/a/b' }), REST] },
    exchange: sequence(get('/a/b'), get('/a/b?x=1'), get('/a/b/'), get('/a/B'), get('/a')),
  },
  'path-exact-without-case': {
    service: { routes: [route('exact', { path: '/A/b', case_sensitive: false }), REST] },
    exchange: sequence(get('/a/B'), get('/A/b?x'), get('/a/b/')),
  },
  'path-regex': {
    service: { routes: [route('regex', { safe_regex: { regex: '/v[0-9]+/.*' } }), REST] },
    exchange: sequence(get('/v1/x'), get('/v12/'), get('/v1'), get('/x/v1/y'), get('/v1/x?/v2'), get('/vx/y')),
  },
  'path-regex-is-anchored': {
    service: { routes: [route('regex', { safe_regex: { regex: '/a|/b' } }), REST] },
    exchange: sequence(get('/a'), get('/b'), get('/ab'), get('/b/'), get('/a?b')),
  },
  'path-separated-prefix': {
    service: { routes: [route('api', { path_separated_prefix: '/api' }), REST] },
    exchange: sequence(get('/api'), get('/api/'), get('/api/x'), get('/apix'), get('/api?x'), get('/API/x')),
  },
  'path-template': {
    service: {
      routes: [
        route('template', {
          path_match_policy: {
            name: 'envoy.path.match.uri_template.uri_template_matcher',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',
              path_template: '/items/{id}/**',
            },
          },
        }),
        REST,
      ],
    },
    exchange: sequence(get('/items/1/x'), get('/items/1/x/y/z'), get('/items/1'), get('/items//x'), get('/other/1/x')),
  },
  'first-match-wins': {
    service: { routes: [route('first', { prefix: '/a' }), route('second', { path: '/a/b' }), REST] },
    exchange: sequence(get('/a/b'), get('/a'), get('/b')),
  },
  'no-route': {
    service: { routes: [route('only', { path: '/only' })] },
    exchange: sequence(get('/only'), get('/other'), request('POST', '/other', {}, 'body'), get('/only')),
  },

  'header-exact': {
    service: { routes: [route('matched', onHeaders({ name: 'X-Kind', string_match: { exact: 'a' } })), REST] },
    exchange: sequence(
      get('/', { 'x-kind': 'a' }),
      get('/', { 'X-KIND': 'a' }),
      get('/', { 'x-kind': 'A' }),
      get('/', { 'x-kind': ' a ' }),
      get('/', { 'x-kind': '' }),
      get('/'),
    ),
  },
  'header-exact-without-case': {
    service: {
      routes: [route('matched', onHeaders({ name: 'x-kind', string_match: { exact: 'Ab', ignore_case: true } })), REST],
    },
    exchange: sequence(get('/', { 'x-kind': 'aB' }), get('/', { 'x-kind': 'abc' })),
  },
  'header-prefix-suffix-contains': {
    service: {
      routes: [
        route('prefix', onHeaders({ name: 'x-kind', string_match: { prefix: 'pre' } })),
        route('suffix', onHeaders({ name: 'x-kind', string_match: { suffix: 'suf' } })),
        route('contains', onHeaders({ name: 'x-kind', string_match: { contains: 'mid' } })),
        REST,
      ],
    },
    exchange: sequence(
      get('/', { 'x-kind': 'prefix' }),
      get('/', { 'x-kind': 'a-suf' }),
      get('/', { 'x-kind': 'a-mid-b' }),
      get('/', { 'x-kind': 'Pre' }),
      get('/', { 'x-kind': 'none' }),
    ),
  },
  'header-regex': {
    service: {
      routes: [route('matched', onHeaders({ name: 'x-kind', string_match: { safe_regex: { regex: 'a+b?' } } })), REST],
    },
    exchange: sequence(get('/', { 'x-kind': 'aab' }), get('/', { 'x-kind': 'xaab' }), get('/', { 'x-kind': 'aabb' })),
  },
  'header-range': {
    service: { routes: [route('matched', onHeaders({ name: 'x-n', range_match: { start: '-5', end: '10' } })), REST] },
    exchange: sequence(
      get('/', { 'x-n': '-5' }),
      get('/', { 'x-n': '9' }),
      get('/', { 'x-n': '10' }),
      get('/', { 'x-n': '1.5' }),
      get('/', { 'x-n': 'x' }),
      get('/', { 'x-n': '+3' }),
      get('/', { 'x-n': '' }),
    ),
  },
  'header-present': {
    service: {
      routes: [
        route('absent', onHeaders({ name: 'x-a', present_match: false }, { name: 'x-b', present_match: false })),
        route('present', onHeaders({ name: 'x-a', present_match: true })),
        REST,
      ],
    },
    exchange: sequence(get('/'), get('/', { 'x-a': '' }), get('/', { 'x-a': 'v' }), get('/', { 'x-b': 'v' })),
  },
  'header-inverted': {
    service: {
      routes: [route('not-a', onHeaders({ name: 'x-kind', string_match: { exact: 'a' }, invert_match: true })), REST],
    },
    exchange: sequence(get('/', { 'x-kind': 'a' }), get('/', { 'x-kind': 'b' }), get('/')),
  },
  'header-missing-as-empty': {
    service: {
      routes: [
        route(
          'not-a',
          onHeaders({
            name: 'x-kind',
            string_match: { exact: 'a' },
            invert_match: true,
            treat_missing_header_as_empty: true,
          }),
        ),
        REST,
      ],
    },
    exchange: sequence(get('/', { 'x-kind': 'a' }), get('/', { 'x-kind': 'b' }), get('/')),
  },
  'header-repeated': {
    service: {
      routes: [
        route('joined', onHeaders({ name: 'x-kind', string_match: { exact: 'a,b' } })),
        route('only-a', onHeaders({ name: 'x-kind', string_match: { exact: 'a' } })),
        REST,
      ],
    },
    exchange: sequence(
      'GET / HTTP/1.1\r\nhost: service.test\r\nx-kind: a\r\nx-kind: b\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: service.test\r\nx-kind: b\r\nx-kind: a\r\n\r\n',
      get('/', { 'x-kind': 'a,b' }),
      get('/', { 'x-kind': 'a' }),
    ),
  },
  'header-all-must-match': {
    service: {
      routes: [
        route(
          'both',
          onHeaders({ name: 'x-a', string_match: { exact: '1' } }, { name: 'x-b', string_match: { exact: '2' } }),
        ),
        REST,
      ],
    },
    exchange: sequence(get('/', { 'x-a': '1', 'x-b': '2' }), get('/', { 'x-a': '1' }), get('/', { 'x-b': '2' })),
  },
  'pseudo-headers': {
    service: {
      routes: [
        route('post', onHeaders({ name: ':method', string_match: { exact: 'POST' } })),
        route('host', onHeaders({ name: ':authority', string_match: { prefix: 'special.' } })),
        route('path', onHeaders({ name: ':path', string_match: { suffix: '?deep=1' } })),
        route('scheme', onHeaders({ name: ':scheme', string_match: { exact: 'https' } })),
        REST,
      ],
    },
    exchange: sequence(
      request('POST', '/', {}, 'x'),
      get('/', { host: 'special.test' }),
      get('/p?deep=1'),
      get('/', { 'x-forwarded-proto': 'https' }),
      get('/'),
    ),
  },
  'method-exact': {
    service: {
      routes: ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'].map((method) =>
        route(method.toLowerCase(), onHeaders({ name: ':method', string_match: { exact: method } })),
      ),
    },
    exchange: sequence(
      ...['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'POST'].map((method) => request(method, '/')),
    ),
  },
  'grpc-match': {
    service: { routes: [route('grpc', { prefix: '/', grpc: {} }), REST] },
    exchange: sequence(
      get('/s/m', { 'content-type': 'application/grpc' }),
      get('/s/m', { 'content-type': 'application/grpc+proto' }),
      get('/s/m', { 'content-type': 'application/grpc-web' }),
      get('/s/m', { 'content-type': 'application/json' }),
    ),
  },

  'query-exact': {
    service: { routes: [route('matched', onQuery({ name: 'a', string_match: { exact: '1' } })), REST] },
    exchange: sequence(
      get('/?a=1'),
      get('/?b=2&a=1'),
      get('/?a=2&a=1'),
      get('/?a=1&a=2'),
      get('/?A=1'),
      get('/?a'),
      get('/'),
    ),
  },
  'query-present': {
    service: { routes: [route('matched', onQuery({ name: 'a', present_match: true })), REST] },
    exchange: sequence(get('/?a'), get('/?a='), get('/?b&a=x'), get('/?ab=1'), get('/'), get('/?')),
  },
  'query-regex': {
    service: {
      routes: [route('matched', onQuery({ name: 'a', string_match: { safe_regex: { regex: '[0-9]+' } } })), REST],
    },
    exchange: sequence(get('/?a=12'), get('/?a=12x'), get('/?a='), get('/?a=%31')),
  },
  'query-escapes': {
    service: {
      routes: [
        route('plain', onQuery({ name: 'a', string_match: { exact: 'x y' } })),
        route('escaped', onQuery({ name: 'a', string_match: { exact: 'x%20y' } })),
        route('plus', onQuery({ name: 'a', string_match: { exact: 'x+y' } })),
        route('name', onQuery({ name: 'b c', present_match: true })),
        REST,
      ],
    },
    exchange: sequence(
      get('/?a=x%20y'),
      get('/?a=x+y'),
      get('/?b%20c=1'),
      get('/?a=x%2By'),
      get('/?a=x=y'),
      get('/?a=1;a=2'),
    ),
  },
  'query-all-must-match': {
    service: {
      routes: [
        route(
          'both',
          onQuery({ name: 'a', string_match: { exact: '1' } }, { name: 'b', string_match: { prefix: '2' } }),
        ),
        REST,
      ],
    },
    exchange: sequence(get('/?a=1&b=22'), get('/?b=2&a=1'), get('/?a=1'), get('/?b=2#a=1')),
  },

  'hosts-exact-and-wildcards': {
    service: {
      virtualHosts: [
        hosts('any', '*'),
        hosts('prefix', 'foo.*'),
        hosts('longer-prefix', 'foo.bar.*'),
        hosts('suffix', '*.test'),
        hosts('longer-suffix', '*.b.test'),
        hosts('exact', 'a.b.test', 'foo.bar.exact'),
      ],
    },
    exchange: sequence(
      ...[
        'a.b.test',
        'x.b.test',
        'x.test',
        'b.test',
        '.test',
        'foo.x',
        'foo.bar.x',
        'foo.b.test',
        'foo.bar.exact',
        'none',
      ].map((host) => get('/', { host })),
    ),
  },
  'hosts-case-and-port': {
    service: { virtualHosts: [hosts('bare', 'a.test'), hosts('port', 'b.test:8080'), hosts('any', '*')] },
    exchange: sequence(
      ...['A.Test', 'a.test:80', 'a.test:8080', 'b.test:8080', 'B.TEST:8080', 'b.test', 'a.test.'].map((host) =>
        get('/', { host }),
      ),
    ),
  },
  'hosts-ignore-port': {
    service: {
      virtualHosts: [hosts('bare', 'a.test'), hosts('wild', '*.b.test')],
      routeConfig: { ignore_port_in_host_matching: true },
    },
    exchange: sequence(
      ...['a.test', 'a.test:80', 'a.test:9999', 'x.b.test:1', 'a.test:x', '[::1]:80'].map((host) => get('/', { host })),
    ),
  },
  'hosts-no-match': {
    service: { virtualHosts: [hosts('only', 'only.test')] },
    exchange: sequence(
      get('/', { host: 'only.test' }),
      get('/', { host: 'other.test' }),
      get('/', { host: 'only.test' }),
    ),
  },
  'hosts-strip-port': {
    service: { virtualHosts: [hosts('bare', 'a.test'), hosts('any', '*')], hcm: { strip_any_host_port: true } },
    exchange: sequence(
      get('/', { host: 'a.test:80' }),
      get('/', { host: 'a.test:8080' }),
      get('/', { host: '[::1]:80' }),
    ),
  },
  'hosts-strip-trailing-dot': {
    service: { virtualHosts: [hosts('bare', 'a.test'), hosts('any', '*')], hcm: { strip_trailing_host_dot: true } },
    exchange: sequence(get('/', { host: 'a.test.' }), get('/', { host: 'a.test.:80' }), get('/', { host: 'a.test' })),
  },

  'weighted-all-to-one': {
    service: {
      routes: [
        route(
          'split',
          { prefix: '/' },
          {
            weighted_clusters: {
              clusters: [
                { name: '<<one>>', weight: 0 },
                { name: '<<two>>', weight: 100 },
              ],
            },
          },
        ),
      ],
      clusters: TWO_CLUSTERS,
    },
    pods: twoPods,
    exchange: sequence(get('/1'), get('/2'), get('/3'), get('/4')),
  },
  'weighted-with-header-mutations': {
    service: {
      routes: [
        route(
          'split',
          { prefix: '/' },
          {
            weighted_clusters: {
              clusters: [
                {
                  name: '<<two>>',
                  weight: 1,
                  request_headers_to_add: [{ header: { key: 'x-split', value: 'two' } }],
                  request_headers_to_remove: ['x-remove'],
                  response_headers_to_add: [{ header: { key: 'x-answered-by', value: 'two' } }],
                  response_headers_to_remove: ['x-pod'],
                  host_rewrite_literal: 'two.test',
                },
              ],
            },
          },
        ),
      ],
      clusters: TWO_CLUSTERS,
    },
    pods: twoPods,
    exchange: sequence(get('/', { 'x-remove': '1' })),
  },
  'cluster-header': {
    service: {
      routes: [route('named', { prefix: '/' }, { cluster_header: 'x-cluster' })],
      clusters: { backend: { pods: ['a'] } },
    },
    exchange: sequence(
      get('/', { 'x-cluster': 'inbound-vip|80|http|cluster-header.test.svc.cluster.local' }),
      get('/', { 'x-cluster': 'unknown' }),
      get('/'),
    ),
  },
  'clusters-by-header': {
    service: {
      routes: [
        route('two', onHeaders({ name: 'x-to', string_match: { exact: 'two' } }), { cluster: '<<two>>' }),
        route('one', { prefix: '/' }, { cluster: '<<one>>' }),
      ],
      clusters: TWO_CLUSTERS,
    },
    pods: twoPods,
    exchange: sequence(get('/', { 'x-to': 'two' }), get('/'), get('/', { 'x-to': 'one' })),
  },

  'direct-response': {
    service: {
      routes: [
        direct('teapot', { path: '/body' }, 418, 'short and stout'),
        direct('empty', { path: '/empty' }, 503),
        direct('ok', { path: '/ok' }, 200, 'ok'),
        direct('nothing', { path: '/204' }, 204, 'ignored?'),
        REST,
      ],
    },
    exchange: sequence(
      get('/body'),
      get('/empty'),
      get('/ok'),
      get('/204'),
      request('HEAD', '/ok'),
      get('/'),
      request('POST', '/ok', {}, 'x'),
    ),
  },
  'redirect-host-scheme-port': {
    service: {
      routes: [
        redirect('host', { prefix: '/host' }, { host_redirect: 'other.test' }),
        redirect('https', { prefix: '/https' }, { https_redirect: true }),
        redirect('scheme', { prefix: '/scheme' }, { scheme_redirect: 'ftp' }),
        redirect('port', { prefix: '/port' }, { port_redirect: 8443 }),
        redirect('all', { prefix: '/all' }, { scheme_redirect: 'https', host_redirect: 'o.test', port_redirect: 443 }),
        REST,
      ],
    },
    exchange: sequence(
      get('/host?x=1'),
      get('/https', { host: 'a.test:80' }),
      get('/https', { host: 'a.test:8080' }),
      get('/scheme'),
      get('/port', { host: 'a.test:80' }),
      get('/port', { host: '[::1]:80' }),
      get('/all', { host: 'a.test:80' }),
      get('/'),
    ),
  },
  'redirect-path-and-code': {
    service: {
      routes: [
        redirect('path', { prefix: '/path' }, { path_redirect: '/new' }),
        redirect('query', { prefix: '/query' }, { path_redirect: '/new?fixed=1' }),
        redirect('strip', { prefix: '/strip' }, { path_redirect: '/new', strip_query: true }),
        redirect('prefix', { prefix: '/prefix/' }, { prefix_rewrite: '/p/', response_code: 'FOUND' }),
        redirect(
          'regex',
          { prefix: '/regex' },
          {
            regex_rewrite: { pattern: { regex: '/regex/(.*)' }, substitution: '/r/\\1/\\1' },
            response_code: 'PERMANENT_REDIRECT',
          },
        ),
        redirect('see-other', { prefix: '/303' }, { host_redirect: 'x', response_code: 'SEE_OTHER' }),
        redirect('temporary', { prefix: '/307' }, { host_redirect: 'x', response_code: 'TEMPORARY_REDIRECT' }),
        REST,
      ],
    },
    exchange: sequence(
      get('/path?a=1'),
      get('/query?a=1'),
      get('/strip?a=1'),
      get('/prefix/x?a=1'),
      get('/regex/x?a=1'),
      get('/303'),
      get('/307'),
      request('HEAD', '/path'),
      get('/'),
    ),
  },
  'require-tls': {
    service: {
      virtualHosts: [
        { name: 'tls', domains: ['tls.test'], require_tls: 'ALL', routes: [REST] },
        { name: 'plain', domains: ['*'], routes: [REST] },
      ],
    },
    exchange: sequence(
      get('/x?y', { host: 'tls.test' }),
      get('/', { host: 'tls.test', 'x-forwarded-proto': 'https' }),
      get('/'),
    ),
  },

  'rewrite-prefix': {
    service: {
      routes: [
        route('api', { prefix: '/api/' }, { prefix_rewrite: '/' }),
        route('exact', { path: '/exact' }, { prefix_rewrite: '/other' }),
        route('separated', { path_separated_prefix: '/sep' }, { prefix_rewrite: '/s' }),
        route('folded', { prefix: '/Fold', case_sensitive: false }, { prefix_rewrite: '/f' }),
        REST,
      ],
    },
    exchange: sequence(
      get('/api/x/y?z=1'),
      get('/api/'),
      get('/api//x'),
      get('/exact?q'),
      get('/sep'),
      get('/sep/x'),
      get('/FOLD/x'),
      get('/rest'),
    ),
  },
  'rewrite-regex': {
    service: {
      routes: [
        route(
          'regex',
          { prefix: '/r' },
          {
            regex_rewrite: { pattern: { regex: '/([a-z])/(\\d+)' }, substitution: '/\\2-\\1' },
          },
        ),
        REST,
      ],
    },
    exchange: sequence(get('/r/1'), get('/r/12/x/34?x=/a/1'), get('/r/x'), get('/r')),
  },
  'rewrite-host': {
    service: {
      routes: [
        route('literal', { prefix: '/literal' }, { host_rewrite_literal: 'literal.test' }),
        route(
          'forwarded',
          { prefix: '/forwarded' },
          { host_rewrite_literal: 'fwd.test', append_x_forwarded_host: true },
        ),
        route('header', { prefix: '/header' }, { host_rewrite_header: 'x-host' }),
        route(
          'path',
          { prefix: '/path' },
          {
            host_rewrite_path_regex: { pattern: { regex: '^/path/([a-z]+)/.*$' }, substitution: '\\1.test' },
          },
        ),
        REST,
      ],
    },
    exchange: sequence(
      get('/literal'),
      get('/forwarded'),
      get('/forwarded', { 'x-forwarded-host': 'first.test' }),
      get('/header', { 'x-host': 'from-header.test' }),
      get('/header'),
      get('/path/name/x?y'),
      get('/'),
    ),
  },
  'absolute-form-host': {
    service: { virtualHosts: [hosts('inside', 'inside.test'), hosts('any', '*')] },
    exchange: sequence(
      'GET http://inside.test/x?y HTTP/1.1\r\nhost: outside.test\r\n\r\n',
      'GET http://INSIDE.test:8080 HTTP/1.1\r\nhost: outside.test\r\n\r\n',
      'GET https://inside.test/ HTTP/1.1\r\nhost: outside.test\r\n\r\n',
    ),
  },
  'match-after-normalisation': {
    service: { routes: [route('admin', { prefix: '/admin' }), REST] },
    exchange: sequence(
      get('/x/../admin'),
      get('/./admin'),
      get('/%61dmin'),
      get('/x/%2e%2e/admin'),
      get('//admin'),
      get('/a%64min?%61'),
    ),
  },
})
