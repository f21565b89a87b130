// YAML text -> source tree, with scalars read as Envoy reads them: bare y/n/yes/no/on/off are booleans, integers may be hexadecimal
// or octal, what does not fit 32 bits and every fraction is a string (which number fields accept), and a key tagged !ignore is
// left out, so that it can hold anchors. Stricter than Envoy: duplicate keys and several documents are faults.
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  type Document,
  type Node,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import { duplicateKey } from './read-json.ts'
import { MAX_DEPTH, type SourceEntry, type SourceNode, type SourceTree, type SyntaxFault } from './source-tree.ts'

/** How many nodes aliases may add: a few lines of aliases to aliases can otherwise fill the memory. */
const MAX_ALIASED_NODES = 100_000

const BOOLEAN = /^(?:(y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)|n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/
const NULL = /^(?:|~|null|Null|NULL)$/
const INTEGER = /^([+-]?)(?:0[xX]([0-9a-fA-F]+)|0([0-7]+)|([1-9]\d*|0))$/

export function readYaml(text: string): SourceTree {
  let documents: Document[]
  try {
    // The failsafe schema leaves every scalar a string; `source` has it as written.
    const parsed = parseAllDocuments(text, {
      version: '1.1',
      schema: 'failsafe',
      prettyErrors: false,
      merge: false,
      uniqueKeys: false,
    })
    documents = 'empty' in parsed ? [] : parsed
  } catch (error) {
    return { root: undefined, faults: [{ offset: 0, message: String(error), remedy: 'correct the YAML' }] }
  }
  if (documents.length === 0) return { root: { kind: 'map', entries: [], offset: 0 }, faults: [] }
  const reader = new YamlReader(documents[0])
  if (documents.length > 1) {
    const offset = documents[1].range?.[0] ?? 0
    reader.faults.push({ offset, message: 'a second YAML document', remedy: 'keep one document in the file' })
  }
  const errors = documents[0].errors.filter((error) => error.code !== 'DUPLICATE_KEY')
  for (const error of errors) {
    reader.faults.push({ offset: error.pos[0], message: error.message, remedy: 'correct the YAML here' })
  }
  if (errors.length > 0) return { root: undefined, faults: reader.faults }
  const contents = documents[0].contents
  const root = contents === null ? undefined : reader.node(contents, 0)
  return { root: root ?? { kind: 'map', entries: [], offset: 0 }, faults: reader.faults }
}

class YamlReader {
  readonly document: Document
  readonly faults: SyntaxFault[] = []
  private readonly open = new Set<Node>()
  private aliasDepth = 0
  private aliasedNodes = 0

  constructor(document: Document) {
    this.document = document
  }

  node(node: Node | null, depth: number): SourceNode {
    const offset = node?.range?.[0] ?? 0
    if (node === null) return { kind: 'null', text: '', offset }
    if (this.aliasDepth > 0 && ++this.aliasedNodes > MAX_ALIASED_NODES) {
      if (this.aliasedNodes === MAX_ALIASED_NODES + 1) {
        this.fault(offset, `aliases add more than ${MAX_ALIASED_NODES} values`, 'write out what they stand for')
      }
      return { kind: 'null', text: '', offset }
    }
    if (depth > MAX_DEPTH) {
      this.fault(offset, `nested deeper than ${MAX_DEPTH}`, 'flatten the configuration')
      return { kind: 'null', text: '', offset }
    }
    if (isAlias(node)) return this.alias(node, offset, depth)
    if (isMap(node)) return this.map(node, offset, depth)
    if (isSeq(node)) {
      return { kind: 'list', items: node.items.map((item) => this.node(item as Node | null, depth + 1)), offset }
    }
    return isScalar(node) ? scalar(node, offset) : { kind: 'null', text: '', offset }
  }

  private alias(node: Node & { source: string; resolve(document: Document): unknown }, offset: number, depth: number) {
    const target = node.resolve(this.document) as Node | undefined
    if (target === undefined || this.open.has(target)) {
      const message = target === undefined ? `no anchor &${node.source}` : `*${node.source} contains itself`
      this.fault(offset, message, 'correct the alias')
      return { kind: 'null' as const, text: '', offset }
    }
    this.open.add(target)
    this.aliasDepth++
    const found = this.node(target, depth)
    this.aliasDepth--
    this.open.delete(target)
    return found
  }

  private map(node: YAMLMap, offset: number, depth: number): SourceNode {
    const entries: SourceEntry[] = []
    const keys = new Set<string>()
    this.open.add(node)
    for (const pair of node.items) {
      const key = isAlias(pair.key) ? pair.key.resolve(this.document) : pair.key
      const keyOffset = (pair.key as Node | null)?.range?.[0] ?? offset
      if (!isScalar(key)) {
        this.fault(keyOffset, 'a key that is not a plain value', 'give the key as a string')
        continue
      }
      if (key.tag === '!ignore') continue
      const name = typeof key.value === 'string' ? key.value : (key.source ?? '')
      if (keys.has(name)) this.faults.push(duplicateKey(name, keyOffset))
      keys.add(name)
      entries.push({ key: name, offset: keyOffset, value: this.node(pair.value as Node | null, depth + 1) })
    }
    this.open.delete(node)
    return { kind: 'map', entries, offset }
  }

  private fault(offset: number, message: string, remedy: string): void {
    this.faults.push({ offset, message, remedy })
  }
}

function scalar(node: Scalar, offset: number): SourceNode {
  const text = typeof node.value === 'string' ? node.value : (node.source ?? '')
  if (node.type !== 'PLAIN' || node.tag !== undefined) return { kind: 'string', text, offset }
  if (NULL.test(text)) return { kind: 'null', text, offset }
  const boolean = BOOLEAN.exec(text)
  if (boolean !== null) return { kind: 'boolean', text: boolean[1] === undefined ? 'false' : 'true', offset }
  const integer = INTEGER.exec(text)
  if (integer === null) return { kind: 'string', text, offset }
  return integerNode(integer, text, offset)
}

function integerNode(match: RegExpExecArray, text: string, offset: number): SourceNode {
  const [, sign, hexadecimal, octal, decimal] = match
  const magnitude = BigInt(hexadecimal ? `0x${hexadecimal}` : octal ? `0o${octal}` : decimal)
  const value = sign === '-' ? -magnitude : magnitude
  if (BigInt.asIntN(32, value) === value) return { kind: 'number', text: String(value), offset }
  return { kind: 'string', text: BigInt.asIntN(64, value) === value ? String(value) : text, offset }
}
