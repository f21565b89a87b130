// One reading of a static configuration: collects resources from whatever names them, puts what they take from files inline,
// and notes everything that is wrong. What was good in the reading before stands in for a file that is not good now.

import type { DescMessage, Message } from '@bufbuild/protobuf'
import type { ConfigError } from '../../envoy/config-error.ts'
import { ClusterSchema } from '../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { ClusterLoadAssignmentSchema } from '../../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { ListenerSchema } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { RouteConfigurationSchema } from '../../envoy/generated/envoy/config/route/v3/route_pb.js'
import { SecretSchema, type Secret } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import { loadSupportedResources } from '../../envoy/load-supported.ts'
import { CERTIFICATE_SECRET, ROOTS_SECRET } from '../../envoy/mesh-secrets.ts'
import { resourceName } from '../../envoy/resource-name.ts'
import type { CertificateTexts } from '../certificates/check-certificates.ts'
import { fileGroupOf, putInline, type FileGroup } from './file-group.ts'
import { FileReader } from '../files/file-reader.ts'
import { referenceOf, type FileSource, type Reference } from './references.ts'
import { visitMessages } from './visit-messages.ts'

export interface ReadResource {
  readonly desc: DescMessage
  readonly message: Message
}

/** A place in a text: a path, and what makes an error there. */
export interface Place {
  readonly path: string
  readonly errorAt: (path: string, message: string, remedy: string) => ConfigError
}

export interface ReadingOptions {
  /** Leave out what is not supported, with a list of it, in place of refusing it. */
  readonly skipUnsupported: boolean
  /** Milliseconds since 1970. */
  readonly nowMs: number
}

/** What a reading found good: contents that were put inline, texts with resources, and the folder of certificates. */
export class GoodContents {
  readonly inlined = new Map<string, readonly Buffer[]>()
  readonly texts = new Map<string, string>()
  certificates: CertificateTexts | undefined

  /** Of another thread: what comes from there are bytes, no Buffers, and no objects of a class. */
  static from({ inlined, texts, certificates }: GoodContents): GoodContents {
    const good = new GoodContents()
    for (const [key, contents] of inlined)
      good.inlined.set(
        key,
        contents.map((bytes) => Buffer.from(bytes)),
      )
    for (const [key, text] of texts) good.texts.set(key, text)
    good.certificates = certificates
    return good
  }
}

interface KindRow {
  readonly kind: string
  /** What it means that one is missing. */
  readonly missing: string
  readonly severity: 'error' | 'warning'
}

const kinds = new Map<string, KindRow>([
  [ListenerSchema.typeName, { kind: 'Listener', missing: '', severity: 'error' }],
  [ClusterSchema.typeName, { kind: 'Cluster', missing: '', severity: 'error' }],
  [
    ClusterLoadAssignmentSchema.typeName,
    { kind: 'ClusterLoadAssignment', missing: 'the cluster has no endpoints until there is', severity: 'warning' },
  ],
  [
    RouteConfigurationSchema.typeName,
    { kind: 'RouteConfiguration', missing: 'without it nothing is routed', severity: 'error' },
  ],
  [
    SecretSchema.typeName,
    { kind: 'Secret', missing: 'handshakes that need it are refused until there is', severity: 'warning' },
  ],
])

const meshSecretNames = new Set<string>([CERTIFICATE_SECRET, ROOTS_SECRET])

export class Reading {
  readonly resources: ReadResource[] = []
  readonly errors: ConfigError[] = []
  readonly warnings: ConfigError[] = []
  readonly files = new FileReader()
  readonly good = new GoodContents()
  private readonly options: ReadingOptions
  private readonly before: GoodContents
  /** Where each resource stands, by kind and name. */
  private readonly known = new Map<string, string>()
  private readonly wanted: (Reference & Pick<Place, 'errorAt'>)[] = []
  private readonly followed = new Set<string>()
  private readonly judged = new WeakSet<Message>()

  constructor(options: ReadingOptions, before: GoodContents) {
    this.options = options
    this.before = before
  }

  /** Takes over a resource that has been judged by itself. */
  add(desc: DescMessage, message: Message, { path, errorAt }: Place): void {
    const kind = kinds.get(desc.typeName)?.kind
    if (kind === undefined) {
      this.errors.push(errorAt(path, `a ${desc.typeName} cannot stand here`, 'take it out'))
      return
    }
    const key = `${kind} ${JSON.stringify(resourceName(message))}`
    const first = this.known.get(key)
    if (first !== undefined) {
      this.errors.push(errorAt(path, `a second ${key}; the first is at ${first}`, 'keep one, or rename one'))
      return
    }
    const { file, line } = errorAt(path, '', '')
    this.known.set(key, `${file}:${line}`)
    visitMessages(desc, message, path, (inner, at) => this.visit(inner, { path: at, errorAt }))
    this.resources.push({ desc, message })
  }

