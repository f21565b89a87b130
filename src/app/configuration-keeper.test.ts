import { describe, expect, test } from '@jest/globals'
import { fromJson, type JsonObject } from '@bufbuild/protobuf'
import type { Logger } from 'pino'
import { registry } from '../envoy/generated/descriptors.js'
import { ClusterSchema } from '../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { emptySnapshot, type SnapshotPatch } from '../envoy/snapshot.ts'
import { SeriesTable } from '../telemetry/series.ts'
import { ConfigurationReader } from './configuration-reader.ts'
import { ConfigurationKeeper } from './configuration-keeper.ts'
import type { ConfigurationSource, LoadedConfiguration } from './configuration-source.ts'
import type { WorkerThread } from './worker-thread.ts'

/** Clusters of these ports, by name. */
function loaded(version: string, clusters: Record<string, number>, errors: string[] = []): LoadedConfiguration {
  const resources = Object.entries(clusters).map(([name, port]) => {
    const address = { socket_address: { address: '127.0.0.1', port_value: port } }
    const lb_endpoints = port === 0 ? [{}] : [{ endpoint: { address } }]
    const json: JsonObject = {
      name,
      type: 'STATIC',
      load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints }] },
    }
    return { desc: ClusterSchema, message: fromJson(ClusterSchema, json, { registry }) }
  })
  return { version, resources, bootstrap: undefined, errors, warnings: [], handover: undefined }
}

/** Writes down what it is given. */
class FakeWorker {
  readonly patches: string[] = []
  readonly problems: { path: string; message: string }[] = []

  apply({ operations }: SnapshotPatch): Promise<readonly { path: string; message: string }[]> {
    const names = operations.map((one) => (one.op === 'set' ? `+${one.entry.name}` : `-${one.name}`))
    this.patches.push(names.join(' '))
    return Promise.resolve(this.problems)
  }
}

async function open(workers = [new FakeWorker()]) {
  const series = SeriesTable.create(1)
  let next: () => LoadedConfiguration = () => loaded('1', { a: 1 })
  let onChange: () => void = () => undefined
  const source: ConfigurationSource = {
    load: () => Promise.resolve().then(() => next()),
    watch: (listener) => (onChange = listener),
    close: () => undefined,
  }
  const reader = new ConfigurationReader(source, { held: emptySnapshot, refusesWhole: true })
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined } as unknown as Logger
  const keeper = new ConfigurationKeeper({
    changes: { ...source, next: () => reader.next() },
    workers: workers as unknown as WorkerThread[],
    series,
    logs: quiet,
    refusesWhole: true,
  })
  expect(await keeper.start(await reader.next())).toEqual([])
  keeper.follow()
  return {
    keeper,
    workers,
    refusedGauge: () => series.gauge('cairn.config.refused').value(),
    /** Goes over to what `make` gives and waits until that was dealt with. */
    async change(make: () => LoadedConfiguration): Promise<void> {
      next = make
      onChange()
      await keeper.settled()
    },
    announce: () => onChange(),
  }
}

describe('a change', () => {
  test('goes to every worker as what is different', async () => {
    const { workers, change } = await open([new FakeWorker(), new FakeWorker()])
    await change(() => loaded('2', { a: 1, b: 2 }))
    await change(() => loaded('3', { b: 3 }))
    for (const worker of workers) expect(worker.patches).toEqual(['+a', '+b', '+b -a'])
  })

  test('that comes while another waits is one change with it', async () => {
    let loads = 0
    const { change, announce } = await open()
    announce()
    announce()
    await change(() => {
      loads++
      return loaded('2', { a: 1 })
    })
    expect(loads).toBe(1)
  })

  test('that cannot be read, or built, leaves what runs and says so until it is mended', async () => {
    const { keeper, workers, change, refusedGauge } = await open()
    await change(() => loaded('2', { a: 1 }, ['envoy.yaml:3: wrong']))
    expect(keeper.refused?.errors).toEqual(['envoy.yaml:3: wrong'])
    await change(() => loaded('3', { a: 1, b: 0 }))
    expect(keeper.refused?.errors.join()).toContain('cluster b')
    expect(refusedGauge()).toBe(1)
    expect(keeper.version).toBe('1')
    await change(() => loaded('4', { a: 1 }))
    expect(keeper.refused).toBeUndefined()
    expect(refusedGauge()).toBe(0)
    expect(workers[0]?.patches).toEqual(['+a'])
  })

  test('after a refused one is judged for itself', async () => {
    const { keeper, workers, change } = await open()
    await change(() => loaded('2', { a: 9, b: 0 }))
    await change(() => loaded('3', { a: 2 }))
    expect(keeper.refused).toBeUndefined()
    expect(workers[0]?.patches).toEqual(['+a', '+a'])
    await change(() => loaded('4', { a: 2, b: 0 }))
    expect(keeper.refused?.version).toBe('4')
  })

  test('that throws is refused, and the next one is looked at', async () => {
    const { keeper, workers, change } = await open()
    await change(() => {
      throw new Error('disk on fire')
    })
    expect(keeper.refused?.errors.join()).toContain('disk on fire')
    await change(() => loaded('2', { a: 2 }))
    expect(keeper.refused).toBeUndefined()
    expect(workers[0]?.patches).toEqual(['+a', '+a'])
  })
})

describe('a worker that is new', () => {
  test('gets all that the others have, and the changes after that', async () => {
    const { keeper, workers, change } = await open()
    await change(() => loaded('2', { a: 1, b: 2 }))
    const fresh = new FakeWorker()
    workers[0] = fresh
    keeper.bringUpToDate(fresh as unknown as WorkerThread)
    await change(() => loaded('3', { a: 1, b: 2, c: 3 }))
    expect(fresh.patches).toEqual(['+a +b', '+c'])
  })
})
