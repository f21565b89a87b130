import { describe, expect, test } from '@jest/globals'
import { RequestHeaderMap } from '../../codec/header-map.ts'
import type { RetryPolicy } from './retry-policy.ts'
import { grpcTimeoutText, parseGrpcTimeout, requestTimeouts, setTimeoutHeaders } from './timeouts.ts'
import type { RequestTimeouts, TimedRequest, TimeoutSettings } from './timeouts.ts'

const GLOBAL = 'x-envoy-upstream-rq-timeout-ms'
const PER_TRY = 'x-envoy-upstream-rq-per-try-timeout-ms'
const EXPECTED = 'x-envoy-expected-rq-timeout-ms'
const STREAM = 'x-envoy-upstream-stream-duration-ms'
const HEDGE = 'x-envoy-hedge-on-per-try-timeout'
const ALTERNATIVE = 'x-envoy-upstream-rq-timeout-alt-response'

function request(
  fields: string[],
  isGrpc = false,
  suppressEnvoyHeaders = false,
  respectExpectedTimeout = false,
): TimedRequest {
  return {
    requestHeaders: new RequestHeaderMap(fields),
    isGrpc,
    config: { suppressEnvoyHeaders, respectExpectedTimeout },
  }
}

function settings(more: Partial<TimeoutSettings> = {}, perTryTimeoutMs?: number): TimeoutSettings {
  return {
    timeoutMs: 15_000,
    maxGrpcTimeoutMs: undefined,
    grpcTimeoutOffsetMs: 0,
    hedgesOnPerTryTimeout: false,
    retryPolicy: perTryTimeoutMs === undefined ? undefined : ({ perTryTimeoutMs } as RetryPolicy),
    ...more,
  }
}

const NO_TIMEOUTS: RequestTimeouts = {
  globalMs: 0,
  perTryMs: 0,
  perTryIdleMs: 0,
  streamDurationMs: undefined,
  hedges: false,
  answersTimeoutWith204: false,
}

describe('the time that a request has', () => {
  test.each<[string, TimeoutSettings, string[], Partial<RequestTimeouts>]>([
    ['is its route’s', settings(), [], { globalMs: 15_000, perTryMs: 0, answersTimeoutWith204: false }],
    ['is for each try what the policy says', settings({}, 400), [], { globalMs: 15_000, perTryMs: 400 }],
    ['is for each try no more than for all', settings({}, 15_000), [], { perTryMs: 0 }],
    ['is for each try limited alone', settings({ timeoutMs: 0 }, 400), [], { globalMs: 0, perTryMs: 400 }],
    ['is what the request says', settings({}, 400), [GLOBAL, '7', PER_TRY, '3'], { globalMs: 7, perTryMs: 3 }],
    ['is unlimited when the request says so', settings(), [GLOBAL, '0'], { globalMs: 0 }],
    ['is the route’s when the request says no number', settings(), [GLOBAL, '7s'], { globalMs: 15_000 }],
    ['is for the stream what the request says', settings(), [STREAM, '9'], { streamDurationMs: 9 }],
    ['is hedged when the request says so', settings(), [HEDGE, 'true'], { hedges: true }],
    ['is not hedged when it says so', settings({ hedgesOnPerTryTimeout: true }), [HEDGE, 'false'], { hedges: false }],
    ['is hedged as the route says', settings({ hedgesOnPerTryTimeout: true }), [HEDGE, 'yes'], { hedges: true }],
    ['ends with 204 when the request says so', settings(), [ALTERNATIVE, ''], { answersTimeoutWith204: true }],
  ])('%s', (_name, action, fields, expected) => {
    const asking = request([...fields, 'x-kept', '1'])
    expect(requestTimeouts(asking, action)).toMatchObject(expected)
    expect(asking.requestHeaders.fields).toEqual(['x-kept', '1'])
  })

  test('is what a proxy before this one expects, where that is respected', () => {
    const fields = [EXPECTED, '300', GLOBAL, '700']
    expect(requestTimeouts(request(fields), settings()).globalMs).toBe(700)
    const respecting = request(fields, false, false, true)
    expect(requestTimeouts(respecting, settings()).globalMs).toBe(300)
    expect(respecting.requestHeaders.get(EXPECTED)).toBe('300')
    expect(requestTimeouts(request([GLOBAL, '700'], false, false, true), settings()).globalMs).toBe(700)
  })
})

