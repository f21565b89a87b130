// Builds h2spec, runs it against an address, and judges its report against the table of exceptions. Does not know what it tests.

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Exceptions, NO_EXCEPTIONS } from './exceptions.ts'

/** The newest version that `go list -m -versions` names for the module: 146 cases, those of RFC 7540. */
export const H2SPEC_VERSION = 'v2.2.1+incompatible'
const MODULE = 'github.com/summerwind/h2spec/cmd/h2spec'

const run = promisify(execFile)

export interface H2specCase {
  /** As `exceptions.ts` names it: `http2/6.9.2/3`. */
  readonly number: string
  readonly title: string
  readonly passed: boolean
}

export interface H2specVerdict {
  readonly cases: readonly H2specCase[]
  /** Failed without an exception. */
  readonly failures: readonly H2specCase[]
  /** Exceptions whose case passed: they are out of date. */
  readonly needless: readonly string[]
}

export interface H2specTarget {
  readonly host: string
  readonly port: number
  /** TLS with ALPN, certificates not verified. */
  readonly tls?: boolean
  readonly path?: string
  readonly exceptions?: Exceptions
  /** Sections such as `http2/6.9`; all by default. */
  readonly sections?: readonly string[]
}

/**
 * Path of the h2spec binary in `CAIRN_CACHE` (by default ~/.cache/cairn), built with `go install` the first time.
 * Throws with what Go said when that fails.
 */
export async function buildH2spec(): Promise<string> {
  const directory = join(process.env.CAIRN_CACHE ?? join(homedir(), '.cache/cairn'), 'h2spec', H2SPEC_VERSION)
  const binary = join(directory, 'h2spec')
  if (existsSync(binary)) return binary
  mkdirSync(directory, { recursive: true })
  try {
    await run('go', ['install', `${MODULE}@${H2SPEC_VERSION}`], {
      env: { ...process.env, GOBIN: directory, CGO_ENABLED: '0' },
      cwd: directory,
    })
  } catch (error) {
    const reason = (error as { stderr?: string }).stderr?.trim() || String(error)
    throw new Error(`h2spec cannot be built: "go install ${MODULE}@${H2SPEC_VERSION}" says: ${reason}`)
  }
  return binary
}

/** Runs every case, the strict ones too. */
export async function runH2spec(target: H2specTarget): Promise<H2specVerdict> {
  const binary = await buildH2spec()
  const scratch = mkdtempSync(join(tmpdir(), 'cairn-h2spec-'))
  const report = join(scratch, 'report.xml')
  const options = ['--host', target.host, '--port', String(target.port), '--strict', '--junit-report', report]
  if (target.path !== undefined) options.push('--path', target.path)
  if (target.tls === true) options.push('--tls', '--insecure')
  try {
    // Exit code 1 means that cases failed; the report says which.
    const output = await run(binary, [...options, ...(target.sections ?? [])]).catch((error: unknown) => error)
    if (!existsSync(report))
      throw new Error(`h2spec wrote no report: ${String((output as { stdout?: string }).stdout)}`)
    return judge(parseReport(readFileSync(report, 'utf8')), target.exceptions)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Reads h2spec's JUnit report. A case's number is its place in its section. */
export function parseReport(xml: string): H2specCase[] {
  const cases: H2specCase[] = []
  const counts = new Map<string, number>()
  const pattern = /<testcase package="([^"]*)" classname="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g
  for (const [, section, title, body = ''] of xml.matchAll(pattern)) {
    const place = (counts.get(section) ?? 0) + 1
    counts.set(section, place)
    const passed = !/<(failure|error|skipped)/.test(body)
    cases.push({ number: `${section}/${place}`, title: unescapeXml(title), passed })
  }
  return cases
}

export function judge(cases: readonly H2specCase[], exceptions: Exceptions = NO_EXCEPTIONS): H2specVerdict {
  return {
    cases,
    failures: cases.filter(({ number, passed }) => !passed && !exceptions.has(number)),
    needless: cases.filter(({ number, passed }) => passed && exceptions.has(number)).map(({ number }) => number),
  }
}

function unescapeXml(text: string): string {
  const entities: Record<string, string> = { quot: '"', apos: "'", lt: '<', gt: '>', amp: '&', '#34': '"', '#39': "'" }
  return text.replaceAll(/&([a-z]+|#\d+);/g, (whole, name: string) => entities[name] ?? whole)
}
