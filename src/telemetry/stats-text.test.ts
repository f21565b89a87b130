import { describe, expect, test } from '@jest/globals'
import { SeriesTable } from './series.ts'
import { HistogramIntervals, printStats, statsJson, type StatsSnapshot } from './stats-text.ts'

function example(): StatsSnapshot {
  const table = SeriesTable.create()
  table.gauge('server.live').set(1)
  table.counter('cluster.a.total').add(2)
  table.counter('cluster.a.unused')
  table.histogram('cluster.a.empty_ms')
  table.histogram('cluster.a.time_ms').record(0)
  table.text('control_plane.identifier', 'istiod')
  const intervals = new HistogramIntervals()
  intervals.flush(table.snapshot())
  table.histogram('cluster.a.time_ms').record(10)
  intervals.flush(table.snapshot())
  return { series: table.snapshot(), texts: table.texts, intervals: intervals.current }
}

describe('/stats', () => {
  test('prints texts, then numbers, then histograms, each by name, with the last interval before all time', () => {
    const lines = printStats(example()).split('\n')
    expect(lines.slice(0, 5)).toEqual([
      'control_plane.identifier: "istiod"',
      'cluster.a.total: 2',
      'cluster.a.unused: 0',
      'server.live: 1',
      'cluster.a.empty_ms: No recorded values',
    ])
    expect(lines[5]).toMatch(/^cluster\.a\.time_ms: P0\(9,0\) P25\(9\.25,0\) .* P100\(10,10\)$/)
    expect(lines.slice(6)).toEqual([''])
  })

  test('prints buckets on request, cumulative or apart', () => {
    const filter = (name: string) => name.endsWith('time_ms')
    expect(printStats(example(), { filter, histograms: 'cumulative' })).toContain(
      'time_ms: B0.5(0,1) B1(0,1) B5(0,1) B10(1,2) B25(1,2)',
    )
    const disjoint = printStats(example(), { filter, histograms: 'disjoint' })
    expect(disjoint).toContain('time_ms: B0.5(0,1) B1(0,0) B5(0,0) B10(1,1) B25(0,0)')
    expect(disjoint).toContain(' B600000(0,0) B1.8e+06(0,0) B3.6e+06(0,0)\n')
  })

  test.each([
    ['Counters', 'cluster.a.total: 2\ncluster.a.unused: 0\n'],
    ['Gauges', 'server.live: 1\n'],
    ['TextReadouts', 'control_plane.identifier: "istiod"\n'],
  ] as const)('keeps only the type %s', (type, text) => {
    expect(printStats(example(), { type })).toBe(text)
  })

  test('leaves out what was never written when only used ones are wanted', () => {
    const text = printStats(example(), { usedOnly: true })
    expect(text).not.toContain('unused')
    expect(text).not.toContain('empty_ms')
  })

  test('has a JSON form with nulls where nothing was recorded', () => {
    const { stats } = statsJson(example(), { filter: (name) => name.includes('_ms') || name === 'server.live' })
    expect(stats[0]).toEqual({ name: 'server.live', value: 1 })
    const histograms = (stats[1] as any).histograms
    expect(histograms.supported_quantiles).toEqual([0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100])
    expect(histograms.computed_quantiles[0]).toEqual({
      name: 'cluster.a.empty_ms',
      values: Array.from({ length: 10 }, () => ({ interval: null, cumulative: null })),
    })
    expect(histograms.computed_quantiles[1].values.at(-1)).toEqual({ interval: 10, cumulative: 10 })
  })
})
