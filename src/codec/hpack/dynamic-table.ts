// The dynamic table of HPACK (RFC 7541 2.3.2 and 4): a first-in first-out list bounded in octets. Both directions use it.

/** What an entry counts beyond its name and value (RFC 7541 4.1). */
export const ENTRY_OVERHEAD = 32

const INITIAL_SLOTS = 16

/** Entries lie in a ring of parallel arrays; entry 0 is the newest. `tags` is the owner's number for each entry. */
export class DynamicTable {
  names: string[]
  values: string[]
  tags: number[]
  /** Entries held now. */
  count = 0
  /** Entries inserted ever; the newest entry has this number, the oldest held `inserted - count + 1`. */
  inserted = 0
  /** Octets held, as RFC 7541 4.1 counts them. */
  size = 0
  /** Octets that may be held. */
  maxSize: number
  private mask = INITIAL_SLOTS - 1

  constructor(maxSize: number) {
    this.maxSize = maxSize
    this.names = new Array<string>(INITIAL_SLOTS).fill('')
    this.values = new Array<string>(INITIAL_SLOTS).fill('')
    this.tags = new Array<number>(INITIAL_SLOTS).fill(0)
  }

  /** Where entry `index` (0 is the newest) lies in the arrays, or -1. */
  slot(index: number): number {
    return index < this.count ? (this.inserted - index) & this.mask : -1
  }

  /** Makes room and inserts. An entry larger than the whole table empties it and is not inserted (RFC 7541 4.4). */
  insert(name: string, value: string, tag: number): void {
    const size = name.length + value.length + ENTRY_OVERHEAD
    if (this.size + size > this.maxSize) this.evict(this.maxSize - size)
    if (size > this.maxSize) return
    if (this.count > this.mask) this.grow()
    const slot = ++this.inserted & this.mask
    this.names[slot] = name
    this.values[slot] = value
    this.tags[slot] = tag
    this.count++
    this.size += size
  }

  /** Changes the bound and evicts what no longer fits. */
  resize(maxSize: number): void {
    this.maxSize = maxSize
    if (this.size > maxSize) this.evict(maxSize)
  }

  private evict(target: number): void {
    while (this.count > 0 && this.size > target) {
      const slot = (this.inserted - this.count + 1) & this.mask
      this.size -= this.names[slot].length + this.values[slot].length + ENTRY_OVERHEAD
      // The strings may be slices of something large: let go of them.
      this.names[slot] = ''
      this.values[slot] = ''
      this.count--
    }
  }

  private grow(): void {
    const mask = this.mask * 2 + 1
    const names = new Array<string>(mask + 1).fill('')
    const values = new Array<string>(mask + 1).fill('')
    const tags = new Array<number>(mask + 1).fill(0)
    for (let number = this.inserted - this.count + 1; number <= this.inserted; number++) {
      names[number & mask] = this.names[number & this.mask]
      values[number & mask] = this.values[number & this.mask]
      tags[number & mask] = this.tags[number & this.mask]
    }
    this.names = names
    this.values = values
    this.tags = tags
    this.mask = mask
  }
}
