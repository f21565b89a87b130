// What a tunnel costs that does nothing: memory of a warm proxy before and after a thousand tunnels, one request on each.

import type { ChildProcess } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import type { FromGenerator, HoldJob } from './load/load-job.ts'
import { readMemory } from './load/process-usage.ts'
import { forkOnLoadCore, nextMessage } from './pinned.ts'
import { generatorScript, type RunningSubject } from './rig.ts'
import { type BenchContext, type Check, megabytes, type Section, waypointJob } from './scenario.ts'
import { waypointConfig } from './waypoint-config.ts'
import { idleTunnels } from './workloads.ts'

interface IdleResult {
  subject: string
  rssBefore: number
  rssAfter: number
  tunnels: number
  errors: Record<string, number>
}

const settleMs = 2000

export async function measureIdleTunnels(context: BenchContext): Promise<Section> {
  const results: IdleResult[] = []
  context.print(`\nidle-tunnels: ${idleTunnels.connections} connections x ${idleTunnels.tunnelsPerConnection}`)
  for (const subject of context.subjects) {
    const running = await context.rig.start(subject, 'idle', (ports) =>
      waypointConfig({
        ...ports,
        identity: context.rig.proxy,
        workloadAddress: `${context.rig.backendHost}:8080`,
        hbonePort: context.rig.backend.hbonePort,
        routes: 1,
      }),
    )
    try {
      results.push(await measure(context, running))
    } finally {
      await running.stop()
    }
  }
  return {
    name: 'idle-tunnels',
    title: 'Idle tunnels',
    note: 'Memory of a proxy that was under load before, without and with a thousand open tunnels that carried one request each.',
    columns: ['proxy', 'tunnels', 'RSS before MB', 'RSS with tunnels MB', 'KB per tunnel'],
    rows: results.map(toCells),
    checks: results.flatMap(checkComplete),
    data: results,
  }
}

async function measure(context: BenchContext, running: RunningSubject): Promise<IdleResult> {
  const { pace, warmUpMs, countMs, watchedPids, ...target } = waypointJob(context, running, {
    ...idleTunnels,
    answerBytes: 1024,
  })
  // The proxy's heap is grown by load first, so that the difference is the tunnels and not the first garbage.
  const warmUp = { ...target, pace, warmUpMs, countMs, watchedPids, connections: 10, tunnelsPerConnection: 4 }
  await context.rig.load(warmUp)
  await delay(settleMs)
  const rssBefore = readMemory(running.pid).rssBytes
  const generator = forkOnLoadCore(generatorScript)
  try {
    const held = await hold(generator, { ...target, hold: true })
    await delay(settleMs)
    const rssAfter = readMemory(running.pid).rssBytes
    const ended = new Promise((resolve) => generator.once('exit', resolve))
    generator.send({ release: true })
    await ended
    const result = { subject: running.subject.name, rssBefore, rssAfter, ...held }
    context.print(`  ${toCells(result).join('  ')}`)
    return result
  } catch (error) {
    generator.kill('SIGKILL')
    throw error
  }
}

async function hold(generator: ChildProcess, job: HoldJob): Promise<Pick<IdleResult, 'tunnels' | 'errors'>> {
  generator.send({ job })
  const message = await nextMessage<FromGenerator>(generator)
  if (!('held' in message)) throw new Error(`unexpected message ${JSON.stringify(message)}`)
  return { tunnels: message.held, errors: message.errors }
}

function toCells(result: IdleResult): string[] {
  return [
    result.subject,
    String(result.tunnels),
    megabytes(result.rssBefore),
    megabytes(result.rssAfter),
    ((result.rssAfter - result.rssBefore) / result.tunnels / 1024).toFixed(1),
  ]
}

function checkComplete(result: IdleResult): Check[] {
  const wanted = idleTunnels.connections * idleTunnels.tunnelsPerConnection
  if (result.tunnels === wanted && Object.keys(result.errors).length === 0) return []
  const text = `idle tunnels: ${result.subject} kept ${result.tunnels} of ${wanted}, ${JSON.stringify(result.errors)}`
  return [{ text, isMet: false }]
}
