// Text -> validated Kubernetes objects and everything that is wrong with the text. Does not know whether an object's
// references exist: that is meaning, and belongs to translation.

import { describeObject } from './object-meta.ts'
import type { KubernetesObject, ObjectMeta, ObjectSource } from './object-meta.ts'
import type { Diagnostic } from './diagnostic.ts'
import { formatFieldPath, type FieldPath } from './field-path.ts'
import { isKind, kinds, schemaDefinitions } from './kinds.ts'
import type { AnyObject, Kind, KindRow } from './kinds.ts'
import { checkMetadata } from './rules/metadata.ts'
import { checkStructure, type Plain, type PlainObject } from './schema.ts'
import { parseYamlDocument, splitYamlDocuments, type DocumentText, type YamlDocument } from './yaml-documents.ts'

export interface ParsedObjects {
  readonly objects: readonly AnyObject[]
  readonly diagnostics: readonly Diagnostic[]
  /** `HTTPRoute demo/echo` of each object that was refused but can be told apart: its last good version may stay. */
  readonly refused: readonly string[]
  /**
   * Of refused objects that guard access: what denies in their place, unless a last good version stays. Those without a readable
   * name are called after their place.
   */
  readonly standIns: readonly AnyObject[]
  /** A part of the text could not be read at all, so what it held is unknown. */
  readonly incomplete: boolean
  /** By text: documents that stand unchanged, on the same line, need not be read again. */
  readonly documents: ReadonlyMap<string, ParsedDocument>
}

export interface ParsedDocument extends Omit<ParsedObjects, 'documents'> {
  readonly line: number
}

/**
 * Reads one file's text. Never throws; `file` is used in messages only. With an earlier reading of the same file, what
 * stands unchanged is the same objects again.
 */
export function parseObjects(text: string, file: string, earlier?: ParsedObjects): ParsedObjects {
  const documents = new Map<string, ParsedDocument>()
  const all: ParsedDocument[] = []
  for (const part of splitYamlDocuments(text)) {
    const known = earlier?.documents.get(part.content)
    const document = known?.line === part.line ? known : new DocumentReading(part, file)
    documents.set(part.content, document)
    all.push(document)
  }
  return {
    objects: all.flatMap(({ objects }) => objects),
    diagnostics: all.flatMap(({ diagnostics }) => diagnostics),
    refused: all.flatMap(({ refused }) => refused),
    standIns: all.flatMap(({ standIns }) => standIns),
    incomplete: all.some(({ incomplete }) => incomplete),
    documents,
  }
}

class DocumentReading implements ParsedDocument {
  readonly line: number
  readonly objects: AnyObject[] = []
  readonly diagnostics: Diagnostic[] = []
  readonly refused: string[] = []
  readonly standIns: AnyObject[] = []
  incomplete = false
  private readonly file: string

  constructor(part: DocumentText, file: string) {
    this.line = part.line
    this.file = file
    const document = parseYamlDocument(part)
    if (document.errors.length === 0) this.addValue(document.value, [], document)
    else this.addUnreadable(part, document)
  }

  /** Only the words tell whether it would guard access. */
  private addUnreadable({ content }: DocumentText, document: YamlDocument): void {
    this.incomplete = true
    for (const { line, message } of document.errors) this.note('error', line, '', '', message, 'correct the YAML')
    for (const kind of Object.keys(kinds).filter(isKind)) {
      const words = new RegExp(`\\bkind["']?\\s*:\\s*["']?${kind}\\b`)
      if (kinds[kind].standIn === undefined || !words.test(content)) continue
      this.addStandIn(
        kind,
        { metadata: this.placeOf(document.line, '') },
        this.diagnostics[0],
        this.sourceOf([], document.line, document),
      )
    }
  }

