// The command: `node test/policy/main.ts [--policies N] [--requests N] [--seed N]`. Compares in rounds, each with an Envoy and a
// seed of its own, and prints the first disagreements.

import { parseArgs } from 'node:util'
import { comparePolicies } from './compare.ts'

const POLICIES_PER_ROUND = 500

const { values } = parseArgs({
  options: {
    policies: { type: 'string', default: '2000' },
    requests: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
  },
})
const total = Number(values.policies)
let [passed, failed] = [0, 0]
for (let round = 0; round * POLICIES_PER_ROUND < total; round++) {
  const seed = Number(values.seed) + round
  const policies = Math.min(POLICIES_PER_ROUND, total - round * POLICIES_PER_ROUND)
  const startedMs = performance.now()
  const result = await comparePolicies({ seed, policies, requests: Number(values.requests) })
  const { pairs, allowed, denied, unmatched, disagreements } = result
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(`seed ${seed}: ${pairs} pairs (${allowed} allowed, ${denied} denied, ${unmatched} denied for want of a policy) in ${seconds} s`) // prettier-ignore
  for (const { envoy, cairn, request, config } of disagreements.slice(0, 3)) {
    for (const [name, value] of Object.entries({ envoy, cairn, request, config }))
      console.log(`  ${name} ${JSON.stringify(value)}`)
  }
  failed += disagreements.length
  passed += pairs - disagreements.length
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = passed > 0 && failed === 0 ? 0 : 1
