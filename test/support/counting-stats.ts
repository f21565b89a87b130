// Statistics that a test reads: plain numbers by name.

import type { Counter, Gauge, Histogram, StatsStore } from '../../src/proxy/stream/stats.ts'

export class CountingStats implements StatsStore {
  private readonly numbers = new Map<string, number>()

  counter(name: string): Counter {
    return this.gauge(name)
  }

  gauge(name: string): Gauge {
    return {
      add: (amount) => void this.numbers.set(name, (this.numbers.get(name) ?? 0) + amount),
      set: (value) => void this.numbers.set(name, value),
    }
  }

  /** Counts the records. */
  histogram(name: string): Histogram {
    return { record: () => this.counter(name).add(1) }
  }

  /** What was ever touched under `prefix`, by the rest of its name. */
  of(prefix: string): Record<string, number> {
    const entries = [...this.numbers].filter(([name]) => name.startsWith(prefix))
    return Object.fromEntries(entries.map(([name, value]) => [name.slice(prefix.length), value]))
  }
}
