// Chance, injectable: tests pass a seeded one.

export interface Random {
  /** An integer in [0, limit); 0 when limit is 0. */
  below(limit: number): number
}

/** Fast and not for secrets. */
export const mathRandom: Random = {
  below: (limit) => Math.floor(Math.random() * limit),
}

/** xorshift32: the same sequence for the same seed. */
export function seededRandom(seed: number): Random {
  let state = seed | 0 || 1
  return {
    below(limit) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return limit === 0 ? 0 : (state >>> 0) % limit
    },
  }
}
