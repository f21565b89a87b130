import type { JsonObject } from '@bufbuild/protobuf'
import { expect, test } from '@jest/globals'
import { ManagedConnection } from '../../../test/support/connection-managers.ts'
import { CountingStats } from '../../../test/support/counting-stats.ts'

const NAME = 'envoy.filters.http.cors'
const FILTERS = { [NAME]: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors' } }
/** No such cluster: its 503 is a response as any other. */
const FORWARDED: JsonObject = { match: { prefix: '/' }, route: { cluster: 'nowhere' } }

function policy(fields: JsonObject): JsonObject {
  const typed = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy', ...fields }
  return { typedPerFilterConfig: { [NAME]: typed } }
}

const FRIENDLY = policy({ allowOriginStringMatch: [{ exact: 'https://a.test' }], allowCredentials: true })
const PREFLIGHT =
  'OPTIONS / HTTP/1.1\r\nhost: a\r\norigin: https://a.test\r\naccess-control-request-method: PUT\r\n\r\n'

test('a preflight request is answered without an upstream', () => {
  const connection = new ManagedConnection({ filters: FILTERS, routes: [{ ...FORWARDED, ...FRIENDLY }] })
  expect(connection.send(PREFLIGHT)).toBe(
    'HTTP/1.1 200 OK\r\naccess-control-allow-origin: https://a.test\r\naccess-control-allow-credentials: true\r\n' +
      'server: envoy\r\ncontent-length: 0\r\n\r\n',
  )
  expect(connection.requests).toEqual([])
  expect(connection.logged[0].responseCodeDetails).toBe('cors_response')
})

test('only responses to allowed origins say so', () => {
  const connection = new ManagedConnection({ filters: FILTERS, routes: [{ ...FORWARDED, ...FRIENDLY }] })
  expect(connection.get('/', 'origin: https://a.test')).toContain('access-control-allow-origin: https://a.test\r\n')
  expect(connection.get('/', 'origin: https://b.test')).not.toContain('access-control')
  expect(connection.get('/')).not.toContain('access-control')
})

test('what a route leaves open is taken from its virtual host', () => {
  const route = { ...FORWARDED, ...policy({ exposeHeaders: 'x-route' }) }
  const connection = new ManagedConnection({ filters: FILTERS, routes: [route], virtualHost: FRIENDLY })
  const response = connection.get('/', 'origin: https://a.test')
  expect(response).toContain('access-control-allow-credentials: true\r\naccess-control-expose-headers: x-route\r\n')
})

test('a policy that is only watched counts origins and changes nothing', () => {
  const stats = new CountingStats()
  const watched = policy({
    allowOriginStringMatch: [{ exact: 'https://a.test' }],
    filterEnabled: { defaultValue: { numerator: 0 } },
    shadowEnabled: { defaultValue: { numerator: 100 } },
  })
  const connection = new ManagedConnection({ filters: FILTERS, stats, routes: [{ ...FORWARDED, ...watched }] })
  expect(connection.get('/', 'origin: https://a.test')).not.toContain('access-control')
  expect(connection.get('/', 'origin: https://b.test')).not.toContain('access-control')
  expect(stats.of('http.test.cors.')).toEqual({ origin_valid: 1, origin_invalid: 1 })
})
