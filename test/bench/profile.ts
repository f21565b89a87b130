// `node test/bench/profile.ts WORKLOAD [--seconds N] [--warm-up N] [--top N] [--keep DIR]`: puts one workload on Cairn under
// `--cpu-prof` and prints where the time of the counted seconds went. Run by hand; the profiler itself costs some per cent.

import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { groupTimes, readSelfTimes, type SelfTime } from './cpu-profile.ts'
import { Rig } from './rig.ts'
import { type BenchContext, describeRun, toRun, type Run, waypointJob } from './scenario.ts'
import { cairnSubject } from './subject.ts'
import { waypointConfig } from './waypoint-config.ts'
import { workloads } from './workloads.ts'

const root = join(import.meta.dirname, '../..')
const exitTimeoutMs = 30_000

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '5' },
      'warm-up': { type: 'string', default: '3' },
      top: { type: 'string', default: '40' },
      keep: { type: 'string' },
      cairn: {
        type: 'string',
        default: '{node} {prof} {cairn} proxy --envoy-config {config} --concurrency 1 --drain-time 1s',
      },
    },
  })
  const workload = workloads.find(({ name }) => name === (positionals[0] ?? '1k-50x4'))
  if (workload === undefined)
    throw new Error(`no such workload; known: ${workloads.map(({ name }) => name).join(', ')}`)
  const rig = await Rig.build()
  try {
    const directory = values.keep ?? join(rig.directory, 'profiles')
    mkdirSync(directory, { recursive: true })
    const command = values.cairn.replace('{prof}', `--cpu-prof --cpu-prof-interval 250 --cpu-prof-dir ${directory}`)
    const subject = cairnSubject(command)
    const running = await rig.start(subject, 'profile', (ports) =>
      waypointConfig({
        ...ports,
        identity: rig.proxy,
        workloadAddress: `${rig.backendHost}:8080`,
        hbonePort: rig.backend.hbonePort,
        routes: workload.routes,
      }),
    )
    const countMs = Number(values.seconds) * 1000
    const options: BenchContext['options'] = {
      pairs: 1,
      countMs,
      warmUpMs: Number(values['warm-up']) * 1000,
      headlineMs: 0,
      cairnResourcesCommand: '',
    }
    const job = waypointJob({ rig, subjects: [subject], options, print: () => {} }, running, workload)
    let fromUs = 0
    const report = await rig.load(job, () => (fromUs = Number(process.hrtime.bigint() / 1000n)))
    // V8 writes the profiles when the process ends by itself.
    process.kill(running.pid, 'SIGTERM')
    const deadline = Date.now() + exitTimeoutMs
    while (existsSync(`/proc/${running.pid}/task`) && Date.now() < deadline) await delay(50)
    await running.stop()
    const run = toRun('cairn', report)
    console.log(describeRun(run))
    print(readSelfTimes(directory, fromUs, fromUs + countMs * 1000, root), run, Number(values.top))
  } finally {
    await rig.tearDown()
  }
}

function print(times: SelfTime[], run: Run, top: number): void {
  const total = times.reduce((sum, time) => sum + time.us, 0)
  const { answers } = run.report
  const line = (us: number, name: string) =>
    console.log(
      `${((us / total) * 100).toFixed(1).padStart(6)} % ${(us / answers).toFixed(2).padStart(8)} us/request  ${name}`,
    )
  console.log('\nself time by function')
  for (const time of times.slice(0, top)) line(time.us, `${time.functionName}  ${time.location}`)
  console.log('\nself time by folder')
  for (const [folder, us] of groupTimes(times, folderOf).slice(0, top)) line(us, folder)
}

/** `src/codec/http2` for our files, `node:…` for Node's, the name in brackets for the engine. */
function folderOf(time: SelfTime): string {
  if (time.location === '') return time.functionName.startsWith('(') ? time.functionName : '(native)'
  const path = time.location.split(':')[0]
  return path === 'node' ? time.location.replace(/:\d+$/, '') : path.split('/').slice(0, -1).join('/')
}

await main()
