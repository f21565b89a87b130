// Istio's echo client and server, built from their Go module once into CAIRN_CACHE. Istio has no semantic versions for Go, so the
// version is that of a commit. Takes minutes and about a gigabyte of Go's own caches the first time.

import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const MODULE = 'istio.io/istio'
export const ISTIO_VERSION = 'v0.0.0-20260827124520-eed52ebb66ad'
const PROGRAMS = { client: `${MODULE}/pkg/test/echo/cmd/client`, server: `${MODULE}/pkg/test/echo/cmd/server` }

const run = promisify(execFile)

export interface EchoPrograms {
  readonly client: string
  readonly server: string
}

/** Throws with what Go said when it cannot build them. */
export async function buildEchoPrograms(): Promise<EchoPrograms> {
  const directory = join(process.env.CAIRN_CACHE ?? join(homedir(), '.cache/cairn'), 'istio-echo', ISTIO_VERSION)
  const programs: EchoPrograms = { client: join(directory, 'client'), server: join(directory, 'server') }
  if (existsSync(programs.client) && existsSync(programs.server)) return programs
  mkdirSync(directory, { recursive: true })
  const scratch = mkdtempSync(join(tmpdir(), 'cairn-istio-echo-'))
  try {
    await build(scratch)
    for (const name of ['client', 'server'] as const) renameAcross(join(scratch, name), programs[name])
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  return programs
}

/** A module of our own that needs Istio's: its `replace` directives forbid `go install module@version`. */
async function build(scratch: string): Promise<void> {
  writeFileSync(join(scratch, 'go.mod'), `module peers\n\ngo 1.26.0\n\nrequire ${MODULE} ${ISTIO_VERSION}\n`)
  const imports = Object.values(PROGRAMS).map((path) => `\t_ "${path}"\n`)
  writeFileSync(join(scratch, 'tools.go'), `//go:build tools\n\npackage tools\n\nimport (\n${imports.join('')})\n`)
  // It complains about modules that only other parts of Istio need.
  await go(scratch, ['mod', 'tidy', '-e']).catch(() => undefined)
  for (const [name, path] of Object.entries(PROGRAMS)) {
    await go(scratch, ['build', '-mod=mod', '-trimpath', '-ldflags', '-s -w', '-o', join(scratch, name), path])
  }
}

async function go(cwd: string, args: readonly string[]): Promise<void> {
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' }
  try {
    await run('go', args, { cwd, env, maxBuffer: 64 << 20 })
  } catch (error) {
    const reason = (error as { stderr?: string }).stderr?.trim() || String(error)
    throw new Error(`Istio's echo programs cannot be built: "go ${args.join(' ')}" says: ${reason.slice(-2000)}`)
  }
}

/** By way of the target's directory, so that a program is there whole or not at all; /tmp may be another file system. */
function renameAcross(from: string, to: string): void {
  const staged = `${to}.${process.pid}`
  copyFileSync(from, staged)
  renameSync(staged, to)
}
