// Turns sections into Markdown, for the terminal and for the README beside this file.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { WorkloadResult } from './paired-load.ts'
import { plotCosts } from './plot.ts'
import type { Section } from './scenario.ts'

const begin = '<!-- results: written by `npm run bench -- --write` -->'
const end = '<!-- end of results -->'

export function toMarkdown(section: Section): string {
  const lines = [`### ${section.title}`, '', section.note, '', `| ${section.columns.join(' | ')} |`]
  lines.push(`|${section.columns.map((_, i) => (i === 0 ? '---' : '--:')).join('|')}|`)
  for (const row of section.rows) lines.push(`| ${row.join(' | ')} |`)
  if (section.checks.length > 0) {
    lines.push('', ...section.checks.map((check) => `- ${check.isMet ? 'met' : '**not met**'}: ${check.text}`))
  }
  return lines.join('\n')
}

/** Replaces the tables of README.md and the plot beside it. `heading` says when and on what they were measured. */
export function writeReport(sections: Section[], heading: string): void {
  const readme = join(import.meta.dirname, 'README.md')
  const before = readFileSync(readme, 'utf8')
  const [head, rest] = before.split(begin)
  const tail = rest.split(end)[1]
  const load = sections.find((section) => section.name === 'load')
  const body = [heading]
  if (load !== undefined) {
    writeFileSync(join(import.meta.dirname, 'cost-per-request.svg'), plotCosts(load.data as WorkloadResult[]))
    body.push('![CPU per request, relative to Envoy](cost-per-request.svg)')
  }
  body.push(...sections.map(toMarkdown))
  writeFileSync(readme, `${head}${begin}\n\n${body.join('\n\n')}\n\n${end}${tail}`)
}
