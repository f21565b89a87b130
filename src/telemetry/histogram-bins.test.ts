import { describe, expect, test } from '@jest/globals'
import type { HistogramSnapshot } from './histogram-bins.ts'
import { defaultBuckets } from './histogram-bins.ts'
import { SeriesTable } from './series.ts'

function recorded(values: number[]): HistogramSnapshot {
  const table = SeriesTable.create()
  const histogram = table.histogram('h')
  for (const value of values) histogram.record(value)
  return table.snapshot()[0].histogram!
}

describe('a histogram', () => {
  test('counts a value that equals a bound as within it', () => {
    for (const bound of defaultBuckets.filter((bound) => bound !== 1.8e6 && bound !== 3.6e6)) {
      const snapshot = recorded([bound, bound + bound / 1000])
      expect([bound, snapshot.countUpTo(bound), snapshot.count]).toEqual([bound, 1, 2])
    }
  })

  test('places every value between the edges of its bin, over nine decades', () => {
    for (let value = 0.3; value < 5e9; value *= 1.07) {
      const snapshot = recorded([value])
      const top = snapshot.quantile(100)
      if (value > 1e9) expect(top).toBe(1e9)
      else {
        expect(top).toBeGreaterThanOrEqual(value * 0.999999)
        expect(top).toBeLessThanOrEqual(Math.max(1, value * 1.25))
        expect(snapshot.quantile(0)).toBeLessThanOrEqual(value)
      }
    }
  })

  test('knows its sum and count, and takes nonsense as zero', () => {
    const snapshot = recorded([0, 2, 3.5, -1, NaN])
    expect([snapshot.count, snapshot.sum, snapshot.countUpTo(0.5), snapshot.quantile(50)]).toEqual([5, 5.5, 3, 0])
  })

  test('tells quantiles of a thousand values within five percent', () => {
    const snapshot = recorded(Array.from({ length: 1000 }, (_, i) => i + 1))
    for (const percent of [25, 50, 75, 90, 95, 99]) {
      expect(Math.abs(snapshot.quantile(percent) / (percent * 10) - 1)).toBeLessThan(0.05)
    }
  })

  test('is empty without values: quantiles are not numbers', () => {
    expect(recorded([]).quantile(50)).toBeNaN()
  })

  test('subtracts an earlier moment', () => {
    const table = SeriesTable.create()
    const histogram = table.histogram('h')
    histogram.record(10)
    const before = table.snapshot()[0].histogram!
    histogram.record(20)
    const between = table.snapshot()[0].histogram!.since(before)
    expect([between.count, between.sum, between.countUpTo(10)]).toEqual([1, 20, 0])
  })
})
