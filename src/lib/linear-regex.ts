// Regular expressions whose cost is linear in the input, with RE2's syntax and meaning (Envoy's safe_regex). re2js judges
// the syntax and is the general engine; patterns proved simple run as plain string code. V8's backtracking engine is never
// given a pattern from configuration.

import { RE2JS } from 're2js'
import type { Problems } from './problems.ts'
import { readSequences } from './regex-shape.ts'
import type { Sequence } from './regex-shape.ts'
import { compileSequence } from './sequence-matcher.ts'
import type { SequenceMatcher } from './sequence-matcher.ts'

export class LinearRegex {
  readonly source: string
  private readonly engine: RE2JS
  /** The pattern as string code, any of which matches; undefined when only the engine can tell. */
  private readonly matchers: readonly SequenceMatcher[] | undefined
  /** What every string that matches as a whole begins with; possibly less than there is to know. */
  readonly literalPrefix: string

  constructor(source: string, engine: RE2JS) {
    const sequences = readSequences(source)
    const matchers = sequences?.map(compileSequence)
    this.source = source
    this.engine = engine
    this.matchers = matchers?.every((matcher) => matcher !== undefined) ? matchers : undefined
    this.literalPrefix = sequences === undefined ? '' : commonPrefix(sequences.map(literalPrefix))
  }

  /** Whether the pattern matches the whole of `value`, as all of Envoy's matchers ask. */
  matches(value: string): boolean {
    if (this.matchers === undefined) return this.engine.testExact(value)
    for (let i = 0; i < this.matchers.length; i++) {
      const answer = this.matchers[i](value)
      if (answer === true) return true
      if (answer === 'unsure') return this.engine.testExact(value)
    }
    return false
  }

  /** Whether the pattern matches anywhere in `value`. */
  find(value: string): boolean {
    return this.engine.test(value)
  }

  /**
   * A function that replaces every match as RE2's GlobalReplace does: `\1` is a group, `\0` the match, `\\` a backslash.
   * Undefined, and problems noted, if RE2 would refuse the substitution.
   */
  compileRewrite(rewrite: string, problems: Problems): ((value: string) => string) | undefined {
    const parts: (string | number)[] = []
    const before = problems.list.length
    for (const [part] of rewrite.matchAll(/\\[^]?|[^\\]+/g)) {
      if (part[0] !== '\\') parts.push(part)
      else if (part === '\\\\') parts.push('\\')
      else if (!/^\\\d$/.test(part))
        problems.add(`"${part}" in the substitution: after \\ only a digit or another \\ may stand`)
      else if (Number(part[1]) > this.engine.groupCount())
        problems.add(`"${part}" in the substitution: the pattern has no such group`)
      else parts.push(Number(part[1]))
    }
    if (problems.list.length > before) return undefined
    return (value) => this.replaceAll(value, parts)
  }

  private replaceAll(value: string, parts: readonly (string | number)[]): string {
    const matcher = this.engine.matcher(value)
    let out = ''
    let end = -1
    while (matcher.find()) {
      // RE2 takes no empty match right behind another match.
      if (matcher.end() === end && matcher.start() === end) continue
      out += value.slice(Math.max(end, 0), matcher.start())
      for (const part of parts) out += typeof part === 'string' ? part : (matcher.group(part) ?? '')
      end = matcher.end()
    }
    return out + value.slice(Math.max(end, 0))
  }

  /** False when the general engine does the matching: for tests. */
  get isPlain(): boolean {
    return this.matchers !== undefined
  }
}

/** Undefined, and a problem noted, if `source` is not a pattern that RE2 accepts. */
export function compileRegex(source: string, problems: Problems): LinearRegex | undefined {
  try {
    return new LinearRegex(source, RE2JS.compile(source))
  } catch (error) {
    problems.add(
      `not a regular expression of RE2's syntax: ${(error as Error).message.replace(/^error parsing regexp: /, '')}`,
    )
    return undefined
  }
}

function literalPrefix(sequence: Sequence): string {
  let prefix = ''
  for (const item of sequence) {
    if (item.literal === undefined || item.min === 0) break
    prefix += item.literal.repeat(item.min)
    if (item.max !== item.min) break
  }
  return prefix
}

function commonPrefix(texts: readonly string[]): string {
  let common = texts[0] ?? ''
  for (const text of texts) while (!text.startsWith(common)) common = common.slice(0, -1)
  return common
}
