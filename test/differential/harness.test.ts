// The judge is checked before it judges: normalisation must not hide a difference, and the table must not excuse one.

import { describe, expect, test } from '@jest/globals'
import { differences } from './compare.ts'
import { normalise } from './normalise.ts'
import { KNOWN_DIFFERENCES } from './known-differences.ts'
import { ALL_CASES } from './cases/all.ts'
import { GROUPS } from './case.ts'
import { placeCases } from './placement.ts'
import type { CaseRecord } from './records.ts'
import { judge, table } from './report.ts'

const RUN = { network: 99, hbonePort: 40_123 }

describe('normalising a record', () => {
  test('replaces times, generated ids, client ports and the addresses of the run', () => {
    const record = {
      headers: [
        'date: Tue, 24 Nov 2026 18:56:04 GMT',
        'x-request-id: 3fca2a4e-0d1c-9b7d-8a5b-0123456789ab',
        'x-envoy-upstream-service-time: 12',
      ],
      client: '127.0.0.1:54321',
      host: 'envoy://connect_originate/127.99.128.1:8080',
    }
    expect(normalise(record, RUN)).toEqual({
      headers: ['date: <date>', 'x-request-id: <uuid 9>', 'x-envoy-upstream-service-time: <ms>'],
      client: '127.0.0.1:<port>',
      host: 'envoy://connect_originate/127.80.128.1:8080',
    })
  })

  test('leaves values of the wrong form and ids that a case sent', () => {
    const record = [
      'date: Tue, 24 Nov 2026 18:56:04 UTC',
      'x-request-id: 00000000-1111-4222-8333-444444444444',
      'x-request-id: 3FCA2A4E-0D1C-9B7D-8A5B-0123456789AB',
      'x-envoy-upstream-service-time: soon',
    ]
    expect(normalise(record, RUN)).toEqual(record)
  })
})

describe('comparing records', () => {
  test('names the place of each difference', () => {
    expect(differences({ a: [1, { b: 2 }], c: 3 }, { a: [1, { b: 4 }], d: 5 })).toEqual([
      { path: 'a.1.b', expected: 2, actual: 4 },
      { path: 'c', expected: 3, actual: undefined },
      { path: 'd', expected: undefined, actual: 5 },
    ])
    expect(differences([1, 2], [1])).toEqual([{ path: '', expected: [1, 2], actual: [1] }])
    expect(differences('1', 1)).toHaveLength(1)
  })
})

describe('judging a run', () => {
  const record = (code: number): CaseRecord => ({ client: [['response', 'x']], pods: [], log: [{ code }] })
  const known = [{ case: 'errors/a', paths: ['log.0'], reason: 'because' }]

  test('a difference outside the listed paths is not excused', () => {
    const moved: CaseRecord = { ...record(502), client: [] }
    expect(judge(new Map([['errors/a', record(503)]]), new Map([['errors/a', moved]]), known)[0].outcome).toBe(
      'different',
    )
  })

  test('a listed difference is known while it occurs and stale when it does not', () => {
    const verdicts = (code: number): string[] =>
      judge(new Map([['errors/a', record(503)]]), new Map([['errors/a', record(code)]]), known).map(
        (item) => item.outcome,
      )
    expect(verdicts(502)).toEqual(['known'])
    expect(verdicts(503)).toEqual(['stale'])
  })

  test('a case that the second proxy has no record of is different', () => {
    const verdicts = judge(new Map([['errors/b', record(200)]]), new Map(), known)
    expect(verdicts[0].outcome).toBe('different')
    expect(table(verdicts)).toMatch(/errors +0 +1 +0\nall +0 +1 +0/)
  })
})

describe('the cases', () => {
  test('have names of their own and at least 20 stand in each group', () => {
    for (const group of GROUPS) {
      const names = ALL_CASES.filter((item) => item.group === group).map((item) => item.name)
      expect(new Set(names).size).toBe(names.length)
      expect(names.length).toBeGreaterThanOrEqual(20)
    }
    expect(ALL_CASES.length).toBeGreaterThanOrEqual(150)
  })

  test('get addresses that no other case has', () => {
    const addresses = placeCases(ALL_CASES, 80).flatMap((item) => [item.vip, ...item.pods.map((pod) => pod.address)])
    expect(new Set(addresses).size).toBe(addresses.length)
  })

  test('have known differences in at most 3 of 100, each with a reason and a case that exists', () => {
    expect(KNOWN_DIFFERENCES.length).toBeLessThanOrEqual(ALL_CASES.length * 0.03)
    for (const entry of KNOWN_DIFFERENCES) {
      expect(ALL_CASES.map((item) => `${item.group}/${item.name}`)).toContain(entry.case)
      expect(entry.reason.length).toBeGreaterThan(20)
    }
  })
})
