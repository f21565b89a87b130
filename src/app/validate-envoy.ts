// Judges Envoy configuration as the proxy would: reads it with the files that it names, and builds everything without sockets.

import type { DescMessage } from '@bufbuild/protobuf'
import type { ConfigError } from '../envoy/config-error.ts'
import { SnapshotBuilder } from '../envoy/snapshot-builder.ts'
import { EnvoySource } from '../sources/bootstrap/envoy-source.ts'
import { GoodContents, Reading } from '../sources/bootstrap/reading.ts'
import { SnapshotChecker } from './check-snapshot.ts'
import type { ConfiguredResource } from './configuration-source.ts'
import { count, findingOfConfigError, type Finding } from './findings.ts'

interface EnvoyReport {
  readonly findings: readonly Finding[]
  readonly counts: readonly string[]
}

export async function validateBootstrap(file: string): Promise<EnvoyReport> {
  const options = { skipUnsupported: false, listen: undefined, certificates: undefined, now: Date.now }
  const { resources, errors, warnings } = new EnvoySource({ kind: 'envoy-config', file }, options).read()
  const findings = findingsOf(errors, warnings)
  if (errors.length === 0) findings.push(...(await buildFindings(resources, file)))
  return { findings, counts: [countResources(resources, file)] }
}

/** A list by itself: what its resources name may be in another. `schema` is the type of those that do not name theirs. */
export function validateResourceList(file: string, schema: DescMessage): EnvoyReport {
  const reading = new Reading({ skipUnsupported: false, nowMs: Date.now() }, new GoodContents())
  const errorAt = (path: string, message: string, remedy: string) => {
    return { file, line: 0, column: 0, path, message, remedy }
  }
  reading.follow(schema, { file, watchedDirectory: undefined }, { path: '', errorAt })
  const { resources, errors, warnings } = reading
  return { findings: findingsOf(errors, warnings), counts: [countResources(resources, file)] }
}

/** What shows only when everything is built. `file` is named in what is found. */
export async function buildFindings(resources: readonly ConfiguredResource[], file: string): Promise<Finding[]> {
  const builder = new SnapshotBuilder()
  for (const { desc, message } of resources) builder.addMessage(desc, message)
  const checker = new SnapshotChecker(true)
  const problems = await checker.check(builder.build(''))
  return problems.map(({ path, message }) => {
    return { severity: 'error', file, line: 0, object: '', path, message, remedy: '' }
  })
}

function findingsOf(errors: readonly ConfigError[], warnings: readonly ConfigError[]): Finding[] {
  return [
    ...errors.map((error) => findingOfConfigError('error', error)),
    ...warnings.map((error) => findingOfConfigError('warning', error)),
  ]
}

function countResources(resources: readonly ConfiguredResource[], file: string): string {
  const counts = new Map<string, number>()
  for (const { desc } of resources) counts.set(desc.name, (counts.get(desc.name) ?? 0) + 1)
  const parts = [...counts].map(([name, number]) => count(number, name))
  return `${parts.length === 0 ? 'no resources' : parts.join(', ')} in ${file}`
}
