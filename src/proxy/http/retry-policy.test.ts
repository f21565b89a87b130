import { describe, expect, test } from '@jest/globals'
import { RequestHeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'
import type { ResetReason } from '../../codec/http-stream.ts'
import { NO_POLICY, parseRetryOn, retriesReset, retriesResponse, RETRY_ON, takeRetryPolicy } from './retry-policy.ts'
import type { RetryPolicy } from './retry-policy.ts'

function policy(retryOn: string, more: Partial<RetryPolicy> = {}): RetryPolicy {
  return { ...NO_POLICY, retryOn: parseRetryOn(retryOn), numRetries: 2, ...more }
}

function response(status: number, ...fields: string[]): ResponseHeaderMap {
  const headers = new ResponseHeaderMap(fields)
  headers.status = status
  return headers
}

describe('the words of retry_on', () => {
  test.each<[string, number]>([
    ['', 0],
    ['5xx', RETRY_ON['5xx']],
    ['connect-failure, refused-stream', RETRY_ON['connect-failure'] | RETRY_ON['refused-stream']],
    ['unavailable,cancelled', RETRY_ON.unavailable | RETRY_ON.cancelled],
    ['reset,nonsense,,', RETRY_ON.reset],
    ['5XX', 0],
    ['toString', 0],
  ])('%j', (text, bits) => {
    expect(parseRetryOn(text)).toBe(bits)
  })
})

describe('a response is tried again under', () => {
  test.each<[string, number[], number[]]>([
    ['5xx', [500, 503, 599], [200, 499, 600]],
    ['gateway-error', [502, 503, 504], [500, 501, 505]],
    ['retriable-4xx', [409], [400, 404, 429]],
    ['retriable-status-codes', [418], [500, 409]],
    ['connect-failure', [], [503]],
    ['reset', [], [503]],
    ['', [], [503]],
  ])('%j', (retryOn, yes, no) => {
    const tried = policy(retryOn, { retriableStatusCodes: [418] })
    for (const status of yes) expect([status, retriesResponse(tried, response(status))]).toEqual([status, true])
    for (const status of no) expect([status, retriesResponse(tried, response(status))]).toEqual([status, false])
  })

  test.each([
    ['cancelled', '1'],
    ['deadline-exceeded', '4'],
    ['resource-exhausted', '8'],
    ['internal', '13'],
    ['unavailable', '14'],
  ])('%j when its grpc-status is %s, and no other', (condition, status) => {
    const tried = policy(condition)
    const statuses = Array.from({ length: 17 }, (_, i) => String(i))
    expect(statuses.filter((each) => retriesResponse(tried, response(200, 'grpc-status', each)))).toEqual([status])
  })

  test('retriable-headers when a matcher says so', () => {
    const tried = policy('retriable-headers', { retriableResponse: (headers) => headers.has('x-again') })
    expect(retriesResponse(tried, response(200, 'x-again', ''))).toBe(true)
    expect(retriesResponse(tried, response(500))).toBe(false)
    expect(retriesResponse({ ...tried, retryOn: RETRY_ON['5xx'] }, response(200, 'x-again', ''))).toBe(false)
  })

  test.each([
    ['5xx', false],
    ['retriable-status-codes', false],
    ['5xx,envoy-ratelimited', true],
    ['envoy-ratelimited', true],
  ])('%j although it was rate limited: %s', (retryOn, expected) => {
    const limited = response(503, 'x-envoy-ratelimited', 'true')
    expect(retriesResponse(policy(retryOn, { retriableStatusCodes: [503] }), limited)).toBe(expected)
  })
})

describe('a stream that broke is tried again under', () => {
  const connects: ResetReason[] = ['local connection failure', 'remote connection failure', 'connection timeout']
  const refused: ResetReason[] = ['remote refused stream reset']
  const others: ResetReason[] = [
    'local reset',
    'local refused stream reset',
    'remote reset',
    'connection termination',
    'protocol error',
    'remote error with CONNECT request',
  ]
  const every: ResetReason[] = [...connects, ...refused, ...others, 'overflow']

  test.each<[string, ResetReason[]]>([
    ['5xx', [...connects, ...refused, ...others]],
    ['gateway-error', [...connects, ...refused, ...others]],
    ['reset', [...connects, ...refused, ...others]],
    ['connect-failure', connects],
    ['refused-stream', refused],
    ['connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes', [...connects, ...refused]],
    ['retriable-status-codes,retriable-4xx', []],
    ['reset-before-request', []],
  ])('%j when the request was sent', (retryOn, expected) => {
    expect(every.filter((reason) => retriesReset(policy(retryOn), reason, true))).toEqual(expected)
  })

  test('reset-before-request when nothing was sent, unless a circuit breaker is open', () => {
    const tried = policy('reset-before-request')
    expect(every.filter((reason) => !retriesReset(tried, reason, false))).toEqual(['overflow'])
  })
})

describe('the policy of a request', () => {
  function take(route: RetryPolicy | undefined, ...fields: string[]): [RetryPolicy | undefined, string[]] {
    const headers = new RequestHeaderMap(fields)
    return [takeRetryPolicy(route, headers), headers.fields]
  }

  test('is its route’s own object when the request asks for nothing', () => {
    const route = policy('5xx')
    expect(take(route, 'x-envoy-expected-rq-timeout-ms', '5')[0]).toBe(route)
  })

  test.each([
    ['no route has one', undefined],
    ['it names no condition', policy('')],
  ])('is none when %s', (_why, route) => {
    expect(take(route, 'a', 'b')).toEqual([undefined, ['a', 'b']])
    expect(take(route, 'x-envoy-max-retries', '5')).toEqual([undefined, []])
  })

  test('has what the request adds, whose headers end here', () => {
    const [taken, left] = take(
      policy('5xx', { retriableStatusCodes: [418] }),
      ...['x-envoy-retry-on', 'reset,cancelled', 'x-envoy-retry-grpc-on', 'unavailable,reset-before-request'],
      ...['x-envoy-max-retries', '7', 'x-envoy-retriable-status-codes', '409, x,430'],
      ...['x-envoy-retriable-header-names', 'X-Again, x-more', 'x-kept', '1'],
    )
    expect(left).toEqual(['x-kept', '1'])
    expect(taken?.retryOn).toBe(RETRY_ON['5xx'] | RETRY_ON.reset | RETRY_ON.unavailable)
    expect(taken?.numRetries).toBe(7)
    expect(taken?.retriableStatusCodes).toEqual([418, 409, 430])
    expect(taken?.retriableResponse?.(response(200, 'x-again', ''))).toBe(true)
    expect(taken?.retriableResponse?.(response(200, 'x-other', ''))).toBe(false)
  })

  test('is none for requests that are not retriable, whatever they ask', () => {
    const route = policy('5xx', { retriableRequest: (headers) => headers.has('x-safe') })
    expect(take(route, 'x-safe', '1')[0]).toBe(route)
    expect(take(route, 'x-envoy-retry-on', 'reset')).toEqual([undefined, []])
  })

  test('allows one retry when only the request asks', () => {
    expect(take(undefined, 'x-envoy-retry-on', '5xx')[0]).toMatchObject({ retryOn: RETRY_ON['5xx'], numRetries: 1 })
  })

  test('keeps its number of retries when the request names none that is one', () => {
    expect(take(policy('5xx'), 'x-envoy-max-retries', 'many')[0]?.numRetries).toBe(2)
  })
})