describe('the time that a gRPC request has', () => {
  test.each<[string, Partial<TimeoutSettings>, string | undefined, number]>([
    ['is the route’s without a cap', {}, '1S', 15_000],
    ['is what it asks below the cap', { maxGrpcTimeoutMs: 5000 }, '1S', 1000],
    ['is the cap when it asks for more', { maxGrpcTimeoutMs: 5000 }, '1M', 5000],
    ['is the cap when it asks for nothing', { maxGrpcTimeoutMs: 5000 }, undefined, 5000],
    ['is the cap when it asks for no limit', { maxGrpcTimeoutMs: 5000 }, '0m', 5000],
    ['is what it asks when the cap is none', { maxGrpcTimeoutMs: 0 }, '1H', 3_600_000],
    ['has no limit when it asks for none and there is no cap', { maxGrpcTimeoutMs: 0 }, undefined, 0],
    ['is less by the offset', { maxGrpcTimeoutMs: 0, grpcTimeoutOffsetMs: 100 }, '1S', 900],
    ['is not less by an offset that takes all', { maxGrpcTimeoutMs: 0, grpcTimeoutOffsetMs: 1000 }, '1S', 1000],
    ['is the cap when what it asks is nonsense', { maxGrpcTimeoutMs: 5000 }, '1 second', 5000],
  ])('%s', (_name, action, asked, expectedMs) => {
    const fields = asked === undefined ? [] : ['grpc-timeout', asked]
    expect(requestTimeouts(request(fields, true), settings(action)).globalMs).toBe(expectedMs)
  })
})

describe('grpc-timeout', () => {
  test.each<[string | undefined, number | undefined]>([
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3000],
    ['4m', 4],
    ['0400m', 400],
    ['400 m', 400],
    ['1u', 1],
    ['1001u', 2],
    ['1n', 1],
    ['0n', 0],
    ['99999999S', 99_999_999_000],
    ['100000000m', undefined],
    ['1', undefined],
    ['m', undefined],
    ['-1m', undefined],
    ['1.5S', undefined],
    ['1h', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %j ms', (text, expectedMs) => {
    expect(parseGrpcTimeout(text)).toBe(expectedMs)
  })

  test.each([
    [1, '1m'],
    [99_999_999, '99999999m'],
    [100_000_000, '100000S'],
    [99_999_999_999, '99999999S'],
    [100_000_000_000, '1666666M'],
  ])('%d ms is written %s', (timeoutMs, text) => {
    expect(grpcTimeoutText(timeoutMs)).toBe(text)
  })
})

describe('the upstream is told', () => {
  function told(timeouts: Partial<RequestTimeouts>, elapsedMs = 0, asked = request([]), action = settings()): string[] {
    setTimeoutHeaders(asked, action, { ...NO_TIMEOUTS, ...timeouts }, elapsedMs)
    return asked.requestHeaders.fields
  }
  const expected = (text: string): string[] => ['x-envoy-expected-rq-timeout-ms', text]

  test('nothing when there is no limit', () => {
    expect(told({})).toEqual([])
  })

  test.each<[string, Partial<RequestTimeouts>, number, string]>([
    ['the time for all tries', { globalMs: 500 }, 0, '500'],
    ['the time for this one', { globalMs: 500, perTryMs: 200 }, 0, '200'],
    ['the whole time when another may answer', { globalMs: 500, perTryMs: 200, hedges: true }, 0, '500'],
    ['what is left for a retry', { globalMs: 500, perTryMs: 200 }, 350.7, '150'],
    ['a millisecond when nothing is left', { globalMs: 500 }, 500, '1'],
    ['the time for a try that alone is limited', { perTryMs: 200 }, 9000, '200'],
  ])('%s', (_name, timeouts, elapsedMs, text) => {
    expect(told(timeouts, elapsedMs)).toEqual(expected(text))
  })

  test('by grpc-timeout too where the route caps it', () => {
    const capped = settings({ maxGrpcTimeoutMs: 0 })
    const asked = request(['grpc-timeout', '1S'], true)
    expect(told({ globalMs: 1000 }, 400, asked, capped)).toEqual(['grpc-timeout', '600m', ...expected('600')])
    expect(told({ globalMs: 1000 }, 0, request(['grpc-timeout', '1S'], true))).toEqual([
      'grpc-timeout',
      '1S',
      ...expected('1000'),
    ])
  })

  test('nothing in Envoy’s own headers when they are suppressed', () => {
    expect(told({ globalMs: 500 }, 0, request([], false, true))).toEqual([])
  })
})
