import { describe, expect, test } from '@jest/globals'
import { ManagedConnection, type ManagerOptions } from '../../../test/support/connection-managers.ts'

/** The header lines of a GET as filters see it, without those that every request has. */
function seen(lines: readonly string[], options: ManagerOptions = {}): string[] {
  const connection = new ManagedConnection(options)
  connection.get('/', ...lines)
  return connection.requests[0].slice(1).filter((line) => !/^x-(request-id|forwarded-proto):/.test(line))
}

const REFERERS: readonly (readonly [string, boolean])[] = [
  ['http://a', true],
  ['http://a/', true],
  ['http://a:80/b?c', true],
  ['http://a?b', true],
  ['http://[::1]/', true],
  ['HTTP://A/@b', true],
  ['ftp://a/', true],
  ['android-app://com.x/', true],
  ['/relative', true],
  ['relative', true],
  ['?q', true],
  ['/a:b', true],
  ['//u@a/', true],
  ['', true],
  ['a:b', false],
  ['about:blank', false],
  ['http://', false],
  ['http:///x', false],
  ['http://u:p@a/', false],
  ['http://a:x/', false],
  ['http://a_b/', false],
  ['http://a/b#c', false],
  ['/a#b', false],
  ['#f', false],
  ['not a url', false],
  ['http://a/\xe9', false],
]

// The expected answers are Envoy 1.40's own.
describe('a referer', () => {
  test.each(REFERERS)('%j is kept: %p', (referer, isKept) => {
    expect(seen([`referer: ${referer}`])).toEqual(isKept ? [`referer: ${referer}`] : [])
  })
})

describe('repeated request headers', () => {
  test('are joined where Envoy keeps one entry, at the place of the first', () => {
    expect(seen(['accept: a', 'x-a: 1', 'accept: b', 'cookie: c', 'x-a: 2', 'cookie: d', 'accept: e'])).toEqual([
      'accept: a,b,e',
      'x-a: 1',
      'cookie: c',
      'x-a: 2',
      'cookie: d',
    ])
  })

  test('add no comma for an empty value', () => {
    expect(seen(['accept:', 'accept: b', 'origin: a', 'origin:'])).toEqual(['accept: b', 'origin: a'])
  })

  test('are judged together', () => {
    expect(seen(['te: gzip', 'te: trailers', 'referer: a', 'referer: b:c'])).toEqual(['te: trailers'])
  })
})

describe('headers that end here', () => {
  test('are those of this hop, unless they are the handshake of an upgrade', () => {
    const hop = ['keep-alive: 1', 'proxy-connection: close', 'te: gzip']
    expect(seen([...hop, 'connection: close', 'upgrade: x'])).toEqual([])
    const upgrades = { hcm: { upgradeConfigs: [{ upgradeType: 'x' }] } }
    expect(seen([...hop, 'connection: upgrade', 'upgrade: x'], upgrades)).toEqual([
      'te: gzip',
      'connection: upgrade',
      'upgrade: x',
    ])
  })

  const TRUSTED = [
    'x-envoy-retry-on: 5xx',
    'x-envoy-upstream-stream-duration-ms: 5',
    'x-envoy-original-path: /x',
    'x-envoy-internal: true',
  ]
  const INTERNAL = { internalAddressConfig: { cidrRanges: [{ addressPrefix: '10.0.0.0', prefixLen: 8 }] } }

  test('are those for proxies, from a client that is not internal', () => {
    expect(seen(TRUSTED)).toEqual(['x-envoy-original-path: /x'])
  })

  test('are more of them from a client at the edge', () => {
    expect(seen(TRUSTED, { hcm: { useRemoteAddress: true } })).toEqual([
      'x-forwarded-for: 10.0.0.2',
      'x-envoy-external-address: 10.0.0.2',
    ])
  })

  test('are none of them from an internal client', () => {
    expect(seen([...TRUSTED, 'x-forwarded-for: 10.1.1.1'], { hcm: INTERNAL })).toEqual([
      'x-envoy-retry-on: 5xx',
      'x-envoy-upstream-stream-duration-ms: 5',
      'x-envoy-original-path: /x',
      'x-forwarded-for: 10.1.1.1',
      'x-envoy-internal: true',
    ])
  })
})

