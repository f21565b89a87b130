import { describe, expect, test } from '@jest/globals'
import { RequestHeaderMap } from '../../codec/header-map.ts'
import { Problems } from '../../lib/problems.ts'
import { compileStrictChecks, refuseInvalidHeaders } from './strict-headers.ts'

const NAMES = [
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-max-retries',
  'x-envoy-retry-grpc-on',
  'x-envoy-retry-on',
]
const checks = compileStrictChecks(NAMES, new Problems('strict_check_headers'))

// The expected answers are Envoy 1.40's own.
describe('strict_check_headers', () => {
  test.each([
    ['x-envoy-upstream-rq-timeout-ms', ['0', '1', '+5', '99999999999', '18446744073709551615'], ['x', '', '-1', '1.5']],
    ['x-envoy-upstream-rq-per-try-timeout-ms', ['3', '007'], ['0x5', '5s', '18446744073709551616']],
    ['x-envoy-max-retries', ['3'], ['', '-1', 'three']],
    ['x-envoy-retry-on', ['5xx', '5xx,gateway-error', '5xx, reset', ''], ['bogus', '5xx,bogus', '5XX', 'cancelled']],
    ['x-envoy-retry-grpc-on', ['cancelled', 'internal, unavailable', ''], ['5xx', 'cancelled,reset']],
  ])('of %s takes %j and refuses %j', (name, valid, invalid) => {
    for (const value of valid) {
      expect([value, refuseInvalidHeaders(new RequestHeaderMap([name, value]), checks)]).toEqual([value, undefined])
    }
    for (const value of invalid) {
      expect(refuseInvalidHeaders(new RequestHeaderMap([name, value]), checks)).toEqual({
        status: 400,
        body: `invalid header '${name}' with value '${value}'`,
        details: `request_headers_failed_strict_check{${name}}`,
      })
    }
  })

  test('names the first header that is wrong in the order of the configuration', () => {
    const headers = new RequestHeaderMap(['x-envoy-max-retries', 'a', 'x-envoy-upstream-rq-timeout-ms', 'b'])
    expect(refuseInvalidHeaders(headers, checks)?.body).toBe(
      "invalid header 'x-envoy-upstream-rq-timeout-ms' with value 'b'",
    )
  })

  test('knows no other header', () => {
    const problems = new Problems('strict_check_headers')
    expect(compileStrictChecks(['x-other'], problems)).toEqual([])
    expect(problems.list).toHaveLength(1)
  })
})
