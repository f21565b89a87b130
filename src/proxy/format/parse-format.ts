// Splits a format string into literal text and operator calls: `%NAME%`, `%NAME(argument)%`, `%NAME(argument):length%`, `%%`.

import type { Problems } from '../../lib/problems.ts'
import type { OperatorCall } from './operator.ts'

/** Text, or a call with the position of its `%`. */
export type FormatToken = string | (OperatorCall & { readonly position: number })

// The argument ends at the first `)` behind which the operator ends, so it may hold parentheses and percent signs.
const OPERATOR = /%([A-Z0-9_]+)(?:\((.*?)\))?(?::([0-9]{1,9}))?%/suy

export function parseFormat(format: string, problems: Problems): FormatToken[] {
  const tokens: FormatToken[] = []
  let literal = ''
  for (let at = 0; at < format.length;) {
    const percent = format.indexOf('%', at)
    const stop = percent < 0 ? format.length : percent
    literal += format.slice(at, stop)
    if (stop === format.length) break
    if (format[stop + 1] === '%') {
      literal += '%'
      at = stop + 2
      continue
    }
    OPERATOR.lastIndex = stop
    const match = OPERATOR.exec(format)
    if (match === null) {
      problems.add(`couldn't find a valid operator at position ${stop} of "${format}" (a percent sign is written %%)`)
      return tokens
    }
    if (literal !== '') tokens.push(literal)
    literal = ''
    const [, name, argument, length] = match
    tokens.push({
      name,
      argument: argument || undefined,
      length: length === undefined ? undefined : Number(length),
      position: stop,
    })
    at = OPERATOR.lastIndex
  }
  if (literal !== '') tokens.push(literal)
  return tokens
}
