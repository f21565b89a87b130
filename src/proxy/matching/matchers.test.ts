import { fromJson } from '@bufbuild/protobuf'
import type { JsonValue } from '@bufbuild/protobuf'
import { describe, expect, test } from '@jest/globals'
import { testConnection, testRequest } from '../../../test/support/streams.ts'
import { registry } from '../../envoy/generated/descriptors.js'
import {
  HeaderMatcherSchema,
  QueryParameterMatcherSchema,
} from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import { FilterStateMatcherSchema } from '../../envoy/generated/envoy/type/matcher/v3/filter_state_pb.js'
import { MetadataMatcherSchema } from '../../envoy/generated/envoy/type/matcher/v3/metadata_pb.js'
import { StringMatcherSchema } from '../../envoy/generated/envoy/type/matcher/v3/string_pb.js'
import { Problems } from '../../lib/problems.ts'
import { FilterState } from '../stream/filter-state.ts'
import { compileFilterStateMatcher } from './filter-state-matcher.ts'
import { compileHeaderMatcher } from './header-matcher.ts'
import { compileQueryParameterMatcher } from './query-parameter-matcher.ts'
import { compileStringMatcher } from './string-matcher.ts'
import { compileTemplateRewrite, compileUriTemplate } from './uri-template.ts'
import { compileMetadataMatcher } from './value-matcher.ts'

function clean<T>(compile: (problems: Problems) => T): T {
  const problems = new Problems()
  const result = compile(problems)
  expect(problems.text()).toBe('')
  return result
}

describe('a string matcher', () => {
  test.each<[JsonValue, string[], string[]]>([
    [{ exact: 'a' }, ['a'], ['A', 'ab', '']],
    [{ exact: '' }, [''], ['a']],
    [{ exact: 'aBc', ignoreCase: true }, ['ABC', 'abc'], ['abcd']],
    [{ prefix: '/A', ignoreCase: true }, ['/a', '/Abc'], ['/', 'x/a']],
    [{ prefix: '/a' }, ['/a', '/abc'], ['/Abc']],
    [{ suffix: '.COM', ignoreCase: true }, ['a.com', '.com'], ['com', 'a.comx']],
    [{ suffix: 'com' }, ['a.com'], ['a.COM']],
    [{ contains: 'B', ignoreCase: true }, ['abc'], ['ac']],
    [{ contains: 'b' }, ['abc'], ['aBc']],
    [{ safeRegex: { regex: 'a.c' }, ignoreCase: true }, ['abc'], ['aBC', 'xabc']],
  ])('%j', (json, yes, no) => {
    const matches = clean((problems) => compileStringMatcher(fromJson(StringMatcherSchema, json), 'text', problems))
    for (const value of yes) expect([value, matches(value)]).toEqual([value, true])
    for (const value of no) expect([value, matches(value)]).toEqual([value, false])
  })

  test('compares octets with header values and characters with other text', () => {
    const matcher = fromJson(StringMatcherSchema, { exact: 'é' })
    expect(clean((problems) => compileStringMatcher(matcher, 'text', problems))('é')).toBe(true)
    expect(clean((problems) => compileStringMatcher(matcher, 'wire', problems))('Ã©')).toBe(true)
    const regex = fromJson(StringMatcherSchema, { safeRegex: { regex: '[é]' } })
    expect(clean((problems) => compileStringMatcher(regex, 'wire', problems))('Ã©')).toBe(true)
  })

  test('ignores the case of ASCII letters only', () => {
    const matcher = fromJson(StringMatcherSchema, { exact: 'É', ignoreCase: true })
    expect(clean((problems) => compileStringMatcher(matcher, 'text', problems))('é')).toBe(false)
  })

  test('of an extension, or of nothing, is refused by name', () => {
    const problems = new Problems('match')
    compileStringMatcher(fromJson(StringMatcherSchema, { custom: { name: 'lua' } }), 'text', problems)
    compileStringMatcher(undefined, 'text', problems)
    expect(problems.list).toEqual([
      { path: 'match.custom', message: expect.stringContaining('"lua" is not supported') },
      { path: 'match', message: expect.stringContaining('needs one of') },
    ])
  })
})

