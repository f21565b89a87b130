// What is wrong with a thing that a user wrote, where, and what to do about it. Diagnostics are collected, never thrown.

/**
 * Where a thing stands: a file and a line of it, or the API server. Lines count from 1; 0 means the file as a whole; no file, that
 * the mistake is in no text. */
export interface Place {
  readonly file: string
  readonly line: number
}

export interface Diagnostic extends Place {
  /** An error refuses the object, or the part of it that `field` names. A warning changes nothing. */
  readonly severity: 'error' | 'warning'
  /** `HTTPRoute demo/echo`, or empty when the object has no readable identity. */
  readonly object: string
  /** `spec.rules[0].matches[1].path.value`, or empty. */
  readonly field: string
  readonly message: string
  /** What to do next, as an imperative. May be empty where the message says it all. */
  readonly remedy: string
}

/** One line: `a.yaml:12: error: HTTPRoute demo/echo: spec.rules[0].name: what is wrong; what to do`. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, severity, object, field, message, remedy } = diagnostic
  const where = file === '' ? '' : line > 0 ? `${file}:${line}: ` : `${file}: `
  const subject = [object, field].filter((part) => part !== '').join(': ')
  return `${where}${severity}: ${subject === '' ? '' : `${subject}: `}${message}${remedy === '' ? '' : `; ${remedy}`}`
}
