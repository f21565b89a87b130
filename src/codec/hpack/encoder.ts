// Encodes header blocks (RFC 7541 6) straight into the output. Repeatable fields go into the dynamic table; what is different
// each time, or secret, stays out. The caller says which names those are.

import { DynamicTable, ENTRY_OVERHEAD } from './dynamic-table.ts'
import { huffmanEncode, huffmanEncodedLength } from './huffman.ts'
import { writeLatin1 } from './latin1.ts'
import { STATIC_INDEX_BY_NAME, STATIC_NAMES, STATIC_TABLE_SIZE, STATIC_VALUES } from './static-table.ts'

/**
 * `index`: worth an entry when it repeats. `literal`: never repeats. `never`: secret, also to the next hops (RFC 7541 7.1.3).
 * `omit`: must not be sent.
 */
export type IndexingPolicy = 'index' | 'literal' | 'never' | 'omit'

/** `indexed`: only strings that go into the table, where the work is done once. */
export type HuffmanUse = 'always' | 'indexed' | 'never'

export interface HpackEncoderOptions {
  /** Names with a policy other than `index`. */
  policies: ReadonlyMap<string, IndexingPolicy>
  huffman: HuffmanUse
  /** Bound of our dynamic table in octets; the peer's SETTINGS_HEADER_TABLE_SIZE bounds it further. */
  maxTableSize: number
}

/** Values of one name that are known to lie in the table; older ones are forgotten and would be inserted anew. */
const VALUES_PER_NAME = 8
/** Insertions without a single use after which a name is taken for one that never repeats … */
const USELESS_INSERTIONS = 16
/** … and is tried again only every so many fields. */
const RETRY_INTERVAL = 64
/** Names remembered beyond those of entries in the table, before they are swept. */
const MAX_IDLE_NAMES = 256
/** What a size update and the prefixes of one field take at most. */
const UPDATE_BOUND = 12
const FIELD_BOUND = 12

/** What is known of a name: its static entries, its policy, and where its values lie in the dynamic table. */
class NameEntry {
  /** First index of the name in the static table, or 0. */
  readonly staticIndex: number
  readonly policy: IndexingPolicy
  /** Values and the numbers (DynamicTable.inserted) of their entries, in no order. */
  readonly values: string[] = []
  readonly numbers: number[] = []
  /** Number of the newest entry of this name, 0 for none. */
  newest = 0
  uselessInsertions = 0
  skipped = 0

  constructor(name: string, policy: IndexingPolicy) {
    this.staticIndex = STATIC_INDEX_BY_NAME.get(name) ?? 0
    this.policy = policy
  }
}

const EMPTY = Buffer.alloc(0)

/** Use: `begin(buffer, offset)`, `field(name, value)` for each field, `end()`. The caller provides room: see `bound`. */
export class HpackEncoder {
  private readonly table: DynamicTable
  private readonly options: HpackEncoderOptions
  private readonly names = new Map<string, NameEntry>()
  private buffer: Buffer = EMPTY
  private offset = 0
  /** The smallest table size since the last block, and whether the next one must say so (RFC 7541 4.2). */
  private smallestSize: number
  private sizeChanged = false

