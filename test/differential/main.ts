// Runs the differential cases against two proxies and compares what happened.
// node test/differential/main.ts [--subjects envoy,cairn] [--group NAME] [--case NAME] [--later] [--json FILE] [--show]

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MeshAuthority } from '../support/certificates.ts'
import { ALL_CASES } from './cases/all.ts'
import { GROUPS } from './case.ts'
import { KNOWN_DIFFERENCES } from './known-differences.ts'
import type { CaseRecord } from './records.ts'
import { details, judge, table, type Verdict } from './report.ts'
import { keyOf, runCases } from './run-cases.ts'
import { SUBJECTS } from './subjects.ts'

const { values } = parseArgs({
  options: {
    /** One proxy (records only) or two (the first is the reference). */
    subjects: { type: 'string', default: 'envoy,cairn' },
    group: { type: 'string', multiple: true },
    case: { type: 'string', multiple: true },
    exclude: { type: 'string', multiple: true, default: [] },
    /** Run the cases, too, whose configuration Cairn still refuses. */
    later: { type: 'boolean', default: false },
    concurrency: { type: 'string', default: '12' },
    /** Records and verdicts as JSON. */
    json: { type: 'string' },
    /** Print the records. */
    show: { type: 'boolean', default: false },
    /** Keep bootstraps and logs, and say where. */
    keep: { type: 'boolean', default: false },
  },
})

const subjects = values.subjects.split(',')
for (const subject of subjects) if (!(subject in SUBJECTS)) fail(`unknown subject ${subject}`)
for (const group of values.group ?? []) if (!GROUPS.some((known) => known === group)) fail(`unknown group ${group}`)
const chosen = ALL_CASES.filter(
  (item) =>
    (values.group?.includes(item.group) ?? true) &&
    (values.case?.some((name) => name === item.name || name === keyOf(item)) ?? true) &&
    !values.exclude.includes(item.name),
)
const cases = chosen.filter((item) => item.later === undefined || values.later)
for (const item of chosen) if (!cases.includes(item)) console.error(`skipped ${keyOf(item)}: ${item.later}`)
if (cases.length === 0) fail('no such case')

const authority = await MeshAuthority.create()
const foreignAuthority = await MeshAuthority.create('elsewhere')
const directory = mkdtempSync(join(tmpdir(), 'cairn-differential-'))
const records: Map<string, CaseRecord>[] = subjects.map(() => new Map())
for (const group of GROUPS) {
  const ofGroup = cases.filter((item) => item.group === group)
  if (ofGroup.length === 0) continue
  for (const [i, subject] of subjects.entries()) {
    const startedMs = performance.now()
    const result = await runCases({
      subject,
      cases: ofGroup,
      directory: join(directory, `${group}-${i}-${subject}`),
      authority,
      foreignAuthority,
      concurrency: Number(values.concurrency),
      reference: i === 0 ? undefined : records[0],
    }).catch((error: unknown) => {
      console.error(`${group}: ${error instanceof Error ? error.stack : String(error)}`)
      return new Map<string, CaseRecord>()
    })
    for (const [key, record] of result) records[i].set(key, record)
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
    console.error(`${group}: ${result.size} cases with ${subject} in ${seconds} s`)
  }
}
if (values.keep) console.error(`kept ${directory}`)
else rmSync(directory, { recursive: true, force: true })

let verdicts: Verdict[] = []
if (values.show) for (const [key, record] of records[0]) console.log(key, JSON.stringify(record, undefined, 1))
if (subjects.length > 1) {
  verdicts = judge(records[0], records[1], KNOWN_DIFFERENCES)
  console.log(details(verdicts, [subjects[0], subjects[1]]))
  console.log(table(verdicts))
}
if (values.json !== undefined) {
  const content = { subjects, verdicts, records: records.map((map) => Object.fromEntries(map)) }
  writeFileSync(values.json, JSON.stringify(content, undefined, 1))
}
// A case without a record failed, too: its proxy did not start.
const passed =
  subjects.length > 1
    ? verdicts.filter((item) => item.outcome === 'passed' || item.outcome === 'known').length
    : records[0].size
console.log(`\n${passed} passed, ${cases.length - passed} failed, ${chosen.length - cases.length} skipped`)
process.exit(passed === cases.length ? 0 : 1)

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}
