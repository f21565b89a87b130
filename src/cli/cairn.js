#!/usr/bin/env node
// The executable: runs the bundled program (npm run build), or its sources where there is no bundle, with the Node that it needs:
// at least 26, for which the package `node` stands in, and for a proxy with V8's memory set as decision 0004 says.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bundled = fileURLToPath(new URL('../../dist/bundle/cairn.js', import.meta.url))
const main = existsSync(bundled) ? bundled : fileURLToPath(new URL('./main.ts', import.meta.url))

/**
 * A proxy gives back what it does not need. V8 and the C library read this at their start only, so the process begins anew with it.
 * Each line was measured: decision 0004.
 */
const memoryFlags = [
  // For the one collection when the first configuration runs.
  '--expose-gc',
  // The pages of a thread that ended, such as the one that reads configuration, are not kept for other threads.
  '--no-memory-pool-share-memory-on-teardown',
  // The middle compiler leaves 15 MB of holes behind, and what runs hot does not stay with it.
  '--no-maglev',
  // Threads that help V8 to compile and to collect.
  '--v8-pool-size=1',
]
const memoryVariables = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '32768', MALLOC_TRIM_THRESHOLD_: '65536' }

function nodeOfPackage() {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node')
  } catch {
    return undefined
  }
}

async function runHere() {
  process.argv[1] = main
  await import(main)
}

/** In place of this process: same id, same parent. */
function beginAnew() {
  const args = [process.execPath, ...process.execArgv, ...memoryFlags, main, ...process.argv.slice(2)]
  process.execve(process.execPath, args, { ...memoryVariables, ...process.env })
}

function runBelow(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0)
  })
}

if (Number(process.versions.node.split('.')[0]) >= 26) {
  if (process.argv[2] === 'proxy' && process.platform !== 'win32') beginAnew()
  else await runHere()
} else {
  const node = nodeOfPackage()
  if (node === undefined) {
    process.stderr.write(
      `cairn needs Node 26 and runs on ${process.version}; \`npm ci\` in its folder brings it along.\n`,
    )
    process.exit(1)
  }
  runBelow(node)
}
