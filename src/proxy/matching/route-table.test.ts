import { fromJson } from '@bufbuild/protobuf'
import type { JsonObject } from '@bufbuild/protobuf'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { testRequest, testConnection, testTls } from '../../../test/support/streams.ts'
import { registry } from '../../envoy/generated/descriptors.js'
import { RouteMatchSchema } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import { Problems } from '../../lib/problems.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { MatchTrace } from './match-trace.ts'
import { compileRouteMatch } from './route-match.ts'
import type { RoutePredicate } from './route-match.ts'
import { whyNotMatched } from './route-match.ts'
import { RouteTable } from './route-table.ts'

function predicate(json: JsonObject): RoutePredicate {
  const problems = new Problems('match')
  const compiled = compileRouteMatch(fromJson(RouteMatchSchema, json, { registry }), problems)
  expect(problems.text()).toBe('')
  return compiled
}

function table(matches: readonly JsonObject[]): RouteTable<number> {
  return new RouteTable(matches.map((json, value) => ({ predicate: predicate(json), value, name: String(value) })))
}

function template(pathTemplate: string): JsonObject {
  return {
    pathMatchPolicy: {
      name: 'envoy.path.match.uri_template.uri_template_matcher',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',
        pathTemplate,
      },
    },
  }
}

// The expected answers are Envoy 1.40's own.
describe('a route match', () => {
  test.each<[JsonObject, string[], string[]]>([
    [{ pathSeparatedPrefix: '/a' }, ['/a', '/a/', '/a/b', '/a?b'], ['/ab', '/A', '/a;x', '/']],
    [{ pathSeparatedPrefix: '/A', caseSensitive: false }, ['/a', '/A/b'], ['/ab']],
    [{ prefix: '/A', caseSensitive: false }, ['/a', '/A', '/aB'], ['/b']],
    [{ prefix: '' }, ['/', '/x'], []],
    [{ path: '/A', caseSensitive: false }, ['/a', '/A', '/a?b'], ['/a/', '/ab']],
    [{ path: '/a' }, ['/a', '/a?b', '/a#f'], ['/A', '/a/']],
    [{ path: '/a?b' }, [], ['/a?b', '/a']],
    [{ safeRegex: { regex: '/A.*' }, caseSensitive: false }, ['/A', '/Ab?x'], ['/a']],
    [{ safeRegex: { regex: '/a' } }, ['/a?query'], ['/ab']],
    [template('/a/*/**'), ['/a/b/', '/a/b/c?d'], ['/a/b']],
  ])('%j', (json, yes, no) => {
    const routes = table([json])
    for (const path of yes) expect([path, routes.find(testRequest({ path }), 0)]).toEqual([path, 0])
    for (const path of no) expect([path, routes.find(testRequest({ path }), 0)]).toEqual([path, undefined])
  })

  test('of CONNECT takes CONNECT requests, which have no path, and no other match takes those', () => {
    const routes = table([{ prefix: '' }, { connectMatcher: {} }])
    expect(routes.find(testRequest({ method: 'CONNECT' }), 0)).toBe(1)
    expect(routes.find(testRequest({}), 0)).toBe(0)
  })

  test.each([
    ['application/grpc', 0],
    ['application/grpc+proto', 0],
    ['application/grpc-web', undefined],
    ['application/grpcx', undefined],
    ['text/plain', undefined],
  ])('of gRPC looks at the content type: %s', (type, expected) => {
    expect(table([{ prefix: '/', grpc: {} }]).find(testRequest({ headers: [['content-type', type]] }), 0)).toBe(
      expected,
    )
  })

  test('of a fraction takes that many requests', () => {
    const routes = table([
      { prefix: '/', runtimeFraction: { defaultValue: { numerator: 2500, denominator: 'TEN_THOUSAND' } } },
    ])
    const taken = Array.from({ length: 10_000 }, (_, random) => routes.find(testRequest({}), random)).filter(
      (found) => found === 0,
    )
    expect(taken).toHaveLength(2500)
  })

  test('asks for a client certificate, dynamic metadata and filter state', () => {
    const routes = table([
      { prefix: '/', tlsContext: { presented: true } },
      { prefix: '/', dynamicMetadata: [{ filter: 'f', path: [{ key: 'k' }], value: { stringMatch: { exact: 'v' } } }] },
      { prefix: '/', filterState: [{ key: 's', stringMatch: { exact: 't' } }] },
    ])
    expect(routes.find(testRequest({}, testConnection(undefined, undefined, testTls({}))), 0)).toBe(0)
    const metadata = testRequest({})
    metadata.dynamicMetadata.merge('f', { k: 'v' })
    expect(routes.find(metadata, 0)).toBe(1)
    const state = testRequest({})
    state.filterState.set({ key: 's', value: 't', lifeSpan: 'request', sharing: 'none', readOnly: false })
    expect(routes.find(state, 0)).toBe(2)
    expect(routes.find(testRequest({}), 0)).toBeUndefined()
  })

  test('that cannot be honoured is refused with its place', () => {
    const problems = new Problems('routes[3].match')
    const json = {
      tlsContext: { validated: true },
      cookies: [{ name: 'c', stringMatch: { exact: 'x' } }],
      headers: [{ name: 'h', safeRegexMatch: { regex: '(' } }],
    }
    compileRouteMatch(fromJson(RouteMatchSchema, { ...json, ...template('a') }, { registry }), problems)
    expect(problems.list.map((problem) => problem.path)).toEqual([
      'routes[3].match.cookies',
      'routes[3].match.path_match_policy.typed_config.path_template',
      'routes[3].match.headers[0].safe_regex_match.regex',
      'routes[3].match.tls_context.validated',
    ])
  })
})

