import { describe, expect, test } from '@jest/globals'
import { ResponseHeaderMap } from '../../codec/header-map.ts'
import { askedBackoffMs, backoffBoundMs, jitteredAbove } from './retry-backoff.ts'
import type { ResetHeader } from './retry-backoff.ts'
import { NO_POLICY } from './retry-policy.ts'

test('the wait before a retry doubles up to the most that the policy allows', () => {
  const bounds = [1, 2, 3, 4, 5, 6, 60].map((retry) => backoffBoundMs(NO_POLICY, retry))
  expect(bounds).toEqual([25, 50, 100, 200, 250, 250, 250])
})

describe('the wait that a response asks for', () => {
  const NOW_MS = 1_700_000_000_500
  const after: ResetHeader = { name: 'retry-after', format: 'seconds' }
  const at: ResetHeader = { name: 'x-ratelimit-reset', format: 'unixTimestamp' }

  test.each<[string, ResetHeader[], string[], number]>([
    ['in seconds', [after], ['retry-after', '3'], 3000],
    ['as a time', [at], ['x-ratelimit-reset', '1700000007'], 7000],
    ['by the first header that says so', [at, after], ['retry-after', '3', 'x-ratelimit-reset', 'soon'], 3000],
    ['by a header of no policy', [], ['retry-after', '3'], 0],
    ['in no number', [after], ['retry-after', 'Fri, 07 Nov 2036 23:59:59 GMT'], 0],
    ['for longer than is granted', [after], ['retry-after', '301'], 0],
    [
      'for longer than is granted, and again for less',
      [after, at],
      ['retry-after', '301', at.name, '1700000002'],
      2000,
    ],
    ['for a time that is over', [at], ['x-ratelimit-reset', '1699999999'], 0],
    ['for no time', [after], ['retry-after', '0'], 0],
  ])('%s', (_how, resetHeaders, fields, expected) => {
    const policy = { ...NO_POLICY, resetHeaders, maxResetIntervalMs: 300_000 }
    expect(askedBackoffMs(policy, new ResponseHeaderMap(fields), NOW_MS)).toBe(expected)
  })

  test('is kept, with up to half of it on top', () => {
    expect(jitteredAbove(3000, { below: () => 0 })).toBe(3000)
    expect(jitteredAbove(3000, { below: (limit) => limit - 1 })).toBe(4499)
  })
})
