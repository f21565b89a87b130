// Runs cases against one proxy: pods up, proxy up, every case, logs collected, everything down. Returns one record per case.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeIdentity, type Identity, type MeshAuthority } from '../support/certificates.ts'
import { ByteTunnel } from '../support/byte-tunnel.ts'
import { dialTls, HboneClient, type HboneTarget } from '../support/hbone-client.ts'
import { HboneBackend } from '../support/hbone-backend.ts'
import { freePort, ProxyProcess } from '../support/proxy-process.ts'
import { addressOf, readLog, type LogLine } from './access-logs.ts'
import { buildBootstrap } from './bootstrap.ts'
import type { Actor, DialOptions, DifferentialCase } from './case.ts'
import { coarseEnding, normalise, type RunAddresses } from './normalise.ts'
import { placeCases, POD_PORT, type PlacedCase } from './placement.ts'
import { PodRecorder, type CaseRecord, type Note } from './records.ts'
import { SUBJECTS } from './subjects.ts'

export interface RunOptions {
  /** A key of `SUBJECTS`. */
  readonly subject: string
  readonly cases: readonly DifferentialCase[]
  /** Certificates and logs of this run go here. */
  readonly directory: string
  readonly authority: MeshAuthority
  /** An authority that the waypoint does not trust. */
  readonly foreignAuthority: MeshAuthority
  /** Cases that run at the same time. */
  readonly concurrency: number
  /** Records of another run of the same cases: their numbers of log lines are waited for. */
  readonly reference?: ReadonlyMap<string, CaseRecord>
}

const CASE_TIMEOUT_MS = 30_000
const LOG_QUIET_MS = 400
const LOG_TIMEOUT_MS = 5_000

/** Records by `group/name`. */
export async function runCases(options: RunOptions): Promise<Map<string, CaseRecord>> {
  const run: RunAddresses = { network: 64 + (process.pid % 63), hbonePort: await freePort() }
  const placed = placeCases(options.cases, run.network)
  mkdirSync(options.directory, { recursive: true })
  const notes = new Map(
    placed.map((item) => [item, { client: [] as Note[], pods: [] as Note[], tunnels: [] as ByteTunnel[] }]),
  )
  const backend = new HboneBackend(options.authority, run.hbonePort)
  for (const item of placed) {
    const { pods, tunnels } = notes.get(item) as { pods: Note[]; tunnels: ByteTunnel[] }
    for (const pod of item.pods) {
      await backend.add({
        address: pod.address,
        port: POD_PORT,
        reach: pod.spec.reach ?? 'hbone',
        identity: pod.spec.identity ?? ['pods', 'app'],
        reply: pod.spec.reply,
        program: (tunnel, connection) => {
          tunnels.push(tunnel)
          return pod.spec.program(tunnel, new PodRecorder(pod.name, connection.ordinal, connection.connect, pods))
        },
      })
    }
  }
  const identity = await options.authority.issue('waypoints', 'waypoint')
  const files = { ...writeIdentity(options.directory, identity), ...logFiles(options.directory) }
  const ports = { admin: await freePort(), terminate: await freePort() }
  const bootstrapFile = join(options.directory, 'bootstrap.json')
  const bootstrap = buildBootstrap({
    cases: placed,
    network: run.network,
    adminPort: ports.admin,
    terminatePort: ports.terminate,
    hbonePort: run.hbonePort,
    rootPem: options.authority.rootPem,
    files: { ...files, certificateChain: files.chainFile, key: files.keyFile, root: files.rootFile },
  })
  writeFileSync(bootstrapFile, JSON.stringify(bootstrap, undefined, 1))
  try {
    const proxy = await ProxyProcess.start({
      ...SUBJECTS[options.subject](bootstrapFile),
      admin: { host: '127.0.0.1', port: ports.admin },
      logFile: join(options.directory, 'proxy.log'),
    })
    try {
      const clients = new ClientIdentities(options, ports.terminate)
      await inParallel(placed, options.concurrency, async (item) => {
        const own = notes.get(item) as { client: Note[]; pods: Note[]; tunnels: ByteTunnel[] }
        if (proxy.ended !== undefined) own.client.push(['proxy', proxy.ended])
        else await runCase(item, clients, own)
      })
      const records = new Map(placed.map((item) => [item, { ...pick(notes.get(item)), log: [] }]))
      await attachLogs(records, files, options.reference)
      if (proxy.ended !== undefined) throw new Error(`${options.subject} ended: ${proxy.ended}`)
      return new Map([...records].map(([item, record]) => [keyOf(item.case), finished(item, record, run)]))
    } finally {
      await proxy.stop()
    }
  } finally {
    await backend.close()
  }
}

/** The name under which a case is reported. */
export function keyOf(item: DifferentialCase): string {
  return `${item.group}/${item.name}`
}

function pick(notes: { client: Note[]; pods: Note[] } | undefined): { client: Note[]; pods: Note[] } {
  return { client: notes?.client ?? [], pods: notes?.pods ?? [] }
}

function logFiles(directory: string): { innerLog: string; terminateLog: string; originateLog: string } {
  return {
    innerLog: join(directory, 'inner.log'),
    terminateLog: join(directory, 'terminate.log'),
    originateLog: join(directory, 'originate.log'),
  }
}