describe('a table of routes', () => {
  const segment = fc.constantFrom('/', '/a', '/b', '/ab', '/A', '/a/', '/a/b', '/a/b/c', '/B/a')
  const path = fc.oneof(
    segment.map((text): JsonObject => ({ path: text })),
    segment.map((text): JsonObject => ({ prefix: text })),
    segment.map((text): JsonObject => ({ prefix: text, caseSensitive: false })),
    segment.map((text): JsonObject => ({ path: text, caseSensitive: false })),
    fc.constantFrom('/a', '/b', '/a/b').map((text): JsonObject => ({ pathSeparatedPrefix: text })),
    fc.constantFrom('/a', '/A/b').map((text): JsonObject => ({ pathSeparatedPrefix: text, caseSensitive: false })),
    fc
      .constantFrom('/a.*', '/[ab]+', '/(a|b)/b', '.*/c', '/a/b?')
      .map((regex): JsonObject => ({ safeRegex: { regex } })),
    fc.constantFrom('/a/*', '/**', '/a/{x}/c').map(template),
    fc.constant<JsonObject>({ connectMatcher: {} }),
  )
  const match = fc
    .tuple(path, fc.option(fc.constantFrom('1', '2')), fc.option(fc.constantFrom('q')))
    .map(([json, header, query]) => ({
      ...json,
      ...(header === null ? {} : { headers: [{ name: 'x', stringMatch: { exact: header } }] }),
      ...(query === null ? {} : { queryParameters: [{ name: query, presentMatch: true }] }),
    }))
  const request = fc.record({
    method: fc.constantFrom('GET', 'GET', 'GET', 'CONNECT'),
    path: fc
      .tuple(
        fc.array(fc.constantFrom('/a', '/b', '/c', '/A', 'b', '/'), { minLength: 1, maxLength: 4 }),
        fc.constantFrom('', '?q', '?x'),
      )
      .map(([parts, query]) => ('/' + parts.join('')).replace('//', '/') + query),
    headers: fc.constantFrom<[string, string][]>([], [['x', '1']], [['x', '2']]),
  })

  test('finds what trying one route after the other finds', () => {
    const found = new Set<number | undefined>()
    fc.assert(
      fc.property(
        fc.array(match, { maxLength: 25 }),
        fc.array(request, { minLength: 5, maxLength: 5 }),
        (matches, requests) => {
          const predicates = matches.map(predicate)
          const routes = new RouteTable(predicates.map((one, value) => ({ predicate: one, value, name: '' })))
          for (const one of requests) {
            const info = testRequest(one.method === 'CONNECT' ? { method: 'CONNECT' } : one)
            const first = predicates.findIndex((candidate) => whyNotMatched(candidate, info, 0) === undefined)
            expect(routes.find(info, 0)).toBe(first < 0 ? undefined : first)
            found.add(first)
          }
        },
      ),
      { seed: 5, numRuns: 1000 },
    )
    expect(found.size).toBeGreaterThan(8)
  })

  test('tells, when asked, why each route before the first match lost', () => {
    const routes = table([
      { prefix: '/a', headers: [{ name: 'x', stringMatch: { exact: '1' } }] },
      { path: '/b' },
      { prefix: '/' },
      { prefix: '/never reached' },
    ])
    const trace = new MatchTrace()
    expect(routes.find(testRequest({ path: '/a' }), 0, trace)).toBe(2)
    expect(trace.steps).toEqual([
      { tried: 'route "0": prefix "/a", header x exact "1"', outcome: 'no: header x exact "1"' },
      { tried: 'route "1": path "/b"', outcome: 'no: path "/b"' },
      { tried: 'route "2": prefix "/"', outcome: 'matched' },
    ])
  })

  test('tries as many routes among 5,000 as among few', () => {
    let tried = 0
    const counting = (json: JsonObject): RoutePredicate => ({
      ...predicate(json),
      predicates: [
        { text: 'counted', test: (info: StreamInfo) => ++tried > 0 && info.requestHeaders!.path!.length > 0 },
      ],
    })
    const matches = Array.from(
      { length: 5000 },
      (_, i): JsonObject =>
        [
          { path: `/p${i}` },
          { pathSeparatedPrefix: `/s/${i}` },
          { safeRegex: { regex: `/r/${i}/[a-z]+` } },
          template(`/t/${i}/*`),
        ][i % 4],
    )
    const routes = new RouteTable(
      [...matches, { prefix: '/' }].map((json, value) => ({ predicate: counting(json), value, name: '' })),
    )
    expect(routes.find(testRequest({ path: '/p4996' }), 0)).toBe(4996)
    expect(routes.find(testRequest({ path: '/s/4997/x' }), 0)).toBe(4997)
    expect(routes.find(testRequest({ path: '/r/4998/x' }), 0)).toBe(4998)
    expect(routes.find(testRequest({ path: '/t/4999/x' }), 0)).toBe(4999)
    expect(routes.find(testRequest({ path: '/other' }), 0)).toBe(5000)
    expect(tried).toBe(5)
  })
})
