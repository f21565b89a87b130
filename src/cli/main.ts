// The command line's entry: real streams, real commands, and the exit code.

import { readFileSync } from 'node:fs'
import type { Terminal } from '../lib/terminal.ts'
import { type Commands, runProgram } from './program.ts'

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isColor: process.stdout.isTTY && process.stderr.isTTY && process.env['NO_COLOR'] === undefined,
}

const commands: Commands = {
  proxy: async (options) => (await import('../app/proxy.ts')).runProxy(options, version, terminal),
  translate: async (options) => (await import('../app/translate.ts')).runTranslate(options, terminal),
  validate: async (options) => (await import('../app/validate.ts')).runValidate(options, terminal),
  demo: async (options) => (await import('../demo/run-demo.ts')).runDemo(options, terminal),
}

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

// A reader that went away (`cairn translate | head`) is no mistake.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await runProgram(process.argv.slice(2), version, commands, terminal)