// The expected answers of these tables are Envoy 1.40's own.
describe('a header matcher', () => {
  const missing: string[] = []
  test.each<[string, JsonValue, (readonly [string[], boolean])[]]>([
    [
      'present',
      { presentMatch: true },
      [
        [missing, false],
        [[''], true],
        [['a'], true],
      ],
    ],
    [
      'present, missing as empty',
      { presentMatch: true, treatMissingHeaderAsEmpty: true },
      [
        [missing, true],
        [[''], true],
      ],
    ],
    [
      'not present',
      { presentMatch: true, invertMatch: true },
      [
        [missing, true],
        [[''], false],
        [['a'], false],
      ],
    ],
    [
      'not present, missing as empty',
      { presentMatch: true, invertMatch: true, treatMissingHeaderAsEmpty: true },
      [[missing, false]],
    ],
    [
      'absent',
      { presentMatch: false },
      [
        [missing, true],
        [[''], false],
      ],
    ],
    [
      'absent, missing as empty',
      { presentMatch: false, treatMissingHeaderAsEmpty: true },
      [
        [missing, false],
        [['a'], false],
      ],
    ],
    [
      'not absent',
      { presentMatch: false, invertMatch: true },
      [
        [missing, false],
        [['a'], true],
      ],
    ],
    [
      'nothing asked',
      {},
      [
        [missing, false],
        [[''], true],
      ],
    ],
    [
      'exact',
      { stringMatch: { exact: 'a' } },
      [
        [missing, false],
        [['a'], true],
        [['b'], false],
      ],
    ],
    [
      'exact empty',
      { stringMatch: { exact: '' } },
      [
        [missing, false],
        [[''], true],
      ],
    ],
    [
      'not exact',
      { stringMatch: { exact: 'a' }, invertMatch: true },
      [
        [missing, false],
        [['a'], false],
        [['b'], true],
      ],
    ],
    [
      'not exact, missing as empty',
      { stringMatch: { exact: 'a' }, invertMatch: true, treatMissingHeaderAsEmpty: true },
      [[missing, true]],
    ],
    [
      'range',
      { rangeMatch: { start: '-5', end: '10' } },
      [
        [missing, false],
        [['5'], true],
        [['-5'], true],
        [['10'], false],
        [['+5'], true],
        [['05'], true],
        [['-0'], true],
        [['5.0'], false],
        [['0x5'], false],
        [['--5'], false],
        [['5 5'], false],
        [['+'], false],
        [['9223372036854775808'], false],
        [[''], false],
      ],
    ],
    [
      'not in range',
      { rangeMatch: { start: '0', end: '5' }, invertMatch: true },
      [
        [missing, false],
        [['1', '9'], false],
        [['9'], true],
      ],
    ],
    [
      'any of several values',
      { stringMatch: { exact: 'b' } },
      [
        [['a', 'b'], true],
        [['a,b'], false],
      ],
    ],
    [
      'none of several values',
      { stringMatch: { exact: 'a' }, invertMatch: true },
      [
        [['a', 'b'], false],
        [['b', 'c'], true],
      ],
    ],
    [
      'deprecated exact',
      { exactMatch: 'a' },
      [
        [['a'], true],
        [['ab'], false],
      ],
    ],
    [
      'deprecated prefix',
      { prefixMatch: 'a' },
      [
        [['ab'], true],
        [['ba'], false],
      ],
    ],
    [
      'deprecated suffix',
      { suffixMatch: 'a' },
      [
        [['ba'], true],
        [['ab'], false],
      ],
    ],
    [
      'deprecated contains',
      { containsMatch: 'a' },
      [
        [['bab'], true],
        [['b'], false],
      ],
    ],
    [
      'deprecated regex',
      { safeRegexMatch: { regex: 'a+' } },
      [
        [['aa'], true],
        [['aab'], false],
      ],
    ],
  ])('%s', (_, json, cases) => {
    const { test: matches } = clean((problems) =>
      compileHeaderMatcher(fromJson(HeaderMatcherSchema, { name: 'X-Test', ...(json as object) }), problems),
    )
    for (const [values, expected] of cases) {
      const info = testRequest({ headers: [['other', 'a'], ...values.map((value) => ['x-test', value] as const)] })
      expect([values, matches(info.requestHeaders!)]).toEqual([values, expected])
    }
  })

  test.each([
    [':method', 'GET', true],
    [':path', '/p?x=1', true],
    [':path', '/p', false],
    [':authority', 'example.com', true],
    ['Host', 'example.com', true],
    [':scheme', 'http', true],
    [':protocol', '', false],
    [':unknown', '', false],
  ])('%s "%s": %j', (name, exact, expected) => {
    const { test: matches } = clean((problems) =>
      compileHeaderMatcher(fromJson(HeaderMatcherSchema, { name, stringMatch: { exact } }), problems),
    )
    expect(matches(testRequest({ path: '/p?x=1' }).requestHeaders!)).toBe(expected)
  })
})

