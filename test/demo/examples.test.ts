// Every folder of examples/ runs: each request of its requests.txt is answered as that says, by a real waypoint.

import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { runDemo } from '../../src/demo/run-demo.ts'

const examples = join(import.meta.dirname, '../../examples')

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-example-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test.each(readdirSync(examples))(
  'the example %s is answered as its requests.txt says',
  async (name) => {
    expect(existsSync(join(examples, name, 'README.md'))).toBe(true)
    cpSync(join(examples, name), folder, { recursive: true })
    // Pods of examples have fixed ports; another address keeps them apart from a demo that runs beside this test.
    const mesh = join(folder, 'mesh.yaml')
    writeFileSync(mesh, readFileSync(mesh, 'utf8').replaceAll('127.0.0.1', '127.79.3.1'))
    let output = ''
    const write = (text: string) => void (output += text)
    const exitCode = await runDemo(
      { once: true, folder, firstPort: 29_000 },
      { out: write, err: write, isColor: false },
    )
    expect([exitCode, output]).toEqual([0, expect.stringContaining('answered as expected')])
  },
  60_000,
)
