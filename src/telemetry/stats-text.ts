// What Envoy's /stats prints, as text and as JSON.

import type { HistogramSnapshot } from './histogram-bins.ts'
import { defaultBuckets, quantilePercents } from './histogram-bins.ts'
import type { SeriesSnapshot } from './series.ts'

export type HistogramMode = 'summary' | 'cumulative' | 'disjoint' | 'detailed'

export interface StatsOptions {
  /** Leave out what was never written. */
  usedOnly?: boolean
  /** Keep a statistic by its full name. */
  filter?: (name: string) => boolean
  /** Envoy's `type` parameter; everything when absent. */
  type?: 'Counters' | 'Gauges' | 'Histograms' | 'TextReadouts'
  /** `summary` prints quantiles, `detailed` the bins and the quantiles; the others print Envoy's default buckets. */
  histograms?: HistogramMode
}

/** All that is printed, at one moment. */
export interface StatsSnapshot {
  readonly series: readonly SeriesSnapshot[]
  /** Text readouts: name -> value. */
  readonly texts: ReadonlyMap<string, string>
  /** Histograms of the last flush interval by name; a histogram without one prints nothing recorded for it. */
  readonly intervals: ReadonlyMap<string, HistogramSnapshot>
}

/** Keeps what histograms held at the last flush, so that the last interval can be told from all time. */
export class HistogramIntervals {
  readonly current = new Map<string, HistogramSnapshot>()
  private readonly earlier = new Map<string, HistogramSnapshot>()

  /** To be called every flush interval (Envoy's default: 5 s). */
  flush(series: readonly SeriesSnapshot[]): void {
    for (const { name, histogram } of series) {
      if (histogram === undefined) continue
      const earlier = this.earlier.get(name)
      this.current.set(name, earlier === undefined ? histogram : histogram.since(earlier))
      this.earlier.set(name, histogram)
    }
  }
}

/** Three blocks, each sorted by name: text readouts, counters and gauges, histograms. */
export function printStats(snapshot: StatsSnapshot, options: StatsOptions = {}): string {
  const lines: string[] = []
  for (const [name, value] of selectTexts(snapshot, options)) lines.push(`${name}: "${value}"`)
  for (const { name, value } of selectNumbers(snapshot, options)) lines.push(`${name}: ${value}`)
  for (const series of selectHistograms(snapshot, options)) {
    lines.push(`${series.name}:${histogramText(series, snapshot.intervals.get(series.name), options)}`)
  }
  lines.push('')
  return lines.join('\n')
}

/** The object that Envoy prints for `?format=json`. */
export function statsJson(snapshot: StatsSnapshot, options: StatsOptions = {}): { stats: unknown[] } {
  const stats: unknown[] = []
  for (const [name, value] of selectTexts(snapshot, options)) stats.push({ name, value })
  for (const { name, value } of selectNumbers(snapshot, options)) stats.push({ name, value })
  const histograms = selectHistograms(snapshot, options)
  if (histograms.length > 0) stats.push({ histograms: histogramsJson(histograms, snapshot, options.histograms) })
  return { stats }
}

function histogramsJson(histograms: readonly SeriesSnapshot[], { intervals }: StatsSnapshot, mode?: HistogramMode) {
  const print = <T>(json: (cumulative: HistogramSnapshot | undefined, interval: HistogramSnapshot | undefined) => T) =>
    histograms.map(({ name, histogram }) => ({ name, ...json(histogram, intervals.get(name)) }))
  if (mode === 'cumulative' || mode === 'disjoint') {
    return print((cumulative, interval) => ({ buckets: bucketsJson(cumulative, interval, mode === 'disjoint') }))
  }
  if (mode === 'detailed') {
    const details = print((cumulative, interval) => ({
      totals: binsJson(cumulative),
      intervals: binsJson(interval),
      percentiles: quantilesJson(cumulative, interval),
    }))
    return { supported_percentiles: quantilePercents, details }
  }
  const computed = print((cumulative, interval) => ({ values: quantilesJson(cumulative, interval) }))
  return { supported_quantiles: quantilePercents, computed_quantiles: computed }
}

function quantilesJson(cumulative: HistogramSnapshot | undefined, interval: HistogramSnapshot | undefined): unknown[] {
  return quantilePercents.map((percent) => ({
    interval: quantileOrNull(interval, percent),
    cumulative: quantileOrNull(cumulative, percent),
  }))
}