  private addValue(value: Plain, path: FieldPath, document: YamlDocument): void {
    const line = path.length === 0 ? document.line : document.locate(path)
    const field = formatFieldPath(path)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.incomplete = true
      this.note('error', line, '', field, 'is not a Kubernetes object', 'write a mapping with apiVersion and kind')
      return
    }
    const { apiVersion, kind } = value
    if (
      typeof kind === 'string' &&
      typeof apiVersion === 'string' &&
      kind.endsWith('List') &&
      Array.isArray(value['items'])
    ) {
      for (const [index, item] of value['items'].entries()) this.addValue(item, [...path, 'items', index], document)
      return
    }
    for (const key of ['apiVersion', 'kind'] as const) {
      if (typeof value[key] === 'string' && value[key] !== '') continue
      this.incomplete = true
      this.note('error', line, '', formatFieldPath([...path, key]), 'is required', 'say which kind of object this is')
    }
    if (typeof apiVersion !== 'string' || typeof kind !== 'string' || apiVersion === '' || kind === '') return
    const slash = apiVersion.indexOf('/')
    const group = slash < 0 ? '' : apiVersion.slice(0, slash)
    const version = apiVersion.slice(slash + 1)
    if (!isKind(kind) || kinds[kind].group !== group) {
      const message = `is ignored: Cairn does not read ${kind} of ${apiVersion}`
      this.note('warning', line, nameOf(kind, value), '', message, '')
    } else if (!kinds[kind].versions.includes(version)) {
      const served = `${group === '' ? '' : `${group}/`}${kinds[kind].versions[0]}`
      this.note('error', line, nameOf(kind, value), 'apiVersion', `${apiVersion} is not served`, `write ${served}`)
      this.refuse(kind, value, this.diagnostics.at(-1)!, this.sourceOf(path, line, document))
    } else {
      this.addObject(kind, value, path, line, document)
    }
  }

  private addObject(kind: Kind, value: PlainObject, path: FieldPath, line: number, document: YamlDocument): void {
    const row = kinds[kind]
    const object = nameOf(kind, value)
    const before = this.diagnostics.length
    const report = (at: FieldPath, message: string, remedy = '') => {
      this.note('error', document.locate([...path, ...at]), object, formatFieldPath(at), message, remedy)
    }
    checkStructure(row.schema, schemaDefinitions, value, [], report)
    const metadata = value['metadata']
    const name = isPlainObject(metadata) ? metadata['name'] : undefined
    if (typeof name !== 'string') {
      const generated = isPlainObject(metadata) && metadata['generateName'] !== undefined
      report(['metadata', 'name'], 'is required', generated ? 'generateName needs an API server; write name' : 'add it')
    } else if (row.namespaced) {
      // As kubectl applies an object that names none.
      ;(metadata as PlainObject)['namespace'] ??= 'default'
    } else if ((metadata as PlainObject)['namespace'] !== undefined) {
      report(['metadata', 'namespace'], `must not be set: a ${kind} belongs to no namespace`, 'remove it')
    } else {
      ;(metadata as PlainObject)['namespace'] = ''
    }
    // Checks and translation read the specification without asking whether it is there.
    if (row.schema.properties?.['spec'] !== undefined) value['spec'] ??= {}
    if (this.diagnostics.length === before) {
      const typed = value as unknown as KubernetesObject
      checkMetadata(typed.metadata, row.nameRule, report)
      row.check(typed, report)
    }
    const source = this.sourceOf(path, line, document)
    if (this.diagnostics.length > before) this.refuse(kind, value, this.diagnostics[before], source)
    else this.objects.push({ ...value, source } as unknown as AnyObject)
  }

  private refuse(kind: Kind, value: PlainObject, problem: Diagnostic, source: ObjectSource): void {
    const { name, namespace } = identity(kinds[kind], value)
    if (name === undefined) this.incomplete = true
    else this.refused.push(describeObject({ kind, metadata: { name, namespace } }))
    const metadata = name === undefined ? this.placeOf(source.line, namespace) : { name, namespace }
    this.addStandIn(kind, { ...value, metadata }, problem, source)
  }

  private addStandIn(kind: Kind, value: PlainObject, { field, message }: Diagnostic, source: ObjectSource): void {
    const { standIn, group, versions } = kinds[kind]
    if (standIn === undefined) return
    const problem = field === '' ? message : `${field}: ${message}`
    const object = standIn({ ...value, apiVersion: `${group}/${versions[0]}`, kind }, problem)
    this.standIns.push({ ...object, source } as unknown as AnyObject)
  }

  /** A name for what has none. */
  private placeOf(line: number, namespace: string): { name: string; namespace: string } {
    return { name: `${this.file}:${line}`, namespace }
  }

  private sourceOf(path: FieldPath, line: number, document: YamlDocument): ObjectSource {
    return { file: this.file, line, locate: (at) => document.locate([...path, ...at]) }
  }

  private note(
    severity: Diagnostic['severity'],
    line: number,
    object: string,
    field: string,
    message: string,
    remedy: string,
  ): void {
    this.diagnostics.push({ severity, file: this.file, line, object, field, message, remedy })
  }
}

function isPlainObject(value: Plain | undefined): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `HTTPRoute demo/echo`, from a value that may be anything. */
function nameOf(kind: string, value: PlainObject): string {
  const metadata = isPlainObject(value['metadata']) ? value['metadata'] : {}
  const { name, namespace } = metadata
  if (typeof name !== 'string') return kind
  return describeObject({ kind, metadata: { name, namespace: typeof namespace === 'string' ? namespace : '' } })
}

/** The identity under which the object would have been stored; the name may not be readable. */
function identity(row: KindRow, value: PlainObject): { name: string | undefined; namespace: string } {
  const metadata = isPlainObject(value['metadata']) ? value['metadata'] : {}
  const { name, namespace } = metadata as unknown as Partial<ObjectMeta>
  const home = row.namespaced ? (typeof namespace === 'string' ? namespace : 'default') : ''
  return { name: typeof name === 'string' ? name : undefined, namespace: home }
}
