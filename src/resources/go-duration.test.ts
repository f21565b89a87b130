import { expect, test } from '@jest/globals'
import { parseGoDuration } from './go-duration.ts'

test.each([
  ['0', 0],
  ['10s', 10_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['.5s', 500],
  ['100ms', 100],
  ['1m1ms', 60_001],
  ['250us', 0.25],
])('%s is %d milliseconds', (text, milliseconds) => {
  expect(parseGoDuration(text)).toBe(milliseconds)
})

test.each(['', '10', 's', '-1s', '1 s', '1s ', '1d', '1..5s', '.s'])('%j is no duration', (text) => {
  expect(parseGoDuration(text)).toBeUndefined()
})
