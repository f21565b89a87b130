// MT19937 (Matsumoto and Nishimura 1998), as std::mt19937: for choices that are to be the same as Envoy's.

const SIZE = 624
const MIDDLE = 397

export class MersenneTwister {
  private readonly state = new Uint32Array(SIZE)
  private at = SIZE

  /** Starts again; `seed` counts as 32 bits. */
  seed(seed: number): void {
    const { state } = this
    state[0] = seed
    for (let i = 1; i < SIZE; i++) {
      const previous = state[i - 1] ^ (state[i - 1] >>> 30)
      state[i] = Math.imul(previous, 1812433253) + i
    }
    this.at = SIZE
  }

  /** 32 bits, unsigned. */
  next(): number {
    if (this.at === SIZE) this.refill()
    let value = this.state[this.at++]
    value ^= value >>> 11
    value ^= (value << 7) & 0x9d2c5680
    value ^= (value << 15) & 0xefc60000
    return (value ^ (value >>> 18)) >>> 0
  }

  private refill(): void {
    const { state } = this
    for (let i = 0; i < SIZE; i++) {
      const mixed = (state[i] & 0x80000000) | (state[(i + 1) % SIZE] & 0x7fffffff)
      state[i] = state[(i + MIDDLE) % SIZE] ^ (mixed >>> 1) ^ ((mixed & 1) === 0 ? 0 : 0x9908b0df)
    }
    this.at = 0
  }
}
