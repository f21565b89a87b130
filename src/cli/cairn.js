#!/usr/bin/env node
// The executable: runs the bundled program (npm run build), or its sources where there is no bundle. With a Node older than
// 26 it starts the one that the package `node` brought, and passes on arguments, signals and the exit code.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bundled = fileURLToPath(new URL('../../dist/bundle/cairn.js', import.meta.url))
const main = existsSync(bundled) ? bundled : fileURLToPath(new URL('./main.ts', import.meta.url))

function nodeOfPackage() {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node')
  } catch {
    return undefined
  }
}

if (Number(process.versions.node.split('.')[0]) >= 26) {
  process.argv[1] = main
  await import(main)
} else {
  const node = nodeOfPackage()
  if (node === undefined) {
    process.stderr.write(
      `cairn needs Node 26 and runs on ${process.version}; \`npm ci\` in its folder brings it along.\n`,
    )
    process.exit(1)
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0)
  })
}
