// What the harness can do without a proxy: the generator straight at the backend, both on the load's core. Where a proxy gets
// near these figures, the harness is the bottleneck.

import { type BenchContext, checkErrors, median, type Run, type Section, toRun } from './scenario.ts'
import { routePaths, serviceAuthority, serviceHost } from './waypoint-config.ts'
import type { Workload } from './workloads.ts'

export async function measureHarness(context: BenchContext, shapes: readonly Workload[]): Promise<Section> {
  const { rig, options, print } = context
  const rows: string[][] = []
  const runs: Run[] = []
  print('\nharness: generator straight at the backend')
  for (const shape of shapes) {
    const report = await rig.load({
      carrier: 'hbone',
      host: rig.backendHost,
      port: rig.backend.hbonePort,
      identity: rig.client,
      authority: serviceAuthority,
      requestHost: serviceHost,
      connections: shape.connections,
      tunnelsPerConnection: shape.tunnelsPerConnection,
      answerBytes: shape.answerBytes,
      paths: routePaths(1),
      pace: { kind: 'closed' },
      warmUpMs: Math.min(1500, options.warmUpMs),
      countMs: Math.min(3000, options.countMs),
      watchedPids: [rig.backendPid],
    })
    const run = toRun('backend', report)
    runs.push(run)
    const generatorUs = report.generatorCpuNs / 1000 / report.answers
    rows.push([
      shape.title,
      Math.round(run.requestsPerSecond).toLocaleString('en-US'),
      generatorUs.toFixed(1),
      run.usPerRequest.toFixed(1),
    ])
    print(`  ${shape.name.padEnd(12)} ${rows.at(-1)!.slice(1).join('  ')} (requests/s, us generator, us backend)`)
  }
  return {
    name: 'harness',
    title: 'What the harness itself can do',
    note: 'Load generator straight at the HBONE backend, both on one core, no proxy between them.',
    columns: ['workload', 'requests/s', 'generator us/request', 'backend us/request'],
    rows,
    checks: checkErrors('harness', runs),
    data: { runs, medianRequestsPerSecond: median(runs.map((run) => run.requestsPerSecond)) },
  }
}
