// Group `rbac`: what each kind of permission and principal matches, which policy decides, what a denied client gets, and what
// later filters and logs learn of it. The outcome in dynamic metadata stands in the access log.

import type { Actor, JsonObject, ServiceSpec } from '../case.ts'
import { typed } from '../envoy-json.ts'
import { get, h2Request, h2Sequence, noteAnswers, request, separately, sequence, untilAnswered } from '../exchanges.ts'
import { casesOf } from '../pod-programs.ts'
import { direct, REST, route } from './routes.ts'

const NAME = 'envoy.filters.http.rbac'

type Action = 'ALLOW' | 'DENY' | 'LOG'

const policy = (permission: JsonObject, principal: JsonObject = { any: true }): JsonObject => ({
  permissions: [permission],
  principals: [principal],
})

const rules = (action: Action, policies: Readonly<Record<string, JsonObject>>): JsonObject => ({ action, policies })

const filter = (config: JsonObject, extra: JsonObject = {}): JsonObject => ({
  name: NAME,
  typed_config: typed('envoy.extensions.filters.http.rbac.v3.RBAC', config),
  ...extra,
})

/** A service whose only filter allows what `permission` and `principal` match. */
const allowing = (permission: JsonObject, principal?: JsonObject): ServiceSpec => ({
  filters: [filter({ rules: rules('ALLOW', { p: policy(permission, principal) }) })],
  routes: [REST],
})

const allowingWho = (principal: JsonObject): ServiceSpec => allowing({ any: true }, principal)

const filtered = (...filters: JsonObject[]): ServiceSpec => ({ filters, routes: [REST] })

const enforced = (action: Action, policies: Readonly<Record<string, JsonObject>>): JsonObject =>
  filter({ rules: rules(action, policies) })

const header = (name: string, match: JsonObject): JsonObject => ({ header: { name, ...match } })
const path = (match: JsonObject): JsonObject => ({ url_path: { path: match } })
const template = (pathTemplate: string): JsonObject => ({
  uri_template: {
    name: 'uri-template',
    typed_config: typed('envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig', {
      path_template: pathTemplate,
    }),
  },
})
const range = (prefix: string, length: number): JsonObject => ({ address_prefix: prefix, prefix_len: length })
const peer = (match: JsonObject): JsonObject => ({
  filter_state: { key: 'io.istio.peer_principal', string_match: match },
})
const metadata = (key: string, value: JsonObject, more: JsonObject = {}): JsonObject => ({
  metadata: { filter: NAME, path: [{ key }], value, ...more },
})

/** Leaves an outcome in dynamic metadata, for rules of a later filter to read. */
const leaving = (name: string, permission: JsonObject): JsonObject =>
  filter({ shadow_rules: rules('DENY', { [name]: policy(permission) }), shadow_rules_stat_prefix: 'first_' })

/** Sends a GET as each of the identities, on connections of their own. */
function asEach(...identities: (readonly [string, string])[]): (actor: Actor) => Promise<void> {
  return async (actor) => {
    for (const identity of identities) {
      const { tunnel } = await actor.open({ identity, fresh: true })
      tunnel.write(get('/'))
      await untilAnswered(tunnel, ['GET'], 1)
      await noteAnswers(actor, tunnel, ['GET'])
    }
  }
}

const people = asEach(['default', 'client'], ['other', 'client'], ['default', 'clientele'])

const action = (name: string, what: Action): JsonObject => ({
  action: { name, typed_config: typed('envoy.config.rbac.v3.Action', { name, action: what }) },
})
const headerInput = (name: string): JsonObject => ({
  name: 'header',
  typed_config: typed('envoy.type.matcher.v3.HttpRequestHeaderMatchInput', { header_name: name }),
})
const networkInput = (type: string): JsonObject => ({
  name: type,
  typed_config: typed(`envoy.extensions.matching.common_inputs.network.v3.${type}`),
})
const single = (input: JsonObject, match: JsonObject): JsonObject => ({
  single_predicate: { input, value_match: match },
})
const treeOf = (input: JsonObject, map: JsonObject, more: JsonObject = {}): JsonObject => ({
  matcher_tree: { input, exact_match_map: { map } },
  ...more,
})

