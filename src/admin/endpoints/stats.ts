// GET /stats and /stats/prometheus: counters, gauges, histograms and text readouts, in Envoy's formats.

import { printStats, statsJson } from '../../telemetry/stats-text.ts'
import type { HistogramMode, StatsOptions } from '../../telemetry/stats-text.ts'
import type { AdminQuery } from '../admin-query.ts'
import type { StatsView } from '../admin-source.ts'
import { escapeHtml } from '../escape-html.ts'
import { htmlAnswer, textAnswer } from '../endpoint.ts'
import type { AdminAnswer, Endpoint, Parameter } from '../endpoint.ts'
import { regexParameter } from '../regex-parameter.ts'

const USED_ONLY: Parameter = {
  name: 'usedonly',
  help: 'Only include stats that have been written by system since restart',
  isFlag: true,
}
const FILTER: Parameter = { name: 'filter', help: 'Regular expression (Google re2) for filtering stats' }
const INVERT_FILTER: Parameter = { name: 'invert_filter', help: 'Invert the filter regex', isFlag: true }
const HISTOGRAM_MODES: readonly HistogramMode[] = ['cumulative', 'disjoint', 'detailed', 'summary']

export const stats: Endpoint = {
  path: '/stats',
  help: 'print server stats',
  parameters: [
    USED_ONLY,
    FILTER,
    INVERT_FILTER,
    { name: 'format', help: 'Format to use', choices: ['html', 'text', 'json', 'prometheus'] },
    {
      name: 'type',
      help: 'Stat types to include.',
      choices: ['All', 'Counters', 'Histograms', 'Gauges', 'TextReadouts'],
    },
    { name: 'histogram_buckets', help: 'Histogram bucket display mode', choices: HISTOGRAM_MODES },
  ],
  async answer(query, source) {
    const format = query.get('format') || 'text'
    if (format === 'prometheus') return prometheusAnswer(query, source.stats)
    if (!['html', 'text', 'json'].includes(format)) {
      return textAnswer('usage: /stats?format=(html|json|prometheus|text)\n\n', 400)
    }
    const options = await readOptions(query)
    if (typeof options === 'string') return textAnswer(options, 400)
    const snapshot = source.stats.snapshot()
    if (format === 'json') {
      const body = JSON.stringify(statsJson(snapshot, options))
      return { status: 200, contentType: 'application/json', body }
    }
    const text = printStats(snapshot, options)
    return format === 'text' ? textAnswer(text) : htmlAnswer(page(text))
  },
}

export const statsPrometheus: Endpoint = {
  path: '/stats/prometheus',
  help: 'print server stats in prometheus format',
  parameters: [
    USED_ONLY,
    {
      name: 'text_readouts',
      help: 'Render text_readouts as new gaugues with value 0 (increases Prometheus data size)',
      isFlag: true,
    },
    FILTER,
    INVERT_FILTER,
    { name: 'histogram_buckets', help: 'Histogram bucket display mode', choices: ['cumulative', 'summary'] },
  ],
  answer: (query, source) => prometheusAnswer(query, source.stats),
}

async function prometheusAnswer(query: AdminQuery, view: StatsView): Promise<AdminAnswer> {
  const options = await readOptions(query)
  if (typeof options === 'string') return textAnswer(options, 400)
  const { histograms, usedOnly, filter } = options
  if (histograms === 'disjoint' || histograms === 'detailed') {
    return textAnswer('unsupported prometheus histogram bucket mode', 400)
  }
  const { series, texts } = view.snapshot()
  const body = view.prometheus.print(series, {
    usedOnly,
    filter,
    histograms: histograms ?? 'cumulative',
    bucketsOf: (name) => view.bucketsOf(name),
    texts: query.has('text_readouts') ? texts : undefined,
  })
  return textAnswer(body)
}

/** What is to be shown, or what is wrong with the parameters. */
async function readOptions(query: AdminQuery): Promise<StatsOptions | string> {
  const type = query.get('type') || 'All'
  if (!isStatType(type)) return 'invalid &type= param'
  const histograms = HISTOGRAM_MODES.find((mode) => mode === query.get('histogram_buckets'))
  if (histograms === undefined && (query.get('histogram_buckets') ?? '') !== '') {
    return 'usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary)\n'
  }
  const hidden = query.get('hidden') || 'exclude'
  if (!['include', 'only', 'exclude'].includes(hidden)) return 'usage: /stats?hidden=(include|only|exclude)\n\n'
  const regex = await regexParameter(query.get('filter') ?? '')
  if (typeof regex === 'string') return `Invalid re2 regex: ${regex}`
  const inverted = query.has('invert_filter')
  return {
    usedOnly: query.has('usedonly'),
    type: type === 'All' ? undefined : type,
    histograms,
    // Nothing is hidden here, so nothing is shown of what is hidden.
    filter: hidden === 'only' ? () => false : regex === undefined ? undefined : (name) => regex.find(name) !== inverted,
  }
}

function isStatType(text: string): text is 'All' | NonNullable<StatsOptions['type']> {
  return ['All', 'Counters', 'Gauges', 'Histograms', 'TextReadouts'].includes(text)
}

function page(text: string): string {
  return `<!DOCTYPE html>\n<html lang="en">\n<head><title>Statistics</title></head>\n<body><pre>${escapeHtml(text)}</pre></body>\n</html>\n`
}
