// A parameter that is a regular expression, and what Envoy says of one that is not.

import type { LinearRegex } from '../lib/linear-regex.ts'
import { Problems } from '../lib/problems.ts'

/** The messages of RE2 in C++ in place of those of its port. */
const messages: readonly (readonly [RegExp, string])[] = [
  [/^.*?RE2's syntax: /, ''],
  [/^missing closing /, 'missing '],
  [/^missing argument to repetition operator/, 'no argument for repetition operator'],
  [/^invalid nested repetition operator/, 'bad repetition operator'],
  [/^invalid named capture:/, 'invalid named capture group:'],
  [/^invalid repeat count/, 'invalid repetition size'],
  [/^invalid or unsupported Perl syntax/, 'invalid perl operator'],
  [/: `([^]*)`$/, ': $1'],
]

/** The regex, or why it is none; undefined without a source. The engine is loaded when it is needed, which it seldom is. */
export async function regexParameter(source: string): Promise<LinearRegex | string | undefined> {
  if (source === '') return undefined
  const { compileRegex } = await import('../lib/linear-regex.ts')
  const problems = new Problems()
  const regex = compileRegex(source, problems)
  if (regex !== undefined) return regex
  return messages.reduce((text, [from, to]) => text.replace(from, to), problems.list[0].message)
}
