// Configuration text as a tree that remembers where everything stood. Not typed yet: decode-message.ts gives it its types.
import type { Position } from '../config-error.ts'

export interface SourceScalar {
  readonly kind: 'string' | 'number' | 'boolean' | 'null'
  /** A number as it was written, a string without its quotes, `true` or `false`. */
  readonly text: string
  readonly offset: number
}

export interface SourceList {
  readonly kind: 'list'
  readonly items: SourceNode[]
  readonly offset: number
}

export interface SourceEntry {
  readonly key: string
  /** Offset of the key. */
  readonly offset: number
  readonly value: SourceNode
}

export interface SourceMap {
  readonly kind: 'map'
  readonly entries: SourceEntry[]
  readonly offset: number
}

export type SourceNode = SourceScalar | SourceList | SourceMap

/** A fault of the text itself. */
export interface SyntaxFault {
  readonly offset: number
  readonly message: string
  readonly remedy: string
}

export interface SourceTree {
  /** Undefined when the text could not be read; `faults` then says why. */
  readonly root: SourceNode | undefined
  readonly faults: SyntaxFault[]
}

/** How deep maps and lists may nest: as deep as Envoy's JSON reader goes. */
export const MAX_DEPTH = 100

/** How a node is called in a message. */
export function describeNode(node: SourceNode): string {
  switch (node.kind) {
    case 'map':
      return 'an object'
    case 'list':
      return 'a list'
    case 'null':
      return 'null'
    case 'string':
      return `the string ${JSON.stringify(shorten(node.text))}`
    default:
      return shorten(node.text)
  }
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** Turns offsets into lines and columns (UTF-16 units, as editors count). */
export class LineIndex {
  readonly starts: number[]

  constructor(text: string) {
    this.starts = [0]
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.starts.push(at + 1)
  }

  position(offset: number): Position {
    let low = 0
    let high = this.starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.starts[middle] <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - this.starts[low] + 1 }
  }
}

/**
 * Offset of what `path` names (see ConfigError), or of the nearest thing around it that is written in the text. Field names
 * match in either spelling.
 */
export function locate(root: SourceNode, path: string): number {
  let node = root
  let offset = root.offset
  for (const step of pathSteps(path)) {
    const next = child(node, step)
    if (next === undefined) break
    offset = next.offset
    node = next.node
  }
  return offset
}

const STEP = /\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/gy

function* pathSteps(path: string): Generator<string | number> {
  STEP.lastIndex = 0
  let at = 0
  while (at < path.length) {
    if (path[at] === '.') at++
    STEP.lastIndex = at
    const match = STEP.exec(path)
    if (match === null) return
    at = STEP.lastIndex
    if (match[1] !== undefined) yield Number(match[1])
    else yield match[2] !== undefined ? (JSON.parse(`"${match[2]}"`) as string) : match[3]
  }
}

function child(node: SourceNode, step: string | number): { node: SourceNode; offset: number } | undefined {
  if (typeof step === 'number') {
    // A single value stands for a list of one.
    if (node.kind !== 'list') return step === 0 ? { node, offset: node.offset } : undefined
    const item = node.items[step]
    return item === undefined ? undefined : { node: item, offset: item.offset }
  }
  if (node.kind !== 'map') return undefined
  const entry = entryOf(node, step)
  if (entry === undefined && entryOf(node, 'type_url') !== undefined) {
    // The body of a TypedStruct, which is decoded as the type that it names.
    const body = entryOf(node, 'value')
    return body === undefined ? undefined : child(body.value, step)
  }
  return entry === undefined ? undefined : { node: entry.value, offset: entry.offset }
}

function entryOf(node: SourceMap, name: string): SourceEntry | undefined {
  return (
    node.entries.find((entry) => entry.key === name) ??
    node.entries.find((entry) => lowerCamel(entry.key) === lowerCamel(name))
  )
}

function lowerCamel(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}
