import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { compileRegex } from './linear-regex.ts'
import type { LinearRegex } from './linear-regex.ts'
import { Problems } from './problems.ts'

function regex(source: string): LinearRegex {
  const problems = new Problems('regex')
  const compiled = compileRegex(source, problems)
  if (compiled === undefined) throw new Error(problems.text())
  return compiled
}

describe('a full match', () => {
  test.each([
    ['blue|green', ['blue', 'green'], ['bluegreen', 'blu', ''], true],
    ['b.*', ['b', 'bcd'], ['cb', ''], true],
    ['.+', ['a', 'aa'], ['', '\n', 'a\nb'], true],
    ['z+', ['z', 'zzz'], ['', 'zy'], true],
    ['/[^/]+/Only', ['/a.b/Only'], ['//Only', '/a/b/Only', '/a/OnlyX'], true],
    ['/re.*/M.*', ['/re/M', '/re/x/Method', '/re/M/M'], ['/re', '/reM'], true],
    ['.*/ns/g07-authz/.*', ['spiffe://td/ns/g07-authz/sa/x'], ['spiffe://td/ns/g07-authz'], true],
    [
      'spiffe://.+/ns/x/(.+/|)sa/one(/.+)?',
      ['spiffe://td/ns/x/sa/one', 'spiffe://td/ns/x/a/sa/one/b'],
      ['spiffe:///ns/x/sa/one', 'spiffe://td/ns/x/sa/onex'],
      true,
    ],
    ['^/v[0-9]+/.*$', ['/v12/', '/v1/x'], ['/v/x', 'x/v1/'], true],
    ['[a-c]{2,3}x', ['abx', 'abcx'], ['ax', 'abcax'], true],
    ['\\d{3}-\\d{4}', ['555-1234'], ['5555-1234'], true],
    ['a\\.b', ['a.b'], ['axb'], true],
    ['.+.+a', ['xya', 'xyza'], ['xa', 'a'], true],
    ['(a+)+b', ['aab'], ['aa'], false],
    ['.*a[^/]*b', ['a/ab'], ['a/b'], false],
    ['(?i)abc', ['ABC'], ['ab'], false],
    ['a{2}.', ['aaé'], ['aa'], false],
    ['[[:alpha:]]+', ['abc'], ['a1'], false],
    ['a|b$|^c', ['a', 'b', 'c'], ['ab'], false],
  ])('of %s', (source, yes, no, plain) => {
    const compiled = regex(source)
    expect(compiled.isPlain).toBe(plain)
    for (const value of yes) expect([value, compiled.matches(value)]).toEqual([value, true])
    for (const value of no) expect([value, compiled.matches(value)]).toEqual([value, false])
  })

  test('gives the answers of the general engine, whichever way it runs', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '/',
      '.',
      '[^/]',
      '[ab]',
      '\\d',
      '\\.',
      'é',
      '(a|b/)',
      '(?:/a|)',
      '(b)',
      'ab',
      '[^a-b1]',
    )
    const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,2}', '{0}', '*?')
    const source = fc
      .array(fc.tuple(atom, quantifier), { maxLength: 6 })
      .map((parts) => parts.map((part) => part.join('')).join(''))
    const value = fc
      .array(fc.constantFrom('a', 'b', '/', '1', '.', '\n', 'é', '😀'), { maxLength: 8 })
      .map((parts) => parts.join(''))
    let plain = 0
    fc.assert(
      fc.property(
        fc.oneof(
          source,
          fc.tuple(source, source).map((both) => both.join('|')),
        ),
        fc.array(value, { minLength: 8 }),
        (pattern, values) => {
          const compiled = regex(pattern)
          const engine = RE2JS.compile(pattern)
          if (compiled.isPlain) plain++
          for (const text of values)
            expect([pattern, text, compiled.matches(text)]).toEqual([pattern, text, engine.matches(text)])
        },
      ),
      { seed: 3, numRuns: 3000 },
    )
    expect(plain).toBeGreaterThan(500)
  })

  test.each([
    ['/api/v[0-9]+/x', '/api/v'],
    ['/a(b|c)?d', '/a'],
    ['ab+c', 'ab'],
    ['ab*c', 'a'],
    ['x|y', ''],
    ['.*', ''],
    ['(a+)+', ''],
  ])('of %s needs the prefix "%s"', (source, prefix) => {
    expect(regex(source).literalPrefix).toBe(prefix)
  })

  test('of a pattern that makes backtracking engines explode takes no time', () => {
    const compiled = regex('(x+x+)+y')
    expect(compiled.matches('x'.repeat(20_000))).toBe(false)
  })
})

describe('a pattern', () => {
  test.each(['(?=a)', '(?<=a)b', 'a(', '\\1', '[z-a]', 'a{2000}', '*'])('%s is refused', (source) => {
    const problems = new Problems('match.safe_regex')
    expect(compileRegex(source, problems)).toBeUndefined()
    expect(problems.list).toEqual([{ path: 'match.safe_regex', message: expect.stringContaining('RE2') }])
  })

  test('may match in the middle when only that is asked', () => {
    expect(regex('b+').find('abbc')).toBe(true)
    expect(regex('b+').find('ac')).toBe(false)
  })
})

describe('a substitution', () => {
  test.each([
    ['/re/(.*)', '/\\1', '/re/x', '/x'],
    ['/.*', '/full', '/any/thing', '/full'],
    ['^/rewrite/strip(/?)(.*)', '/\\2', '/rewrite/strip/a/b', '/a/b'],
    ['a', '<\\0\\\\$1>', 'bab', 'b<a\\$1>b'],
    ['(x)|(y)', '[\\1\\2]', 'xyz', '[x][y]z'],
    ['a*', '-', 'baac', '-b-c-'],
  ])('of %s by %s makes %s into %s', (source, rewrite, from, to) => {
    const problems = new Problems('x')
    expect(regex(source).compileRewrite(rewrite, problems)!(from)).toBe(to)
  })

  test('that RE2 refuses is refused with the reason', () => {
    const problems = new Problems('regex_rewrite.substitution')
    expect(regex('(a)').compileRewrite('\\2 \\x', problems)).toBeUndefined()
    expect(problems.list.map((problem) => problem.message)).toEqual([
      expect.stringContaining('"\\2" in the substitution'),
      expect.stringContaining('"\\x" in the substitution'),
    ])
  })
})
