// Compares an answer with what is expected, as the suite does, and a little more.

import type { Expectation, TrafficSplit } from './conformance-case.ts'
import type { Answer } from './requests.ts'

/** How far a share may be off. */
const tolerance = 0.05

/** What is wrong with the answer, one sentence each. */
export function problemsOf(answer: Answer, expected: Expectation): string[] {
  const problems: string[] = []
  const same = (what: string, found: string | number | undefined, wanted: string | number | undefined): void => {
    if (found !== wanted) problems.push(`${what} is ${found ?? 'missing'}, not ${wanted ?? 'absent'}`)
  }
  same('status', answer.status, expected.status ?? 200)
  const seen = answer.echo?.headers ?? []
  const seenAs = (name: string): string | undefined => {
    const lines = seen.filter(([found]) => found === name.toLowerCase())
    return lines.length === 0 ? undefined : lines.map(([, value]) => value).join(',')
  }
  for (const [name, value] of Object.entries(expected.headers ?? {}))
    same(`request header ${name}`, seenAs(name), value)
  for (const name of expected.absentHeaders ?? []) same(`request header ${name}`, seenAs(name), undefined)
  for (const [name, value] of Object.entries(expected.responseHeaders ?? {})) {
    same(`response header ${name}`, answer.headers[name.toLowerCase()], value)
  }
  for (const name of expected.absentResponseHeaders ?? []) {
    same(`response header ${name}`, answer.headers[name.toLowerCase()], undefined)
  }
  if (expected.location !== undefined) same('location', answer.headers['location'], expected.location)
  if (expected.path !== undefined) same('path', answer.echo?.path, expected.path)
  const { backend } = expected
  if (backend !== undefined && answer.echo?.pod.startsWith(backend) !== true) {
    problems.push(`the backend is ${answer.echo?.pod ?? 'nobody'}, not ${backend}`)
  }
  return problems
}

export function splitProblems(answers: readonly Answer[], { shares }: TrafficSplit): string[] {
  const problems: string[] = []
  const counts = new Map(Object.keys(shares).map((backend) => [backend, 0]))
  for (const { status, echo } of answers) {
    const backend = Object.keys(shares).find((name) => echo?.pod.startsWith(name))
    if (status !== 200 || backend === undefined) problems.push(`status ${status} from ${echo?.pod ?? 'nobody'}`)
    else counts.set(backend, counts.get(backend)! + 1)
  }
  for (const [backend, share] of Object.entries(shares)) {
    const found = counts.get(backend)! / answers.length
    if (Math.abs(found - share) > tolerance) problems.push(`the share of ${backend} is ${found}, not ${share}`)
  }
  return problems
}
