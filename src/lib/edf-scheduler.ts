// Earliest deadline first: items come up in proportion to their weights, ties in order of insertion. A binary heap.

interface Entry<T> {
  readonly item: T
  deadline: number
  order: number
}

export class EdfScheduler<T> {
  private readonly heap: Entry<T>[] = []
  private now = 0
  private order = 0

  constructor(items: readonly T[], weightOf: (item: T) => number) {
    for (const item of items) this.push({ item, deadline: 1 / weightOf(item), order: this.order++ })
  }

  /** Picks an item and schedules it again with the weight it has now. */
  next(weightOf: (item: T) => number): T | undefined {
    const top = this.heap[0]
    if (top === undefined) return undefined
    this.now = top.deadline
    top.deadline = this.now + 1 / weightOf(top.item)
    top.order = this.order++
    this.sink(0)
    return top.item
  }

  private push(entry: Entry<T>): void {
    const { heap } = this
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(heap[at], heap[parent])) return
      swap(heap, at, parent)
      at = parent
    }
  }

  private sink(start: number): void {
    const { heap } = this
    for (let at = start; ;) {
      let first = at
      const left = 2 * at + 1
      if (left < heap.length && isBefore(heap[left], heap[first])) first = left
      if (left + 1 < heap.length && isBefore(heap[left + 1], heap[first])) first = left + 1
      if (first === at) return
      swap(heap, at, first)
      at = first
    }
  }
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order)
}

function swap<T>(heap: Entry<T>[], a: number, b: number): void {
  const entry = heap[a]
  heap[a] = heap[b]
  heap[b] = entry
}