describe('a query parameter matcher', () => {
  test.each<[JsonValue, string[], string[]]>([
    [{ stringMatch: { exact: 'a%20b' } }, ['/?q=a%20b'], ['/?q=a+b', '/?q=a b']],
    [
      { stringMatch: { exact: '1' } },
      ['/?q=1', '/?q=1&q=2', '/?&q=1', '/?a=b&q=1'],
      ['/?q=2&q=1', '/', '/?xq=1', '/?qx=1', '/q=1'],
    ],
    [{ stringMatch: { exact: '' } }, ['/?q', '/?q=', '/?a&q'], ['/?x=1', '/?q=1']],
    [{ presentMatch: true }, ['/?q', '/?q=1'], ['/?x=q', '/']],
    [{ presentMatch: false }, ['/?x=1', '/'], ['/?q']],
    [{}, ['/?q'], ['/']],
    [{ stringMatch: { exact: 'AbC', ignoreCase: true } }, ['/?q=abc'], ['/?q=ab']],
  ])('%j', (json, yes, no) => {
    const matcher = fromJson(QueryParameterMatcherSchema, { name: 'q', ...(json as object) })
    const { test: matches } = clean((problems) => compileQueryParameterMatcher(matcher, problems))
    for (const path of yes) expect([path, matches(path)]).toEqual([path, true])
    for (const path of no) expect([path, matches(path)]).toEqual([path, false])
  })
})

describe('a metadata matcher', () => {
  const metadata = testRequest({})
  metadata.dynamicMetadata.merge('ns', { s: 'me', n: 1.5, t: true, z: null, list: ['x', 'g1', 2], deep: { k: 'v' } })

  test.each<[string[], JsonValue, boolean]>([
    [['s'], { stringMatch: { exact: 'me' } }, true],
    [['s'], { stringMatch: { prefix: 'x' } }, false],
    [['n'], { stringMatch: { exact: '1.5' } }, false],
    [['n'], { doubleMatch: { exact: 1.5 } }, true],
    [['n'], { doubleMatch: { range: { start: 1.5, end: 2 } } }, true],
    [['n'], { doubleMatch: { range: { start: 1, end: 1.5 } } }, false],
    [['t'], { boolMatch: true }, true],
    [['s'], { boolMatch: true }, false],
    [['z'], { nullMatch: {} }, true],
    [['absent'], { nullMatch: {} }, false],
    [['z'], { presentMatch: true }, true],
    [['absent'], { presentMatch: true }, false],
    [['absent'], { presentMatch: false }, false],
    [['deep', 'k'], { stringMatch: { exact: 'v' } }, true],
    [['s', 'k'], { presentMatch: true }, false],
    [['list'], { listMatch: { oneOf: { stringMatch: { prefix: 'g' } } } }, true],
    [['s'], { listMatch: { oneOf: { stringMatch: { exact: 'me' } } } }, false],
    [
      ['list'],
      {
        orMatch: {
          valueMatchers: [{ stringMatch: { exact: 'x' } }, { listMatch: { oneOf: { doubleMatch: { exact: 2 } } } }],
        },
      },
      true,
    ],
    [['constructor'], { presentMatch: true }, false],
  ])('at %j with %j: %j', (path, value, expected) => {
    const json = { filter: 'ns', path: path.map((key) => ({ key })), value }
    for (const invert of [false, true]) {
      const matcher = fromJson(MetadataMatcherSchema, { ...json, invert })
      const { test: matches } = clean((problems) => compileMetadataMatcher(matcher, problems))
      expect(matches(metadata.dynamicMetadata)).toBe(expected !== invert)
    }
  })
})