  /** Takes over the resources of a file, once however often it is named. `place` is where it is named. */
  follow(schema: DescMessage, { file, watchedDirectory }: FileSource, place: Place): void {
    if (watchedDirectory !== undefined) this.files.watchDirectory(watchedDirectory)
    if (file === undefined) return
    const key = `${schema.typeName} ${file}`
    if (this.followed.has(key)) return
    this.followed.add(key)
    const content = this.files.read(file)
    const before = this.before.texts.get(key)
    if (Buffer.isBuffer(content)) {
      this.addText(schema, file, content.toString('utf8'), before)
      return
    }
    const error = place.errorAt(place.path, `${file} ${content.message}`, content.remedy)
    this.note(error, before === undefined ? '' : 'what it held keeps serving')
    if (before !== undefined) this.addText(schema, file, before, undefined)
  }

  /** Adds secrets whose names the configuration does not have itself. */
  addSecrets(secrets: readonly Secret[]): void {
    for (const message of secrets) {
      const key = `Secret ${JSON.stringify(message.name)}`
      if (this.known.has(key)) continue
      this.known.set(key, '')
      this.resources.push({ desc: SecretSchema, message })
    }
  }

  /** Call this last: notes what is named and is nowhere. */
  noteMissing(): void {
    const said = new Set<string>()
    for (const { schema, name, file, path, errorAt } of this.wanted) {
      const row = kinds.get(schema.typeName)
      const key = `${row?.kind} ${JSON.stringify(name)}`
      if (row === undefined || this.known.has(key) || said.has(key)) continue
      said.add(key)
      const where = file === undefined ? '' : ` in ${file}`
      const remedy = meshSecretNames.has(name) ? 'name a folder with certificates: --certs' : `add ${key}`
      const error = errorAt(path, `there is no ${key}${where}: ${row.missing}`, remedy)
      if (row.severity === 'error') this.errors.push(error)
      else this.warnings.push(error)
    }
  }

  /** An error; or, with `standIn` (what serves instead), a warning. */
  note(error: ConfigError, standIn: string): void {
    if (standIn === '') this.errors.push(error)
    else this.warnings.push({ ...error, message: `${error.message}; ${standIn}` })
  }

  private addText(schema: DescMessage, file: string, text: string, before: string | undefined): void {
    const loaded = loadSupportedResources(text, file, schema, this.options)
    const standIn = loaded.errors.length > 0 && before !== text ? before : undefined
    for (const error of loaded.errors) {
      this.note(error, standIn === undefined ? '' : 'the last good version of this file keeps serving')
    }
    if (standIn !== undefined) {
      this.addText(schema, file, standIn, undefined)
      return
    }
    this.warnings.push(...loaded.warnings, ...loaded.left)
    if (loaded.errors.length === 0) this.good.texts.set(`${schema.typeName} ${file}`, text)
    for (const { desc, message, path } of loaded.resources) this.add(desc, message, { path, errorAt: loaded.errorAt })
  }

  private visit(message: Message, place: Place): boolean {
    const reference = referenceOf(message, place.path)
    if (reference !== undefined) {
      this.wanted.push({ ...reference, errorAt: place.errorAt })
      this.follow(reference.schema, reference, { path: reference.path, errorAt: place.errorAt })
    }
    // The sources inside a group that was judged are met again, one by one.
    if (this.judged.has(message)) return false
    const group = fileGroupOf(message, place.path, this.files, this.options.nowMs)
    if (group === undefined) return false
    for (const { source } of group.parts) this.judged.add(source)
    const contents = this.settle(group, place)
    return contents !== undefined && putInline(group.parts, contents)
  }

  /** The contents of a group, or the last good ones. */
  private settle({ identity, contents, faults, parts }: FileGroup, { errorAt }: Place): readonly Buffer[] | undefined {
    const isBad = faults.some(({ severity }) => severity === 'error')
    const standIn = isBad ? this.before.inlined.get(identity) : undefined
    for (const { part, severity, message, remedy } of faults) {
      const error = errorAt(parts[part].path, message, remedy)
      if (severity === 'warning') this.warnings.push(error)
      else this.note(error, standIn === undefined ? '' : 'the last good version keeps serving')
    }
    const result = isBad ? standIn : contents
    if (result !== undefined) this.good.inlined.set(identity, result)
    return result
  }
}
