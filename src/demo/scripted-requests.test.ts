import { describe, expect, test } from '@jest/globals'
import { type Answer, countBackends, curlCommand, parseRequests, verdict } from './scripted-requests.ts'

const [stable, split, refused] = parseRequests(`
# a comment
reviews   GET /reviews/1  x-user: beta  x-b: c   -> 200 by route stable from reviews-v1
reviews   3x GET /reviews?a=b    -> 200 by route canary from reviews-v1 and reviews-v2
reviews   DELETE /admin          -> 404
`)
const ok = (backend: string, route: string): Answer => ({ status: 200, route, backend })

describe('the script of requests', () => {
  test('is read line by line', () => {
    expect(stable).toEqual({
      service: 'reviews',
      caller: undefined,
      method: 'GET',
      path: '/reviews/1',
      headers: [
        ['x-user', 'beta'],
        ['x-b', 'c'],
      ],
      times: 1,
      status: 200,
      route: 'stable',
      backends: ['reviews-v1'],
    })
    expect(refused).toMatchObject({ method: 'DELETE', headers: [], status: 404, route: undefined, backends: [] })
    expect(parseRequests('reviews  as shop/cart  GET / -> 200')[0].caller).toBe('shop/cart')
    expect(() => parseRequests('\nreviews FETCH')).toThrow('requests.txt:2: cannot read "reviews FETCH"')
  })

  test.each<[Answer[], string | undefined]>([
    [[ok('reviews-v1', 'stable')], undefined],
    [[ok('reviews-v2', 'stable')], 'answered by reviews-v2 in place of reviews-v1'],
    [[ok('reviews-v1', 'beta')], 'route beta in place of stable'],
    [[{ status: 503, route: undefined, backend: undefined }], 'status 503 in place of 200'],
    [[{ status: 200, route: 'stable', backend: undefined }], 'answered by the waypoint in place of reviews-v1'],
    [[], '0 answers to 1 requests'],
  ])('judges %j', (answers, expected) => {
    expect(verdict(stable, answers)).toBe(expected)
  })

  test('wants every backend of a split to answer', () => {
    const answers = [ok('reviews-v1', 'canary'), ok('reviews-v1', 'canary'), ok('reviews-v2', 'canary')]
    expect(verdict(split, answers)).toBeUndefined()
    expect(countBackends(answers)).toBe('reviews-v1 2, reviews-v2 1')
    expect(verdict(split, [answers[0], answers[0], answers[0]])).toBe('reviews-v2 answered none of 3 requests')
  })

  test('does not take an answer of a backend for a refusal', () => {
    expect(verdict(refused, [{ status: 404, route: undefined, backend: undefined }])).toBeUndefined()
    expect(verdict(refused, [{ status: 404, route: undefined, backend: 'reviews-v1' }])).toBe(
      'answered by reviews-v1 in place of the waypoint',
    )
  })

  test('can be sent by hand', () => {
    expect(curlCommand(stable, 18080)).toBe("curl -H 'x-user: beta' -H 'x-b: c' http://127.0.0.1:18080/reviews/1")
    expect(curlCommand(split, 18080)).toBe("curl 'http://127.0.0.1:18080/reviews?a=b'")
    expect(curlCommand(refused, 18080)).toBe('curl -X DELETE -i http://127.0.0.1:18080/admin')
  })
})
