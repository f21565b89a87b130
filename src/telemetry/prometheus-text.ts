// The text that Prometheus scrapes (exposition format 0.0.4), as Envoy's /stats/prometheus prints it.

import { defaultBuckets, type HistogramSnapshot, quantilePercents } from './histogram-bins.ts'
import type { SeriesSnapshot } from './series.ts'
import { extractTags, type TagRule } from './stat-tags.ts'

export interface PrometheusOptions {
  /** Leave out what was never written. */
  usedOnly?: boolean
  /** Keep a series by its full name. */
  filter?: (name: string) => boolean
  /** `summary` prints quantiles in place of buckets. */
  histograms?: 'cumulative' | 'summary'
  /** Text readouts to print as gauges of value 0 with the text as a label; none by default. */
  texts?: ReadonlyMap<string, string>
  /** Bounds of a histogram's buckets, without +Inf, by its full name; Envoy's default ones otherwise. */
  bucketsOf?: (name: string) => readonly number[] | undefined
}

/** A series' place in the output. */
interface Metric {
  /** What is left of the name without tags; the order of metrics is that of these names. */
  readonly name: string
  readonly metric: string
  /** `a="b",c="d"` */
  readonly labels: string
}

interface Line {
  readonly series: SeriesSnapshot
  readonly metric: Metric
}

const kinds = ['counter', 'gauge', 'histogram'] as const

/**
 * Prints snapshots. It remembers the metric name and labels of every series, since taking a name apart costs 20 times
 * what printing it does.
 */
export class PrometheusPrinter {
  private readonly rules: readonly TagRule[]
  private readonly metrics = new Map<string, Metric>()

  constructor(rules: readonly TagRule[]) {
    this.rules = rules
  }

  print(snapshots: readonly SeriesSnapshot[], options: PrometheusOptions = {}): string {
    const text: string[] = []
    for (const kind of kinds) {
      const type = kind === 'histogram' && options.histograms === 'summary' ? 'summary' : kind
      let lastName = ''
      for (const { series, metric } of this.sort(
        snapshots.filter((one) => one.kind === kind && isWanted(one, options)),
      )) {
        if (metric.name !== lastName) text.push(`# TYPE ${metric.metric} ${type}`)
        lastName = metric.name
        printSeries(text, series, metric, options)
      }
      if (kind === 'gauge') this.printTexts(text, options)
    }
    text.push('')
    return text.join('\n')
  }

  private printTexts(text: string[], { texts, filter }: PrometheusOptions): void {
    if (texts === undefined) return
    const wanted = [...texts].filter(([name]) => filter === undefined || filter(name))
    const lines = wanted.map(([name, value]) => ({ value, metric: this.metricOf(name) }))
    let lastName = ''
    for (const { value, metric } of lines.sort((a, b) => compare(a.metric.name, b.metric.name))) {
      if (metric.name !== lastName) text.push(`# TYPE ${metric.metric} gauge`)
      lastName = metric.name
      const prefix = metric.labels === '' ? '' : `${metric.labels},`
      text.push(`${metric.metric}{${prefix}text_value="${escape(value)}"} 0`)
    }
  }

  /** By metric, then by full name. */
  private sort(snapshots: SeriesSnapshot[]): Line[] {
    const lines = snapshots.map((series) => ({ series, metric: this.metricOf(series.name) }))
    return lines.sort((a, b) => compare(a.metric.name, b.metric.name) || compare(a.series.name, b.series.name))
  }

  private metricOf(name: string): Metric {
    let known = this.metrics.get(name)
    if (known === undefined) {
      const tagged = extractTags(name, this.rules)
      const labels = tagged.tags.map(([tag, value]) => `${sanitise(tag)}="${escape(value)}"`).join(',')
      known = { name: tagged.name, metric: metricName(tagged.name), labels }
      this.metrics.set(name, known)
    }
    return known
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function isWanted(series: SeriesSnapshot, options: PrometheusOptions): boolean {
  if (options.usedOnly === true && !series.used) return false
  return options.filter === undefined || options.filter(series.name)
}

function printSeries(
  text: string[],
  series: SeriesSnapshot,
  { metric, labels }: Metric,
  options: PrometheusOptions,
): void {
  const { histogram } = series
  if (histogram === undefined) {
    text.push(`${metric}{${labels}} ${series.value}`)
    return
  }
  const prefix = labels === '' ? '' : `${labels},`
  if (options.histograms === 'summary') {
    for (const percent of quantilePercents) {
      text.push(`${metric}{${prefix}quantile="${percent / 100}"} ${number(histogram.quantile(percent))}`)
    }
  } else {
    printBuckets(text, metric, prefix, histogram, options.bucketsOf?.(series.name) ?? defaultBuckets)
  }
  text.push(`${metric}_sum{${labels}} ${histogram.sum}`, `${metric}_count{${labels}} ${histogram.count}`)
}

function printBuckets(
  text: string[],
  metric: string,
  prefix: string,
  histogram: HistogramSnapshot,
  bounds: readonly number[],
): void {
  for (const bound of bounds) text.push(`${metric}_bucket{${prefix}le="${bound}"} ${histogram.countUpTo(bound)}`)
  text.push(`${metric}_bucket{${prefix}le="+Inf"} ${histogram.count}`)
}

/** Istio's own metrics are in a namespace of their own and keep their name. */
function metricName(name: string): string {
  return name.startsWith('istio_') ? sanitise(name) : `envoy_${sanitise(name)}`
}

function sanitise(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, '_')
}

function escape(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
}

function number(value: number): string {
  return Number.isNaN(value) ? 'NaN' : String(value)
}
