// Judges two sets of records and prints the result: a table per group, and every difference that is not known.

import { differences, type Difference } from './compare.ts'
import type { KnownDifference } from './known-differences.ts'
import type { CaseRecord } from './records.ts'

export interface Verdict {
  readonly key: string
  readonly outcome: 'passed' | 'known' | 'different' | 'stale'
  readonly differences: readonly Difference[]
  /** Of a known difference. */
  readonly reason?: string
}

/** One verdict per case of `expected`, in its order. */
export function judge(
  expected: ReadonlyMap<string, CaseRecord>,
  actual: ReadonlyMap<string, CaseRecord>,
  known: readonly KnownDifference[],
): Verdict[] {
  return [...expected].map(([key, record]) => {
    const found = differences(record, actual.get(key))
    const entry = known.find((candidate) => candidate.case === key)
    if (entry === undefined) return { key, outcome: found.length === 0 ? 'passed' : 'different', differences: found }
    const unknown = found.filter((difference) => !entry.paths.some((path) => isAtOrBelow(difference.path, path)))
    if (unknown.length > 0) return { key, outcome: 'different', differences: unknown, reason: entry.reason }
    return { key, outcome: found.length === 0 ? 'stale' : 'known', differences: found, reason: entry.reason }
  })
}

function isAtOrBelow(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}.`)
}

/** Counts per group, as lines of text. */
export function table(verdicts: readonly Verdict[]): string {
  const groups = [...new Set(verdicts.map((verdict) => groupOf(verdict.key)))]
  const count = (group: string, ...outcomes: string[]): number =>
    verdicts.filter((item) => (group === 'all' || groupOf(item.key) === group) && outcomes.includes(item.outcome))
      .length
  const rows = [...groups, 'all'].map((group) => [
    group,
    ...[count(group, 'passed'), count(group, 'different', 'stale'), count(group, 'known')].map(String),
  ])
  return [['group', 'passed', 'different', 'known'], ...rows]
    .map(([name, ...numbers]) => name.padEnd(12) + numbers.map((number) => number.padStart(11)).join(''))
    .join('\n')
}

/** What differs in each case that did not pass, as lines of text. */
export function details(verdicts: readonly Verdict[], names: readonly [expected: string, actual: string]): string {
  const width = Math.max(...names.map((name) => name.length))
  const blocks = verdicts
    .filter((verdict) => verdict.outcome === 'different' || verdict.outcome === 'stale')
    .map((verdict) => {
      if (verdict.outcome === 'stale') return `${verdict.key}: listed as a known difference, but does not differ`
      const lines = verdict.differences.map(
        (item) => `  ${item.path}\n    ${line(names[0], item.expected)}\n    ${line(names[1], item.actual)}`,
      )
      return `${verdict.key}\n${lines.join('\n')}`
    })
  return blocks.join('\n')

  function line(name: string, value: unknown): string {
    return `${name.padEnd(width)} ${JSON.stringify(value) ?? 'nothing'}`
  }
}

function groupOf(key: string): string {
  return key.slice(0, key.indexOf('/'))
}
