import { describe, expect, test } from '@jest/globals'
import type { HttpHeaderFilter, HttpRequestRedirect } from '../../resources/gateway-api.ts'
import { corsPolicy } from './cors-policy.ts'
import { applyHeaderFilter, type HeaderTarget } from './header-modifier.ts'
import { applyRuleFilters } from './http-route-filters.ts'
import { pathRewrite } from './path-modifier.ts'
import { routeTimes } from './retry-policy.ts'
import { requestMirror } from './request-mirror.ts'
import { newRouteDraft } from './route-draft.ts'

/** As Envoy executes it on a path that `prefix` has matched. */
function rewritten(path: string, prefix: string, replacement: string): string {
  const rewrite = pathRewrite({ type: 'ReplacePrefixMatch', replacePrefixMatch: replacement }, prefix)
  if (rewrite === undefined) return path
  // Envoy matched the prefix without its trailing slash; the match on "/" matched the slash.
  const matched = prefix === '/' ? '/' : prefix.replace(/\/$/, '')
  if (rewrite.case === 'prefixRewrite') return rewrite.value + path.slice(matched.length)
  const { pattern, substitution } = rewrite.value
  return path.replace(new RegExp(pattern.regex), substitution.replaceAll('\\2', '$2'))
}

describe('ReplacePrefixMatch', () => {
  test.each([
    ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
    ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
    ['/foo/bar', '/foo/', '/xyz', '/xyz/bar'],
    ['/foo/bar', '/foo/', '/xyz/', '/xyz/bar'],
    ['/foo', '/foo', '/xyz', '/xyz'],
    ['/foo/', '/foo', '/xyz', '/xyz/'],
    ['/foo/bar', '/foo', '', '/bar'],
    ['/foo/', '/foo', '', '/'],
    ['/foo', '/foo', '', '/'],
    ['/foo/', '/foo', '/', '/'],
    ['/foo', '/foo', '/', '/'],
    ['/foo', '/', '/xyz', '/xyz/foo'],
    ['/', '/', '/xyz', '/xyz/'],
    ['/foo', '/', '/', '/foo'],
    ['/a.b/c', '/a.b', '/', '/c'],
  ])('of %s, matched by %s, with %j gives %s', (path, prefix, replacement, expected) => {
    expect(rewritten(path, prefix, replacement)).toBe(expected)
  })
})

test('ReplaceFullPath takes backslashes as they are', () => {
  const rewrite = pathRewrite({ type: 'ReplaceFullPath', replaceFullPath: '/a\\1' }, '/')
  expect(rewrite).toMatchObject({ value: { pattern: { regex: '/.*' }, substitution: '/a\\\\1' } })
})

describe('RequestRedirect', () => {
  const portOf = (filter: HttpRequestRedirect, servicePort: number) => {
    const draft = newRouteDraft()
    const rule = { filters: [{ type: 'RequestRedirect', requestRedirect: filter }] }
    applyRuleFilters(draft, [], { rule, servicePort, mirrorTarget: () => '', refuse: () => {} })
    return draft.redirect?.port
  }

  // Undefined: the port of the Host header stays, which is the port that was dialled.
  test.each([
    [{}, 80, undefined],
    [{ port: 8080 }, 80, 8080],
    [{ scheme: 'https' }, 80, undefined],
    [{ scheme: 'https', port: 8443 }, 80, 8443],
    [{}, 8080, undefined],
    [{ hostname: 'example.org' }, 8080, 8080],
    [{ hostname: 'example.org' }, 80, undefined],
    [{ scheme: 'https' }, 8080, 443],
    [{ scheme: 'http', hostname: 'example.org' }, 8080, 80],
    [{ port: 80 }, 8080, 80],
  ] as const)('%j on port %d sets port %s', (filter, servicePort, expected) => {
    expect(portOf(filter, servicePort)).toBe(expected)
  })
})

