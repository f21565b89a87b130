// The bins of histograms: log-linear, 18 a decade, from 0.5 to 1e9, with one for 0. Envoy's default bucket bounds are all edges, or are
// interpolated (1.8e6, 3.6e6); quantiles are interpolated within a bin. Envoy's own histograms have 90 bins a decade.

/** Upper edges (inclusive) of one decade. */
const mantissas = [1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9, 10]
const decades = 9

/** `upperEdges[bin]` is the largest value of the bin; the last bin has none. */
const upperEdges: readonly number[] = [
  0,
  0.5,
  1,
  ...Array.from({ length: decades }, (_, decade) => mantissas.map((mantissa) => mantissa * 10 ** decade)).flat(),
  Infinity,
]

export const binCount = upperEdges.length

/** The bounds that Envoy prints (`le`), the last of them +Inf. */
export const defaultBuckets: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000,
]

/** The quantiles that Envoy prints, as percentages. */
export const quantilePercents: readonly number[] = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100]

/** Bins of three decades; a larger value is scaled down by 1000 and counts this many bins further up. */
const groupBins = 3 * mantissas.length
/** Bin by four times the value, rounded up: all edges up to 1000 are multiples of 0.25. */
const binByQuarter = new Uint8Array(4001)
for (let quarter = 0, bin = 0; quarter <= 4000; quarter++) {
  while (quarter > upperEdges[bin] * 4) bin++
  binByQuarter[quarter] = bin
}

/** The bin of a value >= 0. */
export function binOf(value: number): number {
  if (value <= 1000) return binByQuarter[Math.ceil(value * 4)]
  let scaled = value
  let bin = 0
  while (scaled > 1000) {
    scaled /= 1000
    bin += groupBins
    if (bin === 3 * groupBins) return binCount - 1
  }
  return bin + binByQuarter[Math.ceil(scaled * 4)]
}

/** Values above `lower` and up to `lower + width`. */
export interface HistogramBin {
  readonly lower: number
  readonly width: number
  readonly count: number
}

/** What a histogram held at one moment. */
export class HistogramSnapshot {
  readonly counts: Float64Array
  readonly sum: number
  readonly count: number

  constructor(counts: Float64Array, sum: number) {
    this.counts = counts
    this.sum = sum
    this.count = counts.reduce((total, count) => total + count, 0)
  }

  /** What was recorded since `earlier`, a snapshot of the same histogram. */
  since(earlier: HistogramSnapshot): HistogramSnapshot {
    return new HistogramSnapshot(
      this.counts.map((count, bin) => count - earlier.counts[bin]),
      this.sum - earlier.sum,
    )
  }

  /** How many values are at most `bound`; interpolated when the bound is no edge. */
  countUpTo(bound: number): number {
    let total = 0
    for (let bin = 0; bin < binCount; bin++) {
      const lower = bin === 0 ? 0 : upperEdges[bin - 1]
      const upper = upperEdges[bin]
      if (upper <= bound) total += this.counts[bin]
      else return lower < bound ? total + Math.round((this.counts[bin] * (bound - lower)) / (upper - lower)) : total
    }
    return total
  }

  /** The bins that hold values; the last one, which has no upper edge, counts as one point. */
  bins(): HistogramBin[] {
    const bins: HistogramBin[] = []
    for (let bin = 0; bin < binCount; bin++) {
      if (this.counts[bin] === 0) continue
      const lower = bin === 0 ? 0 : upperEdges[bin - 1]
      const width = upperEdges[bin] === Infinity ? 0 : upperEdges[bin] - lower
      bins.push({ lower, width, count: this.counts[bin] })
    }
    return bins
  }

  /** The value up to which `percent` of the values lie, interpolated within its bin; NaN when empty. */
  quantile(percent: number): number {
    if (this.count === 0) return NaN
    const rank = (percent / 100) * this.count
    let below = 0
    for (let bin = 0; bin < binCount; bin++) {
      const inBin = this.counts[bin]
      if (inBin === 0 || below + inBin < rank) {
        below += inBin
        continue
      }
      const lower = bin === 0 ? 0 : upperEdges[bin - 1]
      if (upperEdges[bin] === Infinity) return lower
      return lower + ((upperEdges[bin] - lower) * (rank - below)) / inBin
    }
    return NaN
  }
}
