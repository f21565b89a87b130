import { expect, test } from '@jest/globals'
import { jwksOf, signingKey, token } from '../../../../test/support/json-web-tokens.ts'
import { ManagedConnection } from '../../../../test/support/connection-managers.ts'
import { CountingStats } from '../../../../test/support/counting-stats.ts'

const NAME = 'envoy.filters.http.jwt_authn'
const KEY = signingKey('ES256')
/** The clock of these tests stands at 1970. */
const GOOD = token(KEY, { iss: 'issuer', sub: 'me', exp: 100 })

const LOCAL = { localJwks: { inlineString: jwksOf(KEY) } }

function connectionWith(provider: object = {}, more: object = {}, stats = new CountingStats()): ManagedConnection {
  const filter = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
    providers: { main: { issuer: 'issuer', ...('remoteJwks' in provider ? {} : LOCAL), ...provider } },
    rules: [{ match: { prefix: '/' }, requires: { providerName: 'main' } }],
    ...more,
  }
  return new ManagedConnection({ filters: { [NAME]: filter }, stats })
}

test('a request with a good token goes on without it', () => {
  const connection = connectionWith()
  expect(connection.get('/', `authorization: Bearer ${GOOD}`)).toContain('HTTP/1.1 200 OK')
  expect(connection.requests[0].join('\n')).not.toContain('authorization')
})

test('a request without one is told what is missing', () => {
  const connection = connectionWith()
  const response = connection.get('/a?b')
  expect(response).toContain('HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer realm="http://a.test/a?b"\r\n')
  expect(response).toContain('\r\n\r\nJwt is missing')
  expect(connection.requests).toEqual([])
  expect(connection.logged[0].responseCodeDetails).toBe('jwt_authn_access_denied{Jwt_is_missing}')
})

test('claims are there for later filters', () => {
  const connection = connectionWith({ payloadInMetadata: 'payload' })
  connection.get('/', `authorization: Bearer ${GOOD}`)
  expect(connection.logged[0].dynamicMetadata.get(NAME)).toEqual({ payload: { iss: 'issuer', sub: 'me', exp: 100 } })
})

test('requests, fetched keys and remembered tokens are counted', () => {
  const stats = new CountingStats()
  const connection = connectionWith({}, {}, stats)
  for (let i = 0; i < 3; i++) connection.get('/', `authorization: Bearer ${GOOD}`)
  connection.get('/')
  expect(stats.of('http.test.jwt_authn.')).toEqual({ allowed: 3, denied: 1, jwt_cache_hit: 2, jwt_cache_miss: 1 })
})

test('a token that was good is judged again when it is seen again', () => {
  const connection = connectionWith(
    { audiences: ['a'] },
    {
      rules: [
        { match: { prefix: '/strict' }, requires: { providerName: 'main' } },
        { match: { prefix: '/' }, requires: { providerAndAudiences: { providerName: 'main', audiences: ['b'] } } },
      ],
    },
  )
  const text = token(KEY, { iss: 'issuer', aud: 'b' })
  expect(connection.get('/', `authorization: Bearer ${text}`)).toContain('200 OK')
  expect(connection.get('/strict', `authorization: Bearer ${text}`)).toContain('403 Forbidden')
})

test('keys come from a cluster, which is missing here: the request is refused', async () => {
  const connection = connectionWith({
    remoteJwks: { httpUri: { uri: 'http://keys.test/jwks', cluster: 'nowhere', timeout: '1s' } },
  })
  connection.get('/', `authorization: Bearer ${GOOD}`)
  await new Promise(setImmediate)
  expect(connection.logged[0].responseCodeDetails).toBe('jwt_authn_access_denied{Jwks_remote_fetch_is_failed}')
})

test.each([
  ['no key set', { localJwks: { inlineString: 'no json' } }, {}],
  ['a provider that is not there', {}, { rules: [{ match: { prefix: '/' }, requires: { providerName: 'other' } }] }],
  ['a requirement that is not there', {}, { rules: [{ match: { prefix: '/' }, requirementName: 'other' }] }],
  ['no URI', { remoteJwks: { httpUri: { uri: 'keys', cluster: 'x', timeout: '1s' } } }, {}],
])('%s is refused', (_, provider, more) => {
  expect(() => connectionWith(provider, more)).toThrow(/providers\["main"\]|rules\[0\]/)
})
