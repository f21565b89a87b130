// The names of all series in shared memory, so that a name has the same row and cells in every thread without a message.
// Append-only: a reader needs no lock, a writer appends under a lock and publishes by raising the count.

export type SeriesKind = 'counter' | 'gauge' | 'histogram'

export interface SeriesEntry {
  readonly name: string
  readonly kind: SeriesKind
  readonly row: number
  /** The first cell of the row. */
  readonly cell: number
}

const kinds: readonly SeriesKind[] = ['counter', 'gauge', 'histogram']

const maxRows = 1 << 18
const maxNameBytes = 1 << 25

// Layout in 32-bit words: header, then per row: cell, kind, offset of the name, its length. After the words, one byte a row
// says whether it was ever written, one whether it is hidden; then the names.
const lockWord = 0
const rowsWord = 1
const cellsWord = 2
const nameBytesWord = 3
const headerWords = 8
const wordsPerRow = 4
const wordBytes = (headerWords + maxRows * wordsPerRow) * 4

/** The row that counts what no longer fits: its handles work, and it is printed. */
const overflowName = 'stats.overflow'

/**
 * A lock is held for microseconds. Who waited this long takes it over: its holder ended while holding it, and what it did
 * not publish does not count.
 */
const lockTakeoverMs = 5000

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export class SeriesDirectory {
  /** One byte a row, set by whoever writes the row. */
  readonly used: Uint8Array
  private readonly hidden: Uint8Array
  private readonly words: Int32Array
  private readonly names: Uint8Array
  private readonly known: SeriesEntry[] = []
  private readonly byName = new Map<string, SeriesEntry>()
  private readonly maxCells: number
  private readonly lockValue: number

  constructor(buffer: SharedArrayBuffer, maxCells: number, column: number) {
    this.words = new Int32Array(buffer, 0, headerWords + maxRows * wordsPerRow)
    this.used = new Uint8Array(buffer, wordBytes, maxRows)
    this.hidden = new Uint8Array(buffer, wordBytes + maxRows, maxRows)
    this.names = new Uint8Array(buffer, wordBytes + 2 * maxRows, maxNameBytes)
    this.maxCells = maxCells
    this.lockValue = column + 1
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(wordBytes + 2 * maxRows + maxNameBytes)
  }

  findOrAdd(name: string, kind: SeriesKind, cells: number): SeriesEntry {
    const known = this.find(name)
    if (known !== undefined) return known
    this.lock()
    try {
      return this.find(name) ?? this.append(name, kind, cells)
    } finally {
      this.unlock()
    }
  }

  /** Those that are not hidden. */
  entries(): SeriesEntry[] {
    this.readNew()
    return this.known.filter((entry) => this.hidden[entry.row] === 0)
  }

  isUsed(entry: SeriesEntry): boolean {
    return this.used[entry.row] === 1
  }

  hide(prefix: string): void {
    this.readNew()
    for (const entry of this.known) if (entry.name.startsWith(prefix)) this.hidden[entry.row] = 1
  }

  show(entry: SeriesEntry): void {
    this.hidden[entry.row] = 0
  }

  /** The thread of `column` ended; whether it held the lock or not, it does not hold it now. */
  releaseLockOf(column: number): void {
    if (Atomics.compareExchange(this.words, lockWord, column + 1, 0) === column + 1) this.wakeWaiters()
  }

  private find(name: string): SeriesEntry | undefined {
    const entry = this.byName.get(name)
    if (entry !== undefined) return entry
    this.readNew()
    return this.byName.get(name)
  }

  private readNew(): void {
    const rows = Atomics.load(this.words, rowsWord)
    for (let row = this.known.length; row < rows; row++) {
      const at = headerWords + row * wordsPerRow
      const start = this.words[at + 2]
      // Text is decoded from a copy: decoders refuse shared memory.
      const name = decoder.decode(this.names.slice(start, start + this.words[at + 3]))
      const entry = { name, kind: kinds[this.words[at + 1]], row, cell: this.words[at] }
      this.known.push(entry)
      this.byName.set(name, entry)
    }
  }

  /** With the lock held and everything read. */
  private append(name: string, kind: SeriesKind, cells: number): SeriesEntry {
    const bytes = encoder.encode(name)
    const row = this.words[rowsWord]
    const cell = this.words[cellsWord]
    const start = this.words[nameBytesWord]
    // One row and the cells of a histogram stay free for each kind of overflow.
    const isOverflow = name.startsWith(overflowName)
    const reserve = isOverflow ? 0 : 1024
    if (
      row + reserve > maxRows ||
      cell + cells + reserve > this.maxCells ||
      start + bytes.length + reserve > maxNameBytes
    ) {
      return this.overflow(kind, cells)
    }
    const at = headerWords + row * wordsPerRow
    this.words[at] = cell
    this.words[at + 1] = kinds.indexOf(kind)
    this.words[at + 2] = start
    this.words[at + 3] = bytes.length
    this.names.set(bytes, start)
    this.words[cellsWord] = cell + cells
    this.words[nameBytesWord] = start + bytes.length
    Atomics.store(this.words, rowsWord, row + 1)
    this.readNew()
    return this.known[row]
  }

  private overflow(kind: SeriesKind, cells: number): SeriesEntry {
    const name = kind === 'counter' ? overflowName : `${overflowName}_${kind}`
    return this.byName.get(name) ?? this.append(name, kind, cells)
  }

  private lock(): void {
    let waitedMs = 0
    for (;;) {
      const holder = Atomics.compareExchange(this.words, lockWord, 0, this.lockValue)
      if (holder === 0) return
      if (waitedMs >= lockTakeoverMs) {
        if (Atomics.compareExchange(this.words, lockWord, holder, this.lockValue) === holder) return
        waitedMs = 0
      }
      if (Atomics.wait(this.words, lockWord, holder, 10) === 'timed-out') waitedMs += 10
    }
  }

  private unlock(): void {
    Atomics.compareExchange(this.words, lockWord, this.lockValue, 0)
    this.wakeWaiters()
  }

  private wakeWaiters(): void {
    Atomics.notify(this.words, lockWord)
  }
}
