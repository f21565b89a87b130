import type { JsonObject } from '@bufbuild/protobuf'
import { expect, test } from '@jest/globals'
import { ManagedConnection, OK_ROUTE } from '../../../test/support/connection-managers.ts'

const NAME = 'envoy.filters.http.header_mutation'
const TYPE = 'type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation'

function append(key: string, value: string, appendAction = 'APPEND_IF_EXISTS_OR_ADD'): JsonObject {
  return { append: { header: { key, value }, appendAction } }
}

function both(word: string): JsonObject {
  return { requestMutations: [append('x-order', word)], responseMutations: [append('x-order', word)] }
}

function perRoute(mutations: JsonObject): JsonObject {
  return { typedPerFilterConfig: { [NAME]: { '@type': `${TYPE}PerRoute`, mutations } } }
}

function filter(mutations: JsonObject, more: JsonObject = {}): Record<string, JsonObject> {
  return { [NAME]: { '@type': TYPE, mutations, ...more } }
}

test('changes apply one after the other', () => {
  const connection = new ManagedConnection({
    filters: filter({
      requestMutations: [
        { remove: 'x-a' },
        append('x-a', 'again'),
        { removeOnMatch: { keyMatcher: { prefix: 'x-secret' } } },
      ],
    }),
  })
  connection.get('/', 'x-a: 1', 'x-secret-1: s', 'x-secret-2: s')
  const seen = connection.requests[0].filter((line) => line.startsWith('x-a') || line.startsWith('x-secret'))
  expect(seen).toEqual(['x-a: again'])
})

test.each([
  [false, ['filter', 'route', 'host']],
  [true, ['filter', 'host', 'route']],
])('the levels take turns; most specific last: %s', (mostSpecificHeaderMutationsWins, words) => {
  const connection = new ManagedConnection({
    filters: filter(both('filter'), { mostSpecificHeaderMutationsWins }),
    virtualHost: perRoute(both('host')),
    routes: [{ ...OK_ROUTE, ...perRoute(both('route')) }],
  })
  const response = connection.get()
  expect([...response.matchAll(/x-order: (\w+)/g)].map((match) => match[1])).toEqual(words)
  const request = connection.requests[0].filter((line) => line.startsWith('x-order'))
  expect(request).toEqual(words.map((word) => `x-order: ${word}`))
})

test('the host is not to be changed', () => {
  expect(() => new ManagedConnection({ filters: filter({ requestMutations: [{ remove: 'host' }] }) })).toThrow(
    'request_mutations[0].remove',
  )
})
