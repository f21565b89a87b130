import { connect } from 'node:net'
import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { fromJson } from '@bufbuild/protobuf'
import { eventually } from '../../test/support/eventually.ts'
import { registry } from '../envoy/generated/descriptors.js'
import { ListenerSchema } from '../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { SnapshotBuilder } from '../envoy/snapshot-builder.ts'
import { emptySnapshot } from '../envoy/snapshot.ts'
import { diffSnapshots } from '../envoy/snapshot.ts'
import { SeriesTable } from '../telemetry/series.ts'
import { WorkerPool } from './worker-pool.ts'
import type { WorkerThread } from './worker-thread.ts'
import type { WorkerEvents } from './worker-thread.ts'

// A thread that runs from sources takes a second or two to start.
jest.setTimeout(30_000)

const HCM = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'
const ROUTER = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router'
const ACTIVE = 'listener.127.0.0.1_0.downstream_cx_active'

/** A listener on a free port that says "hello". */
function patch() {
  const routes = [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'hello' } } }]
  const route_config = { virtual_hosts: [{ name: 'v', domains: ['*'], routes }] }
  const http_filters = [{ name: 'router', typed_config: { '@type': ROUTER } }]
  const hcm = { name: 'hcm', typed_config: { '@type': HCM, stat_prefix: 'x', route_config, http_filters } }
  const address = { socket_address: { address: '127.0.0.1', port_value: 0 } }
  const json = { name: 'l', address, filter_chains: [{ filters: [hcm] }] }
  const builder = new SnapshotBuilder()
  builder.addMessage(ListenerSchema, fromJson(ListenerSchema, json, { registry }))
  return diffSnapshots(emptySnapshot, builder.build('1'))
}

const pools: WorkerPool[] = []

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.end()
})

function start() {
  const deaths: (Error | undefined)[] = []
  const events: WorkerEvents = {
    onLog: () => undefined,
    onBug: () => undefined,
    onDeath: (_worker, error) => deaths.push(error),
  }
  const series = SeriesTable.create(2)
  const setup = {
    series: series.shared,
    column: 1,
    reusePort: false,
    drainTimeMs: 1000,
    rejectPathWithFragment: true,
    node: { nodeId: '', clusterName: '' },
    logFlushIntervalMs: 1000,
  }
  const pool = new WorkerPool([setup], series, events)
  pools.push(pool)
  const worker = (): WorkerThread => pool.threads[0]
  /** What no message does: the thread stops where it is. */
  const kill = async (): Promise<void> => {
    await (worker() as unknown as { thread: Worker }).thread.terminate()
  }
  return { pool, worker, series, deaths, kill }
}

async function portOf(worker: WorkerThread): Promise<number> {
  return (await worker.describe())?.ports[0]?.addresses[0]?.port ?? 0
}

async function get(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await once(socket, 'close')
  return text
}

describe('a worker thread', () => {
  test('serves what it was given, over a plain socket', async () => {
    const { worker } = start()
    expect(await worker().apply(patch())).toEqual([])
    expect(await get(await portOf(worker()))).toMatch(/^HTTP\/1.1 200 OK[^]*hello$/)
  })

  test('that dies leaves nobody waiting, and the one that takes its place counts in the same column from nothing', async () => {
    const { pool, worker, series, deaths, kill } = start()
    await worker().apply(patch())
    const old = worker()
    const port = await portOf(old)
    const client = connect(port, '127.0.0.1')
    client.on('error', () => undefined)
    const active = series.gauge(ACTIVE)
    expect(await eventually(() => active.value() === 1)).toBe(true)
    const asked = [old.describe(), old.apply(patch())] as const
    await kill()
    // Answered or not, but not left waiting.
    await Promise.all(asked)
    expect(deaths.length).toBe(1)
    expect(active.value()).toBe(0)
    expect(await old.describe()).toBeUndefined()
    expect((await old.apply(patch())).length).toBe(1)
    await old.drain(1000)
    await old.end()
    const replaced = new Promise<WorkerThread>((resolve) => (pool.onReplacement = resolve))
    const fresh = await replaced
    expect(fresh).toBe(worker())
    expect(await fresh.apply(patch())).toEqual([])
    expect(await get(await portOf(fresh))).toContain('hello')
    expect(await eventually(() => active.value() === 0)).toBe(true)
    client.destroy()
  })
})
