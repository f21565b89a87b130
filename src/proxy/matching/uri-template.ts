// Path templates of envoy.extensions.path.match.uri_template.v3: `/a/*/b`, `/{id}/**`, `/{v=api/*}/x`, compiled to a regular
// expression over the characters that RFC 3986 allows in a path; and what envoy.extensions.path.rewrite.uri_template.v3 makes of
// their variables. Envoy takes a `*` within a literal for the quantifier of its regular expression; here it is refused.

import { compileRegex } from '../../lib/linear-regex.ts'
import type { LinearRegex } from '../../lib/linear-regex.ts'
import type { Problems } from '../../lib/problems.ts'

const PATH_CHARACTERS = "a-zA-Z0-9\\-._~%!$&'()*+,;:@="
const SEGMENT = `[${PATH_CHARACTERS}]+`
const ANYTHING = `[${PATH_CHARACTERS}/]*`
const LITERAL = new RegExp(`^[${PATH_CHARACTERS}]+$`)
const MAX_VARIABLES = 5
const MAX_VARIABLE_NAME = 16

export interface UriTemplate {
  readonly regex: LinearRegex
  /** What every matching path begins with. */
  readonly literalPrefix: string
  readonly variables: readonly string[]
  /** The pattern with a group for each variable. */
  readonly capturingSource: string
}

export function compileUriTemplate(template: string, problems: Problems): UriTemplate | undefined {
  const parser: Parser = {
    regex: '',
    capturing: '',
    literalPrefix: '',
    isLiteral: true,
    sawAnything: false,
    variables: [],
    mistake: '',
  }
  if (!template.startsWith('/')) parser.mistake = 'it must begin with /'
  else readTemplate(parser, template)
  if (parser.mistake !== '') {
    problems.add(`"${template}" is not a path template: ${parser.mistake}`)
    return undefined
  }
  const regex = compileRegex(parser.regex, problems)
  const { literalPrefix, variables, capturing } = parser
  return regex && { regex, literalPrefix, variables, capturingSource: `^${capturing}$` }
}

interface Parser {
  regex: string
  capturing: string
  literalPrefix: string
  isLiteral: boolean
  sawAnything: boolean
  readonly variables: string[]
  mistake: string
}

function readTemplate(parser: Parser, template: string): void {
  const tokens = template.slice(1).match(/\{[^}]*\}?|\*\*|\*|\/|[^{*/]+/g) ?? []
  addLiteral(parser, '/')
  let previous = '/'
  for (const token of tokens) {
    if (token === '/') {
      if (previous === '/') parser.mistake = 'it has an empty segment'
      addLiteral(parser, '/')
    } else if (token.startsWith('{')) addVariable(parser, token)
    else if (token.startsWith('*') && previous !== '/')
      parser.mistake = '* may only stand at the beginning of a segment'
    else addPiece(parser, token)
    if (parser.mistake !== '') return
    previous = token
  }
}

function addVariable(parser: Parser, token: string): void {
  const parts = /^\{([a-zA-Z][a-zA-Z0-9_]*)(=([^}]+))?\}$/.exec(token)
  if (parts === null) {
    parser.mistake = `"${token}" is no variable: {name} or {name=pattern}`
    return
  }
  const [, name, , pattern] = parts
  if (name.length > MAX_VARIABLE_NAME)
    parser.mistake = `the variable name "${name}" is longer than ${MAX_VARIABLE_NAME}`
  if (parser.variables.includes(name)) parser.mistake = `the variable "${name}" occurs twice`
  if (parser.variables.push(name) > MAX_VARIABLES) parser.mistake = `it has more than ${MAX_VARIABLES} variables`
  parser.capturing += '('
  for (const [i, piece] of (pattern ?? '*').split('/').entries()) {
    if (parser.mistake !== '') return
    if (i > 0) addLiteral(parser, '/')
    addPiece(parser, piece)
  }
  parser.capturing += ')'
}

function addPiece(parser: Parser, piece: string): void {
  if (piece !== '*' && piece !== '**') {
    if (!LITERAL.test(piece) || piece.includes('*')) parser.mistake = `"${piece}" is not allowed in a path`
    addLiteral(parser, piece)
    return
  }
  if (parser.sawAnything) parser.mistake = 'nothing variable may follow **'
  parser.isLiteral = false
  parser.sawAnything ||= piece === '**'
  add(parser, piece === '*' ? SEGMENT : ANYTHING)
}

function addLiteral(parser: Parser, literal: string): void {
  add(parser, literal.replace(/[$()*+.]/g, '\\$&'))
  if (parser.isLiteral) parser.literalPrefix += literal
}

function add(parser: Parser, pattern: string): void {
  parser.regex += pattern
  parser.capturing += pattern
}

/**
 * What `rewrite` makes of a path that matches `template`: `/x/{id}` puts the variable's value in. Undefined, and problems noted,
 * if it is no such text or names a variable that the template has not.
 */
export function compileTemplateRewrite(
  template: UriTemplate,
  rewrite: string,
  problems: Problems,
): ((path: string) => string) | undefined {
  const tokens = rewrite.match(/\{[^}]*\}?|[^{]+/g) ?? []
  let substitution = ''
  let mistake = rewrite.startsWith('/') ? '' : 'it must begin with /'
  if (rewrite.includes('//')) mistake = 'it has an empty segment'
  for (const token of tokens) {
    const name = /^\{(.*)\}$/.exec(token)?.[1]
    if (name === undefined) {
      if (!REWRITTEN.test(token)) mistake = `"${token}" is not allowed in a path`
      substitution += token
      continue
    }
    const group = template.variables.indexOf(name) + 1
    if (group === 0) mistake = `the path template of the match has no variable "${name}"`
    substitution += `\\${group}`
  }
  if (mistake !== '') {
    problems.add(`"${rewrite}" is no rewrite of a path template: ${mistake}`)
    return undefined
  }
  return compileRegex(template.capturingSource, problems)?.compileRewrite(substitution, problems)
}

const REWRITTEN = new RegExp(`^[${PATH_CHARACTERS}/]+$`)
