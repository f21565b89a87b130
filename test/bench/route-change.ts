// A route change every second under load: nothing may be lost, and the last change must have arrived.

import { HboneClient } from '../support/hbone-client.ts'
import { buildChangeableRig, startChangeable, type Changeable } from './changeable.ts'
import type { Rig } from './rig.ts'
import {
  type BenchContext,
  type Check,
  countErrors,
  milliseconds,
  type Run,
  type Section,
  toRun,
  waypointJob,
} from './scenario.ts'
import { type ListenerPorts, serviceAuthority, serviceHost } from './waypoint-config.ts'

const changeIntervalMs = 1000
const arrivalTimeoutMs = 10_000

interface ChangeResult {
  run: Run
  changes: number
  /** How long after it was written the last change was seen in an answer; undefined if it never was. */
  arrivalMs: number | undefined
}

export async function measureRouteChange(context: BenchContext): Promise<Section> {
  const rig = await buildChangeableRig()
  const results: ChangeResult[] = []
  context.print('\nroute-change: a new route every second, 50 connections x 4')
  try {
    for (const subject of context.subjects) {
      const changeable = await startChangeable(rig, subject, context.options.cairnResourcesCommand)
      try {
        results.push(await measure({ ...context, rig }, changeable))
      } finally {
        await changeable.running.stop()
      }
    }
  } finally {
    await rig.tearDown()
  }
  return {
    name: 'route-change',
    title: 'A route change every second under load',
    note:
      'Closed loop, 50 connections x 4, 1 KB. Envoy gets the listener as a replaced xDS file, Cairn Kubernetes objects as ' +
      'rewritten files. A tunnel that is closed politely between two requests is opened again and is not a loss.',
    columns: [
      'proxy',
      'changes',
      'requests',
      'lost',
      'tunnels reopened',
      'last change seen after ms',
      'p99 ms',
      'max ms',
    ],
    rows: results.map(toCells),
    checks: results.flatMap(checkNothingLost),
    data: results,
  }
}

async function measure(context: BenchContext, { running, change }: Changeable): Promise<ChangeResult> {
  let version = 1
  let timer: NodeJS.Timeout | undefined
  const job = waypointJob(context, running, { connections: 50, tunnelsPerConnection: 4, answerBytes: 1024 })
  const report = await context.rig.load(job, () => {
    timer = setInterval(() => change(++version), changeIntervalMs)
  })
  clearInterval(timer)
  change(++version)
  const arrivalMs = await untilVersion(context.rig, running.ports, version)
  const result = { run: toRun(running.subject.name, report), changes: version - 1, arrivalMs }
  context.print(`  ${toCells(result).join('  ')} ${JSON.stringify(report.errors)}`)
  return result
}

/** Asks for the route's version until it is `version`; each time on a new tunnel. */
async function untilVersion(rig: Rig, ports: ListenerPorts, version: number): Promise<number | undefined> {
  const started = Date.now()
  const client = await HboneClient.dial({
    host: '127.0.0.1',
    port: ports.listenPort,
    root: rig.clientIdentity.rootPem,
    identity: rig.clientIdentity,
  })
  try {
    while (Date.now() - started < arrivalTimeoutMs) {
      const { tunnel } = await client.connect(serviceAuthority)
      tunnel.write(`GET /bench/items/1?8 HTTP/1.1\r\nhost: ${serviceHost}\r\n\r\n`)
      await tunnel.until(() => tunnel.received.includes('\r\n\r\n') || tunnel.ending !== undefined)
      const head = tunnel.received.toString('latin1')
      tunnel.end()
      if (head.toLowerCase().includes(`x-route-version: ${version}\r\n`)) return Date.now() - started
    }
    return undefined
  } finally {
    client.destroy()
  }
}

function toCells({ run, changes, arrivalMs }: ChangeResult): string[] {
  return [
    run.subject,
    String(changes),
    run.report.answers.toLocaleString('en-US'),
    String(countErrors(run.report)),
    String(run.report.reopenedTunnels),
    arrivalMs === undefined ? 'never' : String(arrivalMs),
    milliseconds(run.report.p99Us),
    milliseconds(run.report.maxUs),
  ]
}

/** Only Cairn has promised this; what Envoy does is shown beside it. */
function checkNothingLost({ run, arrivalMs }: ChangeResult): Check[] {
  if (run.subject !== 'cairn') return []
  const lost = countErrors(run.report)
  return [
    { text: `route change: ${lost} requests lost, none may be`, isMet: lost === 0 },
    {
      text: `route change: the last one arrived after ${arrivalMs ?? 'more than 10,000'} ms`,
      isMet: arrivalMs !== undefined,
    },
  ]
}
