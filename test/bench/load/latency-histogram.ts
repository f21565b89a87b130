// Counts latencies in log-linear buckets (1 us up to 1 ms, then 0.2 %), so that a quantile costs nothing to keep.

const linear = 1024
const perDoubling = linear / 2
const doublings = 17

export class LatencyHistogram {
  count = 0
  maxUs = 0
  private readonly buckets = new Uint32Array(linear + perDoubling * doublings)

  record(microseconds: number): void {
    const value = Math.max(0, Math.round(microseconds))
    this.count++
    if (value > this.maxUs) this.maxUs = value
    this.buckets[Math.min(bucketOf(value), this.buckets.length - 1)]++
  }

  /** The smallest latency in us that at least `fraction` of the recorded ones do not exceed; 0 when there is none. */
  quantileUs(fraction: number): number {
    const rank = Math.ceil(this.count * fraction)
    let seen = 0
    for (let i = 0; i < this.buckets.length; i++) {
      seen += this.buckets[i]
      if (seen >= rank && seen > 0) return Math.min(upperBoundOf(i), this.maxUs)
    }
    return this.maxUs
  }
}

function bucketOf(value: number): number {
  if (value < linear) return value
  const exponent = 31 - Math.clz32(value)
  return linear + (exponent - 10) * perDoubling + (value >>> (exponent - 9)) - perDoubling
}

function upperBoundOf(bucket: number): number {
  if (bucket < linear) return bucket
  const doubling = Math.floor((bucket - linear) / perDoubling)
  const step = (bucket - linear) % perDoubling
  return (perDoubling + step + 1) * 2 ** (doubling + 1) - 1
}
