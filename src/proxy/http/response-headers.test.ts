import { describe, expect, test } from '@jest/globals'
import { ManagedConnection, OK_ROUTE, type ManagerOptions } from '../../../test/support/connection-managers.ts'
import { ResponseHeaderMap } from '../../codec/header-map.ts'
import { applyRouteMutations } from './response-headers.ts'

/** The lines of the answer when the upstream's has `fields`. */
function answered(fields: readonly string[], options: ManagerOptions = {}): string[] {
  const connection = new ManagedConnection({
    ...options,
    answer: (exchange) => {
      const headers = new ResponseHeaderMap([...fields])
      headers.status = 200
      applyRouteMutations(exchange, headers)
      exchange.sendResponseHeaders(headers, true)
    },
  })
  return connection
    .get()
    .split('\r\n')
    .filter((line) => line !== '' && !/^(HTTP|server|content-length)/.test(line))
}

const adding = (key: string, value: string): object => ({ header: { key, value } })

// The expected answers are Envoy 1.40's own.
describe('response headers', () => {
  test('that Envoy keeps once are joined, others are not', () => {
    expect(answered(['vary', 'a', 'set-cookie', 'x', 'vary', 'b', 'set-cookie', 'y'])).toEqual([
      'vary: a,b',
      'set-cookie: x',
      'set-cookie: y',
    ])
  })

  test('are joined before the route adds to them', () => {
    const virtualHost = { responseHeadersToAdd: [adding('vary', 'c'), adding('x-vary', '%RESP(vary)%')] }
    expect(answered(['vary', 'a', 'vary', 'b'], { virtualHost } as ManagerOptions)).toEqual([
      'vary: a,b,c',
      'x-vary: a,b',
    ])
  })

  test('lose what belongs to the hop', () => {
    expect(answered(['connection', 'x', 'keep-alive', '1', 'upgrade', 'y', 'trailer', 'z'])).toEqual(['trailer: z'])
  })

  test('get via behind the one that is there', () => {
    expect(answered(['via', 'pod', 'x-a', '1'], { hcm: { via: 'waypoint' } })).toEqual(['via: pod, waypoint', 'x-a: 1'])
    expect(answered([], { hcm: { via: 'waypoint' } })).toEqual(['via: waypoint'])
  })

  test('say nothing of attempts when none was made', () => {
    expect(answered([], { virtualHost: { includeAttemptCountInResponse: true } })).toEqual([])
  })
})

describe('a direct response', () => {
  test('takes the headers of its route and then its own', () => {
    const route = {
      match: { prefix: '/' },
      directResponse: { status: 200, body: { inlineString: 'hello' } },
      responseHeadersToAdd: [adding('x-route', '%RESPONSE_CODE_DETAILS%'), adding('content-type', 'text/html')],
    }
    const connection = new ManagedConnection({ routes: [route] } as ManagerOptions)
    expect(connection.get()).toBe(
      'HTTP/1.1 200 OK\r\nx-route: direct_response\r\ncontent-type: text/html\r\ncontent-length: 5\r\nserver: envoy\r\n\r\nhello',
    )
  })

  test('of status 400 ends the connection', () => {
    const route = { match: { prefix: '/' }, directResponse: { status: 400 } }
    expect(new ManagedConnection({ routes: [route] }).get()).toContain('connection: close\r\n')
  })

  test('redirects to a location that the route may change', () => {
    const route = {
      match: { prefix: '/' },
      redirect: { hostRedirect: 'b.test' },
      responseHeadersToAdd: [adding('x-to', '%RESP(location)%')],
    }
    const connection = new ManagedConnection({ routes: [route] } as ManagerOptions)
    expect(connection.get('/p')).toContain('location: http://b.test/p\r\nx-to: http://b.test/p\r\n')
  })
})

describe('require_tls', () => {
  const answer = (requireTls: string, ...lines: string[]): string =>
    new ManagedConnection({
      virtualHost: { requireTls, responseHeadersToAdd: [adding('x-host', '1')] },
      routes: [OK_ROUTE],
      hcm: { internalAddressConfig: { cidrRanges: [{ addressPrefix: '10.0.0.0', prefixLen: 8 }] } },
    } as ManagerOptions).get('/p?q', ...lines)

  test('sends requests without TLS to https, with nothing of the virtual host', () => {
    expect(answer('ALL')).toBe(
      'HTTP/1.1 301 Moved Permanently\r\nlocation: https://a.test/p?q\r\nserver: envoy\r\ncontent-length: 0\r\n\r\n',
    )
    expect(answer('ALL', 'x-forwarded-proto: HTTPS')).toContain('301')
    expect(answer('EXTERNAL_ONLY')).toContain('301')
  })

  test('leaves others alone', () => {
    expect(answer('ALL', 'x-forwarded-proto: https')).toContain('200 OK\r\nx-host: 1')
    expect(answer('EXTERNAL_ONLY', 'x-forwarded-for: 10.1.1.1')).toContain('200 OK')
    expect(answer('NONE')).toContain('200 OK')
  })
})

test('proper case is written where it is configured', () => {
  const hcm = { httpProtocolOptions: { headerKeyFormat: { properCaseWords: {} } } }
  expect(new ManagedConnection({ hcm }).get()).toContain('\r\nServer: envoy\r\nContent-Length: 0\r\n')
})
