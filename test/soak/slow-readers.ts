// `node test/soak/slow-readers.ts`: what a thousand clients cost that have stopped reading. On ten HBONE connections with a hundred
// tunnels each, every tunnel asks for 8 MB and takes nothing of it; the proxy may grow by 64 MB. Then they read, and every byte
// must be there. `--subject envoy|cairn`, `--connections N`, `--tunnels N`.

import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { buildChangeableRig, startChangeable } from '../bench/changeable.ts'
import { readTlsIdentity } from '../bench/load/identity.ts'
import { readMemory } from '../bench/load/process-usage.ts'
import { cairnCommand, cairnResourcesCommand, cairnSubject, envoySubject } from '../bench/subject.ts'
import { serviceAuthority, serviceHost } from '../bench/waypoint-config.ts'
import { Transcript } from '../support/result-file.ts'
import { LinkPool } from './link-pool.ts'
import type { SoakTunnel } from './soak-tunnel.ts'

const covers = ['src/codec', 'src/proxy', 'src/app', 'test/soak', 'test/bench/load']
const answerBytes = 8 * 1024 * 1024
const mostBytes = 64 * 1024 * 1024
const sampleMs = 500
/** Memory is at rest when the highest of so many samples is not the last. */
const restingSamples = 8
const warmUpRounds = 2
const warmUpTunnelsEach = 10

const { values } = parseArgs({
  options: {
    subject: { type: 'string', default: 'cairn' },
    'cairn-resources': { type: 'string', default: cairnResourcesCommand },
    connections: { type: 'string', default: '10' },
    tunnels: { type: 'string', default: '100' },
    'no-record': { type: 'boolean', default: false },
  },
})

async function main(): Promise<number> {
  const transcript = new Transcript()
  const rig = await buildChangeableRig()
  try {
    const subject = values.subject === 'envoy' ? envoySubject() : cairnSubject(cairnCommand)
    const { running } = await startChangeable(rig, subject, values['cairn-resources'])
    const target = { host: '127.0.0.1', port: running.ports.listenPort, tls: readTlsIdentity(rig.client) }
    const connections = Number(values.connections)
    const pool = new LinkPool(target, serviceAuthority, connections)
    const rss = (): number => readMemory(running.pid).rssBytes
    // The proxy's heap and pools are grown by downloads that are read, so that the difference is what stalls.
    for (let round = 0; round < warmUpRounds; round++) {
      await Promise.all(
        Array.from({ length: connections * warmUpTunnelsEach }, async (_, index) => {
          const tunnel = await pool.open(index)
          await tunnel.request(get())
          tunnel.end()
        }),
      )
    }
    await delay(2000)
    const before = rss()
    const tunnels = await openAll(pool, connections, Number(values.tunnels))
    for (const tunnel of tunnels) tunnel.stream.autoCredit = false
    const answers = tunnels.map((tunnel) => tunnel.request(get()))
    const stalled = await restingMemory(rss)
    const grown = stalled - before
    for (const tunnel of tunnels) {
      tunnel.stream.autoCredit = true
      tunnel.stream.grantCredit()
    }
    const results = await Promise.allSettled(answers)
    const complete = results.filter((one) => one.status === 'fulfilled' && one.value.bodyBytes === answerBytes).length
    const afterwards = rss()
    await pool.close()
    const isGood = grown <= mostBytes && complete === tunnels.length
    transcript.print(
      `${subject.name}: ${tunnels.length} stalled downloads on ${connections} connections: RSS ${mb(before)} -> ${mb(stalled)} MB, ` +
        `${mb(grown)} MB more (${Math.round(grown / 1024 / tunnels.length)} KB each; at most ${mb(mostBytes)} MB allowed)`,
    )
    transcript.print(`then read: ${complete} of ${tunnels.length} complete, RSS ${mb(afterwards)} MB`)
    const exitCode = isGood ? 0 : 1
    const measurements = { before, stalled, grown, afterwards, complete, tunnels: tunnels.length }
    if (!values['no-record']) transcript.print(transcript.record('slow-readers', covers, exitCode, measurements))
    return exitCode
  } finally {
    await rig.tearDown()
  }
}

async function openAll(pool: LinkPool, connections: number, tunnelsEach: number): Promise<SoakTunnel[]> {
  const opening = Array.from({ length: connections * tunnelsEach }, (_, index) => pool.open(index))
  return Promise.all(opening)
}

/** The highest RSS until it stops growing. */
async function restingMemory(rss: () => number): Promise<number> {
  const samples: number[] = []
  for (;;) {
    await delay(sampleMs)
    samples.push(rss())
    const highest = Math.max(...samples)
    if (samples.length - samples.indexOf(highest) > restingSamples) return highest
  }
}

function get(): string {
  return `GET /bench/slow?${answerBytes} HTTP/1.1\r\nhost: ${serviceHost}\r\naccept: */*\r\n\r\n`
}

function mb(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1)
}

process.exitCode = await main()
