// JSON text -> source tree, with every position. Strict RFC 8259: no comments, no trailing commas. A fault ends the reading.
import { MAX_DEPTH, type SourceEntry, type SourceNode, type SourceTree, type SyntaxFault } from './source-tree.ts'

export function readJson(text: string): SourceTree {
  const reader = new JsonReader(text)
  try {
    const root = reader.value(0)
    reader.space()
    if (reader.at < text.length) reader.fail('more text after the end of the JSON value', 'keep one value in the file')
    return { root, faults: reader.faults }
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault
    reader.faults.push(fault.fault)
    return { root: undefined, faults: reader.faults }
  }
}

class JsonFault extends Error {
  readonly fault: SyntaxFault

  constructor(fault: SyntaxFault) {
    super(fault.message)
    this.fault = fault
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORD = /[A-Za-z]+/y
const PLAIN = /[^"\\\u0000-\u001f]*/y
const SPACE = /[ \t\n\r]*/y

const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

class JsonReader {
  readonly text: string
  readonly faults: SyntaxFault[] = []
  at: number

  constructor(text: string) {
    this.text = text
    this.at = text.charCodeAt(0) === 0xfeff ? 1 : 0
  }

  fail(message: string, remedy = 'correct the JSON here', offset = this.at): never {
    throw new JsonFault({ offset, message, remedy })
  }

  value(depth: number): SourceNode {
    if (depth > MAX_DEPTH) this.fail(`nested deeper than ${MAX_DEPTH}`, 'flatten the configuration')
    this.space()
    const offset = this.at
    switch (this.text[offset]) {
      case '{':
        return this.map(depth)
      case '[':
        return this.list(depth)
      case '"':
        return { kind: 'string', text: this.string(), offset }
      case undefined:
        return this.fail('the text ends where a value was expected', 'complete the file')
      default:
        return this.literal()
    }
  }

  space(): void {
    this.match(SPACE)
  }

  private map(depth: number): SourceNode {
    const offset = this.at++
    const entries: SourceEntry[] = []
    const keys = new Set<string>()
    this.space()
    if (this.text[this.at] === '}') return this.close({ kind: 'map', entries, offset })
    for (;;) {
      this.space()
      const keyOffset = this.at
      if (this.text[this.at] !== '"') this.fail('expected a key in double quotes')
      const key = this.string()
      if (keys.has(key)) this.faults.push(duplicateKey(key, keyOffset))
      keys.add(key)
      this.space()
      if (this.text[this.at] !== ':') this.fail(`expected ":" after the key "${key}"`)
      this.at++
      entries.push({ key, offset: keyOffset, value: this.value(depth + 1) })
      this.space()
      if (this.text[this.at] === '}') return this.close({ kind: 'map', entries, offset })
      if (this.text[this.at] !== ',') this.fail('expected "," or "}" in an object')
      this.at++
    }
  }

  private list(depth: number): SourceNode {
    const offset = this.at++
    const items: SourceNode[] = []
    this.space()
    if (this.text[this.at] === ']') return this.close({ kind: 'list', items, offset })
    for (;;) {
      items.push(this.value(depth + 1))
      this.space()
      if (this.text[this.at] === ']') return this.close({ kind: 'list', items, offset })
      if (this.text[this.at] !== ',') this.fail('expected "," or "]" in a list')
      this.at++
    }
  }

  private close(node: SourceNode): SourceNode {
    this.at++
    return node
  }

  private string(): string {
    const start = this.at++
    let out = ''
    for (;;) {
      out += this.match(PLAIN)
      const next = this.text[this.at]
      if (next === '"') break
      if (next !== '\\') this.fail('a string is not closed, or has a control character in it', undefined, start)
      out += this.escape()
    }
    this.at++
    return out
  }

  private escape(): string {
    const name = this.text[this.at + 1]
    if (name === 'u') {
      const hex = this.text.slice(this.at + 2, this.at + 6)
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.fail('\\u needs four hexadecimal digits')
      this.at += 6
      return String.fromCharCode(parseInt(hex, 16))
    }
    const char = ESCAPES[name]
    if (char === undefined) this.fail(`\\${name ?? ''} is not an escape of JSON`)
    this.at += 2
    return char
  }

  private literal(): SourceNode {
    const offset = this.at
    const number = this.match(NUMBER)
    if (number !== '') return { kind: 'number', text: number, offset }
    const word = this.match(WORD)
    if (word === 'true' || word === 'false') return { kind: 'boolean', text: word, offset }
    if (word === 'null') return { kind: 'null', text: word, offset }
    return this.fail(`unexpected ${JSON.stringify(word === '' ? this.text[offset] : word)}`, undefined, offset)
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    if (found === null) return ''
    this.at = pattern.lastIndex
    return found[0]
  }
}

export function duplicateKey(key: string, offset: number): SyntaxFault {
  return { offset, message: `the key "${key}" occurs twice in one object`, remedy: 'keep one of them' }
}