describe('a header modifier', () => {
  function apply(filter: HttpHeaderFilter, host = true) {
    const refused: string[] = []
    let rewrittenHost: string | undefined
    const target: HeaderTarget = {
      toAdd: [],
      toRemove: [],
      rewriteHost: host ? (value) => (rewrittenHost = value) : undefined,
    }
    applyHeaderFilter(filter, target, ['f'], (path) => refused.push(path.join('.')))
    return { ...target, refused, rewrittenHost }
  }

  test('sets by overwriting and adds by appending', () => {
    const { toAdd } = apply({ set: [{ name: 'A', value: '1' }], add: [{ name: 'B', value: '2' }] })
    expect(toAdd).toEqual([
      { header: { key: 'a', value: '1' }, appendAction: 2 },
      { header: { key: 'b', value: '2' }, appendAction: 0 },
    ])
  })

  test.each([
    ['100%', '100%%'],
    ['50% of %', '50%% of %%'],
    ['%REQ(x-a)%', '%REQ(x-a)%'],
    ['%REQ(:path):10% 5%', '%REQ(:path):10% 5%%'],
    ['a%%b', 'a%%b'],
    ['%lower%', '%%lower%%'],
  ])('passes commands of Envoy on and escapes other percent signs: %s', (value, expected) => {
    expect(apply({ set: [{ name: 'a', value }] }).toAdd[0].header?.value).toBe(expected)
  })

  test('changes Host as a rewrite, where there is one Host to change', () => {
    expect(apply({ set: [{ name: 'Host', value: 'h' }] })).toMatchObject({ rewrittenHost: 'h', toAdd: [], refused: [] })
    expect(apply({ set: [{ name: 'Host', value: 'h' }] }, false).refused).toEqual(['f.set.0'])
    expect(apply({ add: [{ name: 'host', value: 'h' }], remove: ['HOST'] }).refused).toEqual(['f.add.0', 'f.remove.0'])
  })
})

test('a retry of the user repeats what ended without an answer too, whatever codes it names', () => {
  const retryOn = (rule: Parameters<typeof routeTimes>[0]) => routeTimes(rule, { sameHost: false }).retryPolicy.retryOn
  expect(retryOn({})).not.toMatch(/reset/)
  expect(retryOn({ retry: { attempts: 1 } })).toMatch(/,reset$/)
  expect(retryOn({ retry: { codes: [500] } })).toMatch(/retriable-status-codes,reset$/)
})

test('the limit of each try and that of all of them both hold', () => {
  const times = routeTimes({ timeouts: { request: '2s', backendRequest: '300ms' } }, { sameHost: false })
  expect(times).toMatchObject({ timeoutMs: 2000, retryPolicy: { perTryTimeout: { nanos: 300_000_000 } } })
})

describe('CORS', () => {
  const origins = (...allowOrigins: string[]) => (corsPolicy({ allowOrigins }).allowOriginStringMatch ?? []).map((one) => one.matchPattern) // prettier-ignore

  test('takes origins as they are, and an asterisk for any text', () => {
    expect(origins('https://a.test', 'https://*.b.test')).toEqual([
      { case: 'exact', value: 'https://a.test' },
      { case: 'safeRegex', value: { regex: '^https://.*\\.b\\.test$' } },
    ])
  })

  test.each([
    ['https://a.test', true],
    ['http://a.test:8080', true],
    ['null', false],
    ['https://a.test/path', false],
  ])('allows any origin that has a host by an asterisk: %s %s', (origin, allowed) => {
    const [pattern] = origins('*')
    const regex = pattern?.case === 'safeRegex' ? (pattern.value.regex ?? '') : ''
    expect(new RegExp(regex).test(origin)).toBe(allowed)
  })

  test('joins lists, and answers preflight requests of strangers itself', () => {
    const policy = corsPolicy({ allowMethods: ['GET', 'PUT'], exposeHeaders: ['x-a', 'x-b'], maxAge: 60 })
    expect(policy).toMatchObject({ allowMethods: 'GET,PUT', exposeHeaders: 'x-a,x-b', maxAge: '60', forwardNotMatchingPreflights: false }) // prettier-ignore
  })
})

test.each([
  [{}, { numerator: 100 }],
  [{ percent: 20 }, { numerator: 200_000, denominator: 2 }],
  [{ percent: 0 }, { numerator: 0, denominator: 2 }],
  [{ fraction: { numerator: 1, denominator: 3 } }, { numerator: 333_333, denominator: 2 }],
  [{ fraction: { numerator: 5 } }, { numerator: 50_000, denominator: 2 }],
])('RequestMirror %j copies the share %j', (share, defaultValue) => {
  const policy = requestMirror({ backendRef: { name: 'm' }, ...share }, 'c')
  expect(policy).toMatchObject({ cluster: 'c', runtimeFraction: { defaultValue } })
})