const network = (config: JsonObject): ServiceSpec => ({
  routes: [REST],
  networkFilters: [
    {
      name: 'envoy.filters.network.rbac',
      typed_config: typed('envoy.extensions.filters.network.rbac.v3.RBAC', { stat_prefix: 'tcp.', ...config }),
    },
  ],
})
const networkRules = (act: Action, permission: JsonObject, principal?: JsonObject): ServiceSpec =>
  network({ rules: rules(act, { p: policy(permission, principal) }) })

const perRoute = (config: JsonObject): JsonObject => ({
  typed_per_filter_config: { [NAME]: typed('envoy.extensions.filters.http.rbac.v3.RBACPerRoute', config) },
})

const permissionCases = casesOf('rbac', {
  'permission-any': { service: allowing({ any: true }), exchange: sequence(get('/'), request('POST', '/x', {}, 'b')) },
  'permission-any-is-false': { service: allowing({ not_rule: { any: true } }), exchange: sequence(get('/')) },
  'header-exact': {
    service: allowing(header('x-token', { string_match: { exact: 'admin' } })),
    exchange: sequence(get('/', { 'X-Token': 'admin' }), get('/', { 'x-token': 'Admin' }), get('/')),
  },
  'header-of-several-lines': {
    service: allowing(header('x-token', { string_match: { exact: 'a,b' } })),
    exchange: sequence(
      'GET / HTTP/1.1\r\nhost: service.test\r\nx-token: a\r\nx-token: b\r\n\r\n',
      get('/', { 'x-token': 'a, b' }),
      get('/', { 'x-token': 'a' }),
    ),
  },
  'header-by-part': {
    service: filtered(
      enforced('ALLOW', {
        prefix: policy(header('x-a', { string_match: { prefix: 'pre' } })),
        suffix: policy(header('x-b', { string_match: { suffix: 'suf', ignore_case: true } })),
        contains: policy(header('x-c', { string_match: { contains: 'mid' } })),
        regex: policy(header('x-d', { string_match: { safe_regex: { regex: 'a[0-9]+' } } })),
      }),
    ),
    exchange: sequence(
      get('/', { 'x-a': 'prefix' }),
      get('/', { 'x-a': ' prefix' }),
      get('/', { 'x-a': 'Prefix' }),
      get('/', { 'x-b': 'a SUF' }),
      get('/', { 'x-b': 'suffix' }),
      get('/', { 'x-c': 'amidst' }),
      get('/', { 'x-d': 'a12' }),
      get('/', { 'x-d': 'a12b' }),
    ),
  },
  'header-present': {
    service: allowing(header('x-a', { present_match: true })),
    exchange: sequence(get('/', { 'x-a': '' }), get('/', { 'x-a': 'v' }), get('/')),
  },
  'header-absent': {
    service: allowing(header('x-a', { present_match: false })),
    exchange: sequence(get('/', { 'x-a': '' }), get('/')),
  },
  'header-inverted': {
    service: allowing(header('x-a', { string_match: { exact: 'v' }, invert_match: true })),
    exchange: sequence(get('/', { 'x-a': 'v' }), get('/', { 'x-a': 'w' }), get('/')),
  },
  'header-missing-is-empty': {
    service: allowing(header('x-a', { string_match: { exact: '' }, treat_missing_header_as_empty: true })),
    exchange: sequence(get('/'), get('/', { 'x-a': '' }), get('/', { 'x-a': 'v' })),
  },
  'header-method': {
    service: allowing(header(':method', { string_match: { prefix: 'P' } })),
    exchange: sequence(get('/'), request('POST', '/'), request('PUT', '/', {}, 'b'), request('PATCH', '/')),
  },
  'header-authority': {
    service: allowing(header(':authority', { string_match: { suffix: '.example.com', ignore_case: true } })),
    exchange: sequence(
      get('/', { host: 'A.Example.COM' }),
      get('/', { host: 'a.example.com:80' }),
      get('/', { host: 'example.com' }),
    ),
  },
  'header-path-has-the-query': {
    service: allowing(header(':path', { string_match: { exact: '/a?b' } })),
    exchange: sequence(get('/a?b'), get('/a'), get('/a?b#c')),
  },
  'header-not-what-the-client-removed': {
    service: allowing(header('x-envoy-max-retries', { present_match: true })),
    exchange: sequence(get('/', { 'x-envoy-max-retries': '3' })),
  },
  'path-exact': {
    service: allowing(path({ exact: '/admin' })),
    exchange: sequence(
      get('/admin'),
      get('/admin?x=1'),
      get('/admin/'),
      get('/Admin'),
      get('/a/../admin'),
      get('//admin'),
    ),
  },
  'path-prefix': {
    service: allowing(path({ prefix: '/api' })),
    exchange: sequence(get('/api'), get('/apix'), get('/ap?i'), get('/%61pi'), get('/x/../api/y')),
  },
  'path-suffix-and-contains': {
    service: filtered(
      enforced('ALLOW', { s: policy(path({ suffix: '.html' })), c: policy(path({ contains: 'mid' })) }),
    ),
    exchange: sequence(get('/a.html'), get('/a.html?q'), get('/a?x.html'), get('/amid'), get('/a?mid')),
  },
  'path-without-case': {
    service: allowing(path({ exact: '/Admin', ignore_case: true })),
    exchange: sequence(get('/ADMIN'), get('/admin'), get('/adm')),
  },
  'path-regex': {
    service: allowing(path({ safe_regex: { regex: '.+' } })),
    exchange: sequence(get('/'), get('/?'), request('OPTIONS', '*')),
  },
  'path-with-escaped-slash': {
    service: allowing(path({ prefix: '/a/' })),
    exchange: sequence(get('/a%2Fb'), get('/a/%2e%2e/b'), get('/a/.%2e/b')),
  },
  'template-one-segment': {
    service: allowing(template('/a/*/c')),
    exchange: sequence(get('/a/b/c'), get('/a//c'), get('/a/b/b/c'), get('/a/b/c/'), get('/a/b/c?d'), get('/a/%20/c')),
  },
  'template-rest': {
    service: allowing(template('/a/**')),
    exchange: sequence(get('/a'), get('/a/'), get('/a/b'), get('/a/b/c.txt'), get('/b/a/')),
  },
  'template-rest-and-slash': {
    service: allowing(template('/foo/**/')),
    exchange: sequence(get('/foo/bar/'), get('/foo/bar/baz.txt'), get('/foo//'), get('/foo/bar'), get('/foo/')),
  },
  'template-rest-and-literal': {
    service: allowing(template('/*/x/**/end')),
    exchange: sequence(get('/a/x/b/end'), get('/a/x/end'), get('/a/x//end'), get('/x/b/end')),
  },
  'template-of-odd-characters': {
    service: allowing(template('/a/*')),
    exchange: sequence(get("/a/-._~!$&'()*+,;=:@"), get('/a/%41'), get('/a/b|c'), get('/a/"')),
  },
  'destination-ip': {
    service: filtered(
      enforced('ALLOW', { p: policy({ destination_ip: range('127.0.0.0', 8) }) }),
      enforced('DENY', { q: policy({ destination_ip: range('10.0.0.0', 8) }) }),
    ),
    exchange: sequence(get('/')),
  },
  'destination-port': { service: allowing({ destination_port: 80 }), exchange: sequence(get('/')) },
  'destination-port-of-another': { service: allowing({ destination_port: 8080 }), exchange: sequence(get('/')) },
  'destination-port-range': {
    service: filtered(
      enforced('ALLOW', { p: policy({ destination_port_range: { start: 80, end: 81 } }) }),
      enforced('DENY', { q: policy({ destination_port_range: { start: 1, end: 80 } }) }),
    ),
    exchange: sequence(get('/')),
  },
  'server-name-of-nobody': {
    service: filtered(
      enforced('DENY', { some: policy({ requested_server_name: { prefix: 'a' } }) }),
      enforced('ALLOW', { none: policy({ requested_server_name: { exact: '' } }) }),
    ),
    exchange: sequence(get('/')),
  },
  'and-or-not': {
    service: allowing({
      and_rules: {
        rules: [
          { or_rules: { rules: [path({ exact: '/a' }), path({ exact: '/b' })] } },
          { not_rule: { or_rules: { rules: [header(':method', { string_match: { exact: 'PUT' } })] } } },
        ],
      },
    }),
    exchange: sequence(get('/a'), request('PUT', '/a'), get('/b'), get('/c')),
  },
})

