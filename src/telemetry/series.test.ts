import { describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { SeriesTable } from './series.ts'

function valueOf(table: SeriesTable, name: string): number | undefined {
  return table.snapshot().find((series) => series.name === name)?.value
}

describe('a series table', () => {
  test('sums what every thread counted under one name', () => {
    const main = SeriesTable.create(3)
    const first = SeriesTable.attach(main.shared, 1)
    const second = SeriesTable.attach(main.shared, 2)
    first.counter('a.total').inc()
    second.counter('b.total').add(5)
    second.counter('a.total').add(10)
    first.counter('b.total').inc()
    expect(valueOf(main, 'a.total')).toBe(11)
    expect(valueOf(main, 'b.total')).toBe(6)
    expect(first.counter('a.total').value()).toBe(11)
  })

  test('gives one name one handle, and refuses it as another kind', () => {
    const table = SeriesTable.create()
    expect(table.counter('a')).toBe(table.counter('a'))
    expect(() => table.gauge('a')).toThrow('a is a counter, not a gauge')
    expect(() => SeriesTable.attach(table.shared, 1)).toThrow(RangeError)
  })

  test('says of each series whether it was ever written', () => {
    const table = SeriesTable.create()
    table.counter('untouched')
    table.gauge('back_to_zero').inc()
    table.gauge('back_to_zero').dec()
    expect(table.snapshot().map(({ name, used, value }) => [name, used, value])).toEqual([
      ['untouched', false, 0],
      ['back_to_zero', true, 0],
    ])
  })

  test("clears a dead thread's gauges and keeps its counters, which its replacement continues", () => {
    const main = SeriesTable.create(2)
    const worker = SeriesTable.attach(main.shared, 1)
    worker.gauge('active').set(7)
    worker.counter('total').add(7)
    main.gauge('active').set(2)
    main.clearGauges(1)
    expect(valueOf(main, 'active')).toBe(2)
    SeriesTable.attach(main.shared, 1).counter('total').inc()
    expect(valueOf(main, 'total')).toBe(8)
  })

  test('takes over the lock of a thread that ended while it held it', () => {
    const main = SeriesTable.create(2)
    Atomics.store(new Int32Array(main.shared.directory), 0, 2)
    main.clearGauges(1)
    expect(main.counter('a').value()).toBe(0)
    // Held and released by its own thread only.
    expect(Atomics.load(new Int32Array(main.shared.directory), 0)).toBe(0)
  })

  test('hides what is retired until somebody asks for it by name', () => {
    const main = SeriesTable.create(2)
    const worker = SeriesTable.attach(main.shared, 1)
    worker.counter('cluster.a.total').inc()
    worker.counter('cluster.ab.total').inc()
    main.retire('cluster.a.')
    expect(main.snapshot().map(({ name }) => name)).toEqual(['cluster.ab.total'])
    worker.counter('cluster.a.total').inc()
    expect(valueOf(main, 'cluster.a.total')).toBe(2)
  })

  test('resets counters and leaves gauges', () => {
    const main = SeriesTable.create(2)
    SeriesTable.attach(main.shared, 1).counter('total').inc()
    main.gauge('active').set(1)
    main.resetCounters()
    expect([valueOf(main, 'total'), valueOf(main, 'active')]).toEqual([0, 1])
  })

  test('counts in a row of its own what finds no room, and tells nobody a wrong number', () => {
    const table = SeriesTable.create()
    const words = new Int32Array(table.shared.directory)
    table.counter('before').inc()
    words[2] = (1 << 21) - 1024
    table.counter('too.many').add(3)
    table.counter('far.too.many').add(4)
    table.histogram('h_ms').record(1)
    expect(table.snapshot().map(({ name, value }) => [name, value])).toEqual([
      ['before', 1],
      ['stats.overflow', 7],
      ['stats.overflow_histogram', 0],
    ])
  })

  test('agrees on rows when threads create the same thousand names at once', async () => {
    const main = SeriesTable.create(4)
    const code = `
      const { workerData } = require('node:worker_threads')
      import(workerData.module).then(({ SeriesTable }) => {
        const table = SeriesTable.attach(workerData.shared, workerData.column)
        for (let i = 0; i < 1000; i++) table.counter('c.' + ((i * workerData.stride) % 1000)).inc()
      })`
    const workers = [1, 2, 3].map(
      (column) =>
        new Worker(code, {
          eval: true,
          workerData: {
            module: new URL('./series.ts', import.meta.url).href,
            shared: main.shared,
            column,
            stride: [7, 11, 13][column - 1],
          },
        }),
    )
    await Promise.all(workers.map((worker) => once(worker, 'exit')))
    const values = main.snapshot()
    expect(values).toHaveLength(1000)
    expect(values.every(({ value }) => value === 3)).toBe(true)
  })
})
