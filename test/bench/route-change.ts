// A route change every second under load: nothing may be lost, and the last change must have arrived. Envoy reads its listener
// from a file that is replaced (as xDS would send it), Cairn reads Kubernetes objects from files.

import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HboneClient } from '../support/hbone-client.ts'

import { meshObjects, versionedRoute } from './mesh-resources.ts'
import { Rig, type RunningSubject } from './rig.ts'
import {
  type BenchContext,
  type Check,
  countErrors,
  milliseconds,
  type Section,
  toRun,
  type Run,
  waypointJob,
} from './scenario.ts'
import { expandCommand, type Subject } from './subject.ts'
import {
  type ListenerPorts,
  mainInternal,
  serviceAuthority,
  serviceHost,
  serviceRoutes,
  waypointConfig,
} from './waypoint-config.ts'

const changeIntervalMs = 1000
/** Endpoints of Kubernetes objects have the mesh's fixed HBONE port, so the backend needs an address of its own. */
const workloadHost = '127.77.0.10'
const hbonePort = 15_008
const arrivalTimeoutMs = 10_000

/** A proxy whose route can be replaced while it runs. */
interface Changeable {
  running: RunningSubject
  change(version: number): void
}

interface ChangeResult {
  run: Run
  changes: number
  /** How long after it was written the last change was seen in an answer; undefined if it never was. */
  arrivalMs: number | undefined
}

export async function measureRouteChange(context: BenchContext): Promise<Section> {
  const rig = await Rig.build(workloadHost, hbonePort)
  const results: ChangeResult[] = []
  context.print('\nroute-change: a new route every second, 50 connections x 4')
  try {
    for (const subject of context.subjects) {
      const changeable = await (subject.name === 'cairn'
        ? startOnResources(context, rig)
        : startOnXdsFile(rig, subject))
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

async function startOnXdsFile(rig: Rig, subject: Subject): Promise<Changeable> {
  const file = join(rig.directory, 'lds.json')
  const change = (version: number) => {
    const listener = {
      '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
      ...mainInternal(serviceRoutes(1, version)),
    }
    replaceFile(file, { version_info: String(version), resources: [listener] })
  }
  change(1)
  const running = await rig.start(subject, 'route-change', (ports) => {
    const config = waypointConfig({
      ...ports,
      identity: rig.proxy,
      workloadAddress: `${workloadHost}:8080`,
      hbonePort,
      routes: 1,
    }) as { static_resources: { listeners: Array<{ name: string }> } }
    const listeners = config.static_resources.listeners.filter((listener) => listener.name !== 'main_internal')
    return {
      ...config,
      static_resources: { ...config.static_resources, listeners },
      dynamic_resources: { lds_config: { resource_api_version: 'V3', path_config_source: { path: file } } },
    }
  })
  return { running, change }
}

async function startOnResources(context: BenchContext, rig: Rig): Promise<Changeable> {
  const resources = join(rig.directory, 'resources')
  mkdirSync(resources)
  for (const [i, object] of meshObjects(workloadHost).entries()) replaceFile(join(resources, `${i}.yaml`), object)
  const change = (version: number) => replaceFile(join(resources, 'route.yaml'), versionedRoute(version))
  change(1)
  let ports: ListenerPorts | undefined
  const subject: Subject = {
    name: 'cairn',
    command: () =>
      expandCommand(context.options.cairnResourcesCommand, {
        resources,
        certs: join(rig.directory, 'waypoint'),
        port: String(ports!.listenPort),
        admin: String(ports!.adminPort),
      }),
  }
  const running = await rig.start(subject, 'route-change', (chosen) => {
    ports = chosen
    return {}
  })
  return { running, change }
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

function replaceFile(file: string, content: object): void {
  writeFileSync(`${file}.new`, JSON.stringify(content))
  renameSync(`${file}.new`, file)
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
