// `npm run verify:long [name...]`: the suites that take too long for every change, one after another. What each printed and
// whether it passed is kept in test/results/NAME.json; scripts/stale-results.mjs says which of those are out of date.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { longSuites } from './long-suites.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const results = join(root, 'test', 'results')
const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
// Suites are TypeScript, which the Node of the project runs, whatever Node runs this file.
const path = `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`

/** Runs a suite, its output passed on and collected; resolves with exit code and output. */
function run(command) {
  return new Promise((resolve) => {
    const child = spawn(command[0], command.slice(1), {
      cwd: root,
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const collect = (stream, to) =>
      stream.on('data', (chunk) => {
        output += chunk
        to.write(chunk)
      })
    collect(child.stdout, process.stdout)
    collect(child.stderr, process.stderr)
    child.on('error', (error) => resolve({ exitCode: 1, output: String(error) }))
    child.on('close', (code) => resolve({ exitCode: code ?? 1, output }))
  })
}

/** What the suite itself wrote during this run, if it writes figures. */
function readMeasurements(file, sinceMs) {
  if (!existsSync(file) || statSync(file).mtimeMs < sinceMs) return undefined
  return JSON.parse(readFileSync(file, 'utf8')).measurements
}

async function verify(suite) {
  console.log(`\n== ${suite.name}: ${suite.command.join(' ')}`)
  const startedAt = Date.now()
  const commit = git('rev-parse', 'HEAD')
  const modified = git('status', '--porcelain', '--untracked-files=no', '--', ...suite.covers) !== ''
  const { exitCode, output } = await run(suite.command)
  const file = join(results, `${suite.name}.json`)
  const record = {
    name: suite.name,
    commit,
    modified,
    date: new Date().toISOString(),
    command: suite.command.join(' '),
    exitCode,
    seconds: Math.round((Date.now() - startedAt) / 1000),
    covers: suite.covers,
    output: output.replaceAll(root, '.'),
    measurements: readMeasurements(file, startedAt),
  }
  mkdirSync(results, { recursive: true })
  writeFileSync(file, `${JSON.stringify(record, null, 1)}\n`)
  return record
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !longSuites.some((suite) => suite.name === name))
if (unknown.length > 0) {
  console.error(`no suite ${unknown.join(', ')}; there are ${longSuites.map((suite) => suite.name).join(', ')}`)
  process.exit(1)
}
const records = []
for (const suite of longSuites) {
  if (wanted.length === 0 || wanted.includes(suite.name)) records.push(await verify(suite))
}
console.log()
for (const { name, exitCode, seconds } of records) {
  console.log(`${exitCode === 0 ? 'passed' : 'FAILED'}  ${name}  ${seconds} s`)
}
process.exitCode = records.every((record) => record.exitCode === 0) ? 0 : 1
