import { describe, expect, test } from '@jest/globals'
import { RequestHeaderMap } from '../../../codec/header-map.ts'
import { findTokens, removeToken } from './token-location.ts'
import type { TokenLocations } from './token-location.ts'

const ANY = { any: true, issuers: new Set<string>() }

const locations = (more: Partial<TokenLocations>): TokenLocations => ({
  headers: [],
  parameters: [],
  cookies: [],
  sanitized: [],
  ...more,
})

function request(path: string, ...fields: string[]): RequestHeaderMap {
  const headers = new RequestHeaderMap(fields)
  headers.path = path
  return headers
}

describe('looking for tokens', () => {
  test('goes through headers, query parameters and cookies', () => {
    const everywhere = locations({
      headers: [{ name: 'authorization', valuePrefix: 'Bearer ', issuers: ANY }],
      parameters: [{ name: 'token', issuers: ANY }],
      cookies: [{ name: 'jwt', issuers: ANY }],
    })
    const headers = request('/?token=q', 'cookie', 'a=b; jwt="c"', 'authorization', 'Bearer h', 'authorization', 'x')
    expect(findTokens(everywhere, headers).map(({ text }) => text)).toEqual(['h', 'q', 'c'])
  })

  test('finds nothing in a request that has none', () => {
    expect(findTokens(locations({ parameters: [{ name: 'token', issuers: ANY }] }), request('/?tokens=q'))).toEqual([])
  })
})

describe('taking a token out', () => {
  const inQuery = locations({ parameters: [{ name: 'token', issuers: ANY }] })

  test.each([
    ['/a?token=x', '/a'],
    ['/a?b=1&token=x&a=2', '/a?a=2&b=1'],
    // Decoded, they would be a request line of two requests, or other parameters.
    ['/a?b=%20HTTP/1.1%0d%0a&token=x&c=%26d=1', '/a?b=%20HTTP/1.1%0d%0a&c=%26d=1'],
    ['/a?token=x&token=y&c', '/a?c='],
  ])('%s becomes %s', (before, after) => {
    const headers = request(before)
    removeToken(findTokens(inQuery, headers)[0], headers)
    expect(headers.path).toBe(after)
  })

  test('removes every entry of the header', () => {
    const inHeader = locations({ headers: [{ name: 'x-jwt', valuePrefix: '', issuers: ANY }] })
    const headers = request('/', 'x-jwt', 'a', 'x-jwt', 'b', 'x-other', 'c')
    removeToken(findTokens(inHeader, headers)[0], headers)
    expect(headers.fields).toEqual(['x-other', 'c'])
  })
})
