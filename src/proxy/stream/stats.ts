// The three kinds of statistics as the data plane uses them; who stores and prints them is not its concern.

export interface Counter {
  add(amount: number): void
}

export interface Gauge {
  add(amount: number): void
  set(value: number): void
}

export interface Histogram {
  /** In the unit that the name says (`_ms`, `_bytes`). */
  record(value: number): void
}

/** Finds or creates a statistic by its full Envoy name, e.g. `cluster.reviews.upstream_rq_total`. Not for the hot path. */
export interface StatsStore {
  counter(name: string): Counter
  gauge(name: string): Gauge
  histogram(name: string): Histogram
}
