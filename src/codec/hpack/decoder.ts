// Decodes HPACK header blocks (RFC 7541 3 and 6) into calls of a receiver. Knows nothing of HTTP: what a field means, whether it
// is allowed and how many there may be is the receiver's business. Strings of table entries are shared between blocks.

import { DynamicTable } from './dynamic-table.ts'
import { huffmanDecode, huffmanDecodedBound } from './huffman.ts'
import { readLatin1 } from './latin1.ts'
import { STATIC_NAMES, STATIC_TABLE_SIZE, STATIC_VALUES } from './static-table.ts'

/** Classifies fields once, when they are read as literals; table entries carry the result along. */
export interface FieldClassifier {
  /**
   * A small number of the receiver's choosing for this name and value, 0 for the ordinary. `nameKind` is that of the table entry
   * from which the name was taken, or UNKNOWN_NAME.
   */
  classify(name: string, value: string, nameKind: number): number
  /** `classify` of the static entries, by index. */
  readonly staticKinds: Uint8Array
}

/** The name of a literal that names itself. */
export const UNKNOWN_NAME = -1

/** Receives the fields of a block in order. */
export interface FieldReceiver {
  onField(name: string, value: string, kind: number): void
  /** Follows the `onField` of a never-indexed literal: intermediaries must keep it so (RFC 7541 7.1.3). */
  onNeverIndexed(name: string): void
}

const INITIAL_TABLE_SIZE = 4096
/** Integers and lengths beyond this are an attack: nothing of that size is acceptable. */
const MAX_INTEGER = 0xfffffff

export class HpackDecoder {
  readonly table: DynamicTable
  private readonly classifier: FieldClassifier
  private readonly maxStringBytes: number
  /** Upper bound that our SETTINGS_HEADER_TABLE_SIZE puts on the peer's size updates. */
  private maxTableSize: number
  /** The next block must start with a size update, because our setting went below the table's size (RFC 7541 4.2). */
  private updateRequired = false
  /** Where reading goes on, and what was wrong. */
  private position = 0
  private error: string | undefined = undefined
  private scratch: Buffer = Buffer.allocUnsafe(256)

  /**
   * `maxTableSize` is the SETTINGS_HEADER_TABLE_SIZE that we announce. `maxStringBytes` bounds every single name or value, before
   * anything is allocated for it.
   */
  constructor(classifier: FieldClassifier, maxTableSize: number, maxStringBytes: number) {
    this.classifier = classifier
    // Both ends start with 4096 (RFC 9113 6.5.2), whatever we are about to announce.
    this.table = new DynamicTable(INITIAL_TABLE_SIZE)
    this.maxTableSize = Math.max(INITIAL_TABLE_SIZE, maxTableSize)
    this.maxStringBytes = maxStringBytes
  }

  /** Our SETTINGS_HEADER_TABLE_SIZE took effect: the peer acknowledged it. */
  setMaxTableSize(size: number): void {
    this.maxTableSize = size
    this.updateRequired = size < this.table.maxSize
  }

  /** Decodes a complete block. Returns what was wrong (a COMPRESSION_ERROR: the table is unusable afterwards) or undefined. */
  decode(block: Buffer, start: number, end: number, receiver: FieldReceiver): string | undefined {
    const table = this.table
    const staticKinds = this.classifier.staticKinds
    let fieldsSeen = false
    this.position = start
    this.error = undefined
    while (this.position < end) {
      const octet = block[this.position]
      if (octet < 0x80 && (octet & 0xe0) === 0x20) {
        if (fieldsSeen) return 'table size update after a field'
        if (!this.updateTableSize(block, end)) return this.error
        continue
      }
      fieldsSeen = true
      if (this.updateRequired) return 'table size update missing'
      if (octet < 0x80) {
        if (!this.readLiteral(block, end, octet, receiver)) return this.error
        continue
      }
      const index = this.readInteger(block, end, 0x7f)
      if (index <= STATIC_TABLE_SIZE) {
        if (index <= 0) return this.error ?? 'index 0'
        receiver.onField(STATIC_NAMES[index], STATIC_VALUES[index], staticKinds[index])
      } else {
        const slot = table.slot(index - STATIC_TABLE_SIZE - 1)
        if (slot < 0) return 'index beyond the table'
        receiver.onField(table.names[slot], table.values[slot], table.tags[slot])
      }
    }
    return undefined
  }

  private updateTableSize(block: Buffer, end: number): boolean {
    const size = this.readInteger(block, end, 0x1f)
    if (size < 0) return false
    if (size > this.maxTableSize) return this.fail('table size update above the limit')
    this.table.resize(size)
    this.updateRequired = false
    return true
  }

  /** RFC 7541 6.2: with incremental indexing (01), without (0000), never indexed (0001). */
  private readLiteral(block: Buffer, end: number, octet: number, receiver: FieldReceiver): boolean {
    const indexed = octet >= 0x40
    const nameIndex = this.readInteger(block, end, indexed ? 0x3f : 0x0f)
    if (nameIndex < 0) return false
    let name: string | undefined
    let nameKind = UNKNOWN_NAME
    if (nameIndex === 0) {
      name = this.readString(block, end)
      if (name === undefined) return false
    } else if (nameIndex <= STATIC_TABLE_SIZE) {
      name = STATIC_NAMES[nameIndex]
      nameKind = this.classifier.staticKinds[nameIndex]
    } else {
      const slot = this.table.slot(nameIndex - STATIC_TABLE_SIZE - 1)
      if (slot < 0) return this.fail('name index beyond the table')
      name = this.table.names[slot]
      nameKind = this.table.tags[slot]
    }
    const value = this.readString(block, end)
    if (value === undefined) return false
    const kind = this.classifier.classify(name, value, nameKind)
    if (indexed) this.table.insert(name, value, kind)
    receiver.onField(name, value, kind)
    if ((octet & 0xf0) === 0x10) receiver.onNeverIndexed(name)
    return true
  }

  private readString(block: Buffer, end: number): string | undefined {
    if (this.position >= end) return this.failString('string cut off')
    const huffman = block[this.position] >= 0x80
    const length = this.readInteger(block, end, 0x7f)
    if (length < 0) return undefined
    const start = this.position
    const stop = start + length
    if (stop > end) return this.failString('string cut off')
    if (length > this.maxStringBytes) return this.failString('string too long')
    this.position = stop
    if (!huffman) return readLatin1(block, start, stop)
    const bound = huffmanDecodedBound(length)
    if (bound > this.scratch.length) this.scratch = Buffer.allocUnsafe(bound * 2)
    const decoded = huffmanDecode(block, start, stop, this.scratch)
    if (decoded < 0) return this.failString('invalid Huffman code')
    return readLatin1(this.scratch, 0, decoded)
  }

  /** Reads an integer whose first octet shares its low bits, `mask`, with a prefix (RFC 7541 5.1). -1: it is invalid. */
  private readInteger(block: Buffer, end: number, mask: number): number {
    let value = block[this.position++] & mask
    if (value < mask) return value
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.position >= end) break
      const octet = block[this.position++]
      value += (octet & 0x7f) << shift
      if (octet < 0x80) return value <= MAX_INTEGER ? value : this.failInteger()
    }
    return this.failInteger()
  }

  private fail(error: string): false {
    this.error = error
    return false
  }

  private failString(error: string): string | undefined {
    this.error = error
    return undefined
  }

  private failInteger(): number {
    this.error = 'integer cut off or too large'
    return -1
  }
}