describe('a filter state matcher', () => {
  test('compares the request’s value, or else the connection’s', () => {
    const matcher = fromJson(FilterStateMatcherSchema, { key: 'k', stringMatch: { prefix: 'spiffe://' } })
    const { test: matches } = clean((problems) => compileFilterStateMatcher(matcher, problems))
    const connection = testConnection()
    const entry = { key: 'k', lifeSpan: 'connection', sharing: 'none', readOnly: false } as const
    const state = new FilterState(connection.filterState)
    expect(matches(state)).toBe(false)
    connection.filterState.set({ ...entry, value: 'spiffe://a' })
    expect(matches(state)).toBe(true)
    state.set({ ...entry, value: 'other' })
    expect(matches(state)).toBe(false)
  })

  test.each([
    ['10.1.2.3', true],
    ['10.1.2.3:80', true],
    ['[fd00::1]:80', true],
    ['fd00::1', true],
    ['11.0.0.1:80', false],
    ['nonsense', false],
  ])('takes %s as an address: %j', (value, expected) => {
    const ranges = [
      { addressPrefix: '10.0.0.0', prefixLen: 8 },
      { addressPrefix: 'fd00::', prefixLen: 8 },
    ]
    const matcher = fromJson(FilterStateMatcherSchema, { key: 'k', addressMatch: { ranges } }, { registry })
    const { test: matches } = clean((problems) => compileFilterStateMatcher(matcher, problems))
    const state = new FilterState()
    state.set({ key: 'k', value, lifeSpan: 'request', sharing: 'none', readOnly: false })
    expect(matches(state)).toBe(expected)
  })
})

describe('a path template', () => {
  test.each([
    [
      '/tmpl/*/x/**',
      ['/tmpl/a/x/b/c', '/tmpl/a/x/', '/tmpl/a=b/x/q', '/tmpl/%C3/x/'],
      ['/tmpl/a/x', '/tmpl//x/b', '/x'],
      '/tmpl/',
    ],
    ['/a/{b}/c', ['/a/b/c'], ['/a/b/c/', '/a//c'], '/a/'],
    ['/{v=api/*}/x', ['/api/v/x'], ['/apx/v/x'], '/api/'],
    ['/a/**.m3u8', ['/a/x.m3u8', '/a/b/x.m3u8'], ['/a/xm3u8'], '/a/'],
    ['/{path=**}', ['/', '/a/b/'], ['/a"', '/a|', '/a['], '/'],
    ['/x/**/y', ['/x/a/y', '/x//y'], ['/x/y'], '/x/'],
    ['/lit.eral', ['/lit.eral'], ['/litxeral'], '/lit.eral'],
    ['/', ['/'], ['/a'], '/'],
  ])('%s', (template, yes, no, literalPrefix) => {
    const compiled = clean((problems) => compileUriTemplate(template, problems))!
    expect(compiled.literalPrefix).toBe(literalPrefix)
    for (const path of yes) expect([path, compiled.regex.matches(path)]).toEqual([path, true])
    for (const path of no) expect([path, compiled.regex.matches(path)]).toEqual([path, false])
  })

  test.each([
    'a/b',
    '/**/x/**',
    '/**/*',
    '/{a}/{a}',
    '/{a=**}/{b=**}',
    '/a//b',
    '/{a=}',
    '/{}',
    '/{1a}',
    '/a b',
    '/a"b',
    '/{a=*b}',
    '',
    '/{a={b}}',
    '/a?x',
    '/{abcdefghijklmnopq}',
    '/{a}/{b}/{c}/{d}/{e}/{f}',
    '/{a',
    '/a*b',
    '/{a}b*',
    '/***',
  ])('%j is refused', (template) => {
    const problems = new Problems('path_template')
    expect(compileUriTemplate(template, problems)).toBeUndefined()
    expect(problems.list).toHaveLength(1)
  })

  test.each([
    ['/items/{id}/**', '/x/{id}', '/items/a%20b/c', '/x/a%20b'],
    ['/{a}/{b=x/*}/{c=**}', '/{c}-{b}/{a}/1{a}', '/1/x/2/3/4', '/3/4-x/2/1/11'],
    ['/v/{x=**}.m3u8', '/{x}.mp4', '/v/a.m3u8/b.m3u8', '/a.m3u8/b.mp4'],
    ['/a/*', '/b*', '/a/c', '/b*'],
  ])('%s is rewritten to %s', (template, rewrite, path, expected) => {
    const compiled = clean((problems) => compileUriTemplate(template, problems))!
    const rewritten = clean((problems) => compileTemplateRewrite(compiled, rewrite, problems))!
    expect(rewritten(path)).toBe(expected)
  })

  test.each([
    'x/{id}',
    '{id}',
    '/{other}',
    '/a b',
    '/{id',
    '/{id}}',
    '/{id=*}',
    '/a?b={id}',
    '/a//b',
    '/caf\u00e9',
    '',
  ])('the rewrite %j is refused', (rewrite) => {
    const compiled = clean((problems) => compileUriTemplate('/items/{id}', problems))!
    const problems = new Problems('path_template_rewrite')
    expect(compileTemplateRewrite(compiled, rewrite, problems)).toBeUndefined()
    expect(problems.list).toHaveLength(1)
  })
})
