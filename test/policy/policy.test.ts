// A small share of what `main.ts` compares.

import { expect, test } from '@jest/globals'
import { comparePolicies } from './compare.ts'

test('random policies decide about random requests as in Envoy', async () => {
  const result = await comparePolicies({ seed: 20_261_201, policies: 120, requests: 20 })
  expect(result.disagreements).toEqual([])
  // Each way to decide has its share, so that agreement means something.
  for (const count of [result.allowed, result.denied, result.unmatched]) expect(count).toBeGreaterThan(200)
}, 60_000)
