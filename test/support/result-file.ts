// The record that a long suite leaves in test/results: what was run, on which commit, for which rooms it vouches, what it
// printed and what it measured. `scripts/stale-results.mjs` reads it.

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

export interface ResultRecord {
  name: string
  commit: string
  /** True when tracked files differed from that commit. */
  modified: boolean
  /** ISO 8601, of the end. */
  date: string
  command: string
  exitCode: number
  seconds: number
  /** Paths below the repository's root; a later commit that touches one makes the result stale. */
  covers: string[]
  output: string
  measurements: unknown
}

/** Collects what a suite prints, so that its record holds the raw output too. */
export class Transcript {
  private readonly lines: string[] = []
  private readonly startedAt = Date.now()

  print(line = ''): void {
    this.lines.push(line)
    console.log(line)
  }

  /** Writes test/results/NAME.json and returns its path from the root. */
  record(name: string, covers: string[], exitCode: number, measurements: unknown): string {
    const record: ResultRecord = {
      name,
      commit: git('rev-parse', 'HEAD'),
      modified: git('status', '--porcelain', '--untracked-files=no') !== '',
      date: new Date().toISOString(),
      command: ['node', ...process.argv.slice(1).map((arg) => arg.replace(`${root}/`, ''))].join(' '),
      exitCode,
      seconds: Math.round((Date.now() - this.startedAt) / 1000),
      covers,
      output: this.lines.join('\n'),
      measurements,
    }
    const path = `test/results/${name}.json`
    mkdirSync(join(root, 'test/results'), { recursive: true })
    writeFileSync(join(root, path), `${JSON.stringify(record, null, 1)}\n`)
    return path
  }
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}
