// What commands say about files: one shape for objects and Envoy configuration, printed for people or for programs.

import type { ConfigError } from '../envoy/config-error.ts'
import { colored, table, type Terminal } from '../lib/terminal.ts'
import type { Diagnostic } from '../resources/diagnostic.ts'

export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly file: string
  /** From 1; 0 for the file as a whole. */
  readonly line: number
  /** `HTTPRoute demo/echo`; empty for what is no object. */
  readonly object: string
  /** The field: `spec.rules[0].name`, `static_resources.clusters[0].name`. May be empty. */
  readonly path: string
  readonly message: string
  /** What to do about it. May be empty. */
  readonly remedy: string
}

export function findingOfDiagnostic({ field, severity, file, line, object, message, remedy }: Diagnostic): Finding {
  return { severity, file, line, object, path: field, message, remedy }
}

export function findingOfConfigError(severity: Finding['severity'], error: ConfigError): Finding {
  const { file, line, path, message, remedy } = error
  return { severity, file, line, object: '', path, message, remedy }
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error')
}

/** `2 errors, 1 warning`; empty for none. */
export function countFindings(findings: readonly Finding[]): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  return [count(errors, 'error'), count(findings.length - errors, 'warning')].filter((part) => part !== '').join(', ')
}

/**
 * Each as one line that says where, in columns that are aligned over all of them, and below it what is wrong and what to do.
 */
export function printFindings(findings: readonly Finding[], write: (text: string) => void, terminal: Terminal): void {
  const places = table(findings.map((finding) => [placeOf(finding), subjectOf(finding)]))
  for (const [index, { severity, message, remedy }] of findings.entries()) {
    const head = colored(terminal, severity === 'error' ? 'red' : 'yellow', severity.padEnd(severityWidth))
    const what = `${message}${remedy === '' ? '' : `; ${remedy}`}`
    write(places[index] === '' ? `${head}${what}\n` : `${head}${places[index]}\n${' '.repeat(severityWidth)}${what}\n`)
  }
}

const severityWidth = 'warning'.length + 2

function placeOf({ file, line }: Finding): string {
  return line > 0 ? `${file}:${line}` : file
}

function subjectOf({ object, path }: Finding): string {
  return [object, path].filter((part) => part !== '').join('  ')
}

/** `1 object`, `2 objects`; empty for none. */
export function count(number: number, noun: string): string {
  return number === 0 ? '' : `${number} ${noun}${number === 1 ? '' : 's'}`
}
