// `cairn validate`: everything that is wrong with Kubernetes objects, Envoy configuration and certificates, told apart by
// their content. Judges with what the proxy itself would use, without opening a socket.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { certificateFileNames } from '../envoy/mesh-secrets.ts'
import type { Terminal } from '../lib/terminal.ts'
import { CertificateFolder } from '../sources/certificates/certificate-folder.ts'
import { findFiles } from '../sources/files/find-files.ts'
import type { ValidateOptions } from './command-options.ts'
import { fileKindOf } from './file-kind.ts'
import { countFindings, findingOfDiagnostic, hasErrors, printFindings, type Finding } from './findings.ts'
import { validateBootstrap, validateResourceList } from './validate-envoy.ts'
import { validateObjects } from './validate-objects.ts'

/** What one validation found, and how much there was to look at. */
interface Report {
  readonly findings: readonly Finding[]
  /** `12 objects in 3 files`, `2 listeners in envoy.yaml`. */
  readonly counts: readonly string[]
}

export async function runValidate({ paths, format }: ValidateOptions, terminal: Terminal): Promise<number> {
  const report = await validate(paths)
  const ok = !hasErrors(report.findings)
  if (format === 'json') terminal.out(`${JSON.stringify({ ok, ...report }, undefined, 2)}\n`)
  else printReport(report, ok, terminal)
  return ok ? 0 : 1
}

async function validate(paths: readonly string[]): Promise<Report> {
  const found = findFiles(paths)
  const findings: Finding[] = found.errors.map(({ path, code }) =>
    fileFinding('error', path, code === 'ENOENT' ? 'does not exist' : `cannot be read: ${code}`, 'correct the path'),
  )
  const reports: Report[] = []
  const objectFiles: string[] = []
  for (const { path } of found.files) {
    const kind = fileKindOf(readText(path))
    if (kind.kind === 'objects') objectFiles.push(path)
    else if (kind.kind === 'bootstrap') reports.push(await validateBootstrap(path))
    else if (kind.kind === 'resources') reports.push(validateResourceList(path, kind.schema))
    else findings.push(unknownFile(path, paths.includes(path)))
  }
  if (objectFiles.length > 0) reports.push(await validateObjects(objectFiles))
  for (const folder of found.directories) {
    if (existsSync(join(folder, certificateFileNames.certificateChain))) reports.push(validateCertificates(folder))
  }
  return {
    findings: [...findings, ...reports.flatMap((report) => report.findings)],
    counts: reports.flatMap((report) => report.counts),
  }
}

/** What cannot be read is reported by the reader that it is given to. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function unknownFile(path: string, isNamed: boolean): Finding {
  const message = 'holds neither Kubernetes objects (apiVersion, kind) nor Envoy configuration (static_resources)'
  return isNamed
    ? fileFinding('error', path, message, 'name another file')
    : fileFinding('warning', path, message, 'it was passed over')
}

function fileFinding(severity: Finding['severity'], file: string, message: string, remedy: string): Finding {
  return { severity, file, line: 0, object: '', path: '', message, remedy }
}

function validateCertificates(folder: string): Report {
  const { diagnostics, spiffeId, notAfterMs } = new CertificateFolder(folder, Date.now).read()
  const identity = spiffeId === '' ? 'no identity' : spiffeId
  return {
    findings: diagnostics.map(findingOfDiagnostic),
    counts: notAfterMs === 0 ? [] : [`a certificate of ${identity} until ${new Date(notAfterMs).toISOString()}`],
  }
}

function printReport({ findings, counts }: Report, ok: boolean, terminal: Terminal): void {
  printFindings(findings, (text) => terminal.out(text), terminal)
  const summary = [ok ? 'ok' : '', countFindings(findings)].filter((part) => part !== '').join(', ')
  terminal.out(`${summary}: ${counts.length === 0 ? 'nothing to look at' : counts.join('; ')}\n`)
}
