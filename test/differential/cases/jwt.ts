// Group `jwt`: which tokens let a request on, where they are looked for, what the upstream and later filters are told of them,
// and what a client hears that is refused.

import type { JsonObject, ServiceSpec } from '../case.ts'
import { typed } from '../envoy-json.ts'
import { get, h2Request, h2Sequence, request, separately, sequence } from '../exchanges.ts'
import { answers, casesOf, echo, http1, http2, silent } from '../pod-programs.ts'
import { jwksOf, rawToken, secondsFromNow, signingKey, token } from '../../support/json-web-tokens.ts'
import { header, REST, route } from './routes.ts'

const NAME = 'envoy.filters.http.jwt_authn'
const ISSUER = 'https://issuer.test'
const OTHER_ISSUER = 'https://other.test'
const ALGORITHMS = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 HS256 HS384 HS512 EdDSA'.split(' ')

const KEYS = ALGORITHMS.map((alg) => signingKey(alg))
const KEY = KEYS[0]
const ES256 = KEYS[6]
const ED25519 = KEYS[12]
const STRANGER = signingKey('RS256', KEY.kid)
const OTHER = signingKey('ES256', 'other-key')
const JWKS = jwksOf(...KEYS)

const GOOD = { iss: ISSUER, sub: 'me', aud: 'api', exp: secondsFromNow(3600), scope: 'read write', groups: ['a', 'b'] }
const GOOD_TOKEN = token(KEY, GOOD)
const EXPIRED_TOKEN = token(KEY, { ...GOOD, exp: secondsFromNow(-3600) })
const OTHER_TOKEN = token(OTHER, { iss: OTHER_ISSUER, sub: 'other', exp: secondsFromNow(3600) })

const bearer = (text: string): Record<string, string> => ({ authorization: `Bearer ${text}` })

const local = (jwks = JWKS): JsonObject => ({ local_jwks: { inline_string: jwks } })
const provider = (fields: JsonObject = {}): JsonObject => ({ issuer: ISSUER, ...local(), ...fields })
const otherProvider = (fields: JsonObject = {}): JsonObject => ({
  issuer: OTHER_ISSUER,
  ...local(jwksOf(OTHER)),
  ...fields,
})

const any = (...requirements: JsonObject[]): JsonObject => ({ requires_any: { requirements } })
const all = (...requirements: JsonObject[]): JsonObject => ({ requires_all: { requirements } })
const named = (provider_name = 'main'): JsonObject => ({ provider_name })
const MISSING: JsonObject = { allow_missing: {} }
const MISSING_OR_FAILED: JsonObject = { allow_missing_or_failed: {} }

const filter = (fields: JsonObject): JsonObject => ({
  name: NAME,
  typed_config: typed('envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', fields),
})

/** Requires a token of `main` (or `requires`) for every path. Routes tell the pod and the client what metadata there is. */
function service(
  providers: Readonly<Record<string, JsonObject>>,
  requires: JsonObject = named(),
  more: JsonObject = {},
  extra: ServiceSpec = {},
): ServiceSpec {
  return {
    filters: [filter({ providers, rules: [{ match: { prefix: '/' }, requires }], ...more })],
    routes: [REST],
    ...extra,
  }
}

/** Headers that print what is in the filter's namespace. */
const tells = (...paths: string[]): JsonObject[] =>
  paths.map((path) => header(`x-told-${path.replaceAll(/[^a-z]/g, '-')}`, `%DYNAMIC_METADATA(${NAME}:${path})%`))

const telling = (...paths: string[]): ServiceSpec => ({
  routes: [REST],
  virtualHost: { request_headers_to_add: tells(...paths), response_headers_to_add: tells(...paths) },
})

const perRoute = (fields: JsonObject): JsonObject => ({
  typed_per_filter_config: { [NAME]: typed('envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig', fields) },
})

/** One request per token, each with a connection of its own. */
const withTokens = (...tokens: string[]) => separately(...tokens.map((text) => get('/path?a=b', bearer(text))))

const claims = (more: JsonObject): string => token(KEY, { ...GOOD, ...more })

const remote = (more: JsonObject = {}): JsonObject => ({
  issuer: ISSUER,
  remote_jwks: { http_uri: { uri: 'http://keys.test/jwks?v=1', cluster: '<<keys>>', timeout: '2s' }, ...more },
})