const principalCases = casesOf('rbac', {
  'who-filter-state-exact': {
    service: allowingWho(peer({ exact: 'spiffe://cluster.local/ns/default/sa/client' })),
    exchange: people,
  },
  'who-filter-state-by-part': {
    service: filtered(
      enforced('ALLOW', { p: policy({ any: true }, peer({ prefix: 'spiffe://cluster.local/ns/default/' })) }),
      enforced('DENY', { q: policy({ any: true }, peer({ suffix: 'ele' })) }),
    ),
    exchange: people,
  },
  'who-filter-state-regex': {
    service: allowingWho(peer({ safe_regex: { regex: '.*/ns/other/.*' } })),
    exchange: people,
  },
  'who-service-account-regex': {
    service: allowingWho(peer({ safe_regex: { regex: 'spiffe://.+/ns/default/(.+/|)sa/client(/.+)?' } })),
    exchange: people,
  },
  'who-filter-state-of-no-value': {
    service: filtered(
      enforced('DENY', { p: policy({ any: true }, { filter_state: { key: 'none', string_match: { exact: '' } } }) }),
      enforced('ALLOW', {
        q: policy({ any: true }, { not_id: { filter_state: { key: 'none', string_match: { prefix: 'a' } } } }),
      }),
    ),
    exchange: sequence(get('/')),
  },
  'who-authenticated-by-tls': {
    service: filtered(enforced('DENY', { p: policy({ any: true }, { authenticated: {} }) })),
    exchange: sequence(get('/')),
  },
  'who-source-ip': {
    service: filtered(
      enforced('ALLOW', { p: policy({ any: true }, { source_ip: range('127.0.0.1', 32) }) }),
      enforced('DENY', { q: policy({ any: true }, { source_ip: range('127.0.0.2', 32) }) }),
    ),
    exchange: sequence(get('/', { 'x-forwarded-for': '127.0.0.2' })),
  },
  'who-direct-remote-ip': {
    service: filtered(
      enforced('ALLOW', { p: policy({ any: true }, { direct_remote_ip: range('127.0.0.1', 32) }) }),
      enforced('DENY', { q: policy({ any: true }, { direct_remote_ip: range('203.0.113.0', 24) }) }),
    ),
    exchange: sequence(get('/', { 'x-forwarded-for': '203.0.113.9' })),
  },
  'who-remote-ip': {
    service: allowingWho({ remote_ip: range('203.0.113.0', 24) }),
    exchange: sequence(
      get('/', { 'x-forwarded-for': '203.0.113.9' }),
      get('/', { 'x-forwarded-for': '203.0.113.9, 10.0.0.1' }),
      get('/', { 'x-forwarded-for': '10.0.0.1, 203.0.113.9' }),
      get('/', { 'x-forwarded-for': 'nonsense' }),
      get('/'),
    ),
  },
  'who-remote-ip-version-6': {
    service: allowingWho({ remote_ip: range('2001:db8::', 32) }),
    exchange: sequence(get('/', { 'x-forwarded-for': '2001:db8::1' }), get('/', { 'x-forwarded-for': '2001:db9::1' })),
  },
  'who-ip-of-length-0': {
    service: allowingWho({ direct_remote_ip: { address_prefix: '10.0.0.0' } }),
    exchange: sequence(get('/')),
  },
  'who-header-and-path': {
    service: allowingWho({
      and_ids: { ids: [header('x-user', { string_match: { exact: 'me' } }), path({ prefix: '/mine' })] },
    }),
    exchange: sequence(get('/mine', { 'x-user': 'me' }), get('/yours', { 'x-user': 'me' }), get('/mine')),
  },
  'who-or-not': {
    service: allowingWho({
      or_ids: {
        ids: [header('x-a', { present_match: true }), { not_id: header('x-b', { present_match: true }) }],
      },
    }),
    exchange: sequence(get('/'), get('/', { 'x-b': '1' }), get('/', { 'x-a': '1', 'x-b': '1' })),
  },
})

