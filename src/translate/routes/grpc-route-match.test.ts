import { expect, test } from '@jest/globals'
import type { GrpcRouteMatch } from '../../resources/gateway-api.ts'
import { compileGrpcMatch } from './grpc-route-match.ts'
import { compareRank } from './http-route-match.ts'

function compiled(match: GrpcRouteMatch) {
  const refused: string[] = []
  return { ...compileGrpcMatch(match, ['m'], (path) => refused.push(path.join('.'))), refused }
}

const regular = { type: 'RegularExpression' } as const

test.each([
  [{}, { case: 'prefix', value: '/' }],
  [{ method: { service: 'a.B', method: 'C' } }, { case: 'path', value: '/a.B/C' }],
  [{ method: { service: 'a.B' } }, { case: 'pathSeparatedPrefix', value: '/a.B' }],
  [{ method: { method: 'C' } }, { case: 'safeRegex', value: { regex: '/[^/]+/C' } }],
  [{ method: { ...regular, service: 'a.*' } }, { case: 'safeRegex', value: { regex: '/a.*/[^/]+' } }],
  [{ method: { ...regular, service: 'a|b', method: 'C' } }, { case: 'safeRegex', value: { regex: '/(?:a|b)/C' } }],
] as const)('%j is a match on the path %j', (match, pathSpecifier) => {
  expect(compiled(match).match.pathSpecifier).toEqual(pathSpecifier)
})

test('a regular expression that cannot be carried out is refused by its path', () => {
  expect(compiled({ method: { ...regular, service: '(?<=a)b' } }).refused).toEqual(['m.method'])
})

test('characters of the service decide, then those of the method, then the number of headers', () => {
  const header = { name: 'x', value: '1' }
  const inOrder: GrpcRouteMatch[] = [
    { method: { service: 'long.Service' } },
    { method: { ...regular, service: 'a.*', method: 'Get.*' } },
    { method: { service: 'a.B', method: 'Get' } },
    { method: { service: 'a.B' }, headers: [header] },
    { method: { service: 'a.B' } },
    { method: { method: 'Get' } },
    { headers: [header] },
    {},
  ]
  const ranks = inOrder.map((match) => compiled(match).rank)
  expect([...ranks].reverse().sort(compareRank)).toEqual(ranks)
})