describe('what a request is told of where it came from', () => {
  const edge = { useRemoteAddress: true }

  test.each(['127.0.0.1', '::1'])('is an address of the machine instead of %s', (ip) => {
    expect(seen(['x-forwarded-for: 1.2.3.4'], { hcm: edge, remote: [ip, 1] })[0]).toBe(
      'x-forwarded-for: 1.2.3.4,192.0.2.1',
    )
  })

  test('is the proxy’s cluster and node where a user agent is added', () => {
    const agent = { hcm: { addUserAgent: true } }
    const node = ['x-envoy-downstream-service-cluster: cluster', 'x-envoy-downstream-service-node: node']
    expect(seen([], agent)).toEqual([node[0], 'user-agent: cluster', node[1]])
    expect(seen(['user-agent: mine'], agent)).toEqual(['user-agent: mine', ...node])
  })
})

describe('the host', () => {
  const host = (authority: string, hcm: NonNullable<ManagerOptions['hcm']>, method = 'GET'): string => {
    const connection = new ManagedConnection({ hcm })
    connection.send(`${method} / HTTP/1.1\r\nhost: ${authority}\r\n\r\n`)
    return connection.requests[0][0].split(' ')[1]
  }

  test.each([
    ['a.test:80', 'a.test'],
    ['a.test:8080', 'a.test:8080'],
    ['a.test:x', 'a.test:x'],
    ['[::1]:80', '[::1]'],
    ['[::1]', '[::1]'],
  ])('%s loses the port of the connection: %s', (authority, expected) => {
    expect(host(authority, { stripMatchingHostPort: true })).toBe(expected)
  })

  test('loses any port, and a dot at its end, where that is wanted', () => {
    expect(host('a.test:8080', { stripAnyHostPort: true })).toBe('a.test')
    expect(host('a.test.:8080', { stripTrailingHostDot: true })).toBe('a.test:8080')
  })
})

describe('a request is refused with 400 and the end of its connection', () => {
  test.each([
    ['without a host', 'GET / HTTP/1.1\r\n\r\n', 'missing_host_header'],
    ['with an escaped NUL in its path', 'GET /%00 HTTP/1.1\r\nhost: a\r\n\r\n', 'path_normalization_failed'],
    ['with a fragment', 'GET /#f HTTP/1.1\r\nhost: a\r\n\r\n', 'path_normalization_failed'],
    ['as a QUERY of no type', 'QUERY / HTTP/1.1\r\nhost: a\r\ncontent-type:\r\n\r\n', 'query_missing_content_type'],
  ])('%s', (_name, text, details) => {
    const connection = new ManagedConnection({ hcm: { normalizePath: true } })
    expect(connection.send(text)).toBe(
      'HTTP/1.1 400 Bad Request\r\nserver: envoy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n<end>',
    )
    expect(connection.logged.map((info) => info.responseCodeDetails)).toEqual([details])
    expect(connection.requests).toEqual([])
  })

  test('or without that end, where the configuration says so', () => {
    const connection = new ManagedConnection({ hcm: { streamErrorOnInvalidHttpMessage: true } })
    expect(connection.send('GET / HTTP/1.1\r\n\r\n')).not.toContain('<end>')
    expect(connection.get()).toContain('200 OK')
  })
})

describe('a path with an escaped slash', () => {
  const log = (action: string): [string, string | undefined] => {
    const connection = new ManagedConnection({ hcm: { normalizePath: true, pathWithEscapedSlashesAction: action } })
    const answer = connection.get('/a%2fb/..%5Cc')
    return [answer.split('\r\n').slice(0, 2).join(' '), connection.logged[0].requestHeaders?.path]
  }

  test('is logged as it was judged', () => {
    expect(log('REJECT_REQUEST')).toEqual(['HTTP/1.1 400 Bad Request server: envoy', '/a/b/..\\c'])
    expect(log('UNESCAPE_AND_REDIRECT')).toEqual(['HTTP/1.1 307 Temporary Redirect location: /a/c', '/a/c'])
    expect(log('KEEP_UNCHANGED')).toEqual(['HTTP/1.1 200 OK server: envoy', '/a%2fb/..%5Cc'])
  })
})

test('the log shows the version of each request', () => {
  const connection = new ManagedConnection({ hcm: { httpProtocolOptions: { acceptHttp10: true } } })
  connection.send('GET / HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n')
  connection.get()
  expect(connection.logged.map((info) => info.protocol)).toEqual(['HTTP/1.0', 'HTTP/1.1'])
})
