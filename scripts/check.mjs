// `npm run check`: everything that is true of the code without running it. One line per check; the output of a failed
// check follows. `npm run check -- types lint` runs only those.

import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = (name) => join(root, 'node_modules', '.bin', name)

// Longest first: the check that is started last should be short.
const checks = [
  {
    name: 'lint',
    what: 'eslint with the type-aware rules',
    command: [
      bin('eslint'),
      '--max-warnings=0',
      '--cache',
      '--cache-location',
      'node_modules/.cache/eslint/',
      '--cache-strategy',
      'content',
      '.',
    ],
    remedy: 'the message of a rule says what to write instead; `npx eslint --fix` mends some',
  },
  {
    name: 'types',
    what: 'TypeScript',
    command: [bin('tsc'), '--noEmit', '-p', 'tsconfig.json'],
    remedy: 'mend the types; casts need a reason in a comment',
  },
  {
    name: 'house rules',
    what: 'who may import whom',
    command: [
      bin('depcruise'),
      '--config',
      '.dependency-cruiser.mjs',
      '--output-type',
      'err-long',
      'src',
      'test',
      'scripts',
    ],
    remedy: 'each rule gives its reason and the way out',
  },
  {
    name: 'dead code',
    what: 'unused files, exports and packages',
    command: [bin('knip'), '--no-progress', '--no-config-hints'],
    remedy: 'delete it, or drop the word export',
  },
  {
    name: 'format',
    what: 'prettier',
    command: [bin('prettier'), '--check', '--log-level', 'warn', '.'],
    remedy: 'npm run format',
  },
  {
    name: 'sizes',
    what: 'lines a file and a function',
    command: [process.execPath, join('scripts', 'check-sizes.mjs')],
    remedy: 'cut the file or function along its own seams',
    showOutput: true,
  },
  {
    name: 'rooms',
    what: 'a README per room, and pages that name files',
    command: [process.execPath, join('scripts', 'check-rooms.mjs')],
    remedy: 'say in 20 lines what the room is, what it must not know, its invariants, where to start; name what exists',
  },
]

/** Runs one check; resolves with its exit code, its output and the seconds it took. */
function run(check) {
  return new Promise((resolve) => {
    const started = Date.now()
    const child = spawn(check.command[0], check.command.slice(1), {
      cwd: root,
      env: { ...process.env, FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => resolve({ check, code: 1, output: String(error), seconds: 0 }))
    child.on('close', (code) => {
      resolve({ check, code: code ?? 1, output: output.trim(), seconds: (Date.now() - started) / 1000 })
    })
  })
}

function report({ check, code, output, seconds }) {
  const verdict = code === 0 ? 'ok  ' : 'FAIL'
  const note = code === 0 && check.showOutput ? `  ${output.split('\n').at(-1)}` : ''
  console.log(`${verdict} ${check.name.padEnd(12)} ${check.what.padEnd(40)} ${seconds.toFixed(1).padStart(5)} s${note}`)
}

async function main() {
  const wanted = process.argv.slice(2)
  const unknown = wanted.find((name) => !checks.some((check) => check.name === name))
  if (unknown !== undefined) {
    console.error(`There is no check named ${unknown}; there are: ${checks.map((check) => check.name).join(', ')}.`)
    return 2
  }
  const queue = checks.filter((check) => wanted.length === 0 || wanted.includes(check.name))
  const total = queue.length
  const failed = []
  async function worker() {
    for (let check = queue.shift(); check !== undefined; check = queue.shift()) {
      const result = await run(check)
      report(result)
      if (result.code !== 0) failed.push(result)
    }
  }
  await Promise.all(Array.from({ length: Math.max(2, Math.min(4, availableParallelism())) }, worker))
  for (const { check, output } of failed) {
    console.log(`\n--- ${check.name}: ${check.remedy}\n${output}`)
  }
  console.log(`\nchecks: ${total - failed.length} passed, ${failed.length} failed`)
  return failed.length === 0 ? 0 : 1
}

process.exitCode = await main()
