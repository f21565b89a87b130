// Closed loops, the subjects in turn (A B A B ...), one process each for the whole workload: what a request costs.

import type { RunningSubject } from './rig.ts'
import {
  type BenchContext,
  checkErrors,
  checkLimit,
  type Check,
  describeRun,
  median,
  megabytes,
  milliseconds,
  type Run,
  type Section,
  toRun,
  waypointJob,
} from './scenario.ts'
import { waypointConfig } from './waypoint-config.ts'
import { routeScaling, type Workload } from './workloads.ts'

/** Medians over the pairs of one workload for one subject. */
export interface LoadSummary {
  subject: string
  usPerRequest: number
  lowestUs: number
  highestUs: number
  requestsPerSecond: number
  subjectCores: number
  loadCores: number
  p50Us: number
  p99Us: number
  rssBytes: number
  /** Cost divided by Envoy's in the same pair, median: pairs share the machine's mood. Undefined without Envoy. */
  costOfEnvoy: number | undefined
}

export interface WorkloadResult {
  workload: Workload
  runs: Run[]
  summaries: LoadSummary[]
}

export async function measureWorkload(context: BenchContext, workload: Workload): Promise<WorkloadResult> {
  const { rig, subjects, options, print } = context
  const running: RunningSubject[] = []
  const runs: Run[] = []
  print(`\n${workload.name}: ${workload.title}`)
  try {
    for (const subject of subjects) {
      running.push(
        await rig.start(subject, workload.name, (ports) =>
          waypointConfig({
            ...ports,
            identity: rig.proxy,
            workloadAddress: `${rig.backendHost}:8080`,
            hbonePort: rig.backend.hbonePort,
            routes: workload.routes,
          }),
        ),
      )
    }
    for (let pair = 0; pair < options.pairs; pair++) {
      for (const proxy of running) {
        const run = toRun(proxy.subject.name, await rig.load(waypointJob(context, proxy, workload)))
        runs.push(run)
        print(`  ${describeRun(run)}`)
      }
    }
  } finally {
    for (const proxy of running) await proxy.stop()
  }
  return { workload, runs, summaries: subjects.map((subject) => summarize(subject.name, runs)) }
}

function summarize(subject: string, all: Run[]): LoadSummary {
  const runs = all.filter((run) => run.subject === subject)
  const costs = runs.map((run) => run.usPerRequest)
  const envoyCosts = all.filter((run) => run.subject === 'envoy').map((run) => run.usPerRequest)
  return {
    subject,
    usPerRequest: median(costs),
    lowestUs: Math.min(...costs),
    highestUs: Math.max(...costs),
    requestsPerSecond: median(runs.map((run) => run.requestsPerSecond)),
    subjectCores: median(runs.map((run) => run.subjectCores)),
    loadCores: median(runs.map((run) => run.loadCores)),
    p50Us: median(runs.map((run) => run.report.p50Us)),
    p99Us: median(runs.map((run) => run.report.p99Us)),
    rssBytes: Math.max(...runs.map((run) => run.rssBytes)),
    costOfEnvoy: envoyCosts.length === 0 ? undefined : median(costs.map((cost, pair) => cost / envoyCosts[pair])),
  }
}

export function loadSection(results: WorkloadResult[]): Section {
  const rows: string[][] = []
  const checks: Check[] = []
  for (const result of results) {
    const envoy = result.summaries.find((summary) => summary.subject === 'envoy')
    for (const summary of result.summaries) rows.push(loadRow(result.workload, summary, envoy))
    checks.push(...checkErrors(result.workload.name, result.runs), ...checkTargets(result))
  }
  checks.push(...checkRouteScaling(results))
  return {
    name: 'load',
    title: 'What a request costs',
    note:
      'Closed loop, every tunnel always has one request under way; medians of paired runs (ratios: of the pairs). CPU is that of all threads of the ' +
      'proxy process divided by right answers. "Cores" shows who was busy: the proxy has core 0, its load core 1; where the ' +
      'proxy is below 0.9 the load was the bottleneck.',
    columns: [
      'workload',
      'proxy',
      'us CPU/request (range)',
      'x Envoy',
      'requests/s',
      'cores proxy, load',
      'p50, p99 ms',
      'RSS MB',
      'x Envoy',
    ],
    rows,
    checks,
    data: results,
  }
}

function loadRow(workload: Workload, summary: LoadSummary, envoy: LoadSummary | undefined): string[] {
  const relative = (value: number, base: number | undefined) => (base === undefined ? '' : (value / base).toFixed(2))
  return [
    workload.title,
    summary.subject,
    `${cost(summary.usPerRequest)} (${cost(summary.lowestUs)}-${cost(summary.highestUs)})`,
    summary.costOfEnvoy?.toFixed(2) ?? '',
    Math.round(summary.requestsPerSecond).toLocaleString('en-US'),
    `${summary.subjectCores.toFixed(2)}, ${summary.loadCores.toFixed(2)}`,
    `${milliseconds(summary.p50Us)}, ${milliseconds(summary.p99Us)}`,
    megabytes(summary.rssBytes),
    relative(summary.rssBytes, envoy?.rssBytes),
  ]
}

function cost(us: number): string {
  return us < 1000 ? us.toFixed(1) : Math.round(us).toLocaleString('en-US')
}

function checkTargets({ workload, summaries }: WorkloadResult): Check[] {
  const envoy = summaries.find((summary) => summary.subject === 'envoy')
  const cairn = summaries.find((summary) => summary.subject === 'cairn')
  if (envoy === undefined || cairn === undefined) return []
  const { cpu, rss } = workload.target
  const checks: Check[] = []
  if (cpu !== undefined) checks.push(checkLimit(`${workload.name}: CPU`, cairn.costOfEnvoy!, cpu, 'x'))
  if (rss !== undefined) checks.push(checkLimit(`${workload.name}: RSS`, cairn.rssBytes / envoy.rssBytes, rss, 'x'))
  return checks
}

function checkRouteScaling(results: WorkloadResult[]): Check[] {
  const cairnWith = (name: string) =>
    results.find((result) => result.workload.name === name)?.summaries.find((summary) => summary.subject === 'cairn')
  const few = cairnWith('routes-10')
  const many = cairnWith('routes-5000')
  if (many === undefined) return []
  const checks = [checkLimit('5,000 routes: RSS', many.rssBytes / 1e6, routeScaling.maxRssBytes / 1e6, ' MB')]
  if (few === undefined) return checks
  const growth = many.usPerRequest / few.usPerRequest
  return [checkLimit('5,000 routes: CPU against 10 routes', growth, routeScaling.maxCostGrowth, 'x'), ...checks]
}
