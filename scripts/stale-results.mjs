// Which results of long suites are out of date: missing, failed, made on modified files, or older than the last commit that
// touched a room they cover. Exit code 1 if any is.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { longSuites } from './long-suites.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}

/** Commits after the result's that touch what it covers; the tables a bench writes about itself do not count. */
function commitsSince(commit, covers) {
  try {
    const range = `${commit}..HEAD`
    const log = git('log', '--format=%h %s', range, '--', ...covers, ':(exclude)*.md', ':(exclude)*.svg')
    return log === '' ? [] : log.split('\n')
  } catch {
    return [`${commit} is not in this history`]
  }
}

function judge(suite) {
  const file = join(root, 'test', 'results', `${suite.name}.json`)
  if (!existsSync(file)) return 'never run'
  const { commit, exitCode, modified, date } = JSON.parse(readFileSync(file, 'utf8'))
  if (exitCode !== 0) return `failed on ${date}`
  if (modified) return `made on ${commit.slice(0, 7)} with modified files`
  const since = commitsSince(commit, suite.covers)
  if (since.length === 0) return undefined
  return `older than ${since.length} commit${since.length === 1 ? '' : 's'}, the last: ${since[0]}`
}

let stale = 0
for (const suite of longSuites) {
  const reason = judge(suite)
  if (reason !== undefined) stale++
  console.log(`${suite.name}: ${reason ?? 'up to date'}`)
}
process.exitCode = stale === 0 ? 0 : 1
