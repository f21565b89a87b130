import { describe, expect, test } from '@jest/globals'
import { needsNormalization, normalizePath, type PathSettings } from './path-normalization.ts'

const NORMALIZED: PathSettings = {
  normalizePath: true,
  mergeSlashes: false,
  escapedSlashes: 'keep',
  rejectPathWithFragment: true,
}

function normalized(path: string, settings: Partial<PathSettings> = {}): string {
  const all = { ...NORMALIZED, ...settings }
  if (!needsNormalization(path, all)) return path
  const { kind, path: made } = normalizePath(path, all)
  return kind === 'ok' ? made : `${kind} ${made}`
}

// The expected answers are Envoy 1.40's own.
describe('a normalised path', () => {
  test.each([
    ['/a/b/../c', '/a/c'],
    ['/../../x', '/x'],
    ['/a/./b/.', '/a/b/'],
    ['/a/%2e%2E/b', '/b'],
    ['/a%2fb', '/a%2fb'],
    ['/..%2fa', '/..%2fa'],
    ['/%41%7e%2d%5f', '/A~-_'],
    ['/a\\b', '/a/b'],
    ['/a//b', '/a//b'],
    ['/a?x=/../y%41', '/a?x=/../y%41'],
    ['/|"<>^`{}', '/%7C%22%3C%3E%5E%60%7B%7D'],
    ['/a;b=c/../d', '/d'],
    ['/a%zz', '/a%zz'],
    ['/%', '/%'],
    ['/a%00b', 'rejected /a%00b'],
    ['/a#b', 'rejected /a#b'],
  ])('of %s is %s', (path, expected) => {
    expect(normalized(path)).toBe(expected)
  })

  test.each<[Partial<PathSettings>, string, string]>([
    [{ mergeSlashes: true }, '//a///b//?x=//y', '/a/b/?x=//y'],
    [{ mergeSlashes: true }, '/%2f/a', '/%2f/a'],
    [{ normalizePath: false }, '/a/../b\\%41', '/a/../b\\%41'],
    [{ rejectPathWithFragment: false }, '/a/../b?c#d', '/b?c'],
    [{ escapedSlashes: 'forward' }, '/a%2f..%2Fb%5cc?%2f', '/b/c?%2f'],
    [{ escapedSlashes: 'forward', mergeSlashes: true }, '/a/%2f/b', '/a/b'],
    [{ escapedSlashes: 'redirect' }, '/a%2Fb?x=%2f', 'redirect /a/b?x=%2f'],
    [{ escapedSlashes: 'redirect' }, '/ok?x=%2f', '/ok?x=%2f'],
    [{ escapedSlashes: 'reject' }, '/a%5cb', 'rejected /a\\b'],
  ])('with %j of %s is %s', (settings, path, expected) => {
    expect(normalized(path, settings)).toBe(expected)
  })
})
