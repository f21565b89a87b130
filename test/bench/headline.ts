// The headline: 50 clients, each sending 50 requests a second whether or not answers come, one policy. One waypoint of either
// kind carries all of them; the model it replaces has a sidecar at every client, so one sidecar with one client, times 50.

import type { RunningSubject } from './rig.ts'
import {
  type BenchContext,
  checkErrors,
  checkLimit,
  type Check,
  countErrors,
  describeRun,
  megabytes,
  milliseconds,
  type Run,
  type Section,
  toRun,
  waypointJob,
} from './scenario.ts'
import { envoySubject } from './subject.ts'
import { sidecarConfig, waypointConfig } from './waypoint-config.ts'
import { headline } from './workloads.ts'

/** One sidecar with one client does the same thing over and over. */
const sidecarMs = 60_000

interface HeadlineRow {
  title: string
  /** How many processes of this kind the mesh needs. */
  times: number
  run: Run
}

export async function measureHeadline(context: BenchContext): Promise<Section> {
  const { rig, subjects, options, print } = context
  const rows: HeadlineRow[] = []
  print(
    `\nheadline: ${headline.clients} clients x ${headline.perSecondPerClient}/s, open loop, ${options.headlineMs / 1000} s`,
  )
  for (const subject of subjects) {
    const running = await rig.start(subject, 'headline', (ports) =>
      waypointConfig({
        ...ports,
        identity: rig.proxy,
        workloadAddress: `${rig.backendHost}:8080`,
        hbonePort: rig.backend.hbonePort,
        routes: 1,
      }),
    )
    const run = await measure(context, running, subject.name, headline.clients)
    rows.push({ title: `one ${capitalize(subject.name)} waypoint`, times: 1, run })
  }
  const sidecar = await rig.start(envoySubject(), 'sidecar', (ports) =>
    sidecarConfig({ ...ports, identity: rig.proxy, applicationPort: rig.backend.plainPort }),
  )
  const run = await measure(context, sidecar, 'sidecar', 1)
  rows.push({ title: `${headline.clients} Envoy sidecars (one measured)`, times: headline.clients, run })
  return {
    name: 'headline',
    title: `${headline.clients} clients x ${headline.perSecondPerClient} requests/s for ${options.headlineMs / 1000} s`,
    note:
      'Open loop: latency counts from the moment a request is due. 1 KB answers, one authorization policy. The sidecar is one ' +
      'inbound HTTP listener with mTLS in front of a plain application, measured for a minute; its figures are multiplied by the number of clients.',
    columns: ['proxy', 'CPU (cores)', 'us CPU/request', 'RSS MB', 'p50 ms', 'p99 ms', 'max ms', 'requests', 'errors'],
    rows: rows.map(toCells),
    checks: [
      ...checkErrors(
        'headline',
        rows.map((row) => row.run),
      ),
      ...checkLatency(rows),
    ],
    data: rows,
  }
}

async function measure(context: BenchContext, running: RunningSubject, name: string, clients: number): Promise<Run> {
  const shape = {
    connections: clients,
    tunnelsPerConnection: headline.tunnelsPerClient,
    answerBytes: headline.answerBytes,
  }
  const job = waypointJob(context, running, shape)
  job.pace = { kind: 'open', perSecondPerConnection: headline.perSecondPerClient }
  const { headlineMs } = context.options
  job.countMs = name === 'sidecar' ? Math.min(headlineMs, sidecarMs) : headlineMs
  if (name === 'sidecar') job.carrier = 'tls'
  try {
    const run = toRun(name, await context.rig.load(job))
    context.print(`  ${describeRun(run)}, clock lag p99 ${milliseconds(run.report.clockLagP99Us)} ms`)
    return run
  } finally {
    await running.stop()
  }
}

function toCells({ title, times, run }: HeadlineRow): string[] {
  return [
    title,
    (run.subjectCores * times).toFixed(2),
    run.usPerRequest.toFixed(0),
    megabytes(run.rssBytes * times),
    milliseconds(run.report.p50Us),
    milliseconds(run.report.p99Us),
    milliseconds(run.report.maxUs),
    (run.report.answers * times).toLocaleString('en-US'),
    String(countErrors(run.report)),
  ]
}

function checkLatency(rows: HeadlineRow[]): Check[] {
  const p99 = (name: string) => rows.find((row) => row.run.subject === name)?.run.report.p99Us
  const cairn = p99('cairn')
  const envoy = p99('envoy')
  if (cairn === undefined || envoy === undefined) return []
  return [checkLimit('headline: p99', cairn / 1000, envoy / 1000, ' ms')]
}

function capitalize(name: string): string {
  return name[0].toUpperCase() + name.slice(1)
}