const metadataCases = casesOf('rbac', {
  'metadata-of-an-earlier-filter': {
    service: filtered(
      leaving('marked', path({ prefix: '/a' })),
      enforced('ALLOW', {
        p: policy(metadata('first_shadow_effective_policy_id', { string_match: { prefix: 'mark' } })),
      }),
    ),
    exchange: sequence(get('/a'), get('/b')),
  },
  'metadata-inverted': {
    service: filtered(
      leaving('marked', path({ prefix: '/a' })),
      enforced('ALLOW', {
        p: policy(
          metadata('first_shadow_effective_policy_id', { string_match: { exact: 'marked' } }, { invert: true }),
        ),
      }),
    ),
    exchange: sequence(get('/a'), get('/b')),
  },
  'metadata-present-and-of-other-kinds': {
    service: filtered(
      leaving('marked', path({ prefix: '/a' })),
      enforced('ALLOW', {
        present: policy(metadata('first_shadow_effective_policy_id', { present_match: true })),
        number: policy(metadata('first_shadow_engine_result', { double_match: { exact: 0 } })),
        list: policy(metadata('first_shadow_engine_result', { list_match: { one_of: { present_match: true } } })),
        null: policy(metadata('missing', { null_match: {} })),
        bool: policy(metadata('first_shadow_engine_result', { bool_match: true })),
      }),
    ),
    exchange: sequence(get('/a'), get('/b')),
  },
  'metadata-either': {
    service: filtered(
      leaving('marked', path({ prefix: '/a' })),
      enforced('ALLOW', {
        p: policy(
          metadata('first_shadow_engine_result', {
            or_match: { value_matchers: [{ string_match: { exact: 'x' } }, { string_match: { suffix: 'ied' } }] },
          }),
        ),
      }),
    ),
    exchange: sequence(get('/a'), get('/b')),
  },
  'metadata-as-principal': {
    service: filtered(
      leaving('marked', path({ prefix: '/a' })),
      enforced('DENY', {
        p: policy({ any: true }, metadata('first_shadow_engine_result', { string_match: { exact: 'denied' } })),
      }),
    ),
    exchange: sequence(get('/a'), get('/b')),
  },
  'metadata-of-the-route': {
    service: {
      filters: [
        enforced('ALLOW', {
          p: policy({
            sourced_metadata: {
              metadata_source: 'ROUTE',
              metadata_matcher: { filter: 'app', path: [{ key: 'team' }], value: { string_match: { exact: 'blue' } } },
            },
          }),
        }),
      ],
      routes: [
        route('blue', { prefix: '/blue' }, {}, { metadata: { filter_metadata: { app: { team: 'blue' } } } }),
        route('red', { prefix: '/red' }, {}, { metadata: { filter_metadata: { app: { team: 'red' } } } }),
        route('plain', { prefix: '/plain' }),
      ],
    },
    exchange: sequence(get('/blue'), get('/red'), get('/plain'), get('/none')),
  },
  'metadata-of-a-hint-to-log': {
    service: filtered(
      enforced('LOG', { l: policy(path({ prefix: '/log' })) }),
      enforced('DENY', {
        p: policy({
          metadata: { filter: 'envoy.common', path: [{ key: 'access_log_hint' }], value: { bool_match: true } },
        }),
      }),
    ),
    exchange: sequence(get('/log'), get('/other')),
  },
})

