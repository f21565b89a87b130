// `node test/soak/main.ts`: ten minutes of mixed traffic and a route change every second; memory must be flat, every answer
// right, and nothing left over when the clients are gone. `--minutes N`, `--subject envoy|cairn`, `--seed N`.

import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { buildChangeableRig, startChangeable } from '../bench/changeable.ts'
import { readTlsIdentity } from '../bench/load/identity.ts'
import { cairnCommand, cairnResourcesCommand, cairnSubject, envoySubject } from '../bench/subject.ts'
import { serviceAuthority } from '../bench/waypoint-config.ts'
import { Transcript } from '../support/result-file.ts'
import { LinkPool } from './link-pool.ts'
import { judge, MemoryWatch, readStats } from './memory-watch.ts'
import { seededRandom, Traffic } from './traffic.ts'

const covers = ['src/codec', 'src/proxy', 'src/app', 'src/sources', 'src/translate', 'test/soak', 'test/bench/load']
const sampleMs = 1000
const changeMs = 1000
const progressMs = 30_000
const leaveMs = 10_000
const lastingConnections = 4

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    subject: { type: 'string', default: 'cairn' },
    'cairn-resources': { type: 'string', default: cairnResourcesCommand },
    seed: { type: 'string', default: '1' },
    'no-record': { type: 'boolean', default: false },
  },
})

async function main(): Promise<number> {
  const transcript = new Transcript()
  const subject = values.subject === 'envoy' ? envoySubject() : cairnSubject(cairnCommand)
  const rig = await buildChangeableRig()
  try {
    const { running, change } = await startChangeable(rig, subject, values['cairn-resources'])
    const target = { host: '127.0.0.1', port: running.ports.listenPort, tls: readTlsIdentity(rig.client) }
    const pool = new LinkPool(target, serviceAuthority, lastingConnections)
    const traffic = new Traffic(pool, seededRandom(Number(values.seed)))
    const watch = new MemoryWatch(running.pid, running.ports.adminPort)
    let version = 1
    const timers = [
      setInterval(() => change(++version), changeMs),
      setInterval(() => {
        const sample = watch.samples.at(-1)
        const failed = JSON.stringify(traffic.counts.failed)
        transcript.print(`${sample?.seconds} s: RSS ${mb(sample?.rssBytes)} MB, failures ${failed}`)
      }, progressMs),
    ]
    transcript.print(
      `${subject.name}: ${values.minutes} minutes of mixed traffic, a route change a second, seed ${values.seed}`,
    )
    watch.start(sampleMs)
    traffic.start()
    await delay(Number(values.minutes) * 60_000)
    watch.stop()
    await traffic.stop()
    for (const timer of timers) clearInterval(timer)
    await pool.close()
    const left = await untilEmpty(running.ports.adminPort)
    const verdicts = judge(watch.samples)
    const idle = traffic.idleKinds()
    const failures = Object.values(traffic.counts.failed).reduce((sum, count) => sum + count, 0)
    for (const [kind, count] of Object.entries(traffic.counts.done)) transcript.print(`${kind}: ${count}`)
    for (const kind of idle) transcript.print(`${kind}: NONE was ever done`)
    transcript.print(`${version - 1} route changes, ${pool.openedLinks} connections`)
    transcript.print(`failures: ${failures} ${JSON.stringify(traffic.counts.failed)}`)
    transcript.print(`left over after the clients went: ${left.size === 0 ? 'nothing' : JSON.stringify([...left])}`)
    for (const { what, secondQuarter, lastQuarter, growth, isFlat } of verdicts) {
      const numbers = `${mb(secondQuarter)} -> ${mb(lastQuarter)} MB (${((growth - 1) * 100).toFixed(1)} %)`
      transcript.print(`${what}: second quarter -> last quarter ${numbers}: ${isFlat ? 'flat' : 'NOT FLAT'}`)
    }
    const isComplete = failures === 0 && idle.length === 0
    const exitCode = isComplete && left.size === 0 && verdicts.every((verdict) => verdict.isFlat) ? 0 : 1
    const measurements = {
      verdicts,
      failures: traffic.counts.failed,
      done: traffic.counts.done,
      samples: watch.samples,
    }
    if (!values['no-record']) transcript.print(transcript.record('soak', covers, exitCode, measurements))
    return exitCode
  } finally {
    await rig.tearDown()
  }
}

/** Waits until no downstream connection or request is active any more; returns what is still there after a while. */
async function untilEmpty(adminPort: number): Promise<Map<string, number>> {
  const deadline = Date.now() + leaveMs
  for (;;) {
    const stats = await readStats(adminPort, 'downstream_')
    const active = new Map([...stats].filter(([name, value]) => isClientGauge(name) && value > 0))
    if (stats.size === 0) active.set('no statistics from the admin interface', 1)
    if (active.size === 0 || Date.now() > deadline) return active
    await delay(200)
  }
}

/**
 * What clients hold open must go to zero. The admin interface counts its own request, and the connections into
 * connect_originate are the pool towards the application, which stays.
 */
function isClientGauge(name: string): boolean {
  return /downstream_(cx|rq)_active$/.test(name) && !name.includes('admin') && !name.includes('connect_originate')
}

function mb(bytes: number | undefined): string {
  return ((bytes ?? 0) / 1e6).toFixed(1)
}

process.exitCode = await main()