  constructor(options: HpackEncoderOptions) {
    this.options = options
    // Both ends start with 4096 (RFC 9113 6.5.2); a smaller bound of ours needs an update.
    this.table = new DynamicTable(Math.min(4096, options.maxTableSize))
    this.smallestSize = this.table.maxSize
    this.sizeChanged = options.maxTableSize < 4096
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setPeerTableSize(size: number): void {
    const maxSize = Math.min(size, this.options.maxTableSize)
    if (maxSize === this.table.maxSize) return
    this.table.resize(maxSize)
    this.smallestSize = this.sizeChanged ? Math.min(this.smallestSize, maxSize) : maxSize
    this.sizeChanged = true
  }

  /** Octets that a block of these fields takes at most, besides `extra` octets of further names and values in `extraFields`. */
  bound(fields: readonly string[], extraFields: number, extra: number): number {
    let size = UPDATE_BOUND + extra + extraFields * FIELD_BOUND + (fields.length >> 1) * FIELD_BOUND
    for (let i = 0; i < fields.length; i++) size += fields[i].length
    return size
  }

  begin(buffer: Buffer, offset: number): void {
    this.buffer = buffer
    this.offset = offset
    if (!this.sizeChanged) return
    if (this.smallestSize < this.table.maxSize) this.writeInteger(0x20, 0x1f, this.smallestSize)
    this.writeInteger(0x20, 0x1f, this.table.maxSize)
    this.smallestSize = this.table.maxSize
    this.sizeChanged = false
  }

  /** Returns the offset behind the block. */
  end(): number {
    return this.offset
  }

  /** The memory of the last block; the encoder lets go of it. */
  takeBuffer(): Buffer {
    const buffer = this.buffer
    this.buffer = EMPTY
    return buffer
  }

  /** Writes one field in the shortest form its policy allows. */
  field(name: string, value: string): void {
    const entry = this.names.get(name) ?? this.admit(name)
    const policy = entry.policy
    if (policy === 'index') {
      const index = this.find(entry, value)
      if (index > 0) this.writeInteger(0x80, 0x7f, index)
      else this.writeRepeatable(entry, name, value)
    } else if (policy === 'literal') {
      const index = entry.staticIndex === 0 ? 0 : findStatic(entry.staticIndex, value)
      if (index > 0) this.writeInteger(0x80, 0x7f, index)
      else if (entry.staticIndex > 0 || this.isLive(entry)) this.writeLiteral(0x00, 0x0f, entry, name, value)
      // One entry, whatever its value, spares the name from then on.
      else this.writeRepeatable(entry, name, value)
    } else if (policy === 'never') {
      this.writeLiteral(0x10, 0x0f, entry, name, value)
    }
  }

  /** Writes one field as a never-indexed literal whatever its name, because it arrived as one. */
  neverIndexedField(name: string, value: string): void {
    const entry = this.names.get(name) ?? this.admit(name)
    if (entry.policy !== 'omit') this.writeLiteral(0x10, 0x0f, entry, name, value)
  }

  /** Writes a field that is an entry of the static table. */
  staticField(index: number): void {
    this.buffer[this.offset++] = 0x80 | index
  }

  /** Whether an entry of this name lies in the dynamic table. */
  private isLive(entry: NameEntry): boolean {
    return entry.newest > this.table.inserted - this.table.count
  }

  private admit(name: string): NameEntry {
    // Peers choose names, so what is remembered of them is bounded.
    if (this.names.size > MAX_IDLE_NAMES + this.table.count) this.sweep()
    const entry = new NameEntry(name, this.options.policies.get(name) ?? 'index')
    this.names.set(name, entry)
    return entry
  }

  private sweep(): void {
    const oldest = this.table.inserted - this.table.count
    for (const [name, entry] of this.names) if (entry.newest <= oldest) this.names.delete(name)
  }

  /** Index of an entry with this name and value, or 0. */
  private find(entry: NameEntry, value: string): number {
    const { inserted, count } = this.table
    if (this.isLive(entry)) {
      const values = entry.values
      for (let i = 0; i < values.length; i++) {
        if (values[i] !== value) continue
        if (entry.numbers[i] <= inserted - count) break
        entry.uselessInsertions = 0
        return STATIC_TABLE_SIZE + 1 + inserted - entry.numbers[i]
      }
    }
    return entry.staticIndex === 0 ? 0 : findStatic(entry.staticIndex, value)
  }

  private writeRepeatable(entry: NameEntry, name: string, value: string): void {
    if (!this.isWorthAnEntry(entry, name, value)) {
      this.writeLiteral(0x00, 0x0f, entry, name, value)
      return
    }
    this.writeLiteral(0x40, 0x3f, entry, name, value)
    this.table.insert(name, value, 0)
    entry.uselessInsertions++
    entry.newest = this.table.inserted
    const place = this.placeOf(entry, value)
    entry.values[place] = value
    entry.numbers[place] = this.table.inserted
  }

  private isWorthAnEntry(entry: NameEntry, name: string, value: string): boolean {
    // Large entries would push out everything else.
    if (name.length + value.length + ENTRY_OVERHEAD > this.table.maxSize >> 1) return false
    if (entry.uselessInsertions < USELESS_INSERTIONS) return true
    return ++entry.skipped % RETRY_INTERVAL === 0
  }

  /** Where to remember `value`: its own old place, a new one, or that of the oldest entry. */
  private placeOf(entry: NameEntry, value: string): number {
    const { values, numbers } = entry
    let oldest = 0
    for (let i = 0; i < values.length; i++) {
      if (values[i] === value) return i
      if (numbers[i] < numbers[oldest]) oldest = i
    }
    return values.length < VALUES_PER_NAME ? values.length : oldest
  }

  private writeLiteral(pattern: number, mask: number, entry: NameEntry, name: string, value: string): void {
    const use = this.options.huffman
    const huffman = use === 'always' || (use === 'indexed' && pattern === 0x40)
    if (entry.staticIndex > 0) {
      this.writeInteger(pattern, mask, entry.staticIndex)
    } else if (this.isLive(entry)) {
      this.writeInteger(pattern, mask, STATIC_TABLE_SIZE + 1 + this.table.inserted - entry.newest)
    } else {
      this.buffer[this.offset++] = pattern
      this.writeString(name, huffman)
    }
    this.writeString(value, huffman)
  }

  private writeString(text: string, huffman: boolean): void {
    const length = text.length
    if (huffman) {
      const encodedLength = huffmanEncodedLength(text)
      if (encodedLength <= length) {
        this.writeInteger(0x80, 0x7f, encodedLength)
        this.offset = huffmanEncode(text, this.buffer, this.offset)
        return
      }
    }
    this.writeInteger(0x00, 0x7f, length)
    this.offset = writeLatin1(this.buffer, this.offset, text)
  }

  /** RFC 7541 5.1: `pattern` are the bits above the prefix, whose largest value is `mask`. */
  private writeInteger(pattern: number, mask: number, value: number): void {
    const buffer = this.buffer
    if (value < mask) {
      buffer[this.offset++] = pattern | value
      return
    }
    buffer[this.offset++] = pattern | mask
    let rest = value - mask
    for (; rest >= 0x80; rest >>>= 7) buffer[this.offset++] = (rest & 0x7f) | 0x80
    buffer[this.offset++] = rest
  }
}

/** Index of the static entry with this value among those of one name, or 0. */
function findStatic(firstIndex: number, value: string): number {
  const name = STATIC_NAMES[firstIndex]
  for (let index = firstIndex; index <= STATIC_TABLE_SIZE && STATIC_NAMES[index] === name; index++) {
    if (STATIC_VALUES[index] === value && value !== '') return index
  }
  return 0
}