function bucketsJson(
  cumulative: HistogramSnapshot | undefined,
  interval: HistogramSnapshot | undefined,
  disjoint: boolean,
): unknown[] {
  return defaultBuckets.map((bound, at) => {
    const lower = disjoint && at > 0 ? defaultBuckets[at - 1] : undefined
    return {
      upper_bound: bound,
      interval: bucketCount(interval, bound, lower),
      cumulative: bucketCount(cumulative, bound, lower),
    }
  })
}

function binsJson(histogram: HistogramSnapshot | undefined): unknown[] {
  return (histogram?.bins() ?? []).map(({ lower, width, count }) => ({ lower_bound: lower, width, count }))
}

function selectTexts({ texts }: StatsSnapshot, options: StatsOptions): [string, string][] {
  if (options.type !== undefined && options.type !== 'TextReadouts') return []
  const wanted = [...texts].filter(([name]) => options.filter === undefined || options.filter(name))
  return wanted.sort(([a], [b]) => (a < b ? -1 : 1))
}

function selectNumbers(snapshot: StatsSnapshot, options: StatsOptions): SeriesSnapshot[] {
  const { type } = options
  if (type === 'Histograms' || type === 'TextReadouts') return []
  return select(snapshot, options, ({ kind }) =>
    kind === 'counter' ? type !== 'Gauges' : kind === 'gauge' && type !== 'Counters',
  )
}

function selectHistograms(snapshot: StatsSnapshot, options: StatsOptions): SeriesSnapshot[] {
  if (options.type !== undefined && options.type !== 'Histograms') return []
  return select(snapshot, options, ({ kind }) => kind === 'histogram')
}

function select(
  { series }: StatsSnapshot,
  { usedOnly, filter }: StatsOptions,
  ofType: (series: SeriesSnapshot) => boolean,
): SeriesSnapshot[] {
  return series
    .filter((one) => ofType(one) && (usedOnly !== true || one.used) && (filter === undefined || filter(one.name)))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function histogramText(
  { histogram, used }: SeriesSnapshot,
  interval: HistogramSnapshot | undefined,
  options: StatsOptions,
): string {
  if (histogram === undefined || !used) return ' No recorded values'
  const mode = options.histograms ?? 'summary'
  if (mode === 'summary') return ` ${summaryText(histogram, interval)}`
  if (mode === 'detailed') {
    const bins = (one: HistogramSnapshot | undefined): string =>
      (one?.bins() ?? []).map(({ lower, width, count }) => `${general(lower)},${general(width)}:${count}`).join(', ')
    return `\n  totals=${bins(histogram)}\n  intervals=${bins(interval)}\n  summary=${summaryText(histogram, interval)}`
  }
  const buckets = defaultBuckets
    .map((bound, at) => {
      const lower = mode === 'disjoint' && at > 0 ? defaultBuckets[at - 1] : undefined
      return `B${general(bound)}(${bucketCount(interval, bound, lower)},${bucketCount(histogram, bound, lower)})`
    })
    .join(' ')
  return ` ${buckets}`
}

function summaryText(histogram: HistogramSnapshot, interval: HistogramSnapshot | undefined): string {
  return quantilePercents
    .map((percent) => `P${percent}(${quantileText(interval, percent)},${quantileText(histogram, percent)})`)
    .join(' ')
}

function bucketCount(histogram: HistogramSnapshot | undefined, bound: number, lower: number | undefined): number {
  if (histogram === undefined) return 0
  return histogram.countUpTo(bound) - (lower === undefined ? 0 : histogram.countUpTo(lower))
}

function quantileText(histogram: HistogramSnapshot | undefined, percent: number): string {
  const value = histogram?.quantile(percent) ?? NaN
  return Number.isNaN(value) ? 'nan' : String(value)
}

function quantileOrNull(histogram: HistogramSnapshot | undefined, percent: number): number | null {
  const value = histogram?.quantile(percent) ?? NaN
  return Number.isNaN(value) ? null : value
}

/** C's `%g`: six significant digits, an exponent of at least two. */
function general(value: number): string {
  if (value < 1e6) return String(value)
  const exponent = Math.floor(Math.log10(value))
  return `${Number((value / 10 ** exponent).toPrecision(6))}e+${String(exponent).padStart(2, '0')}`
}
