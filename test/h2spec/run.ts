// The command: `node test/h2spec/run.ts [codec|proxy | HOST:PORT [SECTION...]]`. Without an argument it tests the codec behind the
// echo server, once with each answer to malformed messages, and then the HTTP/2 servers of a running proxy.

import { startHttp2EchoServer } from './http2-echo-server.ts'
import { startProxyServers } from './proxy-servers.ts'
import { runH2spec, type H2specTarget, type H2specVerdict } from './run-h2spec.ts'

let passed = 0
let failed = 0

function report(name: string, { cases, failures, needless }: H2specVerdict): void {
  const excused = cases.filter((one) => !one.passed).length - failures.length
  console.log(`${name}: ${cases.length} cases, ${failures.length} failed, ${excused} failed with an exception`)
  for (const { number, title } of failures) console.log(`  failed: ${number} ${title}`)
  for (const number of needless) console.log(`  needless exception: ${number}`)
  // No case at all is no success.
  const bad = failures.length + needless.length + (cases.length === 0 ? 1 : 0)
  failed += bad
  passed += Math.max(0, cases.length - excused - bad)
}

async function testCodec(): Promise<void> {
  for (const overrideStreamErrorOnInvalidHttpMessage of [false, true]) {
    const server = await startHttp2EchoServer(0, { overrideStreamErrorOnInvalidHttpMessage })
    try {
      const name = overrideStreamErrorOnInvalidHttpMessage ? 'codec, stream errors' : 'codec, connection errors'
      report(name, await runH2spec({ host: '127.0.0.1', port: server.port }))
    } finally {
      await server.close()
    }
  }
}

async function testProxy(): Promise<void> {
  const servers = await startProxyServers()
  try {
    for (const [name, target] of servers.targets) report(name, await runH2spec(target))
  } finally {
    await servers.close()
  }
}

const [what, ...sections] = process.argv.slice(2)
if (what === undefined || what === 'codec') await testCodec()
if (what === undefined || what === 'proxy') await testProxy()
if (what?.includes(':')) {
  const colon = what.lastIndexOf(':')
  const target: H2specTarget = { host: what.slice(0, colon), port: Number(what.slice(colon + 1)), sections }
  report(what, await runH2spec(target))
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = passed > 0 && failed === 0 ? 0 : 1
