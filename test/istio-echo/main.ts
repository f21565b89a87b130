// The command: `node test/istio-echo/main.ts`. Istio's own echo client, through Cairn, to Istio's own echo server: every protocol
// that a waypoint carries, with the certificates of both legs verified. A table, and a last line `N passed, N failed`.

import { buildEchoPrograms } from './build.ts'
import { checksOf } from './checks.ts'
import { startEchoMesh } from './mesh.ts'

const programs = await buildEchoPrograms()
const mesh = await startEchoMesh(programs)
let passed = 0
let failed = 0
try {
  for (const { destination, what, run } of checksOf(programs, mesh)) {
    const startedMs = performance.now()
    const problem = await run().then(
      (text) => text,
      (error: unknown) => String(error),
    )
    const took = `${Math.round(performance.now() - startedMs)} ms`
    console.log(`${problem === undefined ? 'passed' : 'FAILED'}  ${destination.padEnd(9)} ${what.padEnd(58)} ${took}`)
    if (problem === undefined) passed++
    else {
      failed++
      console.log(problem.replaceAll(/^/gm, '    '))
    }
  }
} finally {
  await mesh.stop()
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = passed > 0 && failed === 0 ? 0 : 1
