// The mesh tests of the Gateway API's conformance suite (v1.6.1), through a running waypoint. One after the other on one mesh,
// with routes that come and go under the same names, as in the suite.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '../support/eventually.ts'
import type { ConformanceCase, MeshRequest, TrafficSplit } from './conformance-case.ts'
import { ConformanceMesh } from './conformance-mesh.ts'
import { problemsOf, splitProblems } from './verdict.ts'

/** Successes in a row that count as one, and how long they are waited for. */
const required = 3
const convergenceMs = 10_000

const splitRequests = 500
const splitAtOnce = 20
const splitTries = 10

const folder = join(import.meta.dirname, 'cases')
const cases: readonly ConformanceCase[] = await Promise.all(
  readdirSync(folder).map(async (file) => {
    const module = (await import(join(folder, file))) as { conformanceCase: ConformanceCase }
    return module.conformanceCase
  }),
)

let mesh: ConformanceMesh

beforeAll(async () => {
  mesh = await ConformanceMesh.start()
}, 60_000)
afterAll(() => mesh.stop())

test.each(cases.map((one) => [one.name, one] as const))(
  '%s',
  async (_, one) => {
    await mesh.apply(one)
    for (const request of one.requests) expect([request, await converged(request)]).toEqual([request, []])
    if (one.split !== undefined) expect(await splitConverged(one.split)).toEqual([])
  },
  60_000,
)

test('all mesh tests of the suite are here, and the one that came after v1.6.1', () => {
  expect(cases).toHaveLength(23)
})

/** The problems of the last answer, when the time is over. */
async function converged(request: MeshRequest): Promise<string[]> {
  let problems: string[] = []
  let inARow = 0
  await eventually(async () => {
    problems = problemsOf(await mesh.send(request), request.expect)
    inARow = problems.length === 0 ? inARow + 1 : 0
    return inARow === required
  }, convergenceMs)
  return problems
}

async function splitConverged(split: TrafficSplit): Promise<string[]> {
  let problems: string[] = []
  for (let tries = 0; tries < splitTries; tries++) {
    let left = splitRequests
    const one = async () => {
      const answers = []
      while (left-- > 0) answers.push(await mesh.send(split.request))
      return answers
    }
    const answers = await Promise.all(Array.from({ length: splitAtOnce }, one))
    problems = splitProblems(answers.flat(), split)
    if (problems.length === 0) break
  }
  return problems
}