const decisionCases = casesOf('rbac', {
  'no-policies-allow': { service: filtered(enforced('ALLOW', {})), exchange: sequence(get('/')) },
  'no-policies-deny': { service: filtered(enforced('DENY', {})), exchange: sequence(get('/')) },
  'no-rules': { service: filtered(filter({})), exchange: sequence(get('/')) },
  'first-policy-by-name': {
    service: filtered(
      enforced('DENY', { b: policy({ any: true }), a: policy({ any: true }), 'B b': policy({ any: true }) }),
    ),
    exchange: sequence(get('/')),
  },
  'policy-name-as-istio-writes-it': {
    service: filtered(enforced('DENY', { 'ns[a]-policy[b]-rule[0]': policy({ any: true }) })),
    exchange: sequence(get('/')),
  },
  'several-permissions-and-principals': {
    service: filtered(
      enforced('ALLOW', {
        p: {
          permissions: [path({ exact: '/a' }), path({ exact: '/b' })],
          principals: [header('x-a', { present_match: true }), header('x-b', { present_match: true })],
        },
      }),
    ),
    exchange: sequence(get('/a', { 'x-b': '1' }), get('/b', { 'x-a': '1' }), get('/a'), get('/c', { 'x-a': '1' })),
  },
  'audit-deny-allow': {
    service: filtered(
      enforced('LOG', { audit: policy(path({ prefix: '/' })) }),
      enforced('DENY', { deny: policy(path({ exact: '/admin' })) }),
      enforced('ALLOW', { allow: policy(header(':method', { string_match: { exact: 'GET' } })) }),
    ),
    exchange: sequence(get('/'), get('/admin'), request('POST', '/')),
  },
  'denied-with-body': {
    service: filtered(enforced('DENY', { p: policy(path({ exact: '/no' })) })),
    exchange: separately(request('POST', '/no', {}, 'a body'), request('HEAD', '/no')),
  },
  'denied-over-http2': {
    service: filtered(enforced('DENY', { p: policy(path({ exact: '/no' })) })),
    exchange: h2Sequence(
      h2Request({ ':path': '/no' }),
      h2Request(),
      h2Request({ ':path': '/no', ':method': 'POST' }, [['content-type', 'application/grpc']]),
    ),
  },
  'denied-before-the-route': {
    service: {
      filters: [enforced('DENY', { p: policy({ any: true }) })],
      routes: [direct('direct', { prefix: '/direct' }, 200, 'hello'), route('only', { path: '/only' })],
    },
    exchange: sequence(get('/direct'), get('/none')),
  },
  'denied-upgrade': {
    service: filtered(enforced('DENY', { p: policy(header('upgrade', { present_match: true })) })),
    exchange: separately(get('/', { connection: 'upgrade', upgrade: 'websocket' })),
  },
  'shadow-only': {
    service: filtered(
      filter({
        shadow_rules: rules('DENY', { dry: policy(path({ exact: '/dry' })) }),
        shadow_rules_stat_prefix: 'istio_dry_run_deny_',
      }),
    ),
    exchange: sequence(get('/dry'), get('/')),
  },
  'shadow-of-allow': {
    service: filtered(
      filter({
        shadow_rules: rules('ALLOW', { dry: policy(path({ exact: '/dry' })) }),
        shadow_rules_stat_prefix: 'istio_dry_run_allow_',
      }),
    ),
    exchange: sequence(get('/dry'), get('/')),
  },
  'shadow-of-log': {
    service: filtered(filter({ shadow_rules: rules('LOG', { dry: policy(path({ exact: '/dry' })) }) })),
    exchange: sequence(get('/dry'), get('/')),
  },
  'shadow-beside-rules': {
    service: filtered(
      filter({
        rules: rules('DENY', { hard: policy(path({ prefix: '/no' })) }),
        rules_stat_prefix: 'hard_',
        shadow_rules: rules('DENY', { soft: policy(path({ suffix: '.txt' })) }),
        shadow_rules_stat_prefix: 'soft_',
      }),
    ),
    exchange: sequence(get('/no'), get('/no.txt'), get('/a.txt'), get('/')),
  },
  'per-route-rules': {
    service: {
      filters: [enforced('DENY', { whole: policy({ any: true }) })],
      routes: [
        route(
          'own',
          { prefix: '/own' },
          {},
          perRoute({ rbac: { rules: rules('DENY', { own: policy(path({ suffix: 'x' })) }) } }),
        ),
        route('free', { prefix: '/free' }, {}, perRoute({})),
        REST,
      ],
    },
    exchange: sequence(get('/own'), get('/own/x'), get('/free'), get('/')),
  },
  'per-host-rules-and-disabled': {
    service: {
      filters: [filter({ rules: rules('DENY', { whole: policy({ any: true }) }) }, { disabled: true })],
      virtualHost: perRoute({ rbac: { rules: rules('DENY', { host: policy(path({ suffix: 'x' })) }) } }),
      routes: [REST],
    },
    exchange: sequence(get('/'), get('/x')),
  },
})