async function runCase(
  item: PlacedCase,
  identities: ClientIdentities,
  notes: { client: Note[]; pods: Note[]; tunnels: ByteTunnel[] },
): Promise<void> {
  const clients: HboneClient[] = []
  const opened: ByteTunnel[] = []
  const actor: Actor = {
    service: item.authority,
    async open(options = {}) {
      const plain = options.identity === undefined && options.fresh !== true
      let client = plain ? clients[0] : undefined
      if (client === undefined) {
        client = await HboneClient.dial(await identities.target(options))
        if (plain) clients.unshift(client)
        else clients.push(client)
      }
      const early = options.early === undefined ? undefined : Buffer.from(options.early, 'latin1')
      const answer = await client.connect(options.authority ?? item.authority, options.headers, early)
      opened.push(answer.tunnel)
      return answer
    },
    async dialRaw(options = {}) {
      const tunnel = new ByteTunnel(await dialTls(await identities.target(options)))
      opened.push(tunnel)
      return tunnel
    },
    note: (label, value) => void notes.client.push([label, value]),
    poll: poll,
    seenByPods: () => notes.pods.length,
  }
  const timeout = Symbol('timeout')
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<symbol>((resolve) => (timer = setTimeout(() => resolve(timeout), CASE_TIMEOUT_MS)))
  try {
    if ((await Promise.race([item.case.exchange(actor), limit])) === timeout) actor.note('harness', 'timeout')
  } catch (error) {
    actor.note('harness', String(error))
  }
  clearTimeout(timer)
  if (item.case.logs !== undefined) for (const tunnel of [...opened, ...notes.tunnels]) tunnel.end()
  if (item.case.logs !== undefined) await poll(() => opened.every((tunnel) => tunnel.ending !== undefined), 500)
  for (const client of clients) client.destroy()
  for (const tunnel of opened) tunnel.reset()
}

/** Client certificates, each issued once. */
class ClientIdentities {
  private readonly issued = new Map<string, Promise<Identity>>()
  private readonly options: RunOptions
  private readonly port: number

  constructor(options: RunOptions, port: number) {
    this.options = options
    this.port = port
  }

  async target(dial: DialOptions): Promise<HboneTarget> {
    const which = dial.identity ?? (['default', 'client'] as const)
    const key = String(which)
    const { authority, foreignAuthority } = this.options
    let identity: Promise<Identity> | undefined
    if (which !== 'none') {
      identity = this.issued.get(key)
      if (identity === undefined) {
        if (which === 'foreign') identity = foreignAuthority.issue('default', 'client')
        else if (which === 'foreign-trust-domain')
          identity = authority.issue('default', 'client', { trustDomain: 'elsewhere' })
        else identity = authority.issue(...which)
        this.issued.set(key, identity)
      }
    }
    return {
      host: '127.0.0.1',
      port: this.port,
      root: authority.rootPem,
      identity: await identity,
      alpn: dial.alpn,
      maxVersion: dial.maxVersion,
    }
  }
}

/** Waits until the logs have as many lines as the reference, or are quiet, and gives each case its lines. */
async function attachLogs(
  records: ReadonlyMap<PlacedCase, CaseRecord>,
  files: { innerLog: string; terminateLog: string; originateLog: string },
  reference: ReadonlyMap<string, CaseRecord> | undefined,
): Promise<void> {
  const deadline = Date.now() + LOG_TIMEOUT_MS
  let quietSince = Date.now()
  let lines = 0
  for (;;) {
    const inner = await readLog(files.innerLog)
    const terminate = await readLog(files.terminateLog)
    const originate = await readLog(files.originateLog)
    distribute(records, inner, terminate, originate)
    if (inner.length + terminate.length + originate.length !== lines) quietSince = Date.now()
    lines = inner.length + terminate.length + originate.length
    const complete = [...records].every(([item, record]) => hasLinesOf(reference?.get(keyOf(item.case)), record))
    if (complete && Date.now() - quietSince >= LOG_QUIET_MS) return
    if (Date.now() > deadline) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function hasLinesOf(reference: CaseRecord | undefined, record: CaseRecord): boolean {
  if (reference === undefined) return true
  return (
    record.log.length >= reference.log.length &&
    (record.terminateLog?.length ?? 0) >= (reference.terminateLog?.length ?? 0) &&
    (record.originateLog?.length ?? 0) >= (reference.originateLog?.length ?? 0)
  )
}

function distribute(
  records: ReadonlyMap<PlacedCase, CaseRecord>,
  inner: readonly LogLine[],
  terminate: readonly LogLine[],
  originate: readonly LogLine[],
): void {
  for (const [item, record] of records) {
    const addresses = new Set([item.vip, ...item.pods.map((pod) => pod.address)])
    record.log = inner.filter((line) => addresses.has(addressOf(line, 'address')))
    if (item.case.logs?.includes('terminate') === true) {
      record.terminateLog = terminate.filter((line) => addresses.has(addressOf(line, 'authority')))
    }
    if (item.case.logs?.includes('originate') === true) {
      record.originateLog = originate.filter((line) => addresses.has(addressOf(line, 'address')))
    }
  }
}

function finished(item: PlacedCase, record: CaseRecord, run: RunAddresses): CaseRecord {
  const client = record.client.map(([label, value]): Note => {
    if (label !== 'connection' || item.case.exactEnding === true) return [label, value]
    return [label, coarseEnding(value === 'open' ? undefined : String(value))]
  })
  const pods = item.case.podsInAnyOrder === true ? record.pods.toSorted(byLabel) : record.pods
  return normalise({ ...record, client, pods }, run) as CaseRecord
}

/** Labels begin with the pod; what one pod saw stays in order. */
function byLabel([a]: Note, [b]: Note): number {
  return a < b ? -1 : a > b ? 1 : 0
}

async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) await work(items[next++])
  }
  await Promise.all(Array.from({ length: width }, worker))
}

async function poll(condition: () => boolean, timeoutMs = 5_000): Promise<boolean> {
  const deadline = Date.now() + timeoutMs
  while (!condition()) {
    if (Date.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return true
}
