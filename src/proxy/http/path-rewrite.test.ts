import { describe, expect, test } from '@jest/globals'
import { rewritePath } from './path-rewrite.ts'
import type { PathRewrite } from './path-rewrite.ts'

const upper: PathRewrite = { kind: 'regex', rewrite: (path) => path.toUpperCase() }
const prefix = (matched: number, replacement: string): PathRewrite => ({ kind: 'prefix', matched, replacement })
const whole: PathRewrite = { kind: 'whole', replacement: '/new' }

describe('a rewrite', () => {
  test.each<[string, PathRewrite, string, string]>([
    ['of a prefix keeps the rest', prefix('/api'.length, '/v2'), '/api/users', '/v2/users'],
    ['of a prefix does not mend slashes', prefix('/api/'.length, '/'), '/api/users', '/users'],
    ['of a prefix may leave two slashes', prefix('/api'.length, '/'), '/api/users', '//users'],
    ['of a prefix may be all of the path', prefix('/api'.length, '/v2'), '/api', '/v2'],
    ['of a prefix keeps the query', prefix('/api'.length, '/v2'), '/api?a=/api', '/v2?a=/api'],
    ['of the whole path keeps the query', whole, '/old/path?a=b?c', '/new?a=b?c'],
    ['of the whole path keeps an empty query', whole, '/old?', '/new?'],
    ['by an expression sees no query', upper, '/a/b?c=d', '/A/B?c=d'],
    ['by an expression works without a query', upper, '/a', '/A'],
  ])('%s', (_name, rewrite, path, expected) => {
    expect(rewritePath(path, rewrite)).toBe(expected)
  })
})
