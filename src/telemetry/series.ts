// Counters, gauges and histograms as rows in shared memory with a column per thread: only the owner writes, a read sums,
// a scrape costs the writers nothing. How they are printed is the business of stats-text.ts and prometheus-text.ts.

import { binCount, binOf, HistogramSnapshot } from './histogram-bins.ts'
import { SeriesDirectory, type SeriesEntry, type SeriesKind } from './series-directory.ts'

/** What a thread needs to attach; can be sent in `workerData`. */
export interface SharedSeries {
  readonly directory: SharedArrayBuffer
  /** `columns` times `maxCells` numbers, one column after the other, so that two writers never share a cache line. */
  readonly cells: SharedArrayBuffer
  readonly columns: number
}

/**
 * The memory is reserved, not used: the kernel hands out its pages on first write. A fixed size keeps an increment at
 * 3 ns; with a growable buffer it takes 37 ns.
 */
const maxCells = 1 << 21

/** A histogram's cells are its bins and the sum of its values. */
const histogramCells = binCount + 1

/** One thread's handle on all series. */
export class SeriesTable {
  readonly shared: SharedSeries
  /** Every column, own included, for reads. */
  private readonly all: Float64Array
  private readonly own: Float64Array
  private readonly directory: SeriesDirectory
  private readonly handles = new Map<string, Series>()
  /** Text readouts (`control_plane.identifier`); only of this thread. */
  readonly texts = new Map<string, string>()

  private constructor(shared: SharedSeries, column: number) {
    this.shared = shared
    this.all = new Float64Array(shared.cells)
    this.own = this.all.subarray(column * maxCells, (column + 1) * maxCells)
    this.directory = new SeriesDirectory(shared.directory, maxCells, column)
  }

  /** On the main thread, which gets column 0. `columns` is the number of threads that will write. */
  static create(columns = 1): SeriesTable {
    const cells = new SharedArrayBuffer(columns * maxCells * Float64Array.BYTES_PER_ELEMENT)
    return new SeriesTable({ directory: SeriesDirectory.allocate(), cells, columns }, 0)
  }

  /** In a worker. A replacement for a dead worker takes the same column, so its counters go on. */
  static attach(shared: SharedSeries, column: number): SeriesTable {
    if (!(column > 0 && column < shared.columns)) throw new RangeError(`column ${column} of ${shared.columns}`)
    return new SeriesTable(shared, column)
  }

  /** Finds or creates; not for the hot path. Throws when the name is of another kind. */
  counter(name: string): Counter {
    return this.handle(name, 'counter', 1, Counter)
  }

  /** A gauge's value is the sum of what the threads set, so a gauge that is not a sum is set by one thread only. */
  gauge(name: string): Gauge {
    return this.handle(name, 'gauge', 1, Gauge)
  }

  histogram(name: string): Histogram {
    return this.handle(name, 'histogram', histogramCells, Histogram)
  }

  text(name: string, value: string): void {
    this.texts.set(name, value)
  }

  /** Every visible series, in order of creation, with its current value. */
  snapshot(): SeriesSnapshot[] {
    return this.directory.entries().map((entry) => ({
      name: entry.name,
      kind: entry.kind,
      used: this.directory.isUsed(entry),
      value: entry.kind === 'histogram' ? 0 : this.sum(entry.cell),
      histogram: entry.kind === 'histogram' ? this.histogramAt(entry.cell) : undefined,
    }))
  }

  /** Hides the series whose names begin with `prefix` (of a removed cluster); who asks for one by name shows it again. */
  retire(prefix: string): void {
    this.directory.hide(prefix)
    for (const name of this.handles.keys()) if (name.startsWith(prefix)) this.handles.delete(name)
  }

  /** After the thread of `column` ended: it holds nothing any more, and no lock. */
  clearGauges(column: number): void {
    this.directory.releaseLockOf(column)
    for (const entry of this.directory.entries()) {
      if (entry.kind === 'gauge') this.all[column * maxCells + entry.cell] = 0
    }
  }

  /** `POST /reset_counters`. An increment that another thread makes at the same time may survive. */
  resetCounters(): void {
    for (const entry of this.directory.entries()) {
      if (entry.kind !== 'counter') continue
      for (let column = 0; column < this.shared.columns; column++) this.all[column * maxCells + entry.cell] = 0
    }
  }

  /** The sum of a cell over all threads. */
  sum(cell: number): number {
    let total = 0
    for (let at = cell; at < this.all.length; at += maxCells) total += this.all[at]
    return total
  }

  private histogramAt(cell: number): HistogramSnapshot {
    const counts = new Float64Array(binCount)
    for (let bin = 0; bin < binCount; bin++) counts[bin] = this.sum(cell + bin)
    return new HistogramSnapshot(counts, this.sum(cell + binCount))
  }

  private handle<T extends Series>(name: string, kind: SeriesKind, cells: number, Handle: SeriesClass<T>): T {
    const known = this.handles.get(name)
    const entry = known?.entry ?? this.directory.findOrAdd(name, kind, cells)
    if (entry.kind !== kind) throw new TypeError(`${name} is a ${entry.kind}, not a ${kind}`)
    this.directory.show(entry)
    // The kind that was just compared is the class.
    if (known !== undefined) return known as T
    const handle = new Handle(this, entry, this.own, this.directory.used)
    this.handles.set(name, handle)
    return handle
  }
}

type SeriesClass<T> = new (table: SeriesTable, entry: SeriesEntry, cells: Float64Array, used: Uint8Array) => T

/** A series and its value at one moment. */
export interface SeriesSnapshot {
  readonly name: string
  readonly kind: SeriesKind
  /** Written at least once, which is what `usedonly` asks for. */
  readonly used: boolean
  /** 0 for a histogram. */
  readonly value: number
  readonly histogram: HistogramSnapshot | undefined
}

/** One row as one thread sees it. */
abstract class Series {
  readonly entry: SeriesEntry
  protected readonly table: SeriesTable
  /** This thread's column. */
  protected readonly cells: Float64Array
  protected readonly cell: number
  protected readonly used: Uint8Array
  protected readonly row: number

  constructor(table: SeriesTable, entry: SeriesEntry, cells: Float64Array, used: Uint8Array) {
    this.entry = entry
    this.table = table
    this.cells = cells
    this.cell = entry.cell
    this.used = used
    this.row = entry.row
  }
}

/** Only ever grows. */
export class Counter extends Series {
  inc(): void {
    this.cells[this.cell]++
    this.used[this.row] = 1
  }

  add(amount: number): void {
    this.cells[this.cell] += amount
    this.used[this.row] = 1
  }

  /** The sum over all threads. */
  value(): number {
    return this.table.sum(this.cell)
  }
}

/** Goes up and down. */
export class Gauge extends Series {
  inc(): void {
    this.cells[this.cell]++
    this.used[this.row] = 1
  }

  dec(): void {
    this.cells[this.cell]--
  }

  add(amount: number): void {
    this.cells[this.cell] += amount
    this.used[this.row] = 1
  }

  /** Sets this thread's share. */
  set(value: number): void {
    this.cells[this.cell] = value
    this.used[this.row] = 1
  }

  /** The sum over all threads: what a limit that all workers share is compared with. */
  value(): number {
    return this.table.sum(this.cell)
  }
}

/** Values in bins of at most 25 % width (histogram-bins.ts), in the unit that the name says. */
export class Histogram extends Series {
  /** Negative values and NaN count as 0. */
  record(value: number): void {
    const amount = value > 0 ? value : 0
    this.cells[this.cell + binOf(amount)]++
    this.cells[this.cell + binCount] += amount
    this.used[this.row] = 1
  }
}
