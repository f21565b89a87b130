import { expect, test } from '@jest/globals'
import { parseGatewayDuration } from './gateway-duration.ts'

test.each([
  ['0s', 0],
  ['0h0m0s', 0],
  ['500ms', 500],
  ['1h30m10s', 5_410_000],
  ['10s30m1h', 5_410_000],
  ['1h1h', 7_200_000],
  ['100ms200ms300ms', 600],
])('%s is %d ms', (text, expected) => {
  expect(parseGatewayDuration(text)).toBe(expected)
})

test.each(['', '1', '1m1', '1h30m10s20ms50h', '999999h', '1.5h', '-15m', '1us', '1 h'])('%j is no duration', (text) => {
  expect(parseGatewayDuration(text)).toBeUndefined()
})