const matcherCases = casesOf('rbac', {
  'matcher-of-a-header': {
    service: filtered(
      filter({
        matcher: treeOf(
          headerInput('x-role'),
          { admin: action('admins', 'ALLOW'), guest: action('guests', 'DENY'), spy: action('spies', 'LOG') },
          { on_no_match: action('others', 'DENY') },
        ),
      }),
    ),
    exchange: sequence(
      get('/', { 'x-role': 'admin' }),
      get('/', { 'x-role': 'guest' }),
      get('/', { 'x-role': 'spy' }),
      get('/', { 'x-role': 'x' }),
      get('/'),
    ),
  },
  'matcher-without-an-answer': {
    service: filtered(filter({ matcher: treeOf(headerInput('x-role'), { admin: action('admins', 'ALLOW') }) })),
    exchange: sequence(get('/', { 'x-role': 'admin' }), get('/')),
  },
  'matcher-list': {
    service: filtered(
      filter({
        matcher: {
          matcher_list: {
            matchers: [
              {
                predicate: {
                  and_matcher: {
                    predicate: [
                      single(headerInput(':method'), { exact: 'GET' }),
                      { not_matcher: single(headerInput('x-a'), { prefix: 'no' }) },
                    ],
                  },
                },
                on_match: action('first', 'ALLOW'),
              },
              {
                predicate: {
                  or_matcher: {
                    predicate: [
                      single(headerInput('x-b'), { safe_regex: { google_re2: {}, regex: '[0-9]+' } }),
                      single(networkInput('DestinationPortInput'), { exact: '81' }),
                    ],
                  },
                },
                on_match: action('second', 'DENY'),
              },
            ],
          },
          on_no_match: action('last', 'ALLOW'),
        },
      }),
    ),
    exchange: sequence(
      get('/'),
      get('/', { 'x-a': 'no way' }),
      get('/', { 'x-a': 'no way', 'x-b': '12' }),
      request('PUT', '/', { 'x-b': '1' }),
    ),
  },
  'matcher-by-prefix-and-nested': {
    service: filtered(
      filter({
        matcher: {
          matcher_tree: {
            input: headerInput(':path'),
            prefix_match_map: {
              map: {
                '/': action('root', 'ALLOW'),
                '/admin': {
                  matcher: treeOf(
                    headerInput('x-role'),
                    { admin: action('admin', 'ALLOW') },
                    { on_no_match: action('stranger', 'DENY') },
                  ),
                },
              },
            },
          },
        },
      }),
    ),
    exchange: sequence(get('/'), get('/admin'), get('/admin/x', { 'x-role': 'admin' }), get('/adm')),
  },
  'matcher-of-addresses': {
    service: filtered(
      filter({
        matcher: {
          matcher_tree: {
            input: networkInput('SourceIPInput'),
            custom_match: {
              name: 'ip',
              typed_config: typed('xds.type.matcher.v3.IPMatcher', {
                range_matchers: [
                  { ranges: [range('127.0.0.0', 8)], on_match: action('loopback', 'DENY') },
                  { ranges: [range('127.0.0.1', 32)], on_match: action('client', 'ALLOW') },
                ],
              }),
            },
          },
        },
      }),
    ),
    exchange: sequence(get('/')),
  },
  'shadow-matcher': {
    service: filtered(
      filter({
        shadow_matcher: treeOf(headerInput('x-role'), { admin: action('admins', 'ALLOW') }),
        shadow_rules_stat_prefix: 'm_',
      }),
    ),
    exchange: sequence(get('/', { 'x-role': 'admin' }), get('/')),
  },
})