const KEY_POD = (program: () => ReturnType<typeof echo>) => () => ({
  a: { program: echo() },
  keys: { program: program() },
})
const KEY_CLUSTERS = { backend: { pods: ['a'] }, keys: { pods: ['keys'] } }

const withBody = (body: string, status = '200 OK'): string =>
  `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n\r\n${body}`

/** Answers requests in turn with a status and a body. */
function http2Answers(...list: (readonly [status: string, body: string])[]): ReturnType<typeof echo> {
  let answered = 0
  return http2((wire, stream) => {
    const [status, body] = list[Math.min(answered++, list.length - 1)]
    wire.headers(stream.id, [[':status', status]])
    wire.data(stream.id, body, true)
  })
}

export const jwtCases = casesOf('jwt', {
  'good-token': { service: service({ main: provider() }), exchange: withTokens(GOOD_TOKEN) },
  'no-token': {
    service: service({ main: provider() }),
    exchange: separately(get('/path?a=b'), request('POST', '/', {}, 'body'), request('HEAD', '/')),
  },
  'no-token-over-http2': {
    service: service({ main: provider() }),
    exchange: h2Sequence(h2Request({ ':path': '/h2' }), h2Request({}, [['authorization', `Bearer ${GOOD_TOKEN}`]])),
  },
  'no-token-grpc': {
    service: service({ main: provider() }),
    exchange: h2Sequence(h2Request({ ':method': 'POST' }, [['content-type', 'application/grpc']])),
  },
  'all-algorithms': {
    service: service({ main: provider() }),
    exchange: withTokens(...KEYS.map((key) => token(key, GOOD))),
  },
  'keys-without-alg-and-kid': {
    service: service({
      main: provider(
        local(JSON.stringify({ keys: KEYS.map(({ jwk }) => ({ ...jwk, alg: undefined, kid: undefined })) })),
      ),
    }),
    exchange: withTokens(...KEYS.map((key) => token(key, GOOD))),
  },
  'algorithm-and-key-do-not-fit': {
    service: service({ main: provider() }),
    exchange: withTokens(
      token(KEY, GOOD, { header: { alg: 'RS512' } }),
      token(KEY, GOOD, { header: { alg: 'none' } }),
      token(KEY, GOOD, { header: { alg: 'HS256', kid: 'HS256-key' } }),
      token(KEY, GOOD, { header: { alg: undefined } }),
      token(KEY, GOOD, { header: { alg: 5 } }),
      token(KEY, GOOD, { header: { alg: 'rs256' } }),
    ),
  },
  'key-id': {
    service: service({ main: provider() }),
    exchange: withTokens(
      token(KEY, GOOD, { header: { kid: 'unknown' } }),
      token(KEY, GOOD, { header: { kid: undefined } }),
      token(KEY, GOOD, { header: { kid: null } }),
      token(KEY, GOOD, { header: { kid: 7 } }),
      token(KEY, GOOD, { header: { kid: '' } }),
      token(ES256, GOOD, { header: { kid: KEY.kid } }),
    ),
  },
  'wrong-signature': {
    service: service({ main: provider() }),
    exchange: withTokens(
      token(STRANGER, GOOD),
      GOOD_TOKEN.slice(0, -4),
      GOOD_TOKEN.slice(0, -1),
      `${GOOD_TOKEN}AAAA`,
      `${GOOD_TOKEN.slice(0, -8)}AAAAAAAA`,
      token(ED25519, GOOD).slice(0, -4),
      token(ES256, GOOD).slice(0, -4),
    ),
  },
  malformed: {
    service: service({ main: provider() }),
    exchange: withTokens(
      'a',
      'a.b',
      'a.b.c',
      '..',
      `${GOOD_TOKEN}.x`,
      GOOD_TOKEN.replace('.', '..'),
      `.${GOOD_TOKEN}`,
      `${GOOD_TOKEN}.`,
      `x${GOOD_TOKEN}`,
      GOOD_TOKEN.replace('.', '.x'),
    ),
  },
  'malformed-json': {
    service: service({ main: provider() }),
    exchange: withTokens(
      rawToken(KEY, '{"alg":"RS256"', '{}'),
      rawToken(KEY, '["RS256"]', '{}'),
      rawToken(KEY, '{"alg":"RS256"} x', '{}'),
      rawToken(KEY, '{"alg":"RS256"}', 'null'),
      rawToken(KEY, '{"alg":"RS256"}', '[]'),
      rawToken(KEY, '{"alg":"RS256"}', '{"iss":"x"'),
      rawToken(KEY, '{"alg":"RS256"}', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
      rawToken(KEY, '{"alg":"RS256"}', `{"a":${'['.repeat(120)}${']'.repeat(120)}}`),
    ),
  },
  'claims-of-wrong-type': {
    service: service({ main: provider() }),
    exchange: withTokens(
      claims({ iss: 5 }),
      claims({ iss: null }),
      claims({ sub: 5 }),
      claims({ iat: 'x' }),
      claims({ iat: -1 }),
      claims({ nbf: true }),
      claims({ nbf: -1 }),
      claims({ exp: '5' }),
      claims({ exp: -5 }),
      claims({ exp: 1e30 }),
      claims({ jti: 5 }),
      claims({ aud: 5 }),
      claims({ aud: ['a', 5] }),
      claims({ aud: {} }),
    ),
  },
  'padded-base64': {
    service: service({ main: provider() }),
    exchange: withTokens(
      GOOD_TOKEN.split('.')
        .map((part) => part.padEnd(Math.ceil(part.length / 4) * 4, '='))
        .join('.'),
      `${GOOD_TOKEN}=`,
    ),
  },
  times: {
    service: service({ main: provider() }),
    exchange: withTokens(
      EXPIRED_TOKEN,
      claims({ exp: secondsFromNow(-30) }),
      claims({ exp: 0 }),
      claims({ exp: undefined }),
      claims({ exp: secondsFromNow(3600) + 0.5 }),
      claims({ nbf: secondsFromNow(3600) }),
      claims({ nbf: secondsFromNow(30) }),
      claims({ iat: secondsFromNow(3600) }),
    ),
  },
  'clock-skew': {
    service: service({ main: provider({ clock_skew_seconds: 600 }) }),
    exchange: withTokens(
      claims({ exp: secondsFromNow(-500) }),
      claims({ exp: secondsFromNow(-700) }),
      claims({ nbf: secondsFromNow(500) }),
      claims({ nbf: secondsFromNow(700) }),
    ),
  },
  'require-expiration': {
    service: service({ main: provider({ require_expiration: true }) }),
    exchange: withTokens(GOOD_TOKEN, claims({ exp: undefined }), claims({ exp: 0 })),
  },
  'max-lifetime': {
    service: service({ main: provider({ max_lifetime: '1800s' }) }),
    exchange: withTokens(GOOD_TOKEN, claims({ exp: secondsFromNow(900) }), claims({ exp: undefined })),
  },
  issuers: {
    service: service({ main: provider() }),
    exchange: withTokens(claims({ iss: 'https://nobody.test' }), claims({ iss: undefined }), claims({ iss: '' })),
  },
  'provider-without-issuer': {
    service: service({ main: { ...local() } }),
    exchange: withTokens(claims({ iss: 'https://nobody.test' }), claims({ iss: undefined })),
  },
  audiences: {
    service: service({ main: provider({ audiences: ['https://api.test/', 'plain'] }) }),
    exchange: withTokens(
      GOOD_TOKEN,
      claims({ aud: 'plain' }),
      claims({ aud: ['x', 'plain'] }),
      claims({ aud: 'http://api.test' }),
      claims({ aud: 'api.test/' }),
      claims({ aud: undefined }),
      claims({ aud: [] }),
    ),
  },
  'audiences-of-the-requirement': {
    service: service(
      { main: provider({ audiences: ['provider'] }) },
      { provider_and_audiences: { provider_name: 'main', audiences: ['requirement'] } },
    ),
    exchange: withTokens(claims({ aud: 'provider' }), claims({ aud: 'requirement' })),
  },
  subjects: {
    service: service({ main: provider({ subjects: { prefix: 'spiffe://' } }) }),
    exchange: withTokens(GOOD_TOKEN, claims({ sub: 'spiffe://x' }), claims({ sub: undefined })),
  },
  'default-locations': {
    service: service({ main: provider() }),
    exchange: separately(
      get(`/q?access_token=${GOOD_TOKEN}&x=1`),
      get(`/q?x=1&access_token=${GOOD_TOKEN}`),
      get(`/q?access_token=${GOOD_TOKEN}`),
      get('/q?access_token='),
      get(`/q?token=${GOOD_TOKEN}`),
      get('/', { authorization: GOOD_TOKEN }),
      get('/', { authorization: `bearer ${GOOD_TOKEN}` }),
      get('/', { authorization: `Basic x, Bearer ${GOOD_TOKEN}` }),
      get('/', { authorization: `Bearer   ${GOOD_TOKEN}` }),
      get('/', { authorization: `Bearer ${GOOD_TOKEN}, more` }),
      get('/', { authorization: `Bearer ${GOOD_TOKEN} ` }),
      get('/', { authorization: 'Bearer' }),
      get('/', { authorization: 'Bearer ' }),
      get('/', { authorization: 'Bearer !!!' }),
    ),
  },
  'query-is-written-anew': {
    service: service({ main: provider() }),
    exchange: separately(
      get(`/q?b=2&access_token=${GOOD_TOKEN}&a=1&b=1`),
      get(`/q?b=x&access_token=${GOOD_TOKEN}&a=y+z&c`),
      get(`/q?access_token=${GOOD_TOKEN}&access_token=x&B=2&a=`),
    ),
  },
  'query-is-forwarded': {
    service: service({ main: provider({ forward: true }) }),
    exchange: separately(get(`/q?b=2&access_token=${GOOD_TOKEN}&a=1`)),
  },
  'headers-by-name-and-prefix': {
    service: service({
      main: provider({
        from_headers: [{ name: 'X-Jwt', value_prefix: 'Token ' }, { name: 'x-raw' }, { name: 'x-raw-b' }],
      }),
    }),
    exchange: separately(
      get('/', { 'x-jwt': `Token ${GOOD_TOKEN}` }),
      get('/', { 'x-jwt': GOOD_TOKEN }),
      get('/', { 'x-jwt': `jwt=Token ${GOOD_TOKEN};x` }),
      get('/', { 'x-raw': GOOD_TOKEN }),
      get('/', { 'x-raw': `${GOOD_TOKEN} ` }),
      get('/', { 'x-raw': '' }),
      get('/', { 'x-raw': `${GOOD_TOKEN} x` }),
      get('/', bearer(GOOD_TOKEN)),
      get('/', { 'x-jwt': `Token ${GOOD_TOKEN}`, 'x-raw': GOOD_TOKEN }),
      get('/', { 'x-jwt': `Token ${GOOD_TOKEN}`, 'x-raw': EXPIRED_TOKEN }),
      get('/', { 'x-jwt': `Token ${EXPIRED_TOKEN}`, 'x-raw': GOOD_TOKEN }),
      get('/', { 'x-raw': GOOD_TOKEN, 'x-raw-b': 'x.y.z' }),
    ),
  },
  'repeated-header': {
    service: service({ main: provider({ from_headers: [{ name: 'x-jwt' }] }) }),
    exchange: separately(
      `GET / HTTP/1.1\r\nhost: a\r\nx-jwt: ${GOOD_TOKEN}\r\nx-jwt: ${EXPIRED_TOKEN}\r\n\r\n`,
      `GET / HTTP/1.1\r\nhost: a\r\nx-jwt: ${EXPIRED_TOKEN}\r\nx-jwt: ${GOOD_TOKEN}\r\n\r\n`,
      `GET / HTTP/1.1\r\nhost: a\r\nx-jwt: ${GOOD_TOKEN}\r\nx-jwt: ${GOOD_TOKEN}\r\n\r\n`,
    ),
  },
  'parameters-by-name': {
    service: service({ main: provider({ from_params: ['jwt', 'b'] }) }),
    exchange: separately(
      get(`/?jwt=${GOOD_TOKEN}`),
      get(`/?b=${GOOD_TOKEN}&jwt=${EXPIRED_TOKEN}`),
      get(`/?b=${EXPIRED_TOKEN}&jwt=${GOOD_TOKEN}`),
      get(`/?%6Awt=${GOOD_TOKEN}`),
      get(`/?jwt=${GOOD_TOKEN.replace('.', '%2E')}`),
      get(`/?jwt=${GOOD_TOKEN}&jwt=x`),
    ),
  },
  cookies: {
    service: service({ main: provider({ from_cookies: ['jwt'] }) }),
    exchange: separately(
      get('/', { cookie: `jwt=${GOOD_TOKEN}` }),
      get('/', { cookie: `a=b; jwt=${GOOD_TOKEN}; c=d` }),
      get('/', { cookie: `a=b;jwt="${GOOD_TOKEN}"` }),
      get('/', { cookie: `jwt=${GOOD_TOKEN}; jwt=x` }),
      get('/', { cookie: `xjwt=${GOOD_TOKEN}` }),
      get('/', { cookie: 'jwt=' }),
      get('/', { cookie: `jwt =${GOOD_TOKEN}` }),
    ),
  },
  'forwarded-token': {
    service: service({ main: provider({ forward: true }) }),
    exchange: withTokens(GOOD_TOKEN),
  },
  'payload-header': {
    service: service({ main: provider({ forward_payload_header: 'X-Payload' }) }),
    exchange: separately(
      get('/', { ...bearer(GOOD_TOKEN), 'x-payload': 'forged' }),
      get('/', { 'x-payload': 'forged', ...bearer(EXPIRED_TOKEN) }),
    ),
  },
  'padded-payload-header': {
    service: service({ main: provider({ forward_payload_header: 'x-payload', pad_forward_payload_header: true }) }),
    exchange: withTokens(claims({ x: '' }), claims({ x: '1' }), claims({ x: '12' }), claims({ x: '123' })),
  },
  'claims-to-headers': {
    service: service({
      main: provider({
        claim_to_headers: (
          [
            'sub:sub',
            'nested:a.b',
            'number:n',
            'float:f',
            'negative:neg',
            'big:big',
            'yes:yes',
            'list:list',
            'object:o',
            'missing:nowhere',
            'null:nil',
            'empty:empty',
            'text:text',
            'through:sub.x',
          ] as const
        ).map((pair) => ({ header_name: `X-${pair.split(':')[0]}`, claim_name: pair.split(':')[1] })),
      }),
    }),
    exchange: separately(
      get('/', {
        'x-sub': 'forged',
        'x-missing': 'forged',
        ...bearer(
          claims({
            a: { b: 'deep' },
            n: 17,
            f: 1.5,
            neg: -3,
            big: 12345678901234567000,
            yes: true,
            list: ['x', 1],
            o: { k: 'v' },
            nil: null,
            empty: '',
            text: 'Grüße',
          }),
        ),
      }),
    ),
  },
  'payload-in-metadata': {
    service: service(
      { main: provider({ payload_in_metadata: 'payload', header_in_metadata: 'header' }) },
      named(),
      {},
      telling('payload:iss', 'payload:groups', 'payload:scope', 'payload:exp', 'header:alg', 'header:kid'),
    ),
    exchange: withTokens(GOOD_TOKEN, EXPIRED_TOKEN),
  },
  'normalized-payload': {
    service: service(
      {
        main: provider({
          payload_in_metadata: 'p',
          normalize_payload_in_metadata: { space_delimited_claims: ['scope', 'groups', 'empty', 'none'] },
        }),
      },
      named(),
      {},
      telling('p:scope', 'p:groups', 'p:empty', 'p:none', 'p:sub'),
    ),
    exchange: withTokens(claims({ scope: ' a  b ', empty: '' }), claims({ scope: 'one' }), claims({ scope: 5 })),
  },
  'failed-status-in-metadata': {
    service: service(
      { main: provider({ failed_status_in_metadata: 'why', payload_in_metadata: 'p' }) },
      named(),
      {},
      telling('why:code', 'why:message', 'p:sub'),
    ),
    exchange: separately(
      get('/'),
      get('/', bearer(EXPIRED_TOKEN)),
      get('/', bearer('x')),
      get('/', bearer(GOOD_TOKEN)),
    ),
  },
  'failed-status-where-failing-is-allowed': {
    service: service(
      { main: provider({ failed_status_in_metadata: 'why' }) },
      any(named(), MISSING_OR_FAILED),
      {},
      telling('why:code', 'why:message'),
    ),
    exchange: separately(
      get('/'),
      get('/', bearer(EXPIRED_TOKEN)),
      get('/', bearer('x')),
      get('/', bearer(GOOD_TOKEN)),
    ),
  },
  'allow-missing': {
    service: service({ main: provider() }, any(named(), MISSING)),
    exchange: separately(
      get('/'),
      ...[GOOD_TOKEN, EXPIRED_TOKEN, OTHER_TOKEN, 'x'].map((one) => get('/', bearer(one))),
    ),
  },
  'allow-missing-or-failed': {
    service: service({ main: provider() }, any(named(), MISSING_OR_FAILED)),
    exchange: separately(
      get('/'),
      ...[GOOD_TOKEN, EXPIRED_TOKEN, OTHER_TOKEN, 'x'].map((one) => get('/', bearer(one))),
    ),
  },
  'allow-missing-alone': {
    service: service({ main: provider() }, MISSING),
    exchange: separately(get('/'), get('/', bearer(EXPIRED_TOKEN))),
  },
  'any-of-two': {
    service: service({ main: provider(), other: otherProvider() }, any(named(), named('other'))),
    exchange: separately(
      get('/'),
      ...[GOOD_TOKEN, OTHER_TOKEN, EXPIRED_TOKEN, claims({ iss: 'x' }), 'x', token(STRANGER, GOOD)].map((one) =>
        get('/', bearer(one)),
      ),
    ),
  },
  'any-of-two-in-the-other-order': {
    service: service({ main: provider(), other: otherProvider() }, any(named('other'), named())),
    exchange: separately(
      get('/'),
      ...[GOOD_TOKEN, OTHER_TOKEN, EXPIRED_TOKEN, claims({ iss: 'x' }), 'x', token(STRANGER, GOOD)].map((one) =>
        get('/', bearer(one)),
      ),
    ),
  },
  'any-of-two-locations': {
    service: service(
      {
        main: provider({ from_headers: [{ name: 'x-main' }] }),
        other: otherProvider({ from_headers: [{ name: 'x-other' }] }),
      },
      any(named(), named('other')),
    ),
    exchange: separately(
      get('/', { 'x-main': GOOD_TOKEN, 'x-other': OTHER_TOKEN }),
      get('/', { 'x-main': EXPIRED_TOKEN }),
      get('/', { 'x-other': EXPIRED_TOKEN }),
      get('/', { 'x-main': EXPIRED_TOKEN, 'x-other': OTHER_TOKEN }),
      get('/', { 'x-main': claims({ aud: 'x', iss: 'y' }), 'x-other': 'z' }),
    ),
  },
  'all-of-two': {
    service: service(
      { main: provider(), other: otherProvider({ from_headers: [{ name: 'x-other' }] }) },
      all(named(), named('other')),
    ),
    exchange: separately(
      get('/', { ...bearer(GOOD_TOKEN), 'x-other': OTHER_TOKEN }),
      get('/', bearer(GOOD_TOKEN)),
      get('/', { 'x-other': OTHER_TOKEN }),
      get('/', { ...bearer(EXPIRED_TOKEN), 'x-other': 'x' }),
    ),
  },
  // What istiod makes of two rules.
  'two-issuers-of-istio': {
    service: service(
      { main: provider({ payload_in_metadata: 'payload' }), other: otherProvider({ payload_in_metadata: 'payload' }) },
      any(named(), named('other'), all(any(named(), MISSING), any(named('other'), MISSING))),
      {},
      telling('payload:sub'),
    ),
    exchange: separately(
      get('/'),
      ...[GOOD_TOKEN, OTHER_TOKEN, EXPIRED_TOKEN, claims({ iss: 'x' }), 'x', token(STRANGER, GOOD)].map((one) =>
        get('/', bearer(one)),
      ),
    ),
  },
  'rules-by-route-match': {
    service: {
      filters: [
        filter({
          providers: { main: provider(), other: otherProvider() },
          rules: [
            { match: { path: '/open' } },
            { match: { prefix: '/other' }, requires: named('other') },
            { match: { prefix: '/', headers: [{ name: 'x-skip', present_match: true }] }, requires: {} },
            { match: { safe_regex: { regex: '/r[0-9]+' } }, requires: named() },
            { match: { prefix: '/by-name' }, requirement_name: 'lenient' },
          ],
          requirement_map: { lenient: any(named(), MISSING) },
        }),
      ],
      routes: [REST],
    },
    exchange: separately(
      get('/open'),
      get('/open?x'),
      get('/other'),
      get('/other', bearer(OTHER_TOKEN)),
      get('/r12'),
      get('/r12x'),
      get('/nothing'),
      get('/by-name'),
      get('/by-name', bearer(EXPIRED_TOKEN)),
      get('/r12', { 'x-skip': '1' }),
    ),
  },
  'requirements-of-routes': {
    service: {
      filters: [
        filter({
          providers: { main: provider(), other: otherProvider() },
          rules: [{ match: { prefix: '/' }, requires: named() }],
          requirement_map: { b: named('other'), a: named() },
        }),
      ],
      routes: [
        route('other', { path: '/other' }, {}, perRoute({ requirement_name: 'b' })),
        route('off', { path: '/off' }, {}, perRoute({ disabled: true })),
        route('wrong', { path: '/wrong' }, {}, perRoute({ requirement_name: 'nowhere' })),
        REST,
      ],
    },
    exchange: separately(
      get('/other', bearer(GOOD_TOKEN)),
      get('/other', bearer(OTHER_TOKEN)),
      get('/off'),
      get('/wrong', bearer(GOOD_TOKEN)),
      get('/'),
    ),
  },
  'rules-by-filter-state': {
    service: service({ main: provider() }, named(), {
      rules: [],
      filter_state_rules: {
        name: 'io.istio.peer_principal',
        requires: { 'spiffe://cluster.local/ns/default/sa/client': named() },
      },
    }),
    exchange: separately(get('/'), get('/', bearer(GOOD_TOKEN))),
  },
  'stripped-failure-response': {
    service: service({ main: provider() }, named(), { strip_failure_response: true }),
    exchange: separately(get('/'), get('/', bearer(EXPIRED_TOKEN))),
  },
  'cors-preflight': {
    service: service({ main: provider() }, named(), { bypass_cors_preflight: true }),
    exchange: separately(
      request('OPTIONS', '/', { origin: 'https://a.test', 'access-control-request-method': 'GET' }),
      request('OPTIONS', '/', { origin: 'https://a.test' }),
      get('/', { origin: 'https://a.test', 'access-control-request-method': 'GET' }),
    ),
  },
  'realm-is-the-request': {
    service: service({ main: provider() }),
    exchange: separately(
      get(`/${'p'.repeat(300)}`),
      get('/a?b=c#d', { host: 'Other.test:8080' }),
      get(`/?access_token=${EXPIRED_TOKEN}`),
      get('/', { 'x-forwarded-proto': 'https' }),
    ),
  },
  'claims-choose-the-route': {
    service: service(
      { main: provider({ payload_in_metadata: 'payload', clear_route_cache: true }) },
      any(named(), MISSING),
      {},
      {
        routes: [
          route('admins', {
            prefix: '/',
            dynamic_metadata: [
              {
                filter: NAME,
                path: [{ key: 'payload' }, { key: 'groups' }],
                value: { list_match: { one_of: { string_match: { exact: 'admin' } } } },
              },
            ],
          }),
          REST,
        ],
      },
    ),
    exchange: separately(get('/'), get('/', bearer(GOOD_TOKEN)), get('/', bearer(claims({ groups: ['admin'] })))),
  },
  'claims-and-the-route-that-was-chosen': {
    service: service(
      { main: provider({ claim_to_headers: [{ header_name: 'x-sub', claim_name: 'sub' }] }) },
      named(),
      {},
      {
        routes: [route('me', { prefix: '/', headers: [{ name: 'x-sub', string_match: { exact: 'me' } }] }), REST],
      },
    ),
    exchange: withTokens(GOOD_TOKEN),
  },
  'claims-in-access-policy': {
    service: service(
      { main: provider({ payload_in_metadata: 'payload' }) },
      any(named(), MISSING),
      {},
      {
        filters: [
          filter({
            providers: { main: provider({ payload_in_metadata: 'payload' }) },
            rules: [{ match: { prefix: '/' }, requires: any(named(), MISSING) }],
          }),
          {
            name: 'envoy.filters.http.rbac',
            typed_config: typed('envoy.extensions.filters.http.rbac.v3.RBAC', {
              rules: {
                action: 'ALLOW',
                policies: {
                  p: {
                    permissions: [{ any: true }],
                    principals: [
                      {
                        metadata: {
                          filter: NAME,
                          path: [{ key: 'payload' }, { key: 'groups' }],
                          value: { list_match: { one_of: { string_match: { exact: 'b' } } } },
                        },
                      },
                    ],
                  },
                },
              },
            }),
          },
        ],
      },
    ),
    exchange: separately(get('/'), get('/', bearer(GOOD_TOKEN)), get('/', bearer(claims({ groups: ['c'] })))),
  },
  'token-seen-again': {
    service: service({ main: provider({ jwt_cache_config: {}, forward_payload_header: 'x-payload' }) }),
    exchange: sequence(
      ...[GOOD_TOKEN, GOOD_TOKEN, EXPIRED_TOKEN, EXPIRED_TOKEN, GOOD_TOKEN].map((one) => get('/', bearer(one))),
    ),
  },
  'remote-keys': {
    service: service({ main: remote() }, named(), {}, { clusters: KEY_CLUSTERS }),
    pods: KEY_POD(() => echo(JWKS)),
    exchange: sequence(get('/1', bearer(GOOD_TOKEN)), get('/2', bearer(GOOD_TOKEN)), get('/3', bearer(EXPIRED_TOKEN))),
  },
  'remote-keys-are-fetched-for-tokens-only': {
    service: service({ main: remote() }, any(named(), MISSING), {}, { clusters: KEY_CLUSTERS }),
    pods: KEY_POD(() => echo(JWKS)),
    exchange: sequence(get('/1'), get('/2', bearer(EXPIRED_TOKEN)), request('POST', '/3', bearer(GOOD_TOKEN), 'body')),
  },
  'remote-keys-that-expire': {
    service: service({ main: remote({ cache_duration: '0.001s' }) }, named(), {}, { clusters: KEY_CLUSTERS }),
    pods: KEY_POD(() => answers(withBody(JWKS), { waitMs: 1 }, withBody(JWKS))),
    exchange: separately(get('/1', bearer(GOOD_TOKEN)), get('/2', bearer(GOOD_TOKEN))),
  },
  ...Object.fromEntries(
    Object.entries({
      'answered-503': () => answers(withBody('x', '503 Service Unavailable')),
      'answered-404': () => answers(withBody(JWKS, '404 Not Found')),
      'no-json': () => echo('no json'),
      empty: () => echo(''),
      'without-keys': () => echo('{"keys":[]}'),
      reset: () => http1(() => ['reset']),
      'cut-off': () => answers(['HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nxx', 'end']),
    }).map(([name, program]) => [
      `remote-keys-${name}`,
      {
        service: service({ main: remote() }, named(), {}, { clusters: KEY_CLUSTERS }),
        pods: KEY_POD(program),
        exchange: separately(get('/', bearer(GOOD_TOKEN))),
      },
    ]),
  ),
  'remote-keys-time-out': {
    service: service(
      {
        main: {
          issuer: ISSUER,
          remote_jwks: { http_uri: { uri: 'http://keys.test/', cluster: '<<keys>>', timeout: '0.1s' } },
        },
      },
      named(),
      {},
      { clusters: KEY_CLUSTERS },
    ),
    pods: KEY_POD(() => silent()),
    exchange: separately(get('/', bearer(GOOD_TOKEN))),
  },
  'remote-keys-of-no-host': {
    service: service({ main: remote() }, named(), {}, { clusters: { backend: { pods: ['a'] }, keys: { pods: [] } } }),
    exchange: separately(get('/', bearer(GOOD_TOKEN))),
  },
  'remote-keys-of-no-cluster': {
    service: service({
      main: {
        issuer: ISSUER,
        remote_jwks: { http_uri: { uri: 'http://keys.test/', cluster: 'nowhere', timeout: '1s' } },
      },
    }),
    exchange: separately(get('/', bearer(GOOD_TOKEN))),
  },
  'remote-keys-are-asked-for-again': {
    service: service(
      {
        main: remote({
          retry_policy: { num_retries: 2, retry_back_off: { base_interval: '0.005s', max_interval: '1s' } },
        }),
      },
      named(),
      {},
      { clusters: { ...KEY_CLUSTERS, keys: { pods: ['keys'], http2: true } } },
    ),
    pods: KEY_POD(() => http2Answers(['503', 'x'], ['502', 'x'], ['200', JWKS])),
    exchange: separately(get('/', bearer(GOOD_TOKEN))),
  },
})
