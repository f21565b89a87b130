// The command: `node test/h2spec/run.ts [HOST:PORT [SECTION...]]`. Without an address it tests the codec behind the echo server,
// once with each answer to malformed messages.

import { startHttp2EchoServer } from './http2-echo-server.ts'
import { runH2spec, type H2specTarget, type H2specVerdict } from './run-h2spec.ts'

let passed = 0
let failed = 0

function report(name: string, { cases, failures, needless }: H2specVerdict): void {
  const excused = cases.filter(({ passed }) => !passed).length - failures.length
  process.stdout.write(
    `${name}: ${cases.length} cases, ${failures.length} failed, ${excused} failed with an exception\n`,
  )
  for (const { number, title } of failures) process.stdout.write(`  failed: ${number} ${title}\n`)
  for (const number of needless) process.stdout.write(`  needless exception: ${number}\n`)
  passed += cases.length - failures.length
  failed += failures.length + needless.length
}

async function testEchoServer(overrideStreamErrorOnInvalidHttpMessage: boolean): Promise<void> {
  const server = await startHttp2EchoServer(0, { overrideStreamErrorOnInvalidHttpMessage })
  try {
    const name = overrideStreamErrorOnInvalidHttpMessage ? 'codec, stream errors' : 'codec, connection errors'
    report(name, await runH2spec({ host: '127.0.0.1', port: server.port }))
  } finally {
    await server.close()
  }
}

const [address, ...sections] = process.argv.slice(2)
if (address === undefined) {
  await testEchoServer(false)
  await testEchoServer(true)
} else {
  const colon = address.lastIndexOf(':')
  const target: H2specTarget = { host: address.slice(0, colon), port: Number(address.slice(colon + 1)), sections }
  report(address, await runH2spec(target))
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
process.exitCode = passed > 0 && failed === 0 ? 0 : 1
