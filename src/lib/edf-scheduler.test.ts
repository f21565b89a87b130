import { describe, expect, test } from '@jest/globals'
import { EdfScheduler } from './edf-scheduler.ts'

describe('EdfScheduler', () => {
  test('has nothing to offer when it is empty', () => {
    const empty = new EdfScheduler<string>([], () => 1)
    expect(empty.next(() => 1)).toBeUndefined()
  })

  test('keeps the order of insertion among equals', () => {
    const scheduler = new EdfScheduler(['a', 'b', 'c'], () => 1)
    expect(Array.from({ length: 6 }, () => scheduler.next(() => 1)).join('')).toBe('abcabc')
  })

  test('asks for the weight again at each choice', () => {
    const weights: Record<string, number> = { a: 1, b: 1 }
    const scheduler = new EdfScheduler(['a', 'b'], () => 1)
    const weightOf = (item: string): number => weights[item] ?? 1
    weights.a = 3
    const chosen = Array.from({ length: 401 }, () => scheduler.next(weightOf))
    expect(Math.abs(chosen.filter((item) => item === 'a').length - 300)).toBeLessThan(5)
  })
})
