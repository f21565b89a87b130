// The support tables as a page for people: src/docs/support.md. `npm run support` writes it, a test compares.

import { extensionPoints, type TypeStatus } from './extension-points.ts'
import type { FieldTable, Refused, Status } from './status.ts'
import { fieldTables } from './tables.ts'

/** Markdown, with a newline at the end. */
export function printSupport(): string {
  const categories = Object.entries(extensionPoints).map(([name, types]) => printCategory(name, types))
  const messages = [...fieldTables].map(([name, table]) => printMessage(name, table))
  return `${INTRODUCTION}\n## Extensions\n\n${categories.join('\n')}\n## Fields\n\n${messages.join('\n')}`
}

const INTRODUCTION = `# What is supported

Written by \`npm run support\` from \`src/envoy/support/\`; not to be edited. What is not executed is refused with its
path when a configuration has it. With \`--skip-unsupported\`, what is marked *can be left out* is left out and listed; in the
place of the rest stands something that denies.
`

function printCategory(name: string, types: Readonly<Record<string, TypeStatus>>): string {
  const rows = Object.entries(types).map(([type, status]) => `| \`${type}\` | ${describe(status)} |\n`)
  return `### ${name}\n\n| type | |\n|---|---|\n${rows.join('')}`
}

/** Executed fields are a list, the others stand together by what is said of them. */
function printMessage(name: string, table: FieldTable): string {
  const executed: string[] = []
  const others = new Map<string, string[]>()
  for (const [field, status] of Object.entries(table)) {
    const text = isExecuted(status) ? exceptions(status) : describe(status)
    if (text === '') executed.push(`\`${field}\``)
    else others.set(text, [...(others.get(text) ?? []), `\`${field}\``])
  }
  const head = `### ${name}\n\n${executed.length === 0 ? '' : `Executed: ${executed.join(', ')}.\n\n`}`
  if (others.size === 0) return executed.length === 0 ? `${head}It has no fields.\n` : head.replace(/\n$/, '')
  const rows = [...others].map(([text, fields]) => `| ${fields.join(', ')} | ${text} |\n`)
  return `${head}| fields | |\n|---|---|\n${rows.join('')}`
}

type Executed = Exclude<Status, Refused | { readonly kind: 'no-effect' }>

function isExecuted(status: Status): status is Executed {
  return status.kind !== 'refused' && status.kind !== 'no-effect'
}

/** Of an executed field: the values that are refused, or what may stand in it; empty when there is nothing to say. */
function exceptions(status: Executed): string {
  if (status.kind === 'extension-point') return `executed: the types of ${status.category}`
  if (status.kind !== 'values') return ''
  const refused = Object.entries(status.values).filter(([, value]) => value.kind === 'refused')
  return refused.length === 0 ? '' : `executed, but for ${refused.map(([value]) => `\`${value}\``).join(', ')}`
}

function describe(status: TypeStatus | Refused): string {
  if (status.kind === 'implemented') return 'executed'
  if (status.kind === 'no-effect') return `no effect: ${status.reason}`
  return `refused: ${status.reason}${status.skips === 'nothing' ? '' : '; can be left out'}`
}
