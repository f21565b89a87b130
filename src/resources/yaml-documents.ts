// YAML as kubectl reads it (YAML 1.1 as Go's parser understands it, several documents in a file; JSON is a subset of
// it), with the line of every field. Knows nothing of Kubernetes.

import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Document, Node, ParsedNode, Tags } from 'yaml'
import type { FieldPath } from './field-path.ts'
import type { Plain } from './schema.ts'

export interface YamlDocument {
  /** The line of the document's first content in the file, from 1. */
  readonly line: number
  readonly value: Plain
  readonly errors: readonly { readonly line: number; readonly message: string }[]
  /** The line of a field, or of its nearest ancestor that exists. Parses the document again. */
  locate(path: FieldPath): number
}

/** Each use of an anchor counts once; a document that needs more is a bomb or should use a template. */
const maxAliasCount = 100

/** etcd refuses larger objects, so nothing larger can come from a cluster either. */
const maxDocumentLength = 1_500_000

export interface DocumentText {
  readonly content: string
  /** The line on which the text begins, from 1. */
  readonly line: number
}

/**
 * Splits a text into its documents; those without content are left out. Document markers cannot occur at the start of a line
 * inside a scalar (YAML 1.2 9.1.2), so lines decide.
 */
export function splitYamlDocuments(text: string): DocumentText[] {
  const parts: DocumentText[] = []
  const marker = /^(?:---(?=[ \t\r\n]|$)|\.\.\.(?=[ \t\r]*(?:\n|$)))/gm
  let start = 0
  let line = 1
  const push = (end: number) => {
    const content = text.slice(start, end)
    if (!isBlank(content)) parts.push({ content, line })
    line += countNewlines(content)
  }
  for (let match = marker.exec(text); match !== null; match = marker.exec(text)) {
    push(match.index)
    start = match.index + match[0].length
  }
  push(text.length)
  return parts
}

/** Nothing but white space and comments. */
function isBlank(content: string): boolean {
  return content.split('\n').every((line) => /^\s*(#|$)/.test(line))
}

function countNewlines(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}

/** Never throws. */
export function parseYamlDocument({ content, line: firstLine }: DocumentText): YamlDocument {
  const lineAt = (counter: LineCounter, offset: number) => firstLine + Math.max(1, counter.linePos(offset).line) - 1
  if (content.length > maxDocumentLength) {
    const message = `the document has ${content.length} characters, at most ${maxDocumentLength} are allowed`
    return { line: firstLine, value: null, errors: [{ line: firstLine, message }], locate: () => firstLine }
  }
  const counter = new LineCounter()
  const document = parse(content, counter)
  const root = document.contents
  const line = lineAt(counter, root?.range[0] ?? 0)
  const errors = [...document.errors, ...document.warnings].map((error) => ({
    line: lineAt(counter, error.pos[0]),
    message: error.message.split(' at line ')[0].split('\n')[0].replace(/:$/, ''),
  }))
  let value: Plain = null
  if (errors.length === 0) {
    try {
      value = document.toJS({ maxAliasCount }) as Plain
    } catch (error) {
      errors.push({ line, message: (error as Error).message })
    }
  }
  return { line, value, errors, locate: (path) => locate(content, path, lineAt) }
}

function parse(content: string, counter: LineCounter): Document.Parsed {
  return parseDocument(content, { version: '1.1', lineCounter: counter, prettyErrors: true, customTags: goTags })
}

/** Go's parser knows neither base-60 numbers nor dates: `12:30` and `2026-01-01` stay strings. */
function goTags(tags: Tags): Tags {
  return tags.filter(
    (tag) => typeof tag === 'string' || (tag.format !== 'TIME' && tag.tag !== 'tag:yaml.org,2002:timestamp'),
  )
}

function locate(content: string, path: FieldPath, lineAt: (counter: LineCounter, offset: number) => number): number {
  const counter = new LineCounter()
  let node: Node | null = parse(content, counter).contents
  let offset = (node as ParsedNode | null)?.range[0] ?? 0
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part))
      if (pair === undefined) break
      offset = (pair.key as ParsedNode).range[0]
      node = pair.value as Node | null
    } else if (isSeq(node) && typeof part === 'number' && part < node.items.length) {
      node = node.items[part] as Node
      offset = (node as ParsedNode).range[0]
    } else break
  }
  return lineAt(counter, offset)
}