const networkCases = casesOf('rbac', {
  'network-allow-by-identity': {
    service: networkRules('ALLOW', { any: true }, peer({ exact: 'spiffe://cluster.local/ns/default/sa/client' })),
    exchange: asEach(['default', 'client']),
  },
  'network-deny-by-identity': {
    service: networkRules('DENY', { any: true }, peer({ suffix: '/sa/client' })),
    exchange: asEach(['default', 'client'], ['default', 'other']),
  },
  'network-by-address': {
    service: networkRules('ALLOW', { destination_port: 80 }, { direct_remote_ip: range('127.0.0.1', 32) }),
    exchange: sequence(get('/')),
  },
  'network-path-never-matches': {
    service: networkRules('DENY', path({ prefix: '/' })),
    exchange: sequence(get('/')),
  },
  'network-shadow': {
    service: network({
      shadow_rules: rules('DENY', { dry: policy({ any: true }) }),
      shadow_rules_stat_prefix: 'istio_dry_run_deny_',
    }),
    exchange: sequence(get('/')),
  },
  'network-shadow-in-the-log': {
    service: {
      protocol: 'tcp',
      networkFilters: network({
        rules: rules('ALLOW', { all: policy({ any: true }) }),
        shadow_rules: rules('DENY', { dry: policy({ destination_port: 90 }) }),
        shadow_rules_stat_prefix: 'istio_dry_run_deny_',
      }).networkFilters!,
    },
    exchange: sequence(get('/')),
  },
  'network-matcher': {
    service: network({
      matcher: treeOf(networkInput('DestinationPortInput'), { 80: action('eighty', 'ALLOW') }),
    }),
    exchange: sequence(get('/')),
  },
})

export const rbacCases = [
  ...permissionCases,
  ...principalCases,
  ...metadataCases,
  ...decisionCases,
  ...matcherCases,
  ...networkCases,
]
